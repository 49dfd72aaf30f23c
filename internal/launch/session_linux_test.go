package launch

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestOwns: a session that a descendant has begun is the program's; what is
// older, or cannot be told any more, is not.
func TestOwns(t *testing.T) {
	login := exec.Command("sh", "-c", "echo 1000 >/proc/self/loginuid && cat /proc/self/sessionid && echo && exec cat")
	stdin, err := login.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := login.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	var session uint32
	_, err = fmt.Fscan(stdout, &session)
	if err != nil || session == unsetSession {
		stdin.Close()
		t.Skip("needs CAP_AUDIT_CONTROL, to begin an audit session: ", err)
	}
	pid := int32(login.Process.Pid)
	p := &Process{Session: session - 1}
	for _, tt := range []struct {
		what    string
		session uint32
		pid     int32
		own     bool
		known   bool
	}{
		{"its own", session - 1, 0, true, true},
		{"a descendant's", session, pid, true, true},
		{"one from before", session - 2, pid, false, true},
		{"none", unsetSession, pid, false, true},
		{"one that the process is not in", session + 1, pid, false, false},
		{"one of no descendant", session, 1, false, false},
	} {
		if own, err := p.Owns(tt.session, tt.pid); own != tt.own || err == nil != tt.known {
			t.Errorf("%s: %v, %v", tt.what, own, err)
		}
	}
	stdin.Close()
	if _, err := io.Copy(io.Discard, stdout); err != nil {
		t.Fatal(err)
	}
	if err := login.Wait(); err != nil {
		t.Fatal(err)
	}
	if own, err := p.Owns(session, pid); own || err == nil {
		t.Errorf("one whose process has ended: %v, %v", own, err)
	}
}

// TestDescendsHidden: where /proc hides the processes of others, whose a
// process is cannot be told, and the question ends all the same.
func TestDescendsHidden(t *testing.T) {
	const child = "LAUNCH_HIDDEN"
	if os.Getenv(child) != "" {
		if own, err := descends(os.Getpid(), 1<<30); own || err == nil {
			t.Errorf("%v, %v", own, err)
		}
		return
	}
	self, err := os.Open("/proc/self/exe") // nobody may not walk to it
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", "--mount", "sh", "-c",
		"mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups /proc/self/fd/3 -test.run TestDescendsHidden")
	cmd.Env, cmd.ExtraFiles, cmd.Dir = append(os.Environ(), child+"=1"), []*os.File{self}, "/"
	out, err := cmd.CombinedOutput()
	if err != nil && ctx.Err() == nil && !strings.Contains(string(out), "FAIL") {
		t.Skipf("needs the right to mount /proc, unshare and setpriv: %v\n%s", err, out)
	}
	if err != nil || !strings.Contains(string(out), "PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestOwnsAcrossWrap: sessions are counted on where the counter begins again,
// and no session at all is nobody's.
func TestOwnsAcrossWrap(t *testing.T) {
	const gone = 1 << 30 // more than there are pids
	for _, tt := range []struct {
		own, session uint32
		known        bool
	}{
		{5, unsetSession - 10, true}, // from before the counter began again
		{5, 4, true},
		{unsetSession - 10, 5, false}, // from after it
		{unsetSession - 10, unsetSession - 9, false},
		{unsetSession - 10, unsetSession, true},
	} {
		owns, err := (&Process{Session: tt.own}).Owns(tt.session, gone)
		if owns || (err == nil) != tt.known {
			t.Errorf("%d of %d: %v, %v", tt.session, tt.own, owns, err)
		}
	}
}
