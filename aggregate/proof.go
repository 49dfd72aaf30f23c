package aggregate

import (
	"maps"
	"math"
	"slices"

	"github.com/auditscan/auditscan/parser"
)

// proof is what was noticed beside the counts: which serials were seen, which
// losses were told of, and what each input held.
type proof struct {
	nodes  map[string]*serials
	losses map[lossKey]*lossCount
	inputs []input
	pages  *int // that each node can have: they share the memory
	max    int  // nodes
}

// maxNodes bounds the nodes whose serials are kept. Those of others prove
// nothing, and tell no duplicates.
const maxNodes = 1024

// input is what is counted of one input.
type input struct {
	Input
	trust Trust // given by the source; "" to be judged by content
	forms uint8 // renderings seen, one bit each
	first Millis
	last  Millis
	bare  int64 // journal records without a serial
	order
}

func newProof(max int) proof {
	return proof{nodes: map[string]*serials{}, losses: map[lossKey]*lossCount{}, pages: new(int), max: max}
}

// reset empties the proof, which is that of a part. It keeps the nodes, unless
// they are many: they come again in what follows.
func (p *proof) reset() {
	if p.nodes == nil || len(p.nodes) > maxNodes {
		*p = newProof(math.MaxInt)
		return
	}
	for _, s := range p.nodes {
		s.reset()
	}
	clear(p.losses)
	p.inputs = p.inputs[:0]
}

func (p *proof) begin(name string, trust Trust) {
	p.inputs = append(p.inputs, input{Input: Input{Name: name}, trust: trust})
}

func (p *proof) input() *input { return &p.inputs[len(p.inputs)-1] }

// Lines counts lines of the current input.
func (p *proof) Lines(n int64) { p.input().Lines += n }

// Malformed counts a record that cannot be used; line is its place in the
// current input.
func (p *proof) Malformed(reason string, line int64) {
	p.input().Malformed++
	p.note(Malformed, 1, parser.Stamp{}, line, reason)
}

// serials returns the serials of a node, nil if there are too many nodes.
func (p *proof) serials(node []byte) *serials {
	s, ok := p.nodes[string(node)]
	if !ok {
		if len(p.nodes) >= p.max {
			return nil
		}
		s = newSerials(p.pages)
		p.nodes[string(node)] = s
		*p.pages = maxPages / len(p.nodes)
	}
	return s
}

// Part is the proof of one stretch of one input, such as a block.
type Part struct {
	proof
	counts *Builder // nil: the builder kept them
}

// maxOwn bounds the groups that a builder keeps when it is cut, so that many
// builders take hardly more memory than one.
const maxOwn = 1024

// Cut takes out the proof of what was added since the last Cut, and leaves
// the counts unless they are many. It is meant for builders with one input,
// whose parts another builder puts together in the order of the input. What
// part held before is overwritten, and its memory used again.
func (b *Builder) Cut(part *Part) {
	b.proof, part.proof = part.proof, b.proof
	b.proof.reset()
	b.begin(part.input().Name, part.input().trust)
	b.node.known = false
	part.counts = nil
	if len(b.groups) > maxOwn {
		part.counts = &Builder{names: b.names, groups: b.groups, folded: b.folded}
		b.names, b.groups, b.folded = newInterner(), map[groupKey]*group{}, 0
		b.unlearn()
	}
}

// Append adds a part to the current input. It refuses, and adds no more than
// the counts that the builder gave up, where some record of the part may have
// been added before: only a look at each record can tell then.
func (b *Builder) Append(part *Part) bool {
	if part.counts != nil {
		b.Merge(part.counts)
		part.counts = nil // may be large
	}
	for node, s := range part.nodes {
		if mine, ok := b.nodes[node]; ok && mine.overlaps(s) {
			return false
		}
	}
	for _, node := range slices.Sorted(maps.Keys(part.nodes)) {
		seen := part.nodes[node]
		if seen.pages.n == 0 {
			continue // it was in a part before
		}
		if s := b.serials([]byte(node)); s != nil {
			s.merge(seen)
		}
	}
	in, o := b.input(), part.input()
	before := in.tail
	in.pass(o.head, o.tail)
	in.from(o.node, o.nodes)
	for k, l := range part.losses {
		b.appendLoss(k.kind, l, in.Lines, before)
	}
	in.append(o)
	return true
}

// appendLoss adds evidence of a part that begins after the given line, and
// after a record of the given time.
func (b *Builder) appendLoss(kind EvidenceKind, l *lossCount, after int64, before Millis) {
	line := l.line
	if line > 0 {
		line += after
	}
	c := b.loss(kind, line, l.detail)
	c.count = Plus(c.count, l.count)
	Widen(&c.first, &c.last, l.first, l.last)
	c.nowhere, c.between = c.nowhere || l.nowhere, c.between || l.between
	if l.leads {
		c.follows(before)
	}
	if l.waits {
		b.input().await(c)
	}
	if kind == LostCounter {
		c.total(l.low)
		c.total(l.high)
	}
}

func (in *input) append(o *input) {
	in.Lines += o.Lines
	in.Records += o.Records
	in.Duplicates += o.Duplicates
	in.Malformed += o.Malformed
	in.forms |= o.forms
	in.bare += o.bare
	Widen(&in.first, &in.last, o.first, o.last)
}
