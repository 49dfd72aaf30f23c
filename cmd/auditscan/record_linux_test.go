package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
)

// notCounted are calls that never return, so that `strace -c`, which counts
// returns, does not have them; each program makes one.
var notCounted = []string{"exit", "exit_group"}

// TestRecordAgreesWithStrace: the names that record finds are those of strace,
// the profile lets the command run, and without one of its calls it fails.
func TestRecordAgreesWithStrace(t *testing.T) {
	t.Run("audit", func(t *testing.T) { audittest.Need(t); checkAgainstStrace(t) })
	t.Run("notify", func(t *testing.T) { checkAgainstStrace(t, "--notify") })
}

func checkAgainstStrace(t *testing.T, how ...string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }))
	defer server.Close()
	tests := []struct {
		name    string
		command []string
		vital   string // a call without which it fails
	}{
		{"bash", []string{"bash", "-c", "set -e -o pipefail; cat /etc/passwd | sort > /dev/null; (cd /; echo *)"}, "pipe2"},
		{"curl", []string{"curl", "-sS", "-o", "/dev/null", server.URL}, "connect"},
		{"python3", []string{"/usr/bin/python3", "-c", "import os, socket; os.listdir('/'); socket.socketpair(); os.waitpid(os.spawnlp(os.P_NOWAIT, 'true', 'true'), 0)"}, "getdents64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, program := range []string{"strace", tt.command[0]} {
				if _, err := exec.LookPath(program); err != nil {
					t.Skipf("%s is not installed", program)
				}
			}
			file := filepath.Join(t.TempDir(), "profile.json")
			_, stderr := auditscan(t, 0, "record", slices.Concat(how, []string{"--exact", "-o", file, "--"}, tt.command)...)
			if !strings.Contains(stderr, "\ncomplete: ") {
				t.Errorf("not complete:\n%s", stderr)
			}
			got := allowed(t, file)
			want := straced(t, tt.command)
			if !slices.Equal(without(got, notCounted), without(want, notCounted)) {
				t.Errorf("record: only %v; strace: only %v", without(got, want), without(without(want, got), notCounted))
			}
			if !slices.Contains(got, "exit_group") {
				t.Errorf("no exit_group in %v", got)
			}
			auditscan(t, 0, "record", slices.Concat(how, []string{"-o", file, "--"}, tt.command)...) // with what the kernel issues
			auditscan(t, 0, "run", append([]string{"--profile", file, "--"}, tt.command...)...)
			cmd := exec.Command("auditscan", append([]string{"run", "--profile", lacking(t, file, tt.vital), "--"}, tt.command...)...)
			if out, err := cmd.CombinedOutput(); err == nil {
				t.Errorf("it works without %s:\n%s", tt.vital, out)
			}
		})
	}
}

