package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestInspectInside: in a container, where nobody may read filters, `inspect 1`
// finds out what they deny, under each engine's own profile (containerd's is what
// Kubernetes calls RuntimeDefault) and under one whose answers are known.
func TestInspectInside(t *testing.T) {
	program := standalone(t)
	const kills = `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[
		{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"},{"names":["swapon"],"action":"SCMP_ACT_KILL_PROCESS"},
		{"names":["swapoff"],"action":"SCMP_ACT_KILL"},{"names":["acct"],"action":"SCMP_ACT_TRAP"},
		{"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":0,"value":40,"op":"SCMP_CMP_EQ"}]}]}`
	file := filepath.Join(t.TempDir(), "kills.json")
	if err := os.WriteFile(file, []byte(kills), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, start := range engines {
		t.Run(name, func(t *testing.T) {
			rootfs := busyboxRoot(t)
			if err := os.Link(program, filepath.Join(rootfs, "bin/auditscan")); err != nil {
				t.Fatal(err)
			}
			runIn := start(t, rootfs)
			own := inspectIn(t, runIn, "")
			for answer, calls := range map[string][]string{"allowed": {"read", "openat", "exit_group"}, "depends": {"personality"}, "denied": {"kexec_load", "init_module"}} {
				for _, call := range calls {
					if !slices.Contains(own[answer], call) {
						t.Errorf("%s of its own profile lacks %s: %v", answer, call, own[answer])
					}
				}
			}
			known := inspectIn(t, runIn, file)
			if got := strings.Join(known["denied"], " "); got != "mkdir acct swapon swapoff" {
				t.Errorf("denied: %s", got)
			}
			if got := strings.Join(known["depends"], " "); got != "socket" {
				t.Errorf("depends: %s", got)
			}
		})
	}
}

// standalone builds the command for containers, which have no libraries.
func standalone(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "auditscan")
	build := exec.Command("go", "build", "-o", program, "../../cmd/auditscan")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// inspectIn returns what `inspect 1` finds out in a container. The shell is
// process 1, and inspect another.
func inspectIn(t *testing.T, runIn engine, profile string) map[string][]string {
	t.Helper()
	out := runIn(t, profile, "/bin/auditscan inspect 1 -o json 2>/dev/null; exit $?")
	var doc struct {
		Asked *struct{ NotAsked []string }
		Calls []struct {
			Arch                     string
			Allowed, Depends, Denied []string
		}
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil || doc.Asked == nil || len(doc.Calls) != 1 {
		t.Fatalf("%v\n%s", err, out)
	}
	c := doc.Calls[0]
	return map[string][]string{"allowed": c.Allowed, "depends": c.Depends, "denied": c.Denied}
}
