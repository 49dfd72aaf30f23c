package tally

import (
	"maps"
	"slices"
)

// Part is the proof of a stretch of one input, such as a block, and the counts
// if the worker gave them up. The zero value is empty.
type Part struct {
	proof  *Proof
	counts *Counts // nil: the worker kept them
}

// maxOwnGroups bounds the groups that a worker keeps after a cut, so that many
// workers need hardly more memory than one.
const maxOwnGroups = 1024

// Cut moves the proof of what was added since the last Cut into part, and the
// counts too if there are many. It is for workers, which have one input, and
// whose parts another tally joins in the order of the input. It overwrites part
// and reuses its memory.
func (t *Tally) Cut(part *Part) {
	t.Proof, part.proof = part.proof, t.Proof
	if t.Proof == nil {
		t.Proof = newProof(part.proof.max)
	}
	t.Proof.reset()
	t.begin(Source{})
	t.node.known = false
	part.counts = nil
	if len(t.counts.groups) > maxOwnGroups {
		part.counts = t.counts.take()
		t.forgetNames()
	}
}

// Append adds a part to the current input. If a record of the part may be a
// duplicate it refuses, and adds only the counts that the worker gave up: each
// record has to be looked at then.
func (t *Tally) Append(part *Part) bool {
	t.AppendCounts(part)
	return t.Proof.append(part.proof)
}

// AppendCounts adds the counts that the worker gave up with a part. It is all
// there is to do for a part that is refused.
func (t *Tally) AppendCounts(part *Part) {
	if part.counts != nil {
		t.Merge(part.counts)
		part.counts = nil // free it: it may be large
	}
}

// SubtractPart subtracts the counts that a worker gave up with a part.
func (t *Tally) SubtractPart(part *Part) {
	if part.counts != nil {
		t.Subtract(part.counts)
	}
}

// append adds the next part of the current input, unless it may repeat records.
func (p *Proof) append(o *Proof) bool {
	if o.host.twice {
		return false
	}
	for node, s := range o.nodes {
		if p.host.mayRepeat(s, node != "") {
			return false
		}
		if mine, ok := p.nodes[node]; ok && mine.overlaps(s, p.spaceOf(node)) {
			return false
		}
	}
	for _, node := range slices.Sorted(maps.Keys(o.nodes)) {
		seen := o.nodes[node]
		if seen.pages.n == 0 {
			continue // the node was in an earlier part
		}
		if s := p.serials([]byte(node)); s != nil {
			s.merge(seen, p.spaceOf(node))
		}
	}
	for form, n := range o.leftOut {
		p.leftOut[form] += n
	}
	in, next := p.input(), o.input()
	before := in.tail
	in.advance(next.head, next.tail)
	in.addNode(next.node, next.nodes)
	for k, l := range o.losses {
		p.appendLoss(k.kind, l, in.lines, before)
	}
	p.kills.append(&o.kills, p.at, in.lines)
	in.append(next)
	return true
}

// append adds the next part of the input.
func (in *input) append(o *input) {
	if in.foreign == 0 && o.foreign != 0 {
		in.foreign = in.lines + o.foreign
	}
	in.lines += o.lines
	in.records += o.records
	in.duplicates += o.duplicates
	in.malformed += o.malformed
	in.forms |= o.forms
	in.bare += o.bare
	in.unattributed += o.unattributed
	if o.streams != nil {
		in.eventStreams().append(o.streams)
	}
	in.widen(o.first)
	in.widen(o.last)
}
