package aggregate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// Summary returns what was counted so far. It may be called repeatedly.
func (b *Builder) Summary() *Summary {
	s := &Summary{By: slices.DeleteFunc(DefaultKeys(), func(k Key) bool { return slices.Contains(foldOrder[:b.folded], k) })}
	pairs := int64(0)
	for k, g := range b.groups {
		out := b.fields(k)
		calls, twice := g.result()
		if out.Calls = calls; len(calls) > 0 {
			s.Groups = append(s.Groups, out.recount())
		}
		pairs += twice
	}
	slices.SortFunc(s.Groups, compareGroups)
	if slices.ContainsFunc(s.Groups, func(g Group) bool { return g.Container != nil }) {
		s.Groups = unite(s.Groups, s.By) // a container can have been found in several ways
	}
	s.Inputs = b.results(pairs)
	s.retotal()
	s.Completeness = b.completeness(s)
	return s
}

// results are the inputs, with the second renderings taken out of the records
// of those that hold them.
func (b *Builder) results(pairs int64) []Input {
	out := make([]Input, len(b.inputs))
	for i := range b.inputs {
		in := &b.inputs[i]
		out[i] = in.Input
		out[i].Trust = in.trusted()
		out[i].First, out[i].Last = in.first.Time(), in.last.Time()
		n := min(pairs, in.bare)
		pairs -= n
		out[i].Records -= n
		out[i].Duplicates += n
	}
	return out
}

// formText marks a journal's record in text output; the JSON and export forms
// carry the fields that only journald can set.
const formText = 1 << 7

func (in *input) seen(t Millis) { Widen(&in.first, &in.last, t, t) }

// trusted is what the source vouches for, else what the renderings do.
func (in *input) trusted() Trust {
	if in.trust != "" {
		return in.trust
	}
	return in.rendered()
}

// rendered judges an input by its renderings: syslog text can be written by
// anyone on the host.
func (in *input) rendered() Trust {
	const auditd = 1<<parser.FormAuditd | 1<<parser.FormJSON
	const journal = 1<<parser.FormJournal | 1<<parser.FormJournalKernel
	switch {
	case in.forms == 0 || in.forms&^(auditd|journal) != 0:
		return TrustText
	case in.forms&auditd != 0:
		return TrustAuditd
	}
	return TrustKernel
}

// fromKernel reports whether all inputs are the kernel's own stream, which holds
// every type of record even if none but SECCOMP came.
func (b *Builder) fromKernel() bool {
	return !slices.ContainsFunc(b.inputs, func(in input) bool { return in.trust != TrustKernel })
}

// completeness weighs the evidence.
func (b *Builder) completeness(s *Summary) Completeness {
	c := Completeness{Verdict: Complete, Evidence: b.evidence(s)}
	for node, n := range b.nodes {
		if n.printed.exhausted() {
			first, last := n.printed.burst()
			c.Evidence = append(c.Evidence, b.of(node, Evidence{Kind: Suppressed, Detail: burstDetail, Fix: fixes[Suppressed], First: first, Last: last}))
		}
		r := n.gaps()
		if r.missing == 0 {
			continue
		}
		if n.others == 0 && !b.fromKernel() {
			c.Verdict = Unknown // an extract of SECCOMP records: its gaps prove nothing
			continue
		}
		c.Evidence = append(c.Evidence, b.gap(node, r))
	}
	for i := range s.Inputs {
		if b.inputs[i].rendered() == TrustText {
			c.Verdict = Unknown // neither syslog nor an empty log proves that nothing was dropped
		}
	}
	if len(s.Inputs) == 0 || len(b.nodes) >= maxNodes {
		c.Verdict = Unknown
	}
	if len(c.Evidence) > 0 {
		c.Verdict = Incomplete
	}
	slices.SortFunc(c.Evidence, compareEvidence)
	c.Lost = lost(c.Evidence)
	return c
}

