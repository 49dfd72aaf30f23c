package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/rights"
)

// rightless is the command line that runs a command as one without any
// capability, as an ordinary user's are.
func rightless(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() == 0 {
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("setpriv is not installed")
		}
		args = append([]string{"setpriv", "--bounding-set=-all", "--inh-caps=-all"}, args...)
	}
	return exec.Command(args[0], args[1:]...)
}

// TestFollowSpeaksOfRights: of rights to find containers only where there is
// a record whose container could be found.
func TestFollowSpeaksOfRights(t *testing.T) {
	if required, _ := rights.Read(os.DirFS("/")).AuditSocket(); os.Geteuid() != 0 && len(required) == 0 {
		t.Skip("needs root, or to be an ordinary user")
	}
	line := func(at time.Time) string {
		return fmt.Sprintf("type=SECCOMP msg=audit(%d.000:7): auid=1000 uid=1000 gid=1000 ses=1 subj=unconfined pid=%d comm=\"seven\" exe=\"/seven\" sig=0 arch=c000003e syscall=0 compat=0 ip=0x7f code=0x7ffc0000\n",
			at.Unix(), os.Getpid())
	}
	for _, tt := range []struct {
		age  time.Duration
		want bool
	}{{time.Hour, false}, {-time.Minute, true}} {
		cmd := rightless(t, "auditscan", "follow", "-")
		cmd.Stdin = strings.NewReader(line(time.Now().Add(-tt.age)))
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(out), "seven") || strings.Contains(string(out), "CAP_NET_ADMIN") != tt.want {
			t.Errorf("a record from %v ago: CAP_NET_ADMIN is spoken of: want %v\n%s", tt.age, tt.want, out)
		}
	}
}

// TestHiddenProcesses: where /proc hides processes, an empty list is no answer,
// and a map that lacks them is told to.
func TestHiddenProcesses(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to mount /proc with hidepid")
	}
	for _, tt := range []struct {
		args []string
		want string
		fail bool
	}{
		{[]string{"containers"}, "list containers: /proc shows no process of others", true},
		{[]string{"inspect", "1"}, "no process 1 can be seen here", true},
		{[]string{"follow", "-q", "--pidmap", filepath.Join(t.TempDir(), "pidmap"), "-"}, "containers: missing CAP_SYS_PTRACE: ", false},
	} {
		// The group that sees all is not root's, which this process is in.
		cmd := rightless(t, append([]string{"auditscan"}, tt.args...)...)
		hide := append([]string{"--mount", "sh", "-c", `mount -t proc -o hidepid=2,gid=65534 proc /proc || exit 77; exec "$@"`, "sh"}, cmd.Args...)
		out, err := exec.Command("unshare", hide...).CombinedOutput()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 77 {
			t.Skipf("/proc cannot be mounted here: %s", out)
		}
		if !strings.Contains(string(out), tt.want) || (err != nil) != tt.fail {
			t.Errorf("%q: %v\n%s", tt.args, err, out)
		}
	}
}

// TestWithoutProc: where /proc is not mounted, what needs it says so, and the
// rest works.
func TestWithoutProc(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to hide /proc")
	}
	log, err := filepath.Abs("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		line, want string
		code       int
	}{
		{"run --profile runtime/default -- true", "/true: it needs /proc (mount -t proc proc /proc)", 1},
		{"report " + log, "complete: no record is missing", 0},
		{"profile -o " + filepath.Join(t.TempDir(), "p.json") + " " + log, "59 syscalls observed", 0},
	} {
		cmd := exec.Command("unshare", "--mount", "sh", "-c", "mount -t tmpfs none /proc && exec auditscan "+tt.line)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != tt.code || !strings.Contains(string(out), tt.want) {
			t.Errorf("%s: exit code %d: %v\n%s", tt.line, code, err, out)
		}
	}
}
