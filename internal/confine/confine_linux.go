package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"

	"github.com/auditscan/auditscan/internal/rights"
)

// Process gives up, for all threads and for good, what the needs do not ask
// for. A kernel or a container that lacks one of the means leaves the others:
// that is no error.
func Process(n Needs) error {
	if !threadsKnown() {
		return nil
	}
	if err := onAllThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0); err != nil {
		return ifThere("set no_new_privs", err)
	}
	if err := n.restrictFiles(); err != nil {
		return ifThere("confine to the directories of its files (Landlock)", err)
	}
	if err := dropCapabilities(n.kept()); err != nil {
		return ifThere("drop capabilities", err)
	}
	return ifThere("load a seccomp filter", load(n.filter()))
}

// restrictFiles loads the rules for files, unless they would forbid to look into
// processes, too.
func (n *Needs) restrictFiles() error {
	if n.Processes {
		return nil
	}
	return n.landlock().BestEffort().Restrict(n.rules()...)
}

// landlock is what is refused but for the rules, as far as the kernel knows it:
// of files all writing, truncating and device controls; of the network TCP and
// UDP; signals to other processes, and their sockets in the file system and in
// the abstract name space. Programs that are started need the latter two.
func (n *Needs) landlock() landlock.Config {
	if n.Programs {
		return landlock.V5
	}
	return landlock.V10
}

// ifThere passes over what the kernel does not have, or what a seccomp filter
// that it runs under refuses.
func ifThere(what string, err error) error {
	if err == nil || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EPERM) {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// onAllThreads makes a call on each thread of the process, as its effect is
// on one.
func onAllThreads(call, a, b, c uintptr) error {
	if _, _, errno := psx.Syscall6(call, a, b, c, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// rules allow to read everything, and to write what is needed. Whoever starts
// a program opens the null device, too.
func (n *Needs) rules() []landlock.Rule {
	rules := []landlock.Rule{landlock.RODirs("/"), landlock.RWFiles(os.DevNull).IgnoreIfMissing()}
	for _, directory := range n.Directories {
		rules = append(rules, landlock.RWDirs(existing(directory)))
	}
	for _, file := range n.Files {
		info, err := os.Stat(file)
		switch {
		case isDescriptor(file):
		case err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0:
			rules = append(rules, landlock.RWFiles(file))
		default:
			rules = append(rules, landlock.RWDirs(existing(filepath.Dir(file))))
		}
	}
	return rules
}

// isDescriptor reports whether a name is that of an open descriptor, or a link
// to one such as /dev/stderr. What is open needs no rule.
func isDescriptor(name string) bool {
	target, _ := os.Readlink(name)
	return strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/") || strings.HasPrefix(target, "/proc/self/fd/")
}

// existing returns a directory, or the nearest above it that there is.
func existing(directory string) string {
	for {
		_, err := os.Stat(directory)
		above := filepath.Dir(directory)
		if !errors.Is(err, fs.ErrNotExist) || above == directory {
			return directory
		}
		directory = above
	}
}

// kept are the capabilities that stay, a bit each.
func (n *Needs) kept() (set uint64) {
	all := append([]rights.Capability{unix.CAP_DAC_READ_SEARCH, unix.CAP_SYSLOG}, n.Capabilities...)
	if len(n.Files)+len(n.Directories) > 0 {
		all = append(all, unix.CAP_DAC_OVERRIDE)
	}
	for _, c := range all {
		set |= 1 << c
	}
	return set
}
