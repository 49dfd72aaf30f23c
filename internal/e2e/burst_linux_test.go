package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

func TestLoggedCalls(t *testing.T) { audittest.LoggedCalls(t) }

// proof is what a report says of completeness, and how many records it has.
type proof struct {
	Totals       struct{ Records int }
	Groups       []struct{ PID, Records int }
	Completeness struct {
		Verdict  string
		Lost     int
		Evidence []struct{ Kind string }
	}
}

func proofOf(t *testing.T, code int, args ...string) (p proof) {
	t.Helper()
	if err := json.Unmarshal([]byte(run(t, code, append([]string{"report", "-o", "json", "--strict"}, args...)...)), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// audible is a `follow audit:` that keeps a state.
type audible struct {
	t     *testing.T
	cmd   *exec.Cmd
	notes bytes.Buffer
	state string
}

// followAudit returns when the socket is open, as the state tells, which is
// written then for the first time.
func followAudit(t *testing.T, state string) *audible {
	t.Helper()
	a := &audible{t: t, cmd: exec.Command(auditscan, "follow", "-q", "-o", "json", "--state", state, "audit:"), state: state}
	a.cmd.Stderr = &a.notes
	before, _ := os.Stat(state)
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.cmd.Process.Kill(); a.cmd.Wait() })
	a.await(func() bool {
		now, err := os.Stat(state)
		return err == nil && (before == nil || !os.SameFile(before, now))
	})
	return a
}

func (a *audible) await(done func() bool) {
	a.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		if err := a.cmd.Process.Signal(unix.Signal(0)); errors.Is(err, os.ErrProcessDone) {
			a.t.Fatalf("follow ended\n%s", &a.notes)
		}
		<-tick.C
	}
}

func (a *audible) stop() {
	a.t.Helper()
	if err := a.cmd.Process.Signal(unix.SIGTERM); err != nil {
		a.t.Fatal(err)
	}
	if err := a.cmd.Wait(); err != nil {
		a.t.Errorf("follow: %v\n%s", err, &a.notes)
	}
}

func burst(t *testing.T, n int) (pid string) {
	t.Helper()
	cmd := audittest.Burst(n)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strconv.Itoa(cmd.Process.Pid)
}

// TestBurstWithoutAuditd: of a burst the kernel's log has a few records, and
// report says so; follow audit: has every one.
func TestBurstWithoutAuditd(t *testing.T) {
	audittest.Need(t)
	audittest.NeedNoDaemon(t)
	if limit, err := os.ReadFile("/proc/sys/kernel/printk_ratelimit"); err != nil || string(limit) == "0\n" {
		t.Skipf("needs the kernel's limit on what it prints: %v (kernel.printk_ratelimit=0?)", err)
	}
	const n = 2000
	kmsg, err := os.OpenFile("/dev/kmsg", os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("the kernel's log cannot be read: %v", err)
	}
	defer kmsg.Close()
	if _, err := kmsg.Seek(0, 2); err != nil {
		t.Fatal(err)
	}
	printed := awaitWindow(t, kmsg)
	state := filepath.Join(t.TempDir(), "state.json")
	a := followAudit(t, state)
	pid := burst(t, n)
	a.stop()
	if p := proofOf(t, 0, state); p.Completeness.Verdict != "complete" {
		t.Errorf("follow audit: %+v, want complete", p)
	}
	if p := proofOf(t, 0, "--pid", pid, state); p.Totals.Records != n {
		t.Errorf("follow audit: %d records, want %d", p.Totals.Records, n)
	}
	dmesg := filepath.Join(t.TempDir(), "dmesg")
	if err := os.WriteFile(dmesg, append(printed, messages(t, kmsg)...), 0o600); err != nil {
		t.Fatal(err)
	}
	p := proofOf(t, 3, dmesg)
	t.Logf("the kernel's log has %d of %d records: %+v", p.Totals.Records, n, p.Completeness)
	if p.Totals.Records >= 10 {
		t.Errorf("%d records: the limit is not what it is taken for", p.Totals.Records)
	}
}

// awaitWindow waits until the kernel has just begun another five seconds in
// which it prints ten messages, and returns what it printed of them. It says
// so itself, if it kept any back before.
func awaitWindow(t *testing.T, kmsg *os.File) (text []byte) {
	t.Helper()
	const begun = " callbacks suppressed\n"
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		audittest.Mark(t, "op=e2e-mark")
		<-tick.C
		text = append(text, messages(t, kmsg)...)
		if i := bytes.LastIndex(text, []byte(begun)); i >= 0 {
			return text[i+len(begun):]
		}
	}
}

// messages reads what the kernel has printed since kmsg was opened.
func messages(t *testing.T, kmsg *os.File) (text []byte) {
	t.Helper()
	raw, err := kmsg.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 8192)
	err = raw.Control(func(fd uintptr) {
		for {
			n, err := unix.Read(int(fd), buf)
			if errors.Is(err, unix.EPIPE) { // some were overwritten; the next is to be had
				continue
			}
			if err != nil {
				return
			}
			text = append(text, buf[:n]...)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestKilledBesideTheSocket: what the kernel sent while nobody listened is a
// gap between two runs with one state.
func TestKilledBesideTheSocket(t *testing.T) {
	audittest.Need(t)
	state := filepath.Join(t.TempDir(), "state.json")
	a := followAudit(t, state)
	pid := burst(t, 10)
	a.await(func() bool {
		for _, g := range proofOf(t, 0, state).Groups { // a filter for pid is an error until it has records
			if strconv.Itoa(g.PID) == pid {
				return g.Records == 10
			}
		}
		return false
	})
	a.cmd.Process.Kill()
	a.cmd.Wait()
	burst(t, 50)
	a = followAudit(t, state)
	second := burst(t, 10)
	a.stop()
	p := proofOf(t, 3, "--pid", pid+","+second, state)
	if p.Completeness.Lost < 50 || len(p.Completeness.Evidence) != 1 || p.Completeness.Evidence[0].Kind != "serial-gap" {
		t.Errorf("%+v, want a gap of the 50 records", p.Completeness)
	}
	if p.Totals.Records != 20 {
		t.Errorf("%d records, want 20", p.Totals.Records)
	}
}
