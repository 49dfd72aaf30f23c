package tally

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// Summary returns what was counted so far. It may be called repeatedly.
func (t *Tally) Summary() *aggregate.Summary {
	s, streams := &aggregate.Summary{}, t.spaceStreams()
	var pairs int64
	before := t.counts.divisions
	s.By, s.Groups, pairs = t.counts.summary()
	if t.counts.divisions != before {
		t.forgetNames()
	}
	s.Inputs = t.results(pairs, streams)
	s.Retotal()
	s.Selected = t.counts.filter.Selection(t.leftOut.events())
	s.Completeness = t.completeness(s, streams)
	s.Reported = len(streams) > 0
	return s
}

// results returns the inputs, with second renderings counted as duplicates.
func (p *Proof) results(pairs int64, streams spaceStreams) []aggregate.Input {
	out := make([]aggregate.Input, len(p.inputs))
	for i := range p.inputs {
		in := p.inputs[i]
		out[i] = aggregate.Input{Name: in.name, Lines: in.lines, Records: in.records, Duplicates: in.duplicates, Malformed: in.malformed}
		out[i].Trust = cmp.Or(in.trust, streams.trust(in), in.rendered())
		out[i].First, out[i].Last = in.first.Time(), in.last.Time()
		n := min(pairs, in.bare)
		pairs -= n
		out[i].Records -= n
		out[i].Duplicates += n
	}
	return out
}

// formText marks a record of journalctl's text output, which lacks the fields
// that only journald can set.
const formText = 1 << 7

// rendered judges an input by its lines: if one is of another program, anyone
// may have written the others.
func (in *input) rendered() aggregate.Trust {
	if in.foreign != 0 {
		return aggregate.TrustText
	}
	return in.byForms()
}

