package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/audittest"
)

func TestLoggedCalls(t *testing.T) { audittest.LoggedCalls(t) }

// readToEnd reads a stream until its end.
func readToEnd(t *testing.T, s Stream) (lines []byte, notes []Note) {
	t.Helper()
	for {
		c, err := s.Next(context.Background())
		lines = append(lines, c.Lines...)
		notes = append(notes, c.Notes...)
		if err == io.EOF {
			return lines, notes
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// recordsOf counts the SECCOMP lines of a process.
func recordsOf(lines []byte, pid int) (n int) {
	process := fmt.Appendf(nil, " pid=%d comm=", pid)
	for line := range bytes.Lines(lines) {
		whole := bytes.HasSuffix(line, []byte(" code=0x7ffc0000\n"))
		if whole && bytes.Contains(line, process) && seccompLine.Match(line) {
			n++
		}
	}
	return n
}

var seccompLine = regexp.MustCompile(`type=(SECCOMP msg=|1326 )audit\(`)

// serials returns the serials of all lines, sorted, each once.
func serials(t *testing.T, lines []byte) []int {
	t.Helper()
	var all []int
	for line := range bytes.Lines(lines) {
		var kind string
		var sec, milli, serial int
		if _, err := fmt.Sscanf(string(line), "type=%s msg=audit(%d.%d:%d):", &kind, &sec, &milli, &serial); err != nil {
			t.Fatalf("not auditd's form: %q: %v", line, err)
		}
		all = append(all, serial)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func checkNoGap(t *testing.T, serials []int) {
	t.Helper()
	for i := 1; i < len(serials); i++ {
		if serials[i] != serials[i-1]+1 {
			t.Errorf("serials %d to %d are missing", serials[i-1]+1, serials[i]-1)
		}
	}
}

// TestNetlinkBurst is the reason for this source: without auditd the kernel
// prints ten of 20,000 records, and here is every one of them.
func TestNetlinkBurst(t *testing.T) {
	audittest.Need(t)
	audittest.NeedNoDaemon(t)
	const n = 20_000
	s, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cmd := audittest.Burst(n)
	run(t, cmd)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	lines, notes := readToEnd(t, s)
	if len(notes) > 0 {
		t.Errorf("notes: %+v", notes)
	}
	if got := recordsOf(lines, cmd.Process.Pid); got != n {
		t.Errorf("%d records of %d", got, n)
	}
	checkNoGap(t, serials(t, lines))

	if limit, _ := os.ReadFile("/proc/sys/kernel/printk_ratelimit"); string(limit) == "0\n" {
		t.Skip("printk_ratelimit is 0: the kernel's log is not limited")
	}
	log, err := exec.Command("dmesg").Output()
	if err != nil {
		t.Skipf("the kernel's log cannot be read: %v", err)
	}
	if got := recordsOf(log, cmd.Process.Pid); got > n/100 {
		t.Errorf("the kernel's log has %d of the records: the limit is not what this program believes", got)
	}
}

// TestNetlinkUnread fills the queue while nobody reads: what did not fit is
// told of with its number, and Close does not hang.
func TestNetlinkUnread(t *testing.T) {
	audittest.Need(t)
	const n = 2_000
	stream, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	s := stream.(*netlinkStream)
	s.setLimit(64 << 10)
	cmd := audittest.Burst(n)
	run(t, cmd)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	lines, notes := readToEnd(t, s)
	lost := 0
	for _, note := range notes {
		if note.Kind == Overrun {
			lost += int(note.Count)
		}
	}
	got := recordsOf(lines, cmd.Process.Pid)
	if got == n || got+lost < n {
		t.Errorf("%d records and %d told as lost, of %d", got, lost, n)
	}
}

// TestNetlinkOverrun lets the socket's buffer run over. The serials tell how
// many records that cost, the note that it happened.
func TestNetlinkOverrun(t *testing.T) {
	audittest.Need(t)
	const n = 2_000
	stream, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	s := stream.(*netlinkStream)
	s.setLimit(1) // the receiver has to wait
	if err := s.raw.Control(func(fd uintptr) {
		if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 64<<10); err != nil {
			t.Error(err)
		}
	}); err != nil {
		t.Fatal(err)
	}
	cmd := audittest.Burst(n)
	run(t, cmd)
	awaitSent(t)
	s.setLimit(netlinkQueue)
	s.taken.set()
	var lines []byte
	for told := false; !told; {
		c, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, c.Lines...)
		told = slices.ContainsFunc(c.Notes, func(n Note) bool { return n.Kind == Overrun })
	}
	last := audittest.Burst(1)
	run(t, last)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	rest, _ := readToEnd(t, s)
	lines = append(lines, rest...)
	if recordsOf(lines, last.Process.Pid) != 1 {
		t.Error("nothing is received after an overrun")
	}
	all := serials(t, lines)
	got := recordsOf(lines, cmd.Process.Pid)
	if missing := all[len(all)-1] - all[0] + 1 - len(all); missing == 0 || got+missing < n {
		t.Errorf("%d of %d records, but only %d serials are missing", got, n, missing)
	}
}

// awaitSent waits until the kernel has sent out all records that it has made.
func awaitSent(t *testing.T) {
	t.Helper()
	for {
		status, err := auditstate.Kernel()
		if err != nil {
			t.Fatal(err)
		}
		if status.Backlog == 0 {
			return
		}
	}
}

// TestNetlinkLostCounter has the kernel itself lose records.
func TestNetlinkLostCounter(t *testing.T) {
	audittest.NeedAuditctl(t)
	audittest.Need(t)
	const n = 500
	s, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before, err := auditstate.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	run(t, exec.Command("auditctl", "-r", "10"))
	cmd := audittest.Burst(n)
	run(t, cmd)
	run(t, exec.Command("auditctl", "-r", "0"))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	after, err := auditstate.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	lines, notes := readToEnd(t, s)
	told := 0
	for _, n := range notes {
		if n.Kind == LostCounter || n.Kind == RateLimit {
			told += int(n.Count)
		}
	}
	if lost := int(after.Lost - before.Lost); told != lost || recordsOf(lines, cmd.Process.Pid)+lost < n {
		t.Errorf("told of %d lost records, the kernel says %d; %d of %d are here", told, lost, recordsOf(lines, cmd.Process.Pid), n)
	}
}

// setLimit changes the bound of a queue that is in use.
func (q *Queue) setLimit(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.limit = n
}

func TestNetlinkContext(t *testing.T) {
	audittest.Need(t)
	s, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for err == nil { // records of others may come first
		_, err = s.Next(ctx)
	}
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNetlinkNamespaces opens the stream where nothing would ever be heard.
func TestNetlinkNamespaces(t *testing.T) {
	audittest.Need(t)
	if _, err := exec.LookPath("unshare"); err != nil {
		t.Skip("unshare (util-linux) is not installed")
	}
	tests := []struct {
		name string
		with []string
		want []string
		not  []string
	}{
		{"network", []string{"unshare", "--net"}, []string{"error", "hostNetwork: true"}, []string{"CAP_", "hostPID"}},
		{"user", []string{"unshare", "--user", "--map-root-user"}, []string{"error", "user namespace", "CAP_AUDIT_READ"}, []string{"hostNetwork"}},
		{"pid", []string{"unshare", "--pid", "--fork", "--mount-proc"}, []string{"note info", "pid namespace", "opened"}, []string{"error"}},
		{"all", []string{"unshare", "--net", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"},
			[]string{"error", "hostNetwork: true", "user namespace", "hostPID: true", "CAP_AUDIT_READ", "CAP_NET_ADMIN", "CAP_AUDIT_CONTROL"}, nil},
		{"no capability", []string{"setpriv", "--bounding-set=-all"}, []string{"error", "CAP_AUDIT_READ"}, []string{"hostNetwork", "hostPID"}},
		{"only the right to read", []string{"setpriv", "--bounding-set=-all,+audit_read"},
			[]string{"note info the audit socket's receive buffer", "note info the kernel's count", "opened"}, []string{"error"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(tt.with[0], append(tt.with[1:], exe, "-test.run=^TestNetlinkChild$", "-test.v")...)
			cmd.Env = append(os.Environ(), "NETLINK_CHILD=1", "GORACE=atexit_sleep_ms=0")
			cmd.Dir = "/"
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, want := range tt.want {
				if !strings.Contains(string(out), want) {
					t.Errorf("not told: %s\n%s", want, out)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(string(out), not) {
					t.Errorf("told without need: %s\n%s", not, out)
				}
			}
		})
	}
}

func TestNetlinkChild(t *testing.T) {
	if os.Getenv("NETLINK_CHILD") == "" {
		t.Skip("runs as the child of TestNetlinkNamespaces")
	}
	s, err := Netlink()
	if err != nil {
		t.Log("error", err)
		return
	}
	t.Log("opened")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, notes := readToEnd(t, s)
	for _, n := range notes {
		t.Log("note", n.Kind, n.Detail, n.Fix)
	}
}

// TestLostNote: of the kernel's count only what the rate limit dropped is seen
// in the serials too, where it must not count again.
func TestLostNote(t *testing.T) {
	for limit, want := range map[uint32]NoteKind{0: LostCounter, 100: RateLimit} {
		if n := lostNote(7, limit); n.Kind != want || n.Count != 7 {
			t.Errorf("at a rate limit of %d: %+v, want %s", limit, n, want)
		}
	}
}
