package aggregate

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Completeness reports whether records are missing, and how that is known.
type Completeness struct {
	Verdict  Verdict
	Reason   string // why the verdict is unknown; "" if it is not
	Lost     int64  // records known to be missing; evidence without a number adds none
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
	MixedNodes         EvidenceKind = "mixed-nodes"  // one log mixes the serials of several nodes
	Unattributed       EvidenceKind = "unattributed" // a filter by container left out records whose container is unknown
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
	MissingEvents      EvidenceKind = "missing-events" // lines of a numbered stream of events

	// What other audit records reveal about the recording itself.
	UnrecordedKill   EvidenceKind = "unrecorded-kill"    // SIGSYS killed a process that has no SECCOMP record
	AuditLimits      EvidenceKind = "audit-limits"       // settings that lose a burst
	ExcludeRule      EvidenceKind = "exclude-rule"       // a rule that drops records
	ActionsNotLogged EvidenceKind = "actions-not-logged" // the kernel was told to log fewer actions
	AuditOff         EvidenceKind = "audit-off"          // auditing was switched off
	DaemonFailed     EvidenceKind = "daemon-failed"      // auditd failed or stopped writing
)

// evidenceKinds are all kinds, in the order in which evidence is reported: the
// weightiest first.
var evidenceKinds = [...]EvidenceKind{
	SerialGap, MixedNodes, Unattributed, UnrecordedKill, Suppressed, Backlog, RateLimit, LostCounter, Overrun,
	AuditLimits, ExcludeRule, ActionsNotLogged, AuditOff, DaemonFailed, RotationGap, MissingEvents, DroppedByCollector, TruncatedInput, Malformed,
	Legacy, Unresolved,
}

// EvidenceKinds returns every kind of evidence, in the order in which it is
// reported.
func EvidenceKinds() []EvidenceKind { return slices.Clone(evidenceKinds[:]) }

// Evidence is one reason not to call an input complete. Evidence of one kind
// in one input is folded into one value with a count and the first place.
//
// First and Last are when the messages and gaps were noticed. Where the log
// gives no time, or none with a year, the records around the message bound it:
// First is the time of the one before, Last of the one after. Without such a
// record, or in an input of several nodes, the bound is unknown and zero.
type Evidence struct {
	Kind        EvidenceKind
	Count       int64 // records or messages it stands for; 0: not known
	Input       string
	Line        int64 // of the first occurrence; 0: none
	First, Last time.Time
	Detail      string
	Fix         string // what prevents it next time
}

// Loss is the news that records are missing at a place of a log.
type Loss struct {
	Kind  EvidenceKind
	Count int64     // records or messages that are missing here; 0: not known
	Total int64     // of LostCounter: those that the kernel lost since the host was booted; 0: not told
	Time  time.Time // when it was told; zero: not known
}

// UnattributedEvidence returns the evidence that a filter by container, pod or
// namespace left out records of an input that may belong to the one asked for.
func UnattributedEvidence(records int64, input string) Evidence {
	return Evidence{
		Kind: Unattributed, Count: records, Input: input,
		Detail: "left out by the filter: some may be of the one that is asked for",
		Fix:    "follow with --pidmap from before the container starts until it ends, and give that map",
	}
}

// foldedEvidence returns the evidence that a filter of a report left out records
// of groups that have many values of what it asks for.
func foldedEvidence(records int64) Evidence {
	return Evidence{
		Kind: Unattributed, Count: records,
		Detail: "left out by the filter: counted together with others in the report, some may be of what is asked for",
		Fix:    "give the filter where the log itself is read",
	}
}

// add adds evidence, which makes the verdict that records are missing.
func (c *Completeness) add(e Evidence) {
	c.Verdict, c.Reason = Incomplete, ""
	c.Evidence = append(slices.Clip(c.Evidence), e)
	slices.SortFunc(c.Evidence, CompareEvidence)
}

// CompareEvidence orders evidence by kind, input, line and detail.
func CompareEvidence(a, b Evidence) int {
	return cmp.Or(
		cmp.Compare(slices.Index(evidenceKinds[:], a.Kind), slices.Index(evidenceKinds[:], b.Kind)),
		strings.Compare(a.Input, b.Input), cmp.Compare(a.Line, b.Line), strings.Compare(a.Detail, b.Detail),
	)
}
