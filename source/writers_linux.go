package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ofFile says who besides root and the user of this process can have written to
// f, or replaced it; "" if nobody can. It judges by the open file and by all
// directories and links that path leads through.
func (w *Writers) ofFile(f *os.File, path string) string {
	info, err := f.Stat()
	if err != nil {
		return fmt.Sprintf("it cannot be looked at (%v)", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() { // and its descriptor is not asked for, which would make reads wait
		return "it is no regular file: anybody may be at its other end"
	}
	user := uint32(os.Geteuid())
	if why := fileWriters(st.Uid, st.Gid, st.Mode, user, func() bool { return hasACL(f) }); why != "" {
		return "it " + why
	}
	return w.ofPlace(path, user)
}

// ofPlace says who can make the path lead elsewhere.
func (w *Writers) ofPlace(path string, user uint32) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Sprintf("its directory is not known (%v)", err)
	}
	if directory := filepath.Dir(path); w.directory != directory {
		w.directory, w.others = directory, placeWriters(directory, user)
	}
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err == nil && st.Mode&unix.S_IFMT != unix.S_IFLNK {
		return w.others
	}
	return placeWriters(path, user)
}

// fileWriters says why others can write to a file. hasACL is asked only if it
// matters.
func fileWriters(owner, group, mode, user uint32, hasACL func() bool) string {
	switch {
	case owner != 0 && owner != user:
		return fmt.Sprintf("belongs to uid %d", owner)
	case mode&0o002 != 0:
		return "can be written by everybody"
	case mode&0o020 != 0 && hasACL(): // these bits are the most that the list gives anybody
		return "has an access list that lets others write"
	case mode&0o020 != 0 && !isPrivateGroup(owner, group):
		return fmt.Sprintf("can be written by the group %d", group)
	}
	return ""
}

// isPrivateGroup reports whether a group is that of root, or the owner's own,
// which has the same number and no other member by the convention of nearly all
// distributions: a umask of 002 gives it a new file to write to.
func isPrivateGroup(owner, group uint32) bool { return group == 0 || group == owner }

// aclName is the attribute that holds the rights of others than owner, group and
// everybody.
const aclName = "system.posix_acl_access"

func hasACL(f *os.File) bool {
	n, err := unix.Fgetxattr(int(f.Fd()), aclName, nil)
	return err == nil && n > 0
}

func directoryHasACL(path string) bool {
	n, err := unix.Lgetxattr(path, aclName, nil)
	return err == nil && n > 0
}

// Groups of these numbers are given to daemons when they are installed
// (SYS_GID_MIN and SYS_GID_MAX of login.defs); below are those of people, such
// as users, adm and staff.
const firstDaemon, lastDaemon = 101, 999

// isDaemonsVarLog reports whether a directory is /var/log, of whatever root,
// that root shares with the log daemon: Ubuntu's is rsyslogd's, group syslog.
// The daemon can move away what root has there, but what it puts there instead
// is its own, as in a sticky directory: that shows by the owner of what the path
// leads to next.
func isDaemonsVarLog(st *unix.Stat_t, path string) bool {
	return strings.HasSuffix(path, "/var/log") && st.Uid == 0 && st.Mode&0o002 == 0 &&
		st.Gid >= firstDaemon && st.Gid <= lastDaemon
}

// directoryWriters says why others can replace what is in a directory. In a
// sticky one that is the right of an entry's owner.
func directoryWriters(st *unix.Stat_t, path string, user uint32) string {
	sticky := (st.Uid == 0 || st.Uid == user) && st.Mode&unix.S_ISVTX != 0
	if sticky || isDaemonsVarLog(st, path) {
		return ""
	}
	return fileWriters(st.Uid, st.Gid, st.Mode, user, func() bool { return directoryHasACL(path) })
}

// maxLinks is how many links the kernel follows in a path.
const maxLinks = 40

// placeWriters walks from the root to the end of a path, as the kernel does, and
// says who can make it lead elsewhere.
func placeWriters(path string, user uint32) string {
	at, rest, links := "/", strings.Split(path, "/"), 0
	for len(rest) > 0 {
		at, rest = filepath.Join(at, rest[0]), rest[1:]
		var st unix.Stat_t
		if err := unix.Lstat(at, &st); err != nil {
			return fmt.Sprintf("%s cannot be looked at (%v)", at, err)
		}
		switch st.Mode & unix.S_IFMT {
		case unix.S_IFDIR:
			if why := directoryWriters(&st, at, user); why != "" {
				return fmt.Sprintf("its directory %s %s", at, why)
			}
		case unix.S_IFLNK:
			target, err := os.Readlink(at)
			if links++; err != nil || links > maxLinks {
				return fmt.Sprintf("the link %s leads nowhere", at)
			}
			if st.Uid != 0 && st.Uid != user {
				return fmt.Sprintf("the link %s belongs to uid %d", at, st.Uid)
			}
			if at = filepath.Dir(at); filepath.IsAbs(target) {
				at = "/"
			}
			rest = append(strings.Split(target, "/"), rest...)
		}
	}
	return ""
}
