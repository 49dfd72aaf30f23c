package pipeline

import (
	"fmt"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
)

// counter parses blocks into a tally and, if there is an output, into lines of
// text.
type counter struct {
	options   *Options
	carried   *carried
	tally     *tally.Tally
	layout    parser.Layout
	parser    *parser.Parser // nil: it has parsed nothing yet
	find      Find           // nil: containers stay unknown
	partial   bool           // the tally is a worker's, not the total
	full      bool           // of carried, when a worker began the block
	shown     shown
	input     string
	node      []byte    // for records that name none
	fromStart bool      // the input is read from its first line on
	before    int64     // lines of the input before the block
	now       time.Time // when the block came; zero for a saved log
	event     event.Event
	out       *output // of the block
}

// block counts the items of one block.
func (c *counter) block(data []byte) {
	if c.options.Hold != nil {
		c.now = time.Now()
	}
	c.parse(data)
	for item := c.parser.Next(); item != parser.ItemEnd; item = c.parser.Next() {
		c.item(item)
	}
	if n := c.parser.Foreign(); n != 0 {
		c.tally.Foreign(c.before + n)
	}
	c.before += c.parser.Line()
	c.tally.Lines(c.parser.Line())
}

// recount counts a block again, with the containers that were found the first
// time.
func (c *counter) recount(data []byte, found findings) {
	if c.find != nil {
		defer func(before Find) { c.find = before }(c.find)
		c.find = found.replay()
	}
	c.block(data)
}

// flush counts what the parser still holds at the end of an input whose lines
// belong together.
func (c *counter) flush() {
	c.parse(nil)
	for item := c.parser.Flush(); item != parser.ItemEnd; item = c.parser.Flush() {
		c.item(item)
	}
}

// item counts one item of the parser.
func (c *counter) item(item parser.Item) {
	line := c.before + c.parser.Line()
	c.number(item)
	switch item {
	case parser.ItemRecord:
		c.record(c.ofNode(c.parser.Record()), line)
	case parser.ItemOther:
		c.tally.AddOther(c.ofNode(c.parser.Record()))
	case parser.ItemLoss:
		l := c.parser.Loss()
		if kind, ok := c.tally.Loss(l, line); ok {
			c.loss(aggregate.Loss{Kind: kind, Count: l.Count, Total: l.Total, Time: l.Stamp.Time()})
		}
	case parser.ItemMalformed:
		m := c.parser.Malformed()
		c.malformed(m.Reason, m.Text, line)
	}
}

// parse gives the parser a block. The total needs one only for blocks that no
// worker can count, or that are counted again.
func (c *counter) parse(data []byte) {
	if c.parser == nil {
		c.parser = parser.New(c.layout)
	}
	c.parser.Reset(data)
}

// number notes the running number of an item in a stream of events, and what
// ends the stream. What is damaged in it has a number too, if that is whole.
func (c *counter) number(item parser.Item) {
	n := int64(0)
	switch {
	case !c.fromStart:
		return
	case item == parser.ItemStreamEnd, item == parser.ItemMalformed,
		item == parser.ItemRecord && c.parser.Record().Form == parser.FormEvent,
		item == parser.ItemLoss && c.parser.Loss().Form == parser.FormEvent:
		n = c.parser.Number()
	default:
		return
	}
	switch end := c.streamEnd(item); {
	case n > 0:
		c.tally.Numbered(n, end)
	case item != parser.ItemMalformed:
		c.tally.Unnumbered()
	}
}

// streamEnd is what the end of a stream says; nil: this is none.
func (c *counter) streamEnd(item parser.Item) *tally.StreamEnd {
	if item != parser.ItemStreamEnd {
		return nil
	}
	end := report.ReadEventEnd(c.parser.StreamEnd())
	if end == nil {
		return nil
	}
	return &tally.StreamEnd{Trust: end.Trust, Completeness: end.Completeness}
}

