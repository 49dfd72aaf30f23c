// Package rights tells which capabilities this process has and which of the
// host's namespaces it shares: what decides whether the audit socket can be
// heard. It reads /proc only, so it works without any right of its own.
package rights

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Rights are the facts about one process.
type Rights struct {
	// Caps is the effective set, a bit a capability; CapsKnown is false if
	// it could not be read.
	Caps      uint64
	CapsKnown bool
	// Net, PID and User report whether the process is in the host's (the
	// initial) namespace of that kind.
	Net, PID, User Answer
}

// Answer is yes, no, or not known.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

// String returns "unknown", "no" or "yes".
func (a Answer) String() string {
	if a > Yes {
		a = Unknown
	}
	return [...]string{"unknown", "no", "yes"}[a]
}

// Inodes of the initial namespaces, fixed by the kernel since 3.8
// (enum init_ns_ino, formerly in linux/proc_ns.h).
const (
	initialUserNS = "user:[4026531837]"
	initialPIDNS  = "pid:[4026531836]"
)

// netInitOnly is a directory of sysctls and one that only the initial network
// namespace has (net_core_table of net/core/sysctl_net_core.c). The inode of
// that namespace is not fixed before Linux 6.18, and comparing with
// /proc/1/ns/net takes CAP_SYS_PTRACE.
const (
	netFolder   = "proc/sys/net/core"
	netInitOnly = "netdev_max_backlog"
)

// Read tells the rights of this process from the proc file system in root,
// which is the host's "/" or a copy of its layout.
func Read(root fs.FS) Rights {
	r := Rights{
		Net:  netNamespace(root),
		PID:  namespace(root, "proc/self/ns/pid", initialPIDNS),
		User: namespace(root, "proc/self/ns/user", initialUserNS),
	}
	if status, err := fs.ReadFile(root, "proc/self/status"); err == nil {
		r.Caps, r.CapsKnown = effective(string(status))
	}
	return r
}

func namespace(root fs.FS, link, initial string) Answer {
	target, err := fs.ReadLink(root, link)
	if err != nil {
		return Unknown
	}
	return answer(target == initial)
}

func netNamespace(root fs.FS) Answer {
	if _, err := fs.Stat(root, netFolder); err != nil {
		return Unknown
	}
	_, err := fs.Stat(root, path.Join(netFolder, netInitOnly))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Unknown
	}
	return answer(err == nil)
}

func answer(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// effective finds the effective capabilities in the text of
// /proc/PID/status.
func effective(status string) (uint64, bool) {
	for line := range strings.Lines(status) {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			caps, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return caps, err == nil
		}
	}
	return 0, false
}

// Has reports whether the process has a capability in the host's user
// namespace, which is the one that the audit subsystem asks about.
func (r Rights) Has(c Capability) Answer {
	switch {
	case r.User == No:
		return No
	case !r.CapsKnown || r.User == Unknown:
		return Unknown
	}
	return answer(r.Caps&(1<<c) != 0)
}

// Capability is the number of a capability (linux/capability.h).
type Capability uint8

// The capabilities that matter to recording.
const (
	DACReadSearch Capability = 2
	NetAdmin      Capability = 12
	SysPtrace     Capability = 19
	SysAdmin      Capability = 21
	AuditControl  Capability = 30
	AuditRead     Capability = 37
)

// String returns the kernel's name.
func (c Capability) String() string {
	switch c {
	case DACReadSearch:
		return "CAP_DAC_READ_SEARCH"
	case NetAdmin:
		return "CAP_NET_ADMIN"
	case SysPtrace:
		return "CAP_SYS_PTRACE"
	case SysAdmin:
		return "CAP_SYS_ADMIN"
	case AuditControl:
		return "CAP_AUDIT_CONTROL"
	case AuditRead:
		return "CAP_AUDIT_READ"
	}
	return fmt.Sprintf("CAP_%d", uint8(c))
}

// AuditSocket says what the process is known to lack for hearing the
// kernel's audit socket: required is what it hears nothing without, advised
// what it hears less without.
func (r Rights) AuditSocket() (required, advised []string) {
	if r.Net == No {
		required = append(required, "the host's network namespace (hostNetwork: true, docker run --network host)")
	}
	if r.User == No {
		required = append(required, "the host's user namespace (no rootless container, no user remapping)")
	}
	if r.Has(AuditRead) == No {
		required = append(required, "CAP_AUDIT_READ (to subscribe)")
	}
	if r.Has(NetAdmin) == No {
		advised = append(advised, "CAP_NET_ADMIN (for a large receive buffer)")
	}
	if r.Has(AuditControl) == No {
		advised = append(advised, "CAP_AUDIT_CONTROL (to watch the kernel's count of lost records)")
	}
	if r.PID == No {
		advised = append(advised, "the host's pid namespace (hostPID: true, docker run --pid host; to watch that count and to look processes up)")
	}
	return required, advised
}