// auditscan runs a command that must end with a status.
func auditscan(t *testing.T, status int, command string, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, notes strings.Builder
	cmd := exec.Command("auditscan", append([]string{command}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &notes
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Fatalf("%v: exit status %d, want %d\n%s", cmd.Args, got, status, &notes)
	}
	return out.String(), notes.String()
}

// straced returns the names that `strace -f -c` counts for a command.
func straced(t *testing.T, command []string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "strace")
	cmd := exec.Command("strace", append([]string{"-f", "-c", "-U", "name", "-o", file, "--"}, command...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		name := strings.TrimSpace(line)
		if name != "syscall" && name != "total" && !strings.HasPrefix(name, "-") {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func readOCI(t *testing.T, file string) (p specs.LinuxSeccomp) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// allowed returns the names that a profile allows.
func allowed(t *testing.T, file string) (names []string) {
	t.Helper()
	for _, rule := range readOCI(t, file).Syscalls {
		if rule.Action == specs.ActAllow {
			names = append(names, rule.Names...)
		}
	}
	slices.Sort(names)
	return names
}

// lacking returns a profile without one of its calls.
func lacking(t *testing.T, file, call string) string {
	t.Helper()
	p := readOCI(t, file)
	for i := range p.Syscalls {
		p.Syscalls[i].Names = without(p.Syscalls[i].Names, []string{call})
	}
	return writeOCI(t, p)
}

func writeOCI(t *testing.T, p specs.LinuxSeccomp) string {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "profile.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

func without(list, drop []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}

// TestRecordAgain: what the profile allows is not recorded again, and what is
// new is united with it.
func TestRecordAgain(t *testing.T) {
	audittest.Need(t)
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json")
	auditscan(t, 0, "record", "-o", first, "--", "sh", "-c", "true")
	_, stderr := auditscan(t, 0, "record", "--profile", first, "-o", second, "--", "sh", "-c", "umask 022; mkdir "+dir+"/x")
	for _, old := range []string{"brk ", "mmap "} {
		if strings.Contains(stderr, old) {
			t.Errorf("%sis recorded though the profile allows it:\n%s", old, stderr)
		}
	}
	got := allowed(t, second)
	for _, name := range append(allowed(t, first), "mkdir", "umask") {
		if !slices.Contains(got, name) {
			t.Errorf("%s is not in the united profile: %v", name, got)
		}
	}
}

// TestRecordNothing: without any record, even of the command's end, there is no
// saying that nothing is new. (This command ends without one. It stands for a
// kernel that keeps the records back.)
func TestRecordNothing(t *testing.T) {
	audittest.Need(t)
	if _, err := exec.LookPath("perl"); err != nil {
		t.Skip("perl is not installed")
	}
	dir := t.TempDir()
	first, second := filepath.Join(dir, "first.json"), filepath.Join(dir, "second.json")
	silent := []string{"perl", "-e", fmt.Sprintf("syscall(%d, 0)", syscall.SYS_EXIT)}
	auditscan(t, 0, "record", append([]string{"-q", "-o", first, "--"}, silent...)...)
	_, stderr := auditscan(t, 1, "record", append([]string{"-q", "--profile", first, "-o", second, "--"}, silent...)...)
	if !strings.Contains(stderr, "no record came") {
		t.Errorf("the silence is not told of: %s", stderr)
	}
	if _, err := os.Stat(second); err == nil {
		t.Error("a profile was written")
	}
}

// TestRecordBesideDefault: a profile with conditions is settled for this host:
// what it allows here is not recorded, what it allows under others is.
func TestRecordBesideDefault(t *testing.T) {
	audittest.Need(t)
	file := filepath.Join(t.TempDir(), "profile.json")
	auditscan(t, 0, "record", "--exact", "--profile", "runtime/default", "-o", file, "--", "unshare", "--net", "true")
	stdout, _ := auditscan(t, 4, "diff", "-o", "json", "runtime/default", file)
	var got struct {
		Added            []struct{ Name, Risk string }
		Removed, Changed []any
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Added) != 1 || got.Added[0].Name != "unshare" || !strings.Contains(got.Added[0].Risk, "CAP_SYS_ADMIN") || len(got.Removed)+len(got.Changed) > 0 {
		t.Errorf("beside the default there is more, or less, than unshare: %s", stdout)
	}
}

// TestRecordKeepsApart: what another command calls meanwhile is not this one's,
// and what outlives this one is.
func TestRecordKeepsApart(t *testing.T) {
	t.Run("audit", func(t *testing.T) { audittest.Need(t); checkKeepsApart(t) })
	t.Run("notify", func(t *testing.T) { checkKeepsApart(t, "--notify") })
}

func checkKeepsApart(t *testing.T, how ...string) {
	dir := t.TempDir()
	for _, name := range []string{"go", "done", "ended"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := exec.Command("auditscan", append(append([]string{"record"}, how...), "-q", "--", "sh", "-c", "cd "+dir+"; read x <go; umask 077; echo >done")...)
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	// The orphan waits for the end of the shell, which then closes "ended".
	stdout, stderr := auditscan(t, 0, "record", append(how, "--", "sh", "-c",
		"cd "+dir+"; echo >go; read x <done; (read x <ended; exec uname >/dev/null) & exec 3>ended; echo out")...)
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
	if stdout != "out\n" {
		t.Errorf("stdout is %q", stdout)
	}
	if !strings.Contains(stderr, " uname\n") {
		t.Errorf("the orphan's calls are missing:\n%s", stderr)
	}
	if strings.Contains(stderr, " umask ") {
		t.Errorf("the other's call is in it:\n%s", stderr)
	}
}

// TestRecordLogin: what is done after a login is the command's, too; where that
// cannot be told in time the result is not complete.
func TestRecordLogin(t *testing.T) {
	audittest.Need(t)
	out, err := exec.Command("auditscan", "record", "--", "sh", "-c", "echo 1000 >/proc/self/loginuid; exec uname").CombinedOutput()
	whole := strings.Contains(string(out), " uname\n") && strings.Contains(string(out), "\ncomplete: ")
	// It may have ended before /proc was asked: then that is said.
	if told := strings.Contains(string(out), "of a login during the run"); whole == told {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestRecordStatus: the exit status is the command's, and signals reach it.
func TestRecordStatus(t *testing.T) {
	t.Run("audit", func(t *testing.T) { audittest.Need(t); checkStatus(t) })
	t.Run("notify", func(t *testing.T) { checkStatus(t, "--notify") })
}

func checkStatus(t *testing.T, how ...string) {
	record := func(status int, args ...string) string {
		out, _ := auditscan(t, status, "record", append(how, args...)...)
		return out
	}
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/nonexistent\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	record(1, "-q", "--", script)
	record(7, "-q", "--", "sh", "-c", "exit 7")
	record(137, "-q", "--", "sh", "-c", "kill -9 $$")
	record(1, "-q", "--", "/nonexistent")
	record(2, "-q", "-o", "-", "--", "true")
	// Where the profile cannot be written, nothing is run.
	if out := record(1, "-o", "/nonexistent/p.json", "--", "echo", "ran"); out != "" {
		t.Errorf("it has run: %s", out)
	}
	record(2, "-q", "--runtime", "none2", "--", "true")
	record(2, "-q")
	cmd := exec.Command("auditscan", append(append([]string{"record"}, how...), "-q", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; read x")...)
	if _, err := cmd.StdinPipe(); err != nil { // which nobody writes to
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fscanln(stdout, new(string)); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 9 {
		t.Errorf("after a signal: exit status %d, want 9", got)
	}
}

// TestRecordElsewhere: where no record can be heard, the calls are told of by
// notification, and what is missing for the other way is said.
func TestRecordElsewhere(t *testing.T) {
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil {
		t.Skip("needs unshare, and the right to make a network namespace: ", err)
	}
	out, err := exec.Command("unshare", "--net", "auditscan", "record", "--", "echo", "ran").CombinedOutput()
	for _, want := range []string{"by seccomp notification", "needs the host's network namespace", "ran\n", " execve ", "\ncomplete: "} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, no %q: %s", err, want, out)
		}
	}
}

// TestRecordAnyUser: a user without any right records as root does.
func TestRecordAnyUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	// The test binary's directory is root's alone.
	binary := filepath.Join("/tmp", "auditscan-"+audittest.RandomHex(t, 8))
	self, err := exec.LookPath("auditscan")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(self)
	if err == nil {
		err = os.WriteFile(binary, text, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(binary)
	cmd := exec.Command(binary, "record", "--", "sh", "-c", "id -u; exec uname")
	cmd.Args[0], cmd.Dir = "auditscan", "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	for _, want := range []string{"needs CAP_AUDIT_READ", "65534\n", "Linux\n", " uname\n", "\ncomplete: "} {
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, no %q: %s", err, want, out)
		}
	}
}

// TestRecordStage: the stage leaves nothing of its own to the command: neither
// descriptors, nor a limit of open files, nor environment.
func TestRecordStage(t *testing.T) {
	t.Run("audit", func(t *testing.T) { audittest.Need(t); checkStage(t, "") })
	t.Run("notify", func(t *testing.T) { checkStage(t, "--notify ") })
}

func checkStage(t *testing.T, how string) {
	limited := func(prefix string) string {
		out, err := exec.Command("bash", "-c", "ulimit -Sn 123; exec "+prefix+"bash -c 'ls /proc/self/fd | wc -l; ulimit -Sn; env'").Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	for _, debug := range []string{"", "http2client=0"} {
		t.Setenv("GODEBUG", debug)
		if got, want := limited("auditscan record "+how+"-q -- "), limited(""); got != want {
			t.Errorf("descriptors, limit and environment are %q, without record %q", got, want)
		}
	}
}

// TestStageMakesNoCall: between the filter and execve the stage makes no call,
// however long Go's scheduler has to interrupt it: what it made would be in the
// profile, or denied.
func TestStageMakesNoCall(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skipf("needs strace: %v", err)
	}
	dir := t.TempDir()
	file, trace := filepath.Join(dir, "allow.json"), filepath.Join(dir, "trace")
	if err := os.WriteFile(file, []byte(`{"defaultAction": "SCMP_ACT_ALLOW"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("strace", "-f", "-o", trace, "--inject=seccomp:delay_exit=100000", "auditscan", "run", "--profile", file, "--", "true")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("needs strace that may trace: %v\n%s", err, out)
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	loaded := regexp.MustCompile(`(?m)^(\d+) .*seccomp(?:\(SECCOMP_SET_MODE_FILTER,| resumed).* = 0 \(DELAYED\)$`).FindSubmatchIndex(text)
	if loaded == nil {
		t.Fatalf("no filter was loaded:\n%s", text)
	}
	thread := string(text[loaded[2]:loaded[3]])
	next := regexp.MustCompile(`(?m)^` + thread + ` +(.*)$`).FindSubmatch(text[loaded[1]:])
	if next == nil || !strings.HasPrefix(string(next[1]), "execve(") {
		t.Errorf("the call after the filter is %q", next)
	}
}

// TestRunRefuses: what cannot be run under is said before anything starts.
func TestRunRefuses(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]string{
		`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`: "denies execve",
		`{"defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"nam":"SCMP_ACT_ALLOW"}]}`:                                         "action is missing",
	} {
		file := filepath.Join(dir, "bad.json")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		stdout, stderr := auditscan(t, 1, "run", "--profile", file, "--", "echo", "ran")
		if stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: stdout %q, stderr %q", text, stdout, stderr)
		}
	}
	auditscan(t, 2, "run", "--", "true")
}