// ofNode sets the node of a record that names none to that of its input.
func (c *counter) ofNode(r *parser.Record) *parser.Record {
	if len(r.Node) == 0 && len(c.node) > 0 {
		r.Node = c.node
	}
	return r
}

// malformed counts a record that cannot be used.
func (c *counter) malformed(reason string, text []byte, line int64) {
	c.tally.Malformed(reason, line)
	c.loss(aggregate.Loss{Kind: aggregate.Malformed, Count: 1, Time: c.now})
	if c.options.Malformed != nil {
		c.out.unusable = append(c.out.unusable, unusable{line, reason, append([]byte(nil), text...)})
	}
}

// loss writes to the output that records are missing.
func (c *counter) loss(l aggregate.Loss) {
	if o := &c.options.Output; o.Writer != nil && o.Loss != nil {
		c.out.text = o.Loss(c.out.text, l)
	}
}

// record counts a record whose container is settled, and holds back any other.
func (c *counter) record(r *parser.Record, line int64) {
	if c.options.Owns != nil && !c.options.Owns(r.Ses, r.PID) {
		c.tally.AddOther(r)
		return
	}
	if r.Container != nil {
		id, err := c.named(r.Container)
		if err != nil {
			c.malformed(err.Error(), r.Container, line)
			return
		}
		if id != nil {
			c.count(r, id, line)
			return
		}
	}
	if c.find == nil {
		c.count(r, nil, line)
		return
	}
	id, settled := c.look(r)
	if !settled && c.options.Hold != nil {
		c.out.held = append(c.out.held, Held{detached(r), line})
		return
	}
	c.count(r, id, line)
}

// named is the container that an event names.
func (c *counter) named(text []byte) (*container.Identity, error) {
	if !c.partial {
		return c.carried.identity(text)
	}
	t, err := c.carried.text(text, c.full)
	if err != nil {
		return nil, err
	}
	if n := len(c.out.named); !t.kept.Load() && (n == 0 || c.out.named[n-1] != t) {
		c.out.named = append(c.out.named, t)
	}
	return t.id, nil
}

// look finds the container of a record that does not name it. A record without
// a time is taken to be as old as its arrival.
func (c *counter) look(r *parser.Record) (id *container.Identity, settled bool) {
	now := c.now.UnixMilli()
	at := now
	if r.HasTime {
		at = r.Millis
	}
	id, settled = c.find(r.PID, at, now)
	if c.partial {
		c.out.found.add(id, settled)
	}
	return id, settled
}

// count counts a record and writes it to the output. With OnlyNew a worker only
// knows what is new to itself; the total decides, in order, what is new to all.
func (c *counter) count(r *parser.Record, id *container.Identity, line int64) {
	if !c.event.Resolve(r) {
		c.malformed("its call or architecture is in no table, or its number is another call's", nil, line)
		return
	}
	if r.Legacy && c.options.Malformed != nil {
		reason := fmt.Sprintf("call %d of %q, pid %d, by a kernel before 3.8: its arch is not known", r.NR, r.Comm, r.PID)
		c.out.unusable = append(c.out.unusable, unusable{line: line, reason: reason})
	}
	c.event.Container = id
	seen, ok := c.tally.Event(&c.event, line)
	o := &c.options.Output
	if !ok || o.Writer == nil || o.OnlyNew && !c.isNew(seen) {
		return
	}
	c.out.text = o.Event(c.out.text, &c.event)
}

// isNew reports whether the event is the first of its group, call and action
// and is to be written here; a worker leaves that to the total.
func (c *counter) isNew(seen int64) bool {
	if c.partial && seen > 1 {
		return false
	}
	key := keyOf(&c.event)
	if c.partial {
		c.out.firsts.add(len(c.out.text), key, &c.event)
		return false
	}
	return c.shown.add(key)
}

// detached returns a copy of a record that outlives its block and can be
// counted by a tally that is fed by another parser.
func detached(r *parser.Record) *parser.Record {
	c := r.Clone()
	c.Origin = 0
	return c
}
