package logfilter

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/syscalltable"
)

// Offsets in struct seccomp_data (linux/seccomp.h).
const (
	offsetNR   = 0
	offsetArch = 4
)

// Install makes the kernel answer action (SECCOMP_RET_LOG and the like) to
// the given calls of the native architecture, or to every call of every
// architecture if none is given; anything else is allowed. The filter carries
// SECCOMP_FILTER_FLAG_LOG, so that actions such as ERRNO are recorded too.
//
// It holds for the calling thread, and for what that thread starts: lock the
// goroutine to its thread first (runtime.LockOSThread) and do not unlock it,
// for a filter cannot be taken off. no_new_privs is set only where the kernel
// demands it (without CAP_SYS_ADMIN), because it changes what the program
// does.
func Install(action uint32, calls ...int) error {
	prog, err := program(action, calls)
	if err != nil {
		return fmt.Errorf("seccomp filter: %w", err)
	}
	filter := sockFprog(prog)
	return privileged(func() error { return filterError(load(filter)) })
}

// Exec puts a filter that is at hand on the calling thread as Install does,
// and executes a program: execve is the first call that the filter sees. For
// that the process has to run under GODEBUG=asyncpreemptoff=1, or a signal of
// Go's scheduler may interrupt the thread in between, which then makes calls
// of its own. Exec returns only if it fails. A filter that notifies takes a
// listener, for execve waits for its answer; nil: it does not.
func Exec(prog []bpf.RawInstruction, listener *Listener, path string, argv, envp []string) error {
	pathp, err := unix.BytePtrFromString(path)
	if err != nil {
		return err
	}
	argvp, err := syscall.SlicePtrFromStrings(argv)
	if err != nil {
		return err
	}
	envpp, err := syscall.SlicePtrFromStrings(envp)
	if err != nil {
		return err
	}
	filter := sockFprog(prog)
	return privileged(func() error {
		loaded, errno := loadAndExec(filter, listener, pathp, &argvp[0], &envpp[0])
		if !loaded {
			return filterError(errno)
		}
		return fmt.Errorf("execute %s: %w", path, errno)
	})
}

// Listener takes the descriptor of a filter that notifies from the thread that
// loads it, which makes no other call by then, to another one that passes it on.
type Listener struct{ descriptor atomic.Int64 } // and 1, as 0 is none

// Descriptor waits for the descriptor. What gives it is not asleep, and cannot
// wake anybody: so it is asked again and again.
func (l *Listener) Descriptor() int {
	for {
		if d := l.descriptor.Load(); d > 0 {
			return int(d - 1)
		}
		time.Sleep(time.Millisecond)
	}
}

// errPrivileged is the kernel's demand for no_new_privs.
var errPrivileged = errors.New("load seccomp filter: needs CAP_SYS_ADMIN or no_new_privs")

// privileged loads a filter, and sets no_new_privs only if it must be.
func privileged(load func() error) error {
	err := load()
	if err != errPrivileged {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return load()
}

// program assembles the filter.
func program(action uint32, calls []int) ([]bpf.RawInstruction, error) {
	if len(calls) == 0 {
		return bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: action}})
	}
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	allow := bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	prog := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(arch), SkipTrue: 1},
		allow,
		bpf.LoadAbsolute{Off: offsetNR, Size: 4},
	}
	for _, nr := range calls {
		prog = append(prog,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(nr), SkipFalse: 1},
			bpf.RetConstant{Val: action})
	}
	return bpf.Assemble(append(prog, allow))
}

// sockFprog returns the filter as seccomp(2) takes it.
func sockFprog(prog []bpf.RawInstruction) *unix.SockFprog {
	filter := make([]unix.SockFilter, len(prog))
	for i, ins := range prog {
		filter[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
}

// load hands the filter to seccomp(2). Raw: the scheduler's own calls would be
// under the filter already.
//
//go:nosplit
func load(filter *unix.SockFprog) syscall.Errno {
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_LOG, uintptr(unsafe.Pointer(filter)))
	return errno
}

// loadNotify is load for a filter that notifies: it returns the descriptor.
//
//go:nosplit
func loadNotify(filter *unix.SockFprog) (descriptor int, errno syscall.Errno) {
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		flags|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, uintptr(unsafe.Pointer(filter)))
	if errno == unix.EINVAL { // before Linux 5.19
		fd, _, errno = unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(filter)))
	}
	return int(fd), errno
}

// loadAndExec makes two calls, and does nothing between them at which Go would
// switch to another goroutine: entering a function that may split its stack
// would be enough.
//
//go:nosplit
func loadAndExec(filter *unix.SockFprog, listener *Listener, path *byte, argv, envp **byte) (loaded bool, errno syscall.Errno) {
	if listener == nil {
		errno = load(filter)
	} else {
		var descriptor int
		if descriptor, errno = loadNotify(filter); errno == 0 {
			listener.descriptor.Store(int64(descriptor) + 1)
		}
	}
	if errno != 0 {
		return false, errno
	}
	_, _, errno = unix.RawSyscall(unix.SYS_EXECVE, uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(argv)), uintptr(unsafe.Pointer(envp)))
	return true, errno
}

// filterError says what seccomp(2) has against a filter.
func filterError(errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case unix.EACCES:
		return errPrivileged
	}
	return fmt.Errorf("load seccomp filter (FLAG_LOG needs Linux 4.14): %w", errno)
}
