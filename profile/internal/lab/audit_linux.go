package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Numbers of linux/audit.h.
const (
	auditUserAVC      = 1107 // passes even while auditing is off
	auditSeccomp      = 1326
	groupReadlog      = 1 // AUDIT_NLGRP_READLOG
	listenBufferBytes = 64 << 20
)

// Record is a SECCOMP record as the kernel multicasts it.
type Record struct {
	PID  int32
	Comm string // decoded
	Exe  string // as printed, without quotes
	Arch uint32 // AUDIT_ARCH_*
	NR   int32
	Code uint32
}

// Listener receives the kernel's audit records, beside an audit daemon or
// without one. It needs CAP_AUDIT_READ and the initial network namespace.
type Listener struct {
	records int // socket in the multicast group
	control int // socket for marks
	marks   int
}

// Listen subscribes; what happens from now on is received.
func Listen() (*Listener, error) {
	records, err := openAudit(1 << (groupReadlog - 1))
	if err != nil {
		return nil, err
	}
	if err := unix.SetsockoptInt(records, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, listenBufferBytes); err != nil {
		return nil, errors.Join(fmt.Errorf("enlarge the audit socket's buffer: %w", err), unix.Close(records))
	}
	control, err := openAudit(0)
	if err != nil {
		return nil, errors.Join(err, unix.Close(records))
	}
	return &Listener{records: records, control: control}, nil
}

func openAudit(groups uint32) (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_AUDIT)
	if err != nil {
		return -1, fmt.Errorf("open the audit socket: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		return -1, errors.Join(fmt.Errorf("bind the audit socket: %w", err), unix.Close(fd))
	}
	return fd, nil
}

// Close ends the subscription.
func (l *Listener) Close() error {
	return errors.Join(unix.Close(l.records), unix.Close(l.control))
}

// Drain returns the records of everything that happened before the call. The
// kernel hands its records on asynchronously but in order, so a record of our
// own marks the end: nothing has to be waited for by time.
func (l *Listener) Drain() ([]Record, error) {
	l.marks++
	mark := fmt.Sprintf("op=auditscan-lab-mark pid=%d nr=%d", unix.Getpid(), l.marks)
	if err := l.send(auditUserAVC, mark); err != nil {
		return nil, err
	}
	var list []Record
	buf := make([]byte, 16<<10)
	for {
		n, _, err := unix.Recvfrom(l.records, buf, 0)
		if err != nil {
			return nil, fmt.Errorf("receive audit records: %w", err)
		}
		if n < unix.NLMSG_HDRLEN {
			continue
		}
		kind, text := binary.NativeEndian.Uint16(buf[4:]), string(buf[unix.NLMSG_HDRLEN:n])
		switch {
		case kind == auditUserAVC && strings.Contains(text, mark):
			return list, nil
		case kind == auditSeccomp:
			r, err := parseRecord(text)
			if err != nil {
				return nil, err
			}
			list = append(list, r)
		}
	}
}

func (l *Listener) send(kind uint16, text string) error {
	msg := make([]byte, unix.NLMSG_HDRLEN, unix.NLMSG_HDRLEN+len(text)+1)
	msg = append(append(msg, text...), 0)
	binary.NativeEndian.PutUint32(msg[0:], uint32(len(msg)))
	binary.NativeEndian.PutUint16(msg[4:], kind)
	binary.NativeEndian.PutUint16(msg[6:], unix.NLM_F_REQUEST)
	if err := unix.Sendto(l.control, msg, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("send an audit message: %w", err)
	}
	return nil
}

// parseRecord reads what the kernel wrote a moment ago on this host: unlike
// text from a log it needs no defence.
func parseRecord(text string) (Record, error) {
	fields := map[string]string{}
	for word := range strings.FieldsSeq(text) {
		if k, v, ok := strings.Cut(word, "="); ok {
			fields[k] = v
		}
	}
	pid, err1 := strconv.ParseInt(fields["pid"], 10, 32)
	nr, err2 := strconv.ParseInt(fields["syscall"], 10, 32)
	arch, err3 := strconv.ParseUint(fields["arch"], 16, 32)
	code, err4 := strconv.ParseUint(strings.TrimRight(fields["code"], "\x00\n"), 0, 32)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return Record{}, fmt.Errorf("audit record %q: %w", text, err)
	}
	return Record{PID: int32(pid), Comm: strings.Trim(fields["comm"], `"`), Exe: strings.Trim(fields["exe"], `"`),
		Arch: uint32(arch), NR: int32(nr), Code: uint32(code)}, nil
}

// OfProgram returns the records of the processes that came to run a program,
// told by its comm, from before that on. Others on the host may be running
// containers at the same time, so the name had better be unique.
func OfProgram(records []Record, comm string) []Record {
	mine := map[int32]bool{}
	for _, r := range records {
		if r.Comm == comm {
			mine[r.PID] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return !mine[r.PID] })
}
