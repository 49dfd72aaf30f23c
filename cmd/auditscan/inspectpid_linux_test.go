package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/rights"
)

// underFilters runs a shell under profiles, the last loaded last, and returns
// its pid when it runs.
func underFilters(t *testing.T, profiles ...string) string {
	t.Helper()
	if r := rights.Read(os.DirFS("/")); r.Has(rights.SysAdmin) != rights.Yes {
		t.Skip("needs CAP_SYS_ADMIN, to read filters")
	}
	var args []string
	for _, p := range profiles {
		args = append(args, "auditscan", "run", "--profile", p, "--")
	}
	args = append(args, "sh", "-c", "echo $$; read x")
	cmd := exec.Command(args[0], args[1:]...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	pid, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(pid)
}

func inspectJSON[T any](t *testing.T, what string) (doc T) {
	t.Helper()
	stdout, _ := auditscan(t, 0, "inspect", "-o", "json", what)
	validate(t, inspectSchema, stdout)
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// processDoc is what others read of `inspect PID -o json`.
type processDoc struct {
	PID        int
	Comm, Mode string
	Filters    *int
	NoNewPrivs bool `json:"no_new_privs"`
	Calls      []inspected
}

type inspected struct {
	Arch                             string
	Allowed, Logged, Depends, Denied []string
}

// TestInspectProcess: the filter that the kernel holds answers as the profile
// that it was made of.
func TestInspectProcess(t *testing.T) {
	got := inspectJSON[processDoc](t, underFilters(t, "runtime/default"))
	if got.Mode != "filter" || got.Filters == nil || *got.Filters < 1 || got.Comm != "sh" {
		t.Errorf("%+v", got)
	}
	if want := inspectJSON[[]inspected](t, "runtime/default"); !reflect.DeepEqual(got.Calls, want) {
		t.Errorf("the process's filters and the profile differ:\n%v\n%v", got.Calls, want)
	}
}

// TestInspectLayers: of several filters the strictest answer holds.
func TestInspectLayers(t *testing.T) {
	deny := func(call, action string) string {
		file := filepath.Join(t.TempDir(), "deny.json")
		text := `{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[
			{"names":["` + call + `"],"action":"` + action + `"},{"names":["swapon"],"action":"SCMP_ACT_LOG"}]}`
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	got := inspectJSON[processDoc](t, underFilters(t, deny("acct", "SCMP_ACT_ERRNO"), deny("reboot", "SCMP_ACT_KILL_PROCESS")))
	for _, in := range got.Calls {
		if in.Arch != "x86_64" && in.Arch != "i386" {
			continue
		}
		if !slices.Equal(slices.Sorted(slices.Values(in.Denied)), []string{"acct", "reboot"}) || !slices.Equal(in.Logged, []string{"swapon"}) {
			t.Errorf("%s: denied %v, logged %v", in.Arch, in.Denied, in.Logged)
		}
	}
	if len(got.Calls) == 0 {
		t.Error("no calls")
	}
}

// TestInspectUnprivileged: without rights it tells what everybody may know, names
// the right that it lacks, and fails.
func TestInspectUnprivileged(t *testing.T) {
	pid := underFilters(t, "runtime/default")
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("setpriv is not installed")
	}
	cmd := exec.Command(setpriv, "--bounding-set", "-all", "--inh-caps", "-all", "auditscan", "inspect", pid)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), "CAP_SYS_PTRACE") && !strings.Contains(string(out), "CAP_SYS_ADMIN") ||
		!strings.Contains(string(out), "process "+pid+" (sh): seccomp mode filter, filters: ") {
		t.Errorf("%v\n%s", err, out)
	}
	auditscan(t, 1, "inspect", strconv.Itoa(1<<30)) // no such process

	// There are no filters to show where there is no filter.
	if got := inspectJSON[processDoc](t, strconv.Itoa(os.Getpid())); got.Mode == "disabled" && got.Calls != nil {
		t.Errorf("a process without filters: %+v", got.Calls)
	}
}

// TestInspectAsked: under filters that nobody may read, answers come from asking
// them, and are the same.
func TestInspectAsked(t *testing.T) {
	stdout, stderr := auditscan(t, 0, "run", "--profile", "runtime/default", "--", "sh", "-c", "exec auditscan inspect -o json $$")
	validate(t, inspectSchema, stdout)
	var got struct {
		PID   int
		Calls []inspected
		Asked struct {
			PID            int
			NotAsked       []string
			NotAskedArches []string
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.PID == 0 || got.Asked.PID != got.PID || len(got.Asked.NotAsked) > 2 || len(got.Calls) != 1 || !strings.Contains(stderr, "by calls that were not carried out") {
		t.Fatalf("%+v\n%s", got, stderr)
	}
	asked := got.Calls[0]
	for _, want := range inspectJSON[[]inspected](t, "runtime/default") {
		if want.Arch != asked.Arch {
			if !slices.Contains(got.Asked.NotAskedArches, want.Arch) {
				t.Errorf("no word of %s", want.Arch)
			}
			continue
		}
		allowed := append(want.Allowed, want.Logged...)
		if !containsAll(append(asked.Allowed, got.Asked.NotAsked...), allowed) || !containsAll(append(asked.Denied, got.Asked.NotAsked...), want.Denied) {
			t.Errorf("asked: %+v\nread: %+v", asked, want)
		}
		for _, name := range []string{"clone", "personality"} {
			if slices.Contains(want.Depends, name) && !slices.Contains(asked.Depends, name) {
				t.Errorf("asked with different arguments, %s is answered the same", name)
			}
		}
	}
}

// containsAll reports whether all names are in a list.
func containsAll(list, names []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(list, name) })
}

// TestInspectAskedNot: where not even asking is possible, what is known is told, and
// why that is all.
func TestInspectAskedNot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "p.json")
	text := `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["seccomp"],"action":"SCMP_ACT_ERRNO"}]}`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := auditscan(t, 1, "run", "--profile", file, "--", "sh", "-c", "exec auditscan inspect $$")
	if !strings.Contains(stdout, "seccomp mode filter") || !strings.Contains(stderr, "; nor do they answer: ask the filters of this process: load a filter with a listener") {
		t.Errorf("%s\n%s", stdout, stderr)
	}
}
