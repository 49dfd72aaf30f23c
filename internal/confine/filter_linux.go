package confine

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/syscalltable"
)

// unneeded are the calls that no command makes once it reads. A name that an
// architecture does not have is passed over.
var unneeded = []string{
	// Files' modes, owners, attributes and times.
	"chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "chown32", "fchown32", "lchown32",
	"setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr", "removexattrat",
	"file_setattr", "utime", "utimes", "futimesat", "utimensat", "utimensat_time64", "mknod", "mknodat",
	// The view of the file system.
	"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "open_tree_attr", "mount_setattr",
	"fsopen", "fsconfig", "fsmount", "fspick", "setns", "unshare", "swapon", "swapoff", "quotactl", "quotactl_fd", "open_by_handle_at",
	// The kernel.
	"init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot", "bpf", "perf_event_open",
	"iopl", "ioperm", "syslog", "acct", "settimeofday", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "clock_adjtime64",
	"sethostname", "setdomainname", "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter", "io_uring_register", "userfaultfd",
	// Other processes.
	"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd",
}

// Calls that some commands make. Of sockets, only those to the kernel and, for
// programs, to others on this host: Landlock does not know all protocols that
// leave it (MPTCP).
var (
	sockets  = []string{"socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "socketcall"}
	programs = []string{"execve", "execveat"}
)

// filter returns a program that answers EPERM to what is not needed.
func (n *Needs) filter() []bpf.Instruction {
	denied := unneeded[:len(unneeded):len(unneeded)]
	if !n.Sockets {
		denied = append(denied, sockets...)
	}
	if !n.Programs {
		denied = append(denied, programs...)
	}
	return append(deny(native(), denied), onlyLocalSockets(native())...)
}

// native returns the architecture of this process; 0 if there is no table for
// it.
func native() syscalltable.Arch {
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil || !arch.HasTable() {
		return 0
	}
	return arch
}

// Offsets of struct seccomp_data (linux/seccomp.h).
const (
	offsetNR   = 0
	offsetArch = 4
	offsetArgs = 16 // of 8 bytes each, in the host's order
)

// x32Bit is set in the numbers of x86_64's calls with 32-bit pointers, which
// no program of Go makes.
const x32Bit = 0x40000000

// refuse answers EPERM.
var refuse = bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}

// deny returns the start of a program, which answers EPERM to the named calls
// and to all of other architectures. The number is loaded where it ends.
func deny(arch syscalltable.Arch, names []string) []bpf.Instruction {
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(arch), SkipTrue: 1},
		refuse,
		bpf.LoadAbsolute{Off: offsetNR, Size: 4},
	}
	if arch == syscalltable.X86_64 {
		program = append(program, bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32Bit, SkipTrue: 1}, refuse)
	}
	for _, name := range names {
		if nr, ok := arch.Number(name); ok {
			program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(nr), SkipTrue: 1}, refuse)
		}
	}
	return program
}

// onlyLocalSockets returns the end of a program, which allows all but sockets of
// other families than netlink and unix.
func onlyLocalSockets(arch syscalltable.Arch) []bpf.Instruction {
	allow := bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}
	nr, ok := arch.Number("socket")
	if !ok {
		return []bpf.Instruction{allow}
	}
	low := uint32(offsetArgs)
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 { // the low half comes last
		low += 4
	}
	return []bpf.Instruction{
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(nr), SkipTrue: 4},
		bpf.LoadAbsolute{Off: low, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_NETLINK, SkipTrue: 2},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_UNIX, SkipTrue: 1},
		refuse,
		allow,
	}
}

// load loads a filter for all threads.
func load(program []bpf.Instruction) error {
	if native() == 0 {
		return nil
	}
	raw, err := bpf.Assemble(program)
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(raw))
	for i, ins := range raw {
		filters[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	switch {
	case errno != 0:
		return errno
	case thread != 0:
		return fmt.Errorf("thread %d has a filter of its own", thread)
	}
	return nil
}
