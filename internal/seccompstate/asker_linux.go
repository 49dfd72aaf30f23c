package seccompstate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// AskForParent is what a child that [Ask] has started does, with its standard
// streams. It returns the exit code.
func AskForParent(in io.Reader, out io.Writer) int {
	runtime.LockOSThread() // keeps the first thread, which would stay when it is killed, from asking
	a := &asker{out: out, ended: make(chan error)}
	go func() {
		a.ended <- a.ask(in)
		select {} // or the thread would be gone, as if killed
	}()
	switch err := <-a.ended; {
	case errors.Is(err, errNoThread):
		return exitNoThread
	case err != nil:
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}

// asker is a child that asks.
type asker struct {
	out   io.Writer
	ended chan error // one is sent when there is no more to do
}

// errNoThread ends a child whose thread that asks is gone.
var errNoThread = errors.New("the thread that asks is gone")

func (a *asker) ask(in io.Reader) error {
	runtime.LockOSThread() // a filter is a thread's
	numbers, err := readNumbers(in)
	if err != nil {
		return err
	}
	listener, err := listen()
	if err != nil {
		return err
	}
	go func() { a.ended <- answerPassed(listener) }()
	thread := unix.Gettid()
	go func() { a.ended <- watch(thread) }()
	values := arguments()
	for _, nr := range numbers {
		fmt.Fprintln(a.out, nr)
		var seen []uint32
		for _, v := range values {
			code := probe(nr, v)
			if !slices.Contains(seen, code) {
				seen = append(seen, code)
				fmt.Fprintf(a.out, "%d %x\n", nr, code)
			}
		}
	}
	return nil
}

// mark stands in the last argument of a call that asks: nothing but these is
// stopped. Both halves are the same, so that the order of bytes does not matter.
const mark uint64 = markHalf<<32 | markHalf

const markHalf = 0x5ec05ec0

// passed is what a call returns that no older filter denies.
const passed = 0x5ec0

// probe makes a call that only asks.
func probe(nr, v uintptr) (code uint32) {
	last := mark // a variable, as it is cut on hosts of 32 bits
	r, _, errno := unix.Syscall6(nr, v, v, v, v, v, uintptr(last))
	if errno == 0 && r == passed {
		return unix.SECCOMP_RET_ALLOW
	}
	return unix.SECCOMP_RET_ERRNO | uint32(errno)
}

// listen puts the filter on this thread that has calls with the mark wait for its
// listener.
func listen() (listener uintptr, err error) {
	const lastArgument = 16 + 5*8 // in struct seccomp_data (linux/seccomp.h)
	program, err := bpf.Assemble([]bpf.Instruction{
		bpf.LoadAbsolute{Off: lastArgument, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: markHalf, SkipFalse: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_USER_NOTIF},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW},
	})
	if err != nil {
		return 0, err
	}
	var code [4]unix.SockFilter
	for i, ins := range program {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("set no_new_privs: %w", err)
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER,
		uintptr(unsafe.Pointer(&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})))
	if errno != 0 {
		return 0, fmt.Errorf("load a filter with a listener (needs Linux 5.0, seccomp(2), and no older filter with one): %w", errno)
	}
	return fd, nil
}

// notification is struct seccomp_notif, response struct seccomp_notif_resp
// (linux/seccomp.h).
type notification struct {
	id         uint64
	pid, flags uint32
	data       [64]byte
}

type response struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

// answerPassed answers the calls that come through all older filters, until that
// fails.
func answerPassed(listener uintptr) error {
	for {
		var n notification
		err := control(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n))
		if err == nil {
			err = control(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&response{id: n.id, value: passed}))
		}
		// A signal may have had the call begin anew, or the thread may be gone.
		if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("listen to the filter: %w", err)
		}
	}
}

func control(fd, request uintptr, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, fd, request, uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}

// watch returns when a filter has killed the thread that asks, and that alone.
func watch(thread int) error {
	for {
		if err := unix.Tgkill(os.Getpid(), thread, 0); errors.Is(err, unix.ESRCH) {
			return errNoThread
		}
		time.Sleep(time.Millisecond)
	}
}
