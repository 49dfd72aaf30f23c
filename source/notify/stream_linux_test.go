package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/source"
)

// heard is what a stream gave.
type heard struct {
	events []told
	notes  []source.Note
}

// told is what an event says.
type told struct {
	PID                              int32
	Comm, Exe, Arch, Syscall, Action string
	UID                              uint32
	Container                        container.Identity
}

// listen listens in a directory of the test's. What is heard comes when the
// stream has been closed.
func listen(t *testing.T, o Options) (socket string, stream source.Stream, end func() heard) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	stream, err := Listen(socket, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stream.Close() })
	return socket, stream, func() heard {
		if err := stream.Close(); err != nil {
			t.Error(err)
		}
		return hear(t, stream, func(heard) bool { return false })
	}
}

// hear reads a stream to its end, or until enough was heard.
func hear(t *testing.T, stream source.Stream, enough func(heard) bool) (all heard) {
	t.Helper()
	for !enough(all) {
		c, err := stream.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all.notes = append(all.notes, c.Notes...)
		for line := range strings.Lines(string(c.Lines)) {
			var e told
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			all.events = append(all.events, e)
		}
	}
	return all
}

// count counts the events of a call by a program.
func (h heard) count(comm, call string) (n int) {
	for _, e := range h.events {
		if e.Comm == comm && e.Syscall == call {
			n++
		}
	}
	return n
}

// needNotify skips the test where the kernel does not notify.
func needNotify(t *testing.T) {
	t.Helper()
	var sizes [3]uint16
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes))); errno != 0 {
		t.Skipf("no seccomp notification here: %v", errno)
	}
}

// TestListen: every call of every thread and child comes, once, with its
// program and container; what one ends with is no loss.
func TestListen(t *testing.T) {
	needNotify(t)
	socket, _, end := listen(t, Options{})
	const threads, calls = 4, 500
	one := startContainer(t, socket, "one", worker(t, threads, calls)...)
	two := startContainer(t, socket, "two", "/bin/sh", "-c", "/bin/sh -c '/bin/true; /bin/true' & /bin/true; wait; exit 0")
	if err := errors.Join(one.Wait(), two.Wait()); err != nil {
		t.Fatal(err)
	}
	got := end()
	if len(got.notes) > 0 {
		t.Errorf("notes: %v", got.notes)
	}
	name := fmt.Sprintf("%.15s", filepath.Base(os.Args[0]))
	if n := got.count(name, "getppid"); n != threads*calls {
		t.Errorf("%d of %d calls", n, threads*calls)
	}
	// The shells call execve themselves: for one shell and three programs.
	if n := got.count("sh", "execve"); n != 4 {
		t.Errorf("%d calls of execve by the shells, want 4", n)
	}
	for _, e := range got.events {
		switch {
		case e.Action != "log" || int(e.UID) != os.Getuid():
			t.Fatalf("%+v", e)
		case e.Comm == name && e.Syscall == "getppid":
			if int(e.PID) != one.Process.Pid || e.Exe != os.Args[0] || e.Container.ID != "one" {
				t.Fatalf("%+v, want process %d of container one", e, one.Process.Pid)
			}
		case e.Comm != name && e.Container.ID != "two":
			t.Fatalf("%+v, want container two", e)
		}
	}
}

// expectRefusal waits for the note of a client that was refused.
func expectRefusal(t *testing.T, next func(context.Context) (source.Chunk, error), want string) {
	t.Helper()
	c, err := next(context.Background())
	if err != nil || len(c.Notes) != 1 || c.Notes[0].Kind != source.Info || !strings.Contains(c.Notes[0].Detail, want) {
		t.Errorf("%v, %v, want %q", c.Notes, err, want)
	}
}

// TestClose: with a container that still runs, and a client that says nothing,
// the stream ends at once; it says what was left, which gets ENOSYS from then on.
func TestClose(t *testing.T) {
	needNotify(t)
	socket, stream, end := listen(t, Options{})
	idle, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	runs := startContainer(t, socket, "runs", worker(t, 2, 1<<30)...)
	hear(t, stream, func(h heard) bool { return len(h.events) > 100 })
	got := end()
	losses := 0
	for _, n := range got.notes {
		if n.Kind != source.Info {
			losses++
			if n.Kind != source.Overrun || !strings.Contains(n.Detail, "still there when the listener ended: container runs:") {
				t.Errorf("%+v", n)
			}
		}
	}
	if losses != 1 {
		t.Errorf("notes: %v", got.notes)
	}
	var exit *exec.ExitError
	if err := runs.Wait(); !errors.As(err, &exit) || exit.ExitCode() != int(unix.ENOSYS) {
		t.Errorf("the container ended with %v", err)
	}
}

// TestSlowReceiver: where nobody takes the events, programs wait, and none is
// lost.
func TestSlowReceiver(t *testing.T) {
	needNotify(t)
	socket, s, end := listen(t, Options{})
	s.(*stream).queue = source.NewQueue(2000) // a few events
	done := make(chan error, 1)
	go func() { done <- startContainer(t, socket, "slow", worker(t, 2, 300)...).Wait() }()
	name := fmt.Sprintf("%.15s", filepath.Base(os.Args[0]))
	got := hear(t, s, func(h heard) bool { return h.count(name, "getppid") == 600 })
	if err := <-done; err != nil || len(got.notes) > 0 {
		t.Errorf("%v, notes %v", err, got.notes)
	}
	if got := end(); len(got.events) > 0 || len(got.notes) > 0 {
		t.Errorf("more: %v", got)
	}
}

// TestStatus: what the kernel shows of a thread, with a name that is escaped.
func TestStatus(t *testing.T) {
	got := parseStatus([]byte("Name:\ta\\nb\\\\c\nUmask:\t0022\nState:\tR (running)\nTgid:\t77\nNgid:\t0\nPid:\t78\nUid:\t33\t34\t35\t36\nGid:\t44\t45\t46\t47\nVmPeak:\t1 kB\n"))
	if got.Comm.String() != "a\nb\\c" || got.PID != 77 || got.UID != 33 || got.GID != 44 {
		t.Errorf("%+v", got)
	}
}
