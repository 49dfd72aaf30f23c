package notify

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBadClients: each is refused with words that say why, none leaves a
// descriptor behind, and a container is heard beside and after them.
func TestBadClients(t *testing.T) {
	needNotify(t)
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	fd := int(null.Fd())
	socket, stream, end := listen(t, Options{})
	first := startContainer(t, socket, "first", "/bin/sh", "-c", "exec /bin/sleep 1000")
	if got := hear(t, stream, func(h heard) bool { return h.count("sh", "getppid") > 0 }); len(got.notes) > 0 {
		t.Fatalf("notes: %v", got.notes)
	}
	before := descriptors(t)
	for _, tt := range []struct {
		name string
		text string
		fds  []int
		want string
	}{
		{"nothing", "", nil, "closed the connection without a word"},
		{"no runtime", "GET / HTTP/1.1\r\n\r\n", nil, "is no ContainerProcessState of OCI"},
		{"an array", "[1]", []int{fd}, "is no ContainerProcessState of OCI"},
		{"half a message", string(state("a", "seccompFd"))[:40], []int{fd}, "in the middle of its state"},
		{"no descriptor", string(state("a", "seccompFd")), nil, "container a: its state names 1 descriptors, and 0 came with it"},
		{"none that is named", string(state("a")), []int{fd}, "names 0 descriptors, and 1 came"},
		{"of another name", string(state("a", "other")), []int{fd}, "names no descriptor seccompFd"},
		{"of another kind", string(state("a", "seccompFd")), []int{fd}, `container a: its descriptor is of "/dev/null"`},
		{"two", string(state("a", "seccompFd")), []int{fd, fd}, "names 1 descriptors, and 2 came"},
		{"two of a name", string(state("a", "seccompFd", "seccompFd")), []int{fd, fd}, "names two descriptors seccompFd"},
		{"many", string(state("a", "seccompFd")), make([]int, 40), "more than 16 descriptors"},
		{"no id", string(state("", "seccompFd")), []int{fd}, `container id ""`},
		{"a path", string(state("../../etc", "seccompFd")), []int{fd}, "which no runtime gives"},
		{"a terminal's", string(state("\x1b[2J", "seccompFd")), []int{fd}, `container id "\x1b[2J"`},
		{"a long id", string(state(strings.Repeat("a", 254), "seccompFd")), []int{fd}, "which no runtime gives"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for i := range tt.fds {
				tt.fds[i] = fd
			}
			send(t, socket, []byte(tt.text), tt.fds...)
			expectRefusal(t, stream.Next, tt.want)
		})
	}
	t.Run("10 MB", func(t *testing.T) {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		// It is cut off in the middle, which ends the write with an error.
		_, _ = conn.Write([]byte(`{"metadata":"` + strings.Repeat("a", 10<<20) + `"}`))
		expectRefusal(t, stream.Next, "its state is longer than 1048576 bytes")
	})
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d before", after, before)
	}
	waitContainer(t, startContainer(t, socket, "last", "/bin/sh", "-c", "exit 0"))
	first.Process.Signal(unix.SIGTERM)
	if err := first.Wait(); err == nil {
		t.Error("the first container was not there any more")
	}
	if got := end(); got.count("sh", "getppid") != 1 || len(got.notes) > 0 {
		t.Errorf("%d calls, notes %v", got.count("sh", "getppid"), got.notes)
	}
}

// TestPeer: another user's process is refused even where the socket's mode would
// let it connect.
func TestPeer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	needNotify(t)
	socket, stream, _ := listen(t, Options{})
	for dir := filepath.Dir(socket); dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	connect := func() error {
		cmd := exec.Command("/proc/self/exe", "-test.run=^TestConnect$")
		cmd.Dir = "/"
		cmd.Env = append(os.Environ(), socketVar+"="+socket)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		return cmd.Run()
	}
	if err := connect(); err == nil {
		t.Error("any user can connect")
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := connect(); err != nil {
		t.Skipf("user 65534 cannot reach %s: %v", socket, err)
	}
	expectRefusal(t, stream.Next, "of user 65534 is neither root's nor ours")
}

func TestConnect(t *testing.T) {
	socket := os.Getenv(socketVar)
	if socket == "" {
		t.Skip("runs as a child of TestPeer")
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// TestSocketPlace: what is at the path stays, unless it is a socket on which
// nobody listens; and whose is another's by the end stays, too.
func TestSocketPlace(t *testing.T) {
	dir := t.TempDir()
	file, socket := filepath.Join(dir, "file"), filepath.Join(dir, "new", "s")
	if err := os.WriteFile(file, []byte("kept"), 0o600); err != nil {
		t.Fatal(err)
	}
	refuse := func(path, want string) {
		t.Helper()
		if s, err := newSocket(path); err == nil {
			s.close()
			t.Errorf("%s: no error, want %q", path, want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	refuse(file, "exists and is no socket")
	refuse(dir, "exists and is no socket")
	refuse(filepath.Join(file, "s"), "not a directory")
	refuse(filepath.Join(dir, "a", "b", "s"), "no such file")
	refuse(filepath.Join(dir, strings.Repeat("s", maxSocketPath)), "longer than the 107 bytes")
	s, err := newSocket(socket)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	refuse(socket, "another process listens there already")
	s.UnixListener.Close() // as if it had been killed
	again, err := newSocket(socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if conn, err := net.Dial("unix", socket); err != nil {
		t.Errorf("the socket of the second is gone: %v", err)
	} else {
		conn.Close()
	}
	if err := again.close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
	if left, err := os.ReadDir(filepath.Dir(socket)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// descriptors counts the open ones of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func waitContainer(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Wait(); err != nil {
		t.Fatal(fmt.Errorf("container: %w", err))
	}
}
