package logfilter

import (
	"errors"
	"fmt"
	"runtime"
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
	return Load(prog)
}

// Load is Install for a filter that is at hand. Between the one call that
// succeeds, and its return, the thread makes no other call, so that what
// follows is the first that the filter sees.
func Load(prog []bpf.RawInstruction) error {
	err := load(prog)
	if !errors.Is(err, unix.EACCES) {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	return load(prog)
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

// load hands the filter to seccomp(2).
func load(prog []bpf.RawInstruction) error {
	filter := make([]unix.SockFilter, len(prog))
	for i, ins := range prog {
		filter[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	// Raw: the scheduler's own calls would be under the filter already.
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_LOG, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return fmt.Errorf("load seccomp filter (FLAG_LOG needs Linux 4.14): %w", errno)
	}
	return nil
}
