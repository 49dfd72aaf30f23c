package source

import (
	"io/fs"
	"maps"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// openFlags keep a FIFO from blocking; noFollow is added for rotated files,
// which are not links.
const (
	openFlags = unix.O_NONBLOCK
	noFollow  = unix.O_NOFOLLOW
)

// fileID distinguishes a file from all others, even from a later one with the
// same inode number: file systems reuse numbers at once.
type fileID struct {
	device, inode uint64
	birth         int64 // nanoseconds; 0 where the file system does not say
}

// same is false for the zero fileID, which is no file.
func (a fileID) same(b fileID) bool { return a == b && a.inode != 0 }

// fileSet is a set of files. The zero fileID is in none.
type fileSet struct{ ids map[fileID]struct{} }

func (s *fileSet) add(id fileID) {
	if s.ids == nil {
		s.ids = map[fileID]struct{}{}
	}
	s.ids[id] = struct{}{}
}

func (s *fileSet) has(id fileID) bool {
	_, ok := s.ids[id]
	return ok && id.inode != 0
}

// keep removes all files that are not to be kept.
func (s *fileSet) keep(isKept func(fileID) bool) {
	maps.DeleteFunc(s.ids, func(id fileID, _ struct{}) bool { return !isKept(id) })
}

// numbers returns the fileID as a [Position] holds it.
func (a fileID) numbers() (device, inode uint64, birth time.Time) {
	if a.birth != 0 {
		birth = time.Unix(0, a.birth).UTC()
	}
	return a.device, a.inode, birth
}

// statPath examines a path, or with follow what it leads to.
func statPath(path string, follow bool) (fileInfo, error) {
	flags := unix.AT_SYMLINK_NOFOLLOW
	if follow {
		flags = 0
	}
	info, err := statx(unix.AT_FDCWD, path, flags)
	if err != nil {
		return fileInfo{}, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return info, nil
}

func statFile(f *os.File) (fileInfo, error) {
	info, err := statx(int(f.Fd()), "", unix.AT_EMPTY_PATH)
	if err != nil {
		return fileInfo{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return info, nil
}

func statx(dir int, path string, flags int) (fileInfo, error) {
	var st unix.Statx_t
	if err := unix.Statx(dir, path, flags, unix.STATX_TYPE|unix.STATX_INO|unix.STATX_SIZE|unix.STATX_MTIME|unix.STATX_BTIME, &st); err != nil {
		return fileInfo{}, err
	}
	id := fileID{device: unix.Mkdev(st.Dev_major, st.Dev_minor), inode: st.Ino}
	if st.Mask&unix.STATX_BTIME != 0 {
		id.birth = st.Btime.Sec*int64(time.Second) + int64(st.Btime.Nsec)
	}
	return fileInfo{
		id:       id,
		regular:  st.Mode&unix.S_IFMT == unix.S_IFREG,
		size:     int64(st.Size),
		modified: st.Mtime.Sec*int64(time.Second) + int64(st.Mtime.Nsec),
	}, nil
}

// BootID returns an id of this boot of the host.
func BootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// pinnedName returns a name that leads to the open file whatever becomes of its
// path; "" if there is none. nxadm/tail ends the whole process if it cannot
// stat the name it follows. That cannot happen to an open file on a local disk,
// so files on other file systems have no pinned name.
func pinnedName(f *os.File) string {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil || !isLocal(int64(st.Type)) {
		return ""
	}
	name := "/proc/self/fd/" + strconv.Itoa(int(f.Fd()))
	if pinned, err := statPath(name, true); err != nil || !pinned.regular {
		return ""
	}
	return name
}

func isLocal(fsType int64) bool {
	switch fsType {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC,
		unix.F2FS_SUPER_MAGIC, unix.OVERLAYFS_SUPER_MAGIC:
		return true
	}
	return false
}