// byForms judges an input by the renderings of its records: anyone on the host
// can write syslog text.
func (in *input) byForms() aggregate.Trust {
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

// fromKernel reports whether all inputs are the kernel's own stream, which has
// all types of record even if only SECCOMP ones came.
func (p *Proof) fromKernel() bool {
	return !slices.ContainsFunc(p.inputs, func(in *input) bool { return in.trust != aggregate.TrustKernel })
}

// completeness weighs the evidence.
func (p *Proof) completeness(s *aggregate.Summary, streams spaceStreams) aggregate.Completeness {
	evidence, doubt := p.streamEvidence(streams)
	c := aggregate.Completeness{Evidence: append(evidence, p.evidence(s, streams)...)}
	doubt = cmp.Or(doubt, p.doubt())
	numbered := p.allNumbered()
	for _, node := range slices.Sorted(maps.Keys(p.nodes)) {
		n := p.nodes[node]
		if n.printed.exhausted() {
			c.Evidence = append(c.Evidence, p.burst(node, &n.printed))
		}
		for g := range n.gaps() {
			if numbered && !n.isLog(g.space) {
				continue // their numbers tell, and what was noticed when they were made
			}
			evidence, why := p.weigh(node, n, &g)
			c.Evidence = append(c.Evidence, evidence...)
			if doubt == "" && why != "" {
				doubt = p.placed(why, node, g.space)
			}
		}
	}
	switch {
	case len(c.Evidence) > 0:
		c.Verdict = aggregate.Incomplete
	case doubt != "":
		c.Verdict, c.Reason = aggregate.Unknown, doubt
	default:
		c.Verdict = aggregate.Complete
	}
	slices.SortFunc(c.Evidence, aggregate.CompareEvidence)
	c.Lost = lost(c.Evidence)
	return c
}

// The reasons why it is unknown whether records are missing.
const (
	doubtNothing    = "nothing was read"
	doubtNone       = "no audit record came, so nothing shows whether one is missing"
	doubtText       = "this kind of log cannot show whether records are missing"
	doubtEvents     = "events without running numbers, or in no order, do not show whether one is missing: another tool wrote or changed them, or an older auditscan"
	doubtForeign    = "line %d is none that auditd or the journal writes: others write to this log"
	doubtExtract    = "it holds SECCOMP records only: an extract, whose gaps prove nothing"
	doubtOne        = "one audit record shows nothing of others"
	doubtOutOfOrder = "the serials begin anew where no boot does: a part is missing, or the files are not in the order of time"
	doubtJumped     = "serials are missing where the time goes back: records are lost, or the log of another node or boot follows"
	doubtWrapped    = "the serials end near 2^32 and begin anew: the host was booted, or the counter went on and records are lost"
	doubtRepeated   = "two boots were at the same time by the clock, and made the same serials: which is missing of which cannot be told"
	doubtNodes      = "there are records of more than 1,024 nodes: the serials of the others were not kept"
)

// doubt returns why the inputs do not show whether records are missing; "" if
// they do.
func (p *Proof) doubt() string {
	switch {
	case len(p.inputs) == 0:
		return doubtNothing
	case p.beyond:
		return doubtNodes
	}
	for i := range p.inputs {
		if doubt := p.inputs[i].doubt(); !p.inputs[i].isStream() && doubt != "" {
			return p.namePlace(doubt, p.inputs[i].name)
		}
	}
	return ""
}

// doubt returns why an input is of a kind that does not show what is missing:
// neither syslog nor an empty log proves that nothing was dropped.
func (in *input) doubt() string {
	switch {
	case in.forms == 0:
		return doubtNone
	case in.trust == aggregate.TrustKernel: // the source would have told
		return ""
	case in.forms == 1<<parser.FormEvent:
		return doubtEvents
	case in.byForms() == aggregate.TrustText:
		return doubtText
	case in.foreign != 0:
		return fmt.Sprintf(doubtForeign, in.foreign)
	}
	return ""
}

// weigh returns the evidence in a serial space of a node, or why it proves
// nothing.
func (p *Proof) weigh(node string, n *serials, g *spaceGaps) (evidence []aggregate.Evidence, doubt string) {
	extract := !n.hasOthers(g.space) && !p.fromKernel()
	switch {
	case g.mixed:
		return []aggregate.Evidence{p.locate(node, g.space, aggregate.Evidence{Kind: aggregate.MixedNodes})}, ""
	case extract:
		return nil, doubtExtract
	case g.flaws.repeated:
		return nil, doubtRepeated
	case g.doubt != "":
		return nil, g.doubt
	case g.missing > 0:
		return []aggregate.Evidence{p.locate(node, g.space, aggregate.Evidence{
			Kind: aggregate.SerialGap, Count: g.missing, First: aggregate.Millis(g.from).Time(), Last: aggregate.Millis(g.to).Time(),
		})}, ""
	case g.single && !p.fromKernel():
		return nil, doubtOne
	}
	return nil, ""
}

// burst returns the evidence that the kernel's messages end with a full burst.
func (p *Proof) burst(node string, printed *printed) aggregate.Evidence {
	e := aggregate.Evidence{Kind: aggregate.Suppressed, Detail: burstDetail}
	e.First, e.Last = printed.burst()
	return p.locate(node, anySpace, e)
}

// evidence returns the losses, and the calls that could not be named.
func (p *Proof) evidence(s *aggregate.Summary, streams spaceStreams) []aggregate.Evidence {
	var out []aggregate.Evidence
	for k, l := range p.losses {
		if !l.inLog && streams.trust(p.inputs[k.input]) != "" {
			continue // the end of the stream tells it
		}
		out = append(out, p.told(k, l))
	}
	for input, l := range p.kills.unrecorded() {
		out = append(out, p.told(lossKey{aggregate.UnrecordedKill, input}, l))
	}
	for _, in := range p.inputs {
		if in.unattributed > 0 {
			out = append(out, aggregate.UnattributedEvidence(in.unattributed, in.name))
		}
	}
	if n := s.Totals.Unresolved; n > 0 {
		out = append(out, aggregate.Evidence{Kind: aggregate.Unresolved, Count: n, Detail: lossDetail[aggregate.Unresolved]})
	}
	return out
}

// told returns a loss as evidence.
func (p *Proof) told(k lossKey, l *lossCount) aggregate.Evidence {
	in := p.inputs[k.input]
	e := aggregate.Evidence{Kind: k.kind, Count: l.lost(), Input: in.name, Line: l.line, Detail: l.detail, Fix: cmp.Or(l.fix, fixes[k.kind])}
	e.First, e.Last = in.times(l)
	return e
}

// placed adds to a doubt the serial space that it is of.
func (p *Proof) placed(doubt, node string, n int32) string {
	switch {
	case node != "":
		return p.namePlace(doubt, "node "+node)
	case len(p.spaces) == 1:
		return doubt
	}
	return p.namePlace(doubt, p.log(n))
}

// namePlace adds to a doubt what it is of, if several inputs were read.
func (p *Proof) namePlace(doubt, place string) string {
	if len(p.inputs) == 1 {
		return doubt
	}
	return fmt.Sprintf("%s (%s)", doubt, place)
}

// log names the inputs of a serial space.
func (p *Proof) log(n int32) string {
	s := p.spaces[n]
	if s.inputs == 1 {
		return p.inputs[s.first].name
	}
	return fmt.Sprintf("%s to %s", p.inputs[s.first].name, p.inputs[s.last].name)
}

// anySpace stands for all spaces of a node.
const anySpace = -1

// locate completes evidence about a node with what it means, how to prevent it,
// the node's name, and the input if it can only be one, or the rotated set that
// they are of.
func (p *Proof) locate(node string, n int32, e aggregate.Evidence) aggregate.Evidence {
	e.Detail, e.Fix = cmp.Or(e.Detail, lossDetail[e.Kind]), fixes[e.Kind]
	if node != "" {
		e.Detail = fmt.Sprintf("%s, on node %s", e.Detail, node)
	}
	switch {
	case len(p.inputs) == 1:
		e.Input = p.inputs[0].name
	case node != "" || n == anySpace || len(p.spaces) == 1:
	case p.spaces[n].inputs == 1:
		e.Input = p.log(n)
	default:
		e.Detail = fmt.Sprintf("%s, in %s", e.Detail, p.log(n))
	}
	return e
}

// lost adds up what is known to be missing. Suppressed messages also leave a
// gap in the serials, if there are any, and count once.
func lost(evidence []aggregate.Evidence) int64 {
	var gaps, suppressed, uncounted int64
	for _, e := range evidence {
		switch e.Kind {
		case aggregate.SerialGap, aggregate.Malformed:
			gaps = aggregate.Plus(gaps, e.Count)
		case aggregate.Suppressed, aggregate.RateLimit:
			suppressed = aggregate.Plus(suppressed, e.Count)
		case aggregate.LostCounter, aggregate.DroppedByCollector, aggregate.Overrun, aggregate.RotationGap, aggregate.MissingEvents:
			uncounted = aggregate.Plus(uncounted, e.Count)
		}
	}
	return aggregate.Plus(max(gaps, suppressed), uncounted)
}
