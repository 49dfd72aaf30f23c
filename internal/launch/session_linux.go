package launch

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// unsetSession is that of what no user has started.
const unsetSession = math.MaxUint32

// Owns reports whether an audit session in which process pid was is the
// program's: its own, or one of a descendant that has logged somebody in, as
// sshd and cron do, for the kernel gives it another then. An error is that
// the process has ended, or is in yet another session.
func (p *Process) Owns(session uint32, pid int32) (bool, error) {
	if session == p.Session {
		return true, nil
	}
	// The kernel counts sessions: what began before the program's is not its.
	if session == unsetSession || int32(session-p.Session) < 0 {
		return false, nil
	}
	own, err := descends(int(pid), os.Getpid())
	if err != nil {
		return false, err
	}
	// Looked at last: the pid may be another process's by now.
	now, err := os.ReadFile(fmt.Sprintf("/proc/%d/sessionid", pid))
	if err == nil && strings.TrimSpace(string(now)) != strconv.FormatUint(uint64(session), 10) {
		err = fmt.Errorf("process %d is not in audit session %d any more", pid, session)
	}
	return own && err == nil, err
}

// descends reports whether a process comes from another, which takes in orphans.
func descends(pid, ancestor int) (bool, error) {
	unseen := 0 // an ancestor of which /proc told nothing
	for p := pid; p > 1; {
		if p == ancestor {
			return true, nil
		}
		parent, err := parentOf(p)
		switch {
		case err == nil:
			p = parent
		case p == pid, p == unseen: // it is there still, but hidden
			return false, err
		default: // it has just ended, and its child has another parent
			unseen, p = p, pid
		}
	}
	return false, nil
}

// errStat is that the kernel has changed a format that it never changes.
var errStat = errors.New("not in the form of proc(5)")

func parentOf(pid int) (int, error) {
	name := fmt.Sprintf("/proc/%d/stat", pid)
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	// PID (COMM) STATE PPID ...; COMM may hold anything.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 2 {
		return 0, fmt.Errorf("%s: %w", name, errStat)
	}
	return strconv.Atoi(fields[1])
}
