package pipeline

import (
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
)

// counter parses blocks into a builder, and into lines of JSON where they are
// asked for.
type counter struct {
	*Options
	b      *aggregate.Builder
	p      *parser.Parser
	input  string
	before int64 // lines of the input before the block
	counterOutput
}

// counterOutput is what was gathered and not handed on yet.
type counterOutput struct {
	events []byte // lines of JSON
	bad    []bad  // what Malformed is to be told, in order
}

type bad struct {
	line int64
	m    parser.Malformed
}

// block counts what one block holds.
func (c *counter) block(data []byte) {
	c.p.Reset(data)
	for item := c.p.Next(); item != parser.End; item = c.p.Next() {
		c.item(item)
	}
	c.before += c.p.Line()
	c.b.Lines(c.p.Line())
}

// flush ends an input whose lines belong together.
func (c *counter) flush() {
	c.p.Reset(nil)
	c.item(c.p.Flush())
}

func (c *counter) item(item parser.Item) {
	line := c.before + c.p.Line()
	switch item {
	case parser.IsRecord:
		c.record(c.p.Record(), line)
	case parser.IsOther:
		c.b.Other(c.p.Record())
	case parser.IsLoss:
		kind := c.b.Loss(c.p.Loss(), line)
		if c.Events != nil {
			l := c.p.Loss()
			c.events = report.AppendLoss(c.events, kind, l.Count, l.Stamp.Time())
		}
	case parser.IsMalformed:
		m := c.p.Malformed()
		c.b.Malformed(m.Reason, line)
		if c.Events != nil {
			c.events = report.AppendLoss(c.events, aggregate.Malformed, 1, time.Time{})
		}
		if c.Malformed != nil {
			c.bad = append(c.bad, bad{line, parser.Malformed{Reason: m.Reason, Text: append([]byte(nil), m.Text...)}})
		}
	}
}

func (c *counter) record(r *parser.Record, line int64) {
	var id *container.Identity
	if c.Identify != nil {
		id = c.Identify(r)
	}
	call := c.b.Record(r, id, line)
	if call != nil && c.Events != nil {
		name, _ := call.Arch.Name(call.NR)
		c.events = report.AppendEvent(c.events, &report.Event{
			Record: r, Arch: call.Arch, NR: call.NR, Name: name, Action: call.Action, Container: id,
		})
	}
}

// write hands on what was gathered of an input.
func (out *counterOutput) write(o *Options, input string) error {
	for _, b := range out.bad {
		o.Malformed(input, b.line, &b.m)
	}
	var err error
	if len(out.events) > 0 {
		_, err = o.Events.Write(out.events)
	}
	out.reset()
	return err
}

func (out *counterOutput) reset() { out.events, out.bad = out.events[:0], out.bad[:0] }

// shift moves the lines of a block to where it stands in the input.
func (out *counterOutput) shift(lines int64) {
	for i := range out.bad {
		out.bad[i].line += lines
	}
}
