package audittest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"

	"github.com/elastic/go-libaudit/v2"
	"github.com/elastic/go-libaudit/v2/auparse"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/logfilter"
	"github.com/auditscan/auditscan/internal/rights"
)

// Need skips the test unless it runs with every right on the host's audit
// subsystem, and keeps other tests of this module that need it waiting until
// the test is over: the kernel has one audit queue and one audit daemon. For
// that time the queue is made large enough for any burst; the settings of
// before are restored.
func Need(t testing.TB) {
	t.Helper()
	r := rights.Read(os.DirFS("/"))
	if required, advised := r.AuditSocket(); len(required)+len(advised) > 0 {
		t.Skipf("needs %v", append(required, advised...))
	}
	lock(t)
	status, err := auditstate.Kernel()
	if err != nil {
		t.Skip(err)
	}
	if status.Enabled == 2 {
		t.Skip("the audit settings are locked (auditctl -e 2)")
	}
	set(t, auditstate.Status{Enabled: status.Enabled, BacklogLimit: 16384})
	t.Cleanup(func() { set(t, status) })
}

// NeedAuditctl skips the test where there is no auditctl for it to set what the
// kernel's audit system does. It comes before [Need].
func NeedAuditctl(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("auditctl"); err != nil {
		t.Skip("auditctl is not installed (apt-get install auditd)")
	}
}

func lock(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "auditscan-test.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

func set(t testing.TB, want auditstate.Status) {
	t.Helper()
	client, err := libaudit.NewAuditClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	err = errors.Join(
		client.SetBacklogLimit(want.BacklogLimit, libaudit.WaitForReply),
		client.SetRateLimit(want.RateLimit, libaudit.WaitForReply),
		client.SetEnabled(want.Enabled != 0, libaudit.WaitForReply))
	if err != nil {
		t.Fatal(err)
	}
}

// NeedNoDaemon skips the test if an audit daemon takes the records.
func NeedNoDaemon(t testing.TB) {
	t.Helper()
	status, err := auditstate.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	if status.PID != 0 {
		t.Skipf("an audit daemon runs (pid %d)", status.PID)
	}
}

const callsVar = "AUDITTEST_CALLS"

// Burst returns a command that makes exactly n SECCOMP records, of getppid
// with action log, as fast as it can. It runs the test binary again, and
// there the test TestLoggedCalls, which must call [LoggedCalls].
func Burst(n int) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestLoggedCalls$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", callsVar, n), "GORACE=atexit_sleep_ms=0")
	return cmd
}

// LoggedCalls is the body of TestLoggedCalls.
func LoggedCalls(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(callsVar))
	if err != nil {
		t.Skip("runs as a child of other tests")
	}
	runtime.LockOSThread()
	if err := logfilter.Install(unix.SECCOMP_RET_LOG, unix.SYS_GETPPID); err != nil {
		t.Fatal(err)
	}
	for range n {
		unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
	}
}

// Auditd runs the real audit daemon with a configuration of its own (log_file,
// and whatever else the test cares for), until the test ends or the returned
// function is called. It returns when the daemon writes what comes, and stop
// waits until it has written all that came. The marks that tell so are records
// of type USER_AVC. It skips the test if a daemon runs already.
func Auditd(t testing.TB, conf string) (stop func()) {
	t.Helper()
	if _, err := exec.LookPath("auditd"); err != nil {
		t.Skip("auditd is not installed")
	}
	NeedNoDaemon(t)
	d := &daemon{log: logFile(t, conf), ended: make(chan error, 1)}
	dir := t.TempDir()
	conf += "space_left = 2\nadmin_space_left = 1\n" // it does not start without
	if err := os.WriteFile(filepath.Join(dir, "auditd.conf"), []byte(conf), 0o640); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command("auditd", "-n", "-s", "nochange", "-c", dir)
	d.cmd.Stdout, d.cmd.Stderr = &d.out, &d.out
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.ended <- d.cmd.Wait() }()
	stop = sync.OnceFunc(func() { d.stop(t) })
	t.Cleanup(stop)
	d.settle(t)
	return stop
}

// logFile is where a configuration has auditd write to.
func logFile(t testing.TB, conf string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^log_file = (.*)$`).FindStringSubmatch(conf)
	if m == nil {
		t.Fatal("the configuration has no log_file")
	}
	return m[1]
}

// daemon is a running auditd.
type daemon struct {
	cmd   *exec.Cmd
	log   string
	out   bytes.Buffer
	ended chan error
	marks int
}

// stop ends the daemon when it has written what it had. One signal only: a
// second would kill it at its shutdown.
func (d *daemon) stop(t testing.TB) {
	t.Helper()
	if !t.Failed() {
		d.settle(t)
	}
	d.cmd.Process.Signal(unix.SIGTERM)
	if err := <-d.ended; err != nil {
		t.Errorf("auditd: %v\n%s", err, &d.out)
	}
}

// settle waits until the daemon has written what has happened so far. Records
// keep their order on the way, so one of our own tells. After its start the
// daemon throws records away for a while, and ignores signals: the mark is
// sent again until it is there.
func (d *daemon) settle(t testing.TB) {
	t.Helper()
	d.marks++
	mark := fmt.Sprintf("op=audittest-mark pid=%d nr=%d ", d.cmd.Process.Pid, d.marks)
	for {
		Mark(t, mark)
		if _, err := auditstate.Kernel(); err != nil { // takes 50 ms
			t.Fatal(err)
		}
		if text, err := os.ReadFile(d.log); err == nil && bytes.Contains(text, []byte(mark)) {
			return
		}
		select {
		case err := <-d.ended:
			d.ended <- err
			t.Fatalf("auditd ended: %v\n%s", err, &d.out)
		default:
		}
	}
}

// Mark has the kernel make an audit record with a text by which to find it
// where records go. It is of type USER_AVC, which passes even while auditing
// is off.
func Mark(t testing.TB, text string) {
	t.Helper()
	client, err := libaudit.NewAuditClient(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Netlink.Send(syscall.NetlinkMessage{
		Header: syscall.NlMsghdr{Type: uint16(auparse.AUDIT_USER_AVC), Flags: syscall.NLM_F_REQUEST},
		Data:   append([]byte(text), 0),
	})
	if err != nil {
		t.Fatalf("send an audit message: %v", err)
	}
}
