package tally

import (
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// lossKey identifies evidence that is folded into one.
type lossKey struct {
	kind  aggregate.EvidenceKind
	input int
}

// lossCount is one piece of evidence in the making.
type lossCount struct {
	count       int64 // without those of low and high
	line        int64 // of the first
	first, last aggregate.Millis
	detail      string
	fix         string // how to prevent it; "": see fixes
	low, high   int64  // of the running totals that were told; 0: none
	inLog       bool   // some of it was noticed in a log, not only told by events
	bounds
}

// note counts evidence in the current input.
func (p *Proof) note(kind aggregate.EvidenceKind, n int64, st parser.Stamp, line int64, detail string) *lossCount {
	l := p.loss(kind, line, detail)
	l.inLog = l.inLog || detail != detailEvents
	l.count = aggregate.Plus(l.count, n)
	switch {
	case st.HasTime:
		aggregate.Widen(&l.first, &l.last, timeOf(st), timeOf(st))
	case line > 0:
		l.follows(p.input().tail)
		p.input().await(l)
	default:
		l.nowhere = true
	}
	return l
}

// loss returns the evidence of a kind in the current input, making it if there
// is none.
func (p *Proof) loss(kind aggregate.EvidenceKind, line int64, detail string) *lossCount {
	k := lossKey{kind, p.at}
	l, ok := p.losses[k]
	if !ok {
		l = &lossCount{line: line, detail: detail}
		p.losses[k] = l
	}
	return l
}

// Loss counts a message that records are missing, and returns its kind. It is
// not ok if only the records around it show whether one is missing: a filter
// that kills leaves such a message too.
func (p *Proof) Loss(l *parser.Loss, line int64) (kind aggregate.EvidenceKind, ok bool) {
	kind = aggregate.EvidenceKind(l.Kind.String()) // the parser's names are the same
	count, detail := l.Count, lossDetail[kind]
	if l.Form == parser.FormEvent {
		detail = detailEvents
	}
	switch l.Kind {
	case parser.LossKilled:
		if l.Form != parser.FormEvent {
			p.kills.end(kill{string(l.Node), l.PID, timeOf(l.Stamp)}, p.at, line)
			return kind, false
		}
	case parser.LossLimits, parser.LossExclude, parser.LossActions, parser.LossOff, parser.LossDaemon:
		count = max(count, 1)
	}
	p.note(kind, count, l.Stamp, line, detail).total(l.Total)
	return kind, true
}

// detailEvents is for what the events of an earlier run tell.
const detailEvents = "the run that wrote the events noticed it"

// total takes a running total; 0 is none.
func (c *lossCount) total(v int64) {
	if v == 0 {
		return
	}
	if c.low == 0 || v < c.low {
		c.low = v
	}
	c.high = max(c.high, v)
}

// lost is how many are missing. Of running totals, the difference between the
// first and the last was lost between them, and the first stands for at least
// one more.
func (c *lossCount) lost() int64 {
	if c.low == 0 {
		return c.count
	}
	return aggregate.Plus(c.count, c.high-c.low+1)
}

// Notice counts a loss that the source itself noticed, in addition to earlier
// ones; n is 0 if the number is unknown, and fix "" if there is no better
// advice than that for all losses of the kind.
func (p *Proof) Notice(kind aggregate.EvidenceKind, n int64, when time.Time, detail, fix string) {
	st := parser.Stamp{Millis: when.UnixMilli(), HasTime: !when.IsZero()}
	if l := p.note(kind, n, st, 0, detail); l.detail == detail {
		l.fix = fix
	}
}

// lossDetail says what happened.
var lossDetail = map[aggregate.EvidenceKind]string{
	aggregate.Suppressed:         "the kernel's printk limit dropped messages (of any kind)",
	aggregate.Backlog:            "the audit backlog was full: records were dropped without a serial",
	aggregate.RateLimit:          "the audit rate limit was exceeded",
	aggregate.LostCounter:        "the kernel counted lost audit records",
	aggregate.Overrun:            "an audit queue overflowed",
	aggregate.DroppedByCollector: "the log daemon dropped messages",
	aggregate.SerialGap:          "of any audit record type",
	aggregate.MixedNodes:         "the serials of several nodes, or of boots at one time by the clock, stand in one log, so gaps in them cannot be told (or records are forged)",
	aggregate.Unresolved:         "they get into no profile",
	aggregate.UnrecordedKill:     "SIGSYS, by which filters kill, ended a process that no SECCOMP record names",
	aggregate.AuditLimits:        "backlog_wait_time 0, a lower backlog limit or a rate limit: what is too much is dropped without a serial",
	aggregate.ExcludeRule:        "the kernel drops the records that it names without a trace",
	aggregate.ActionsNotLogged:   "kernel.seccomp.actions_logged was set to less than the default",
	aggregate.AuditOff:           "audit_enabled was set to 0",
	aggregate.DaemonFailed:       "it ended by an error, or could not write for a time",
}

// burstDetail is for a log that ends with a full burst.
const burstDetail = "the log ends at the kernel's limit of 10 audit messages in 5 s: later records were dropped silently"

// fixes says how to prevent a loss next time.
var fixes = map[aggregate.EvidenceKind]string{
	aggregate.Suppressed:         "record with auditd or `auditscan follow audit:`, or set kernel.printk_ratelimit=0 for the run",
	aggregate.Backlog:            "auditctl -b 8192",
	aggregate.RateLimit:          "auditctl -r 0",
	aggregate.LostCounter:        "auditctl -b 8192 -r 0",
	aggregate.Overrun:            "auditctl -b 8192; record with auditd or `auditscan follow audit:`",
	aggregate.DroppedByCollector: "raise the daemon's rate limit (rsyslog: SysSock.RateLimit.Interval=\"0\"; journald: RateLimitIntervalSec=0)",
	aggregate.SerialGap:          "read all of audit.log and its rotated files, or record with `auditscan follow audit:`",
	aggregate.MixedNodes:         "read the log of each node as a file of its own, or let auditd write node= (name_format in auditd.conf)",
	aggregate.Malformed:          "read the original log: audit.log, or `ausearch --raw`, or `journalctl -o json`",
	aggregate.Unresolved:         "",
	aggregate.Legacy:             "record on a kernel of 3.16 or newer",
	aggregate.TruncatedInput:     "keep the log readable for follow, and read what it missed with `auditscan report`",
	aggregate.UnrecordedKill:     "see that `sysctl kernel.seccomp.actions_logged` names kill_process, kill_thread and trap, and load filters with SECCOMP_FILTER_FLAG_LOG",
	aggregate.AuditLimits:        "auditctl -b 8192 -r 0 --backlog_wait_time 60000",
	aggregate.ExcludeRule:        "see with `auditctl -l` that no rule excludes SECCOMP",
	aggregate.ActionsNotLogged:   "sysctl kernel.seccomp.actions_logged='kill_process kill_thread trap errno user_notif trace log'",
	aggregate.AuditOff:           "auditctl -e 1",
	aggregate.DaemonFailed:       "see auditd's messages: a full disk, most often",
	aggregate.RotationGap:        "keep more rotated files, or follow with --state",
}
