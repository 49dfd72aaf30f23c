// Package examples_test runs every example.
package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/profile"
)

const log = "../testdata/nginx/audit.log"

var (
	update = flag.Bool("update", false, "rewrite nginx.json and what the scripts are expected to print")

	// The binaries.
	auditscan, library string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(audittest.Built(func(dir string) int {
		auditscan, library = filepath.Join(dir, "auditscan"), filepath.Join(dir, "library")
		return m.Run()
	}, "../cmd/auditscan", "./library"))
}

// output runs a command that must succeed, and returns its stdout.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = append(os.Environ(), "TZ=UTC", "LC_ALL=C"), &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, args, err, out, &stderr)
	}
	return string(out)
}

// golden compares with a file, which -update rewrites.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s (rewrite it with -update):\n%s", path, got)
	}
}

func needShell(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range append([]string{"sh"}, tools...) {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed", tool)
		}
	}
}

// TestProfiles holds the profiles against the runtimes' own type, and against
// the reader of check.
func TestProfiles(t *testing.T) {
	paths, err := filepath.Glob("*.json")
	if err != nil || len(paths) < 3 {
		t.Fatalf("profiles: %q, %v", paths, err)
	}
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			dec := json.NewDecoder(bytes.NewReader(data))
			dec.DisallowUnknownFields()
			var oci specs.LinuxSeccomp
			if err := dec.Decode(&oci); err != nil {
				t.Error(err)
			}
			if _, err := profile.Parse(data, path); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAudit: a recording must change nothing, so every architecture that the
// usual hosts run programs of must get the default action.
func TestAudit(t *testing.T) {
	data, err := os.ReadFile("audit.json")
	if err != nil {
		t.Fatal(err)
	}
	var got specs.LinuxSeccomp
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	want := []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM}
	if got.DefaultAction != specs.ActLog || !slices.Equal(got.Architectures, want) || len(got.Syscalls) > 0 {
		t.Errorf("%+v", got)
	}
}

// TestAnswers asks the profiles about the log.
func TestAnswers(t *testing.T) {
	tests := []struct {
		profile string
		denied  int
	}{
		{"audit.json", 0},
		{"nginx.json", 0},
		{"violation.json", 430}, // all there are
	}
	for _, tt := range tests {
		t.Run(tt.profile, func(t *testing.T) {
			out, err := exec.Command(auditscan, "check", "-o", "json", tt.profile, log).Output()
			code, exit := 0, (*exec.ExitError)(nil)
			if errors.As(err, &exit) {
				code = exit.ExitCode()
			}
			if want := 4 * min(tt.denied, 1); code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			var got struct{ Records, Denied int }
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatal(err)
			}
			if got.Records != 430 || got.Denied != tt.denied {
				t.Errorf("denied %d of %d, want %d of 430", got.Denied, got.Records, tt.denied)
			}
		})
	}
}

// TestNginx: nginx.json is what the command makes today.
func TestNginx(t *testing.T) {
	golden(t, "nginx.json", output(t, auditscan, "profile", log))
}

// pod is as much of a Pod as matters here.
type pod struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Spec       struct {
		SecurityContext struct {
			SeccompProfile struct {
				Type             string
				LocalhostProfile string `yaml:"localhostProfile"`
			} `yaml:"seccompProfile"`
		} `yaml:"securityContext"`
		Containers []struct{ Name, Image string }
	}
}

// TestPods: the kubelet looks for localhostProfile below its directory seccomp;
// the manifests say where to copy which file.
func TestPods(t *testing.T) {
	for _, name := range []string{"audit", "nginx", "violation"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("pods/" + name + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			var p pod
			if err := yaml.Unmarshal(data, &p); err != nil {
				t.Fatal(err)
			}
			got := p.Spec.SecurityContext.SeccompProfile
			if p.APIVersion != "v1" || p.Kind != "Pod" || got.Type != "Localhost" || len(p.Spec.Containers) != 1 {
				t.Errorf("%+v", p)
			}
			if want := "profiles/" + name + ".json"; got.LocalhostProfile != want {
				t.Errorf("localhostProfile %s, want %s", got.LocalhostProfile, want)
			}
			if _, err := os.Stat(name + ".json"); err != nil {
				t.Error(err)
			}
			if text := "Copy " + name + ".json"; !strings.Contains(string(data), text) {
				t.Errorf("the manifest does not say %q", text)
			}
			if place := "/var/lib/kubelet/seccomp/" + got.LocalhostProfile; !strings.Contains(string(data), place) {
				t.Errorf("the manifest does not name %s", place)
			}
		})
	}
}

func TestDemo(t *testing.T) {
	needShell(t)
	golden(t, "testdata/demo.txt", output(t, "./demo.sh", auditscan))
}

// TestRecordAgain: recorded in parts it is the profile of one recording, or
// the script fails.
func TestRecordAgain(t *testing.T) {
	needShell(t, "cmp")
	golden(t, "testdata/record-again.txt", output(t, "./record-again.sh", auditscan))
}

func TestJQRecipes(t *testing.T) {
	needShell(t, "jq", "awk", "uniq", "head")
	tests := []struct{ golden, log string }{
		{"testdata/jq-nginx.txt", log},
		{"testdata/jq-denials.txt", "../testdata/corpus/106-lab-enriched-all-actions.log"},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			golden(t, tt.golden, output(t, "./jq-recipes.sh", auditscan, tt.log))
		})
	}
}

// TestJQRecipesIncomplete: the last recipe is a check for scripts.
func TestJQRecipesIncomplete(t *testing.T) {
	needShell(t, "jq", "awk", "uniq", "head")
	out, err := exec.Command("./jq-recipes.sh", auditscan, "../testdata/nginx/syslog").CombinedOutput()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v, want exit status 1", err)
	}
	if !strings.Contains(string(out), "the kernel's limit of 10 audit messages") {
		t.Errorf("does not say what is missing:\n%s", out)
	}
}

// TestLibrary: the program sees what the command sees.
func TestLibrary(t *testing.T) {
	for _, path := range []string{log, "../testdata/corpus/110-lab-enriched-thread.log", "../testdata/corpus/121-lab-dmesg.log"} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			in, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			cmd := exec.Command(library)
			cmd.Stdin, cmd.Stderr = in, os.Stderr
			got, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if want := events(t, path); string(got) != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// events returns what the command finds, in the library example's words.
func events(t *testing.T, path string) string {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(output(t, auditscan, "report", "-o", "ndjson", path)) {
		var e struct {
			PID                         int
			Comm, Action, Arch, Syscall string
			Loss, End                   *struct{} // the report's evidence, no record
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Loss == nil && e.End == nil {
			fmt.Fprintf(&b, "%d %q %s %s %s\n", e.PID, e.Comm, e.Action, e.Arch, e.Syscall)
		}
	}
	if b.Len() == 0 {
		t.Fatalf("no record in %s", path)
	}
	return b.String()
}
