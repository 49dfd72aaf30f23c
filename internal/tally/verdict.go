package tally

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// Summary returns what was counted so far. It may be called repeatedly.
func (t *Tally) Summary() *aggregate.Summary {
	s := &aggregate.Summary{}
	var pairs int64
	s.By, s.Groups, pairs = t.counts.summary()
	s.Inputs = t.results(pairs)
	s.Retotal()
	s.Completeness = t.completeness(s)
	return s
}

// results are the inputs, with the second renderings taken out of the records
// of those that hold them.
func (p *Proof) results(pairs int64) []aggregate.Input {
	out := make([]aggregate.Input, len(p.inputs))
	for i := range p.inputs {
		in := &p.inputs[i]
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

// trusted is what the source vouches for, else what the renderings do.
func (in *input) trusted() aggregate.Trust {
	if in.trust != "" {
		return in.trust
	}
	return in.rendered()
}

// rendered judges an input by its renderings: syslog text can be written by
// anyone on the host.
func (in *input) rendered() aggregate.Trust {
	const auditd = 1<<parser.FormAuditd | 1<<parser.FormJSON
	const journal = 1<<parser.FormJournal | 1<<parser.FormJournalKernel
	switch {
	case in.forms == 0 || in.forms&^(auditd|journal) != 0:
		return aggregate.TrustText
	case in.forms&auditd != 0:
		return aggregate.TrustAuditd
	}
	return aggregate.TrustKernel
}

// fromKernel reports whether all inputs are the kernel's own stream, which holds
// every type of record even if none but SECCOMP came.
func (p *Proof) fromKernel() bool {
	return !slices.ContainsFunc(p.inputs, func(in input) bool { return in.trust != aggregate.TrustKernel })
}

// completeness weighs the evidence.
func (p *Proof) completeness(s *aggregate.Summary) aggregate.Completeness {
	c := aggregate.Completeness{Verdict: aggregate.Complete, Evidence: p.evidence(s)}
	for node, n := range p.nodes {
		if n.printed.exhausted() {
			first, last := n.printed.burst()
			c.Evidence = append(c.Evidence, p.inNode(node, aggregate.Evidence{Kind: aggregate.Suppressed, Detail: burstDetail, Fix: fixes[aggregate.Suppressed], First: first, Last: last}))
		}
		r := n.gaps()
		if r.missing == 0 {
			continue
		}
		if n.others == 0 && !p.fromKernel() {
			c.Verdict = aggregate.Unknown // an extract of SECCOMP records: its gaps prove nothing
			continue
		}
		c.Evidence = append(c.Evidence, p.gap(node, r))
	}
	for i := range s.Inputs {
		if p.inputs[i].rendered() == aggregate.TrustText {
			c.Verdict = aggregate.Unknown // neither syslog nor an empty log proves that nothing was dropped
		}
	}
	if len(s.Inputs) == 0 || len(p.nodes) >= maxNodes {
		c.Verdict = aggregate.Unknown
	}
	if len(c.Evidence) > 0 {
		c.Verdict = aggregate.Incomplete
	}
	slices.SortFunc(c.Evidence, aggregate.CompareEvidence)
	c.Lost = lost(c.Evidence)
	return c
}

// evidence lists the losses and what could not be named.
func (p *Proof) evidence(s *aggregate.Summary) []aggregate.Evidence {
	var out []aggregate.Evidence
	for k, l := range p.losses {
		in := &p.inputs[k.input]
		e := aggregate.Evidence{Kind: k.kind, Count: l.count, Input: in.Name, Line: l.line, Detail: l.detail, Fix: cmp.Or(l.fix, fixes[k.kind])}
		e.First, e.Last = in.times(l)
		out = append(out, e)
	}
	if n := s.Totals.Unresolved; n > 0 {
		out = append(out, aggregate.Evidence{Kind: aggregate.Unresolved, Count: n, Detail: lossDetail[aggregate.Unresolved]})
	}
	return out
}

func (p *Proof) gap(node string, r stretch) aggregate.Evidence {
	return p.inNode(node, aggregate.Evidence{
		Kind: aggregate.SerialGap, Count: r.missing, First: aggregate.Millis(r.from).Time(), Last: aggregate.Millis(r.to).Time(),
		Detail: lossDetail[aggregate.SerialGap], Fix: fixes[aggregate.SerialGap],
	})
}

// inNode adds the node to the detail, and the input if there is only one.
func (p *Proof) inNode(node string, e aggregate.Evidence) aggregate.Evidence {
	if node != "" {
		e.Detail = fmt.Sprintf("%s, on node %s", e.Detail, node)
	}
	if len(p.inputs) == 1 {
		e.Input = p.inputs[0].Name
	}
	return e
}

// lost adds up what is known to be missing. A suppressed message left a gap
// in the serials where there are serials to tell, and counts once.
func lost(evidence []aggregate.Evidence) int64 {
	var gaps, suppressed, uncounted int64
	for _, e := range evidence {
		switch e.Kind {
		case aggregate.SerialGap, aggregate.Malformed:
			gaps = aggregate.Plus(gaps, e.Count)
		case aggregate.Suppressed, aggregate.RateLimit:
			suppressed = aggregate.Plus(suppressed, e.Count)
		case aggregate.LostCounter, aggregate.DroppedByCollector, aggregate.Overrun, aggregate.RotationGap:
			uncounted = aggregate.Plus(uncounted, e.Count)
		}
	}
	return aggregate.Plus(max(gaps, suppressed), uncounted)
}