// evidence lists the losses and what could not be named.
func (b *Builder) evidence(s *Summary) []Evidence {
	var out []Evidence
	for k, l := range b.losses {
		in := &b.inputs[k.input]
		e := Evidence{Kind: k.kind, Count: l.count, Input: in.Name, Line: l.line, Detail: l.detail, Fix: cmp.Or(l.fix, fixes[k.kind])}
		e.First, e.Last = in.times(l)
		out = append(out, e)
	}
	if n := s.Totals.Unresolved; n > 0 {
		out = append(out, Evidence{Kind: Unresolved, Count: n, Detail: lossDetail[Unresolved]})
	}
	return out
}

func (b *Builder) gap(node string, r stretch) Evidence {
	return b.of(node, Evidence{
		Kind: SerialGap, Count: r.missing, First: Millis(r.from).Time(), Last: Millis(r.to).Time(),
		Detail: lossDetail[SerialGap], Fix: fixes[SerialGap],
	})
}

// of names the node, and the input where there is no doubt which it is.
func (b *Builder) of(node string, e Evidence) Evidence {
	if node != "" {
		e.Detail = fmt.Sprintf("%s, on node %s", e.Detail, node)
	}
	if len(b.inputs) == 1 {
		e.Input = b.inputs[0].Name
	}
	return e
}

// lost adds up what is known to be missing. A suppressed message left a gap
// in the serials where there are serials to tell, and counts once.
func lost(evidence []Evidence) int64 {
	var gaps, suppressed, uncounted int64
	for _, e := range evidence {
		switch e.Kind {
		case SerialGap, Malformed:
			gaps = Plus(gaps, e.Count)
		case Suppressed, RateLimit:
			suppressed = Plus(suppressed, e.Count)
		case LostCounter, DroppedByCollector, Overrun, RotationGap:
			uncounted = Plus(uncounted, e.Count)
		}
	}
	return Plus(max(gaps, suppressed), uncounted)
}

func compareEvidence(a, b Evidence) int {
	for _, c := range [...]int{
		cmp.Compare(evidenceRank(a.Kind), evidenceRank(b.Kind)),
		strings.Compare(a.Input, b.Input), cmp.Compare(a.Line, b.Line), strings.Compare(a.Detail, b.Detail),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

func evidenceRank(k EvidenceKind) int {
	return slices.Index([]EvidenceKind{SerialGap, Suppressed, Backlog, RateLimit, LostCounter, Overrun, RotationGap,
		DroppedByCollector, TruncatedInput, Malformed, Legacy, Unresolved}, k)
}

// recount derives a group's own figures from its calls.
func (g Group) recount() Group {
	var first, last Millis
	g.Records = 0
	for i := range g.Calls {
		c := &g.Calls[i]
		g.Records = Plus(g.Records, c.Count)
		Widen(&first, &last, c.First.Millis(), c.Last.Millis())
	}
	g.First, g.Last = first.Time(), last.Time()
	return g
}

// retotal derives the totals from the inputs and groups.
func (s *Summary) retotal() {
	type number struct {
		arch   syscalltable.Arch
		nr     int32
		folded bool
	}
	names := map[number]bool{} // and whether it has one
	t := Totals{Groups: len(s.Groups)}
	for _, in := range s.Inputs {
		t.Lines = Plus(t.Lines, in.Lines)
		t.Duplicates = Plus(t.Duplicates, in.Duplicates)
		t.Malformed = Plus(t.Malformed, in.Malformed)
	}
	for _, g := range s.Groups {
		t.Records = Plus(t.Records, g.Records)
		for i := range g.Calls {
			c := &g.Calls[i]
			id := number{c.Arch, c.NR, c.Folded}
			named, ok := names[id]
			if !ok {
				named = c.Name() != ""
				names[id] = named
			}
			if !named {
				t.Unresolved = Plus(t.Unresolved, c.Count)
			}
		}
	}
	t.Syscalls = len(names)
	s.Totals = t
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
