//go:build unix

package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// noFollow keeps an open from following a link, and from waiting for the other
// side of a named pipe.
const noFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// names returns how many names (hard links) a file has.
func names(info fs.FileInfo) uint64 { return uint64(info.Sys().(*syscall.Stat_t).Nlink) }

// trusted reports whether root or this user made a file.
func trusted(info fs.FileInfo) bool {
	uid := int(info.Sys().(*syscall.Stat_t).Uid)
	return uid == 0 || uid == os.Geteuid()
}

// errForeign says whose a name is that is not opened.
func errForeign(info fs.FileInfo) error {
	return fmt.Errorf("user %d made it, neither root nor this user", info.Sys().(*syscall.Stat_t).Uid)
}
