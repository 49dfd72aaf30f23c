package pipeline

import (
	"context"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
)

// Held is a record that waits for its container to be known.
type Held struct {
	record *parser.Record
	line   int64
}

// PID is the process that made the call, in the initial pid namespace; 0 where
// the record does not say.
func (h Held) PID() int32 {
	if h.record == nil {
		return 0
	}
	return h.record.PID
}

// Time is when the call was made; zero where the record does not say.
func (h Held) Time() time.Time {
	if h.record == nil {
		return time.Time{}
	}
	return h.record.Time()
}

// Counter counts one growing log: lines as they come, and a backlog with one
// worker per core. The result is the same. It is meant for one goroutine.
type Counter struct {
	run     *run
	counter *counter
	input   int // its place among those that are counted together
}

// NewCounter returns a counter for a log of the node Options.Node. Trust is
// what the source vouches for.
func NewCounter(input string, trust aggregate.Trust, o Options) *Counter {
	return newRun(o).live(input, trust, 0)
}

// Beside returns a counter for another log, whose records are counted together
// with those of c: an event that is in both counts once. All are for the same
// goroutine.
func (c *Counter) Beside(input string, trust aggregate.Trust) *Counter {
	c.run.lives++
	return c.run.live(input, trust, c.run.lives)
}

func (r *run) live(input string, trust aggregate.Trust, place int) *Counter {
	r.total.Begin(tally.Source{Name: input, Trust: trust})
	c := &Counter{r, r.counter(r.total, input, parser.LayoutLines), place}
	c.counter.node = []byte(r.options.Node)
	return c
}

// Summary returns what was counted so far.
func (c *Counter) Summary() *aggregate.Summary { return c.run.total.Summary() }

// Resume makes the serials begin behind those of an earlier run: what is
// missing between them and the first ones seen now is a gap.
func (c *Counter) Resume(after []aggregate.Seen) { c.run.total.Resume(after) }

// Newest returns the newest record of each node, for a later run to resume.
func (c *Counter) Newest() []aggregate.Seen { return c.run.total.Newest() }

// Lines counts whole lines that have just arrived and writes the output they
// produce.
func (c *Counter) Lines(lines []byte) error {
	c.run.total.Turn(c.input)
	c.counter.block(lines)
	return c.Write()
}

// Backlog counts all of blocks. Nothing is in a worker's hands when it returns,
// so that a position taken then covers exactly what was counted. Output is
// written block by block, in order, and so are the records that wait for their
// container given to Hold.
func (c *Counter) Backlog(blocks Blocks) error {
	c.run.total.Turn(c.input)
	all := []*input{{blocks: blocks, total: c.counter, apart: true, room: c.run.jobs()}}
	return c.run.read(context.Background(), func(context.Context) (in *input) {
		if len(all) > 0 {
			in, all = all[0], nil
		}
		return in
	})
}

// Record counts a record that was held. Its output waits for Write.
func (c *Counter) Record(h Held, id *container.Identity) {
	c.run.total.Turn(c.input)
	c.counter.count(h.record, id, h.line)
}

// Loss counts a loss that the source noticed. Count is 0 if the number is
// unknown; fix is "" if there is no better advice than that for all losses of
// the kind. Its output waits for Write.
func (c *Counter) Loss(kind aggregate.EvidenceKind, count int64, now time.Time, detail, fix string) {
	c.run.total.Turn(c.input)
	c.run.total.Notice(kind, count, now, detail, fix)
	c.counter.loss(aggregate.Loss{Kind: kind, Count: count, Time: now})
}

// Write writes the output that is waiting.
func (c *Counter) Write() error {
	return c.counter.out.write(&c.run.options, c.counter.input)
}
