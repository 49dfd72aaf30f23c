package tally

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// Proof is what was noticed besides the counts: the serials that were seen, the
// losses that were reported, and what each input held. Its order is that of the
// inputs and of the lines in each.
type Proof struct {
	nodes  map[string]*serials
	losses map[lossKey]*lossCount
	kills  kills
	inputs []*input
	at     int // of inputs: the current one
	spaces []space
	sets   map[string]int32 // rotated set to its space
	pages  *int             // limit for each node, since all share the memory
	max    int              // nodes
	beyond bool             // there are records of more nodes
	host   host
	// leftOut are the records that do not pass the filter.
	leftOut renderings
}

// Source is where an input comes from.
type Source struct {
	Name string
	// Trust is what the source vouches for; if "", the form of the records
	// decides.
	Trust aggregate.Trust
	// Set is the rotated set that a file belongs to; the files of a set are
	// parts of one log. "": the input is a log by itself.
	Set string
}

// space is a serial space: the serials of one log. Records that name their node
// share the space of that node across all inputs. Other records have the space
// of their rotated set: another input may be of another host, whose serials
// would hide gaps here or look like gaps.
type space struct {
	first, last int // inputs
	inputs      int
}

// maxNodes bounds the nodes whose serials are kept. For further nodes nothing
// is proven, and duplicates are not found.
const maxNodes = 1024

// input is what is counted of one input.
type input struct {
	name string
	// As in aggregate.Input.
	lines, records, duplicates, malformed int64

	trust aggregate.Trust // given by the source; "" to be judged by content
	space int32           // of the records that name no node
	forms uint8           // forms that were seen, one bit each
	// foreign is the first line that shows that other programs write to the
	// log; 0: none.
	foreign int64
	first   aggregate.Millis
	last    aggregate.Millis
	// unattributed counts the records that a filter left out only because their
	// container is unknown.
	unattributed int64
	bare         int64         // journal records without a serial
	streams      *eventStreams // nil: there are none
	order
}

func newProof(max int) *Proof {
	return &Proof{nodes: map[string]*serials{}, losses: map[lossKey]*lossCount{}, sets: map[string]int32{}, pages: new(int), max: max}
}

// reset empties the proof of a part. It keeps the nodes, unless there are many,
// since they recur in the next part.
func (p *Proof) reset() {
	if len(p.nodes) > maxNodes {
		*p = *newProof(p.max)
		return
	}
	for _, s := range p.nodes {
		s.reset()
	}
	clear(p.losses)
	p.kills.reset()
	p.leftOut, p.beyond, p.host = renderings{}, false, host{}
	p.inputs, p.at, p.spaces = p.inputs[:0], 0, p.spaces[:0]
}

func (p *Proof) begin(s Source) {
	n, ok := p.sets[s.Set]
	if !ok || s.Set == "" {
		n = int32(len(p.spaces))
		p.spaces = append(p.spaces, space{first: len(p.inputs)})
	}
	if s.Set != "" {
		p.sets[s.Set] = n
	}
	p.spaces[n].inputs++
	p.at = len(p.inputs)
	p.spaces[n].last = p.at
	p.inputs = append(p.inputs, &input{name: s.Name, trust: s.Trust, space: n})
}

// HoldsAudit reports whether an input of a rotated set holds audit records.
func (p *Proof) HoldsAudit(set string) bool {
	n, ok := p.sets[set]
	return ok && slices.ContainsFunc(p.inputs, func(in *input) bool { return in.space == n && in.forms != 0 })
}

// spaceOf returns the serial space of a node's records in the current input.
func (p *Proof) spaceOf(node string) int32 {
	if node != "" || len(p.inputs) == 0 {
		return 0
	}
	return p.input().space
}

func (p *Proof) input() *input { return p.inputs[p.at] }

// Lines counts lines of the current input.
func (p *Proof) Lines(n int64) { p.input().lines += n }

// Foreign notes that a line of the current input has no form of auditd's or the
// journal's. So other programs write to the log, and its trust is that of text.
func (p *Proof) Foreign(line int64) {
	if in := p.input(); in.foreign == 0 {
		in.foreign = line
	}
}

// Malformed counts a record that cannot be used, at a line of the current
// input.
func (p *Proof) Malformed(reason string, line int64) {
	p.input().malformed++
	p.note(aggregate.Malformed, 1, parser.Stamp{}, line, reason)
}

// serials returns the serials of a node, nil if there are too many nodes.
func (p *Proof) serials(node []byte) *serials {
	s, ok := p.nodes[string(node)]
	if !ok {
		if len(p.nodes) >= p.max {
			p.beyond = true
			return nil
		}
		s = newSerials(p.pages)
		p.nodes[string(node)] = s
		*p.pages = maxPages / len(p.nodes)
	}
	p.host.meet(s, len(node) > 0)
	return s
}

// appendLoss adds the evidence of a part that begins after the given line and
// after a record of the given time.
func (p *Proof) appendLoss(kind aggregate.EvidenceKind, l *lossCount, after int64, before aggregate.Millis) {
	line := l.line
	if line > 0 {
		line += after
	}
	c := p.loss(kind, line, l.detail)
	c.inLog = c.inLog || l.inLog
	c.count = aggregate.Plus(c.count, l.count)
	aggregate.Widen(&c.first, &c.last, l.first, l.last)
	c.nowhere, c.between = c.nowhere || l.nowhere, c.between || l.between
	if l.leads {
		c.follows(before)
	}
	if l.waits {
		p.input().await(c)
	}
	c.total(l.low)
	c.total(l.high)
}

// timeOf is the time of a stamp.
func timeOf(st parser.Stamp) aggregate.Millis {
	if !st.HasTime {
		return 0
	}
	return aggregate.Millis(st.Millis)
}

// widen extends the input's times to include that of a record; 0 is none.
func (in *input) widen(at aggregate.Millis) { aggregate.Widen(&in.first, &in.last, at, at) }
