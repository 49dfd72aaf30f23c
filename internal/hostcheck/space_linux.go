package hostcheck

import "golang.org/x/sys/unix"

// freeSpace asks the file system that dir is on.
func freeSpace(dir string) space {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return space{dir: dir, err: err}
	}
	return space{dir: dir, free: st.Bavail * uint64(st.Bsize), total: st.Blocks * uint64(st.Bsize)}
}
