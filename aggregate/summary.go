package aggregate

import (
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// Summary is everything known after reading: pure data, ordered, so that
// equal input gives equal output.
type Summary struct {
	// By are the keys that the groups are told apart by, in canonical order.
	By           []Key
	Inputs       []Input
	Totals       Totals
	Completeness Completeness
	Runs         *Runs // nil: of one run
	Groups       []Group
}

// Input is one file or stream that was read.
type Input struct {
	Name       string
	Trust      Trust
	Lines      int64
	Records    int64 // SECCOMP records counted, duplicates left out
	Duplicates int64 // renderings of an event that was counted already
	Malformed  int64 // records begun but not usable
	// First and Last are the earliest and latest time of a record; zero if
	// no record told its time.
	First, Last time.Time
}

// Totals are sums over all inputs and groups.
type Totals struct {
	Lines, Records, Duplicates, Malformed int64
	Unresolved                            int64 // records whose number is in no table
	Groups                                int
	Syscalls                              int // distinct (arch, number)
}

// Trust says who could have written an input.
type Trust string

// The trusts of an input, from what cannot be forged to what anyone on the
// host can write.
const (
	TrustKernel Trust = "kernel"
	TrustAuditd Trust = "auditd"
	TrustText   Trust = "text"
)

// Group is the records that share the values of the summary's keys. A field
// whose key is not in [Summary.By] is zero.
type Group struct {
	Node      string
	Container *container.Identity
	// Pod, Namespace and Workload are set only when grouped by them.
	Pod, Namespace, Workload string
	Exe                      string
	Comm                     string
	PID                      int32
	Records                  int64
	First, Last              time.Time
	Calls                    []Call // ordered by arch, number, action
}

// Call is one (architecture, number) under one action, with how often it was
// seen. Arch is NoArch where the record had none.
//
// Records are counted in it, too, so that a report of many groups takes no
// memory beside the counts: 32 bytes, without pointers, two of which fill a
// line of the processor's cache.
type Call struct {
	Count       int64
	Arch        syscalltable.Arch
	NR          int32
	First, Last Instant
	Action      syscalltable.Action
	// Folded: not one call, but all of this arch and action whose number is
	// in no table; there were too many to list. NR means nothing then.
	Folded bool
}

// Name returns the call's name; "" where the number is in no table.
func (c *Call) Name() string {
	if c.Folded {
		return ""
	}
	name, _ := c.Arch.Name(c.NR)
	return name
}

// Add adds the count and times of another counter of the same call.
func (c *Call) Add(o *Call) {
	c.Count = Plus(c.Count, o.Count)
	c.Widen(o.First.Millis(), o.Last.Millis())
}

// Widen widens the call's times by others; those that are none change nothing.
func (c *Call) Widen(from, to Millis) {
	if first := c.First.Millis(); from != 0 && (first == 0 || from < first) {
		c.First = from.Instant()
	}
	if to > c.Last.Millis() {
		c.Last = to.Instant()
	}
}

// Completeness reports whether records are missing, and how that is known.
type Completeness struct {
	Verdict  Verdict
	Lost     int64 // records known to be missing; evidence without a number adds none
	Evidence []Evidence
}

// Verdict is the answer to "was anything lost?".
type Verdict string

// The verdicts: Unknown means that the input cannot tell.
const (
	Complete   Verdict = "complete"
	Incomplete Verdict = "incomplete"
	Unknown    Verdict = "unknown"
)

// EvidenceKind is a way in which records go missing.
type EvidenceKind string

// The kinds of evidence.
const (
	SerialGap          EvidenceKind = "serial-gap"
	Suppressed         EvidenceKind = "suppressed"
	Backlog            EvidenceKind = "backlog"
	RateLimit          EvidenceKind = "rate-limit"
	LostCounter        EvidenceKind = "lost-counter"
	Overrun            EvidenceKind = "overrun"
	Malformed          EvidenceKind = "malformed"
	Unresolved         EvidenceKind = "unresolved"
	Legacy             EvidenceKind = "legacy"
	TruncatedInput     EvidenceKind = "truncated-input"
	DroppedByCollector EvidenceKind = "dropped-by-collector"
	RotationGap        EvidenceKind = "rotation-gap"
)

// Evidence is one reason not to call an input complete. Evidence of one kind
// in one input is folded into one value with a count and the first place.
//
// First and Last are when the messages and gaps were noticed. What has no time
// of its own, since the log gives none or none with a year, happened between
// the records that it stands between in the input: the time of the one before
// bounds First, that of the one behind Last. Where there is none, or the input
// is of several nodes, the bound is not known, and zero.
type Evidence struct {
	Kind        EvidenceKind
	Count       int64 // records or messages it stands for; 0: not known
	Input       string
	Line        int64 // of the first occurrence; 0: none
	First, Last time.Time
	Detail      string
	Fix         string // what prevents it next time
}
