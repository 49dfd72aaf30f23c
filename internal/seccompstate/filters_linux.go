package seccompstate

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// ptraceGetFilter is PTRACE_SECCOMP_GET_FILTER of linux/ptrace.h.
const ptraceGetFilter = 0x420c

// Filters returns the filters of a process's first thread, the one loaded
// last first. It needs CAP_SYS_ADMIN and a kernel with
// CONFIG_CHECKPOINT_RESTORE, and stops the process for a moment.
func Filters(pid int) (list [][]bpf.RawInstruction, err error) {
	runtime.LockOSThread() // ptrace is about threads
	defer runtime.UnlockOSThread()
	if err := unix.PtraceSeize(pid); err != nil {
		return nil, fmt.Errorf("attach to process %d (needs CAP_SYS_PTRACE, and no other tracer): %w", pid, err)
	}
	// The kernel detaches from a process that has ended.
	defer func() { err = errors.Join(err, ignore(unix.PtraceDetach(pid), unix.ESRCH)) }()
	if err := unix.PtraceInterrupt(pid); err != nil {
		return nil, fmt.Errorf("stop process %d: %w", pid, err)
	}
	if _, err := unix.Wait4(pid, nil, unix.WALL, nil); err != nil {
		return nil, fmt.Errorf("wait for process %d: %w", pid, err)
	}
	for {
		filter, err := getFilter(pid, len(list))
		if errors.Is(err, unix.ENOENT) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the filter of process %d (needs CAP_SYS_ADMIN, no filter on the reader, and CONFIG_CHECKPOINT_RESTORE): %w", pid, err)
		}
		list = append(list, filter)
	}
}

func ignore(err, harmless error) error {
	if errors.Is(err, harmless) {
		return nil
	}
	return err
}

// getFilter returns one filter; the error is ENOENT behind the last.
func getFilter(pid, index int) ([]bpf.RawInstruction, error) {
	n, err := ptraceFilter(pid, index, nil)
	if err != nil {
		return nil, err
	}
	program := make([]unix.SockFilter, n)
	if _, err = ptraceFilter(pid, index, unsafe.Pointer(&program[0])); err != nil {
		return nil, err
	}
	filter := make([]bpf.RawInstruction, n)
	for i, ins := range program {
		filter[i] = bpf.RawInstruction{Op: ins.Code, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return filter, nil
}

func ptraceFilter(pid, index int, to unsafe.Pointer) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_PTRACE, ptraceGetFilter, uintptr(pid), uintptr(index), uintptr(to), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
