package pipeline

import (
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
)

// counter parses blocks into a builder, and into lines of text where they are
// asked for.
type counter struct {
	*Options
	b      *aggregate.Builder
	p      *parser.Parser
	ask    ask  // nil: containers stay unknown
	part   bool // b has a part of the counts: the total is another
	shown  shown
	input  string
	before int64     // lines of the input before the block
	now    time.Time // when the block came; zero for a saved log
	millis int64     // the same, in ms since the epoch
	counterOutput
}

// ask finds a record's container; now is in ms since the epoch. It is not
// settled where asking again, a little later, may tell more.
type ask = func(r *parser.Record, now int64) (id *container.Identity, settled bool)

// counterOutput is what was gathered and not handed on yet.
type counterOutput struct {
	events  []byte // lines of text
	firsts  firsts // further events
	bad     []bad  // what Malformed is to be told, in order
	held    []Held // records that wait for their container to be known
	answers answers
}

type bad struct {
	line int64
	m    parser.Malformed
}

// block counts what one block holds.
func (c *counter) block(data []byte) {
	if c.Live != nil {
		c.now = time.Now()
		c.millis = c.now.UnixMilli()
	}
	c.p.Reset(data)
	for item := c.p.Next(); item != parser.End; item = c.p.Next() {
		c.item(item)
	}
	c.before += c.p.Line()
	c.b.Lines(c.p.Line())
}

// recount counts a block for which there are answers already.
func (c *counter) recount(data []byte, known answers) {
	if c.ask != nil {
		defer func(before ask) { c.ask = before }(c.ask)
		c.ask = known.again()
	}
	c.block(data)
}

// flush ends an input whose lines belong together.
func (c *counter) flush() {
	c.p.Reset(nil)
	for item := c.p.Flush(); item != parser.End; item = c.p.Flush() {
		c.item(item)
	}
}

func (c *counter) item(item parser.Item) {
	line := c.before + c.p.Line()
	switch item {
	case parser.IsRecord:
		c.record(c.p.Record(), line)
	case parser.IsOther:
		c.b.Other(c.p.Record())
	case parser.IsLoss:
		l := c.p.Loss()
		c.loss(c.b.Loss(l, line), l.Count, l.Stamp.Time())
	case parser.IsMalformed:
		m := c.p.Malformed()
		c.b.Malformed(m.Reason, line)
		c.loss(aggregate.Malformed, 1, c.now)
		if c.Malformed != nil {
			c.bad = append(c.bad, bad{line, parser.Malformed{Reason: m.Reason, Text: append([]byte(nil), m.Text...)}})
		}
	}
}

// loss shows that records are missing.
func (c *counter) loss(kind aggregate.EvidenceKind, n int64, at time.Time) {
	if c.Events != nil && !c.Text {
		c.events = report.AppendLoss(c.events, kind, n, at)
	}
}

// record counts a record if its container is known, or never will be.
func (c *counter) record(r *parser.Record, line int64) {
	var id *container.Identity
	if c.ask != nil {
		var settled bool
		id, settled = c.ask(r, c.millis)
		if c.part {
			c.answers.add(id, settled)
		}
		if !settled {
			c.held = append(c.held, Held{detached(r), line})
			return
		}
	}
	c.count(r, id, line)
}

// count counts a record and shows it. With OnlyNew, a worker knows what is new
// to itself, and the total, in order, whether that is new.
func (c *counter) count(r *parser.Record, id *container.Identity, line int64) {
	call := c.b.Record(r, id, line)
	if call == nil || c.Events == nil || c.OnlyNew && c.part && call.Count > 1 {
		return
	}
	e := report.Event{Record: r, Arch: call.Arch, NR: call.NR, Action: call.Action, Container: id}
	if c.OnlyNew {
		key := keyOf(&e)
		if c.part {
			c.firsts.add(len(c.events), key, &e)
			return
		}
		if !c.shown.add(key) {
			return
		}
	}
	c.events = c.appendEvent(c.events, &e)
}

// appendEvent appends an event as it is to be shown.
func (o *Options) appendEvent(dst []byte, e *report.Event) []byte {
	e.Name, _ = e.Arch.Name(e.NR)
	if o.Text {
		return report.AppendLine(dst, e)
	}
	return report.AppendEvent(dst, e)
}

// detached is a copy of a record that stays when its block goes, for a builder
// that knows the records of another parser.
func detached(r *parser.Record) *parser.Record {
	c := r.Clone()
	c.Origin = 0
	return c
}

// write hands on what was gathered of an input.
func (out *counterOutput) write(o *Options, input string) error {
	for _, b := range out.bad {
		o.Malformed(input, b.line, &b.m)
	}
	for _, h := range out.held {
		o.Live.Hold(h) // may count it, which has something to show
	}
	var err error
	if len(out.events) > 0 {
		_, err = o.Events.Write(out.events)
	}
	out.reset()
	return err
}

func (out *counterOutput) reset() {
	clear(out.held) // they keep records alive
	out.firsts.reset()
	out.events, out.bad, out.held, out.answers = out.events[:0], out.bad[:0], out.held[:0], out.answers[:0]
}

// shift moves the lines of a block to where it stands in the input.
func (out *counterOutput) shift(lines int64) {
	for i := range out.bad {
		out.bad[i].line += lines
	}
	for i := range out.held {
		out.held[i].line += lines
	}
}
