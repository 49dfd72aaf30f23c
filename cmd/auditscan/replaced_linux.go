package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// isReplaced reports whether a standard stream was closed when the process
// began. Go's runtime then opens /dev/null in its place, for reading and writing
// (runtime.checkfds), where a shell and systemd open it for writing only. A
// daemon has it for all of its streams, as one.
func isReplaced(f *os.File) bool {
	fd := int(f.Fd())
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	var st unix.Stat_t
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR || unix.Fstat(fd, &st) != nil {
		return false
	}
	if st.Mode&unix.S_IFMT != unix.S_IFCHR || st.Rdev != unix.Mkdev(1, 3) {
		return false
	}
	for other := range 3 {
		if other != fd && isSameFile(fd, other) {
			return false
		}
	}
	return true
}

// isSameFile reports whether two descriptors are of one opened file, or nobody
// can tell: kcmp(2).
func isSameFile(a, b int) bool {
	const kcmpFile = 0
	pid := uintptr(os.Getpid())
	order, _, errno := unix.Syscall6(unix.SYS_KCMP, pid, pid, kcmpFile, uintptr(a), uintptr(b), 0)
	return errno != 0 || order == 0
}
