package notify

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// What the test binary is told that runs as a container, and as its program.
const (
	socketVar  = "NOTIFY_TEST_SOCKET"
	programVar = "NOTIFY_TEST_PROGRAM"
	callsVar   = "NOTIFY_TEST_CALLS"
)

// startContainer does what a runtime does: it loads a filter that notifies of
// getppid and execve, sends the socket the descriptor with the state of a
// container of the given id, and becomes the program.
func startContainer(t *testing.T, socket, id string, program ...string) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(program)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestContainer$", id)
	cmd.Env = append(os.Environ(), socketVar+"="+socket, programVar+"="+string(text), "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

func TestContainer(t *testing.T) {
	socket := os.Getenv(socketVar)
	if socket == "" {
		t.Skip("runs as a child of other tests")
	}
	var program []string
	if err := json.Unmarshal([]byte(os.Getenv(programVar)), &program); err != nil {
		t.Fatal(err)
	}
	runtime.LockOSThread()
	fd, err := loadFilter(unix.SYS_GETPPID, unix.SYS_EXECVE)
	if err != nil {
		t.Fatal(err)
	}
	send(t, socket, state(os.Args[len(os.Args)-1], specs.SeccompFdName), fd)
	t.Fatal(syscall.Exec(program[0], program, os.Environ()))
}

// loadFilter has the kernel ask about two calls of this thread, and returns the
// descriptor where it asks.
func loadFilter(one, other uint32) (fd int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return -1, err
	}
	filter := [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number comes first
		{Code: unix.BPF_JMP | unix.BPF_JEQ, K: one, Jt: 2},
		{Code: unix.BPF_JMP | unix.BPF_JEQ, K: other, Jt: 1},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_ALLOW},
		{Code: unix.BPF_RET, K: unix.SECCOMP_RET_USER_NOTIF},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Go's signals must not have a call told of twice (since Linux 5.19). Raw: its
	// scheduler must not make one in between.
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	n, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return -1, errno
	}
	return int(n), nil
}

// state is what a runtime would say.
func state(id string, fds ...string) []byte {
	text, err := json.Marshal(specs.ContainerProcessState{
		Version: specs.Version, Fds: fds, Pid: os.Getpid(), State: specs.State{Version: specs.Version, ID: id, Status: specs.StateCreating, Bundle: "/b"},
	})
	if err != nil {
		panic(err)
	}
	return text
}

// send sends a socket a text with descriptors.
func send(t *testing.T, socket string, text []byte, fds ...int) {
	t.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	if _, _, err := conn.WriteMsgUnix(text, rights, nil); err != nil {
		t.Fatal(err)
	}
}

// worker is the program of a container that calls getppid on several threads.
func worker(t *testing.T, threads, calls int) []string {
	t.Setenv(callsVar, fmt.Sprint(threads, " ", calls))
	return []string{os.Args[0], "-test.run=^TestWorker$"}
}

func TestWorker(t *testing.T) {
	var threads, calls int
	if _, err := fmt.Sscan(os.Getenv(callsVar), &threads, &calls); err != nil {
		t.Skip("runs as a child of other tests")
	}
	var all sync.WaitGroup
	for range threads {
		all.Go(func() {
			runtime.LockOSThread()
			for range calls {
				if ppid, _, errno := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); errno != 0 || int(ppid) <= 0 {
					fmt.Println("getppid: " + strconv.Itoa(int(errno)))
					os.Exit(int(errno))
				}
			}
		})
	}
	all.Wait()
}
