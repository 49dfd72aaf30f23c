package parser

import (
	"bytes"
	"time"
)

// Record is one SECCOMP event as its line tells it. All byte slices alias the
// parsed block or the parser's scratch space: they are valid until the next
// call of [Parser.Next], and Clone makes a copy that stays.
type Record struct {
	Stamp
	Form   Form
	Legacy bool   // type=1701 reason="seccomp": kernels before 3.8
	Node   []byte // node= of auditd, or the host of the syslog prefix; nil: none

	*Process
	NR     int32 // as printed: x32 calls have bit 30 set
	Compat bool
	IP     uint64
	Code   uint32 // the filter's return value

	// Set in interpreted text (ausearch -i) and in events, where names stand for
	// numbers; Arch and Code are then meaningless, and so is NR unless Numbered.
	ArchName, SyscallName, CodeName []byte
	// Numbered is set in an event whose arch is a name and whose call is a
	// number, whether or not a name stands beside it.
	Numbered bool

	// Container is the object of that name in an event, in JSON; nil: none.
	Container []byte
}

// Process is what a record says before syscall=: who made the call.
type Process struct {
	PID  int32 // the process, in the initial pid namespace
	Sig  int32
	Arch uint32 // AUDIT_ARCH_*, 0 where the record has none

	// Origin is the same for records of one parser whose text before syscall=
	// is the same, and never the same for others; 0: not known.
	Origin uint32

	AUID, UID, GID, Ses uint32 // NoID: unset, or not a number in the text
	Comm                Text   // the thread's name
	Exe                 Text
	Subj                []byte // nil: the record has none
}

// Clone returns a copy that stays valid.
func (r *Record) Clone() *Record {
	c := *r
	process := Process{AUID: NoID, UID: NoID, GID: NoID, Ses: NoID}
	if r.Process != nil {
		process = *r.Process
	}
	c.Process = &process
	for _, text := range []*[]byte{&c.Node, &c.Subj, &c.Comm.Bytes, &c.Exe.Bytes, &c.ArchName, &c.SyscallName, &c.CodeName, &c.Container} {
		*text = bytes.Clone(*text)
	}
	return &c
}

// NoID is the kernel's "unset" for auid, ses and ids in general.
const NoID = 4294967295

// maxMillis is the latest time there is: RFC 3339, in which times are told, ends
// with the year 9999.
const maxMillis = 253402300799_999

// Stamp is audit(SEC.MSEC:SERIAL).
type Stamp struct {
	Millis    int64  // since the epoch, up to the year 9999; meaningful if HasTime
	Serial    uint32 // one counter for all audit types, from boot on
	HasTime   bool
	HasSerial bool
}

// Time is the stamp's time, zero where it has none.
func (st Stamp) Time() time.Time {
	if !st.HasTime {
		return time.Time{}
	}
	return time.UnixMilli(st.Millis).UTC()
}

// Form is a family of renderings.
type Form uint8

// The forms. They matter to trust and to counting an event once: journald
// shows one event in both FormJournal and FormKernel.
const (
	FormKernel        Form = iota // printk: "audit: type=1326 audit(...)"
	FormAuditd                    // "type=SECCOMP msg=audit(...)" at the line's start
	FormAudisp                    // the same behind a syslog daemon's prefix or in another log
	FormJournal                   // "audit[PID]: SECCOMP ...": no stamp
	FormInterpreted               // ausearch -i
	FormJSON                      // laurel
	FormJournalKernel             // printk's, in a journal entry whose fields say that the kernel wrote it
	FormEvent                     // an event of auditscan itself, auditbeat, osquery and the like
)

// String returns the form's name.
func (f Form) String() string {
	return nameOf(f, "kernel", "auditd", "auditd in another log", "journal", "interpreted", "laurel", "journal of the kernel", "event")
}

// Text is comm or exe as printed.
type Text struct {
	Bytes []byte
	Enc   Encoding
}

// Encoding is how a Text is printed.
type Encoding uint8

// The encodings.
const (
	EncNone   Encoding = iota // the record has no such field
	EncQuoted                 // "literal"
	EncHex                    // 6C697465
	EncPlain                  // literal, unquoted: (null), interpreted text, JSON
)

// String returns the encoding's name.
func (e Encoding) String() string { return nameOf(e, "none", "quoted", "hex", "plain") }

// Append appends the decoded text to dst.
func (t Text) Append(dst []byte) []byte {
	if t.Enc != EncHex {
		return append(dst, t.Bytes...)
	}
	for i := 0; i+1 < len(t.Bytes); i += 2 {
		dst = append(dst, upperHex(t.Bytes[i])<<4|upperHex(t.Bytes[i+1]))
	}
	return dst
}

// String returns the decoded text.
func (t Text) String() string { return string(t.Append(nil)) }

// Loss is a message that says that records are missing.
type Loss struct {
	Kind  LossKind
	Count int64 // how many are missing; 0: it does not say
	Total int64 // of LossCounter: how many since the host was booted; 0: it does not say
	Stamp Stamp
	Text  []byte // the message, from its first word on
	Node  []byte // of a record that tells of it; nil: none
	PID   int32  // of LossKilled: who was killed, and has a SECCOMP record unless that is lost
	Form  Form   // FormEvent: a run of auditscan noticed it, and the log it read is not here
}

// LossKind tells which mechanism dropped records.
type LossKind uint8

// The kinds of loss.
const (
	LossSuppressed LossKind = iota // printk_ratelimit: "N callbacks suppressed"
	LossBacklog                    // "backlog limit exceeded"
	LossRateLimit                  // "rate limit exceeded"
	LossCounter                    // "audit_lost=N"
	LossQueue                      // hold, retry or plugin queue overflow, out of memory
	LossCollector                  // rsyslog or journald dropped messages

	// These are told by audit records of other types.
	LossKilled  // a process came to its end by SIGSYS
	LossLimits  // the limits of the audit queue were set so that a burst is lost
	LossExclude // a rule leaves records out
	LossActions // the kernel was told not to log all actions
	LossOff     // auditing was switched off
	LossDaemon  // auditd failed, or stopped to write

	// These are told by events of auditscan only.
	LossGap        // serials are missing
	LossMalformed  // records could not be read
	LossUnresolved // calls could not be resolved
	LossLegacy     // records of kernels before 3.8
	LossTruncated  // the input was cut
	LossRotation   // lines were lost where a log was rotated
	LossMixedNodes // serials of several nodes stand in one log

	// LossUnattributed: a filter left out records that may be of the container
	// that was asked for.
	LossUnattributed

	LossEvents // lines of a stream of events are missing
)

// lossKinds are the names of the kinds, as events have them.
var lossKinds = [...]string{"suppressed", "backlog", "rate-limit", "lost-counter", "overrun", "dropped-by-collector",
	"unrecorded-kill", "audit-limits", "exclude-rule", "actions-not-logged", "audit-off", "daemon-failed",
	"serial-gap", "malformed", "unresolved", "legacy", "truncated-input", "rotation-gap", "mixed-nodes", "unattributed", "missing-events"}

// String returns the kind's name, as events have it.
func (k LossKind) String() string { return nameOf(k, lossKinds[:]...) }

// Malformed is a record that was begun but cannot be used.
type Malformed struct {
	Reason string // constant text, such as "record cut after ses="
	Text   []byte // the line
}
