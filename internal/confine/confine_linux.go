package confine

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writes are the rights of Landlock's first version that change a file system.
const writes = unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
	unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
	unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG |
	unix.LANDLOCK_ACCESS_FS_MAKE_SOCK | unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
	unix.LANDLOCK_ACCESS_FS_MAKE_SYM

// Writes gives up, for all threads and for good, to gain rights by executing
// a file (no_new_privs), and to open or make files for writing but in the
// folders (Landlock). What is open stays so. Reading is not confined: names of
// containers are found all over the host. A kernel without Landlock, and a
// binary made with cgo, do what they can: that is no error.
func Writes(folders ...string) error {
	err := onAllThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
	if err != nil {
		return ifThere(fmt.Errorf("set no_new_privs: %w", err))
	}
	set, err := ruleset(folders)
	if err != nil {
		return ifThere(err)
	}
	defer unix.Close(set)
	if err := onAllThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(set), 0); err != nil {
		return ifThere(fmt.Errorf("confine to the folders of its files (Landlock): %w", err))
	}
	return nil
}

// ifThere passes over what the kernel or the binary does not have, or what a
// seccomp filter that does not know Landlock refuses.
func ifThere(err error) error {
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) {
		return nil
	}
	return err
}

// onAllThreads makes a call on each thread of the process, as its effect is
// on one.
func onAllThreads(call, a, b uintptr) error {
	if _, _, errno := syscall.AllThreadsSyscall6(call, a, b, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// ruleset allows writes in the folders only.
func ruleset(folders []string) (set int, err error) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: writes}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if errno != 0 {
		return -1, fmt.Errorf("confine to the folders of its files (Landlock): %w", errno)
	}
	for _, folder := range folders {
		if err := allow(int(fd), folder); err != nil {
			return -1, errors.Join(err, unix.Close(int(fd)))
		}
	}
	return int(fd), nil
}

func allow(set int, folder string) error {
	f, err := os.OpenFile(folder, unix.O_PATH, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	beneath := unix.LandlockPathBeneathAttr{Allowed_access: writes, Parent_fd: int32(f.Fd())}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(set), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&beneath)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("confine to %s (Landlock): %w", folder, errno)
	}
	return nil
}
