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

// Counter counts one log that grows: a few lines at once as they come, and a
// backlog with one worker a core. Both come to the same. It is for one
// goroutine.
type Counter struct {
	run     *run
	counter *counter
}

// NewCounter returns a counter for a log, of Options.Node, of which the source
// vouches for some trust.
func NewCounter(input string, trust aggregate.Trust, o Options) *Counter {
	r := newRun(o)
	r.total.Begin(tally.Source{Name: input, Trust: trust})
	c := &Counter{r, r.counter(r.total, input, parser.LayoutLines)}
	c.counter.node = []byte(o.Node)
	return c
}

// Summary returns what was counted so far.
func (c *Counter) Summary() *aggregate.Summary { return c.run.total.Summary() }

// Resume makes the serials begin behind those of an earlier run: what is
// missing between them and the first ones seen now is a gap.
func (c *Counter) Resume(after []aggregate.Seen) { c.run.total.Resume(after) }

// Newest returns the newest record of each node, for a later run to resume.
func (c *Counter) Newest() []aggregate.Seen { return c.run.total.Newest() }

// Lines counts whole lines that have just come. What they have to show has
// been written when it returns.
func (c *Counter) Lines(lines []byte) error {
	c.counter.block(lines)
	return c.Write()
}

// Backlog counts all that blocks has, and leaves nothing to come of it when it
// returns, so that no position taken then stands for what is still in a
// worker's hands. What it has to show is written block by block, in order.
// A record that has to wait for its container is handed back by Hold, in order.
// The answers about containers are kept with the block: where it is parsed
// again, since a record of it may be a duplicate, more may be known of a
// process, but what is taken away must be what was counted.
func (c *Counter) Backlog(blocks Blocks) error {
	all := []*input{{blocks: blocks, total: c.counter, apart: true, room: c.run.jobs()}}
	return c.run.read(context.Background(), func(context.Context) (in *input) {
		if len(all) > 0 {
			in, all = all[0], nil
		}
		return in
	})
}

// Record counts a record that was held. What it has to show waits for Write.
func (c *Counter) Record(h Held, id *container.Identity) {
	c.counter.count(h.record, id, h.line)
}

// Loss counts what the source noticed to be missing, count 0 where it cannot
// say how much, and fix "" where it knows nothing better than what prevents all
// losses of the kind. To show it waits for Write.
func (c *Counter) Loss(kind aggregate.EvidenceKind, count int64, now time.Time, detail, fix string) {
	c.run.total.Notice(kind, count, now, detail, fix)
	c.counter.loss(kind, count, now)
}

// Write writes what waits for it.
func (c *Counter) Write() error {
	return c.counter.out.write(&c.run.options, c.counter.input)
}
