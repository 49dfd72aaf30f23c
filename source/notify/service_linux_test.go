package notify

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/source"
)

// manager stands for systemd: it receives what a service tells it.
type manager struct{ conn *net.UnixConn }

// startManager returns a manager and what leads to it from a service.
func startManager(t *testing.T) (manager, *Service) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	service, err := ServiceOf(func(key string) string { return map[string]string{"NOTIFY_SOCKET": path}[key] })
	if err != nil {
		t.Fatal(err)
	}
	return manager{conn}, service
}

// receive returns a message, and the descriptor that came with it; -1: none.
func (m manager) receive(t *testing.T) (text string, fd int) {
	t.Helper()
	data, rights := make([]byte, 4096), make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := m.conn.ReadMsgUnix(data, rights)
	if err != nil {
		t.Fatal(err)
	}
	if size == 0 {
		return string(data[:n]), -1
	}
	messages, err := unix.ParseSocketControlMessage(rights[:size])
	if err != nil {
		t.Fatal(err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(data[:n]), fds[0]
}

// TestRestart: between two listeners the calls of a container wait: none fails,
// and each is told of once.
func TestRestart(t *testing.T) {
	needNotify(t)
	m, service := startManager(t)
	made, err := newSocket(filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer made.close()
	listening := func() passed {
		file, err := made.File() // a duplicate
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fd, err := unix.Dup(int(file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		return passed{fd, "auditscan-listen.socket"}
	}
	service.passed = []passed{listening()}
	_, first, end := listen(t, Options{Service: service})
	if text, _ := m.receive(t); text != "READY=1" {
		t.Errorf("the manager is told %q", text)
	}
	socket := made.path
	const threads, calls = 2, 5000
	running := startContainer(t, socket, "stays", worker(t, threads, calls)...)
	text, fd := m.receive(t)
	if text != "FDSTORE=1\nFDNAME=stays" || fd < 0 {
		t.Fatalf("the manager is told %q", text)
	}
	heardFirst := hear(t, first, func(h heard) bool { return len(h.events) > 100 })
	rest := end()
	for _, n := range rest.notes {
		if n.Kind != source.Info || !strings.Contains(n.Detail, "container stays: what they call waits for the next listener") {
			t.Errorf("%+v", n)
		}
	}
	if len(rest.notes) != 1 {
		t.Fatalf("notes: %v", rest.notes)
	}
	_, _, end = listen(t, Options{Service: &Service{passed: []passed{{fd, "stays"}, listening()}}})
	waitContainer(t, running)
	other := startContainer(t, socket, "new", "/bin/sh", "-c", "exit 0")
	waitContainer(t, other)
	heardSecond := end()
	if len(heardSecond.notes) > 0 {
		t.Errorf("notes: %v", heardSecond.notes)
	}
	name := filepath.Base(os.Args[0])
	name = name[:min(15, len(name))]
	got := heardFirst.count(name, "getppid") + rest.count(name, "getppid") + heardSecond.count(name, "getppid")
	if got != threads*calls {
		t.Errorf("%d of %d calls", got, threads*calls)
	}
	for _, e := range heardSecond.events {
		if e.Comm == name && e.Syscall == "getppid" && e.Container.ID != "stays" {
			t.Fatalf("%+v", e)
		}
	}
}

// TestServiceOf: what is not meant for this process is left alone.
func TestServiceOf(t *testing.T) {
	for _, env := range []map[string]string{{}, {"LISTEN_PID": "1", "LISTEN_FDS": "1"}} {
		if s, err := ServiceOf(func(key string) string { return env[key] }); s != nil || err != nil {
			t.Errorf("%v: %v, %v", env, s, err)
		}
	}
	env := map[string]string{"NOTIFY_SOCKET": "/nonexistent/socket"}
	if _, err := ServiceOf(func(key string) string { return env[key] }); err == nil {
		t.Error("a manager that is not there is no error")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	fd, err := unix.Dup(int(r.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := Listen(filepath.Join(t.TempDir(), "s"), Options{Service: &Service{passed: []passed{{fd, "pipe"}}}}); err == nil || !strings.Contains(err.Error(), "(pipe) of the service manager") {
		t.Errorf("a pipe for a socket: %v", err)
	}
}
