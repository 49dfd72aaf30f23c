//go:build unix

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// noFollow keeps an open from following a link, and from waiting for the other
// side of a named pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// owner returns the user who made a file.
func owner(info fs.FileInfo) int {
	return int(info.Sys().(*syscall.Stat_t).Uid)
}

// names returns how many names (hard links) a file has.
func names(info fs.FileInfo) uint64 {
	return uint64(info.Sys().(*syscall.Stat_t).Nlink)
}

// trusted reports whether root or this user made a file.
func trusted(info fs.FileInfo) bool {
	uid := owner(info)
	return uid == 0 || uid == os.Geteuid()
}

// openThrough opens a device or a named pipe that is trusted: it may have been
// exchanged since it was looked at.
func openThrough(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode()&fs.ModeDevice == 0 && !trusted(info) {
		err = errForeign(info)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// noReader reports whether an open failed as no process reads the pipe.
func noReader(err error) bool { return errors.Is(err, unix.ENXIO) }

// duplicate returns another descriptor of what one is open on. To open its
// name would begin at the start of a file, over what is there.
func duplicate(n int) (*os.File, error) {
	fd, err := unix.FcntlInt(uintptr(n), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("duplicate descriptor", err)
	}
	return os.NewFile(uintptr(fd), "descriptor"), nil
}
