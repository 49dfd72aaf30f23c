package pipeline

import (
	"context"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
)

// Live is what a log that grows needs besides.
type Live struct {
	// Identify returns a function for one goroutine that finds the container
	// of a record that came at a time, in ms since the epoch. A record for
	// which that is not settled is held.
	Identify func() func(r *parser.Record, now int64) (id *container.Identity, settled bool)
	// Hold is given the records that are held, in order. Each of them counts
	// when it is given to [Counter.Record].
	Hold func(Held)
}

// Held is a record that waits for its container to be known.
type Held struct {
	Record *parser.Record
	line   int64
}

// ask returns the function that finds the container of a record; nil if none
// is looked for.
func (o *Options) ask() ask {
	if o.Live != nil {
		return o.Live.Identify()
	}
	if o.Identify == nil {
		return nil
	}
	return func(r *parser.Record, _ int64) (*container.Identity, bool) { return o.Identify(r), true }
}

// Counter counts one log that grows: a few lines at once as they come, and a
// backlog with one worker a core. Both come to the same. It is for one
// goroutine.
type Counter struct {
	run     *run
	counter *counter
}

// NewCounter returns a counter for a log of which the source vouches for some
// trust.
func NewCounter(input string, trust aggregate.Trust, o Options) *Counter {
	r := newRun(o)
	r.total.Input(input, trust)
	return &Counter{r, r.counter(r.total, input, parser.Lines)}
}

// Total is where all that was given so far is counted.
func (c *Counter) Total() *aggregate.Builder { return c.run.total }

// Lines counts whole lines that have just come. What they have to show has
// been written when it returns.
func (c *Counter) Lines(lines []byte) error {
	c.counter.block(lines)
	return c.Write()
}

// Backlog counts all that in has, and leaves nothing to come of it when it
// returns. What it has to show is written block by block, in order.
func (c *Counter) Backlog(in Blocks) error {
	all := []*input{{Blocks: in, total: c.counter, apart: true, room: c.run.jobs()}}
	return c.run.read(context.Background(), func(context.Context) (in *input) {
		if len(all) > 0 {
			in, all = all[0], nil
		}
		return in
	})
}

// Record counts a record that was held. What it has to show waits for Write.
func (c *Counter) Record(h Held, id *container.Identity) {
	c.counter.count(h.Record, id, h.line)
}

// Loss counts what the source noticed to be missing; see
// [aggregate.Builder.Notice]. To show it waits for Write.
func (c *Counter) Loss(kind aggregate.EvidenceKind, n int64, now time.Time, detail, fix string) {
	c.run.total.Notice(kind, n, now, detail, fix)
	c.counter.loss(kind, n, now)
}

// Write writes what waits for it.
func (c *Counter) Write() error {
	return c.counter.write(&c.run.Options, c.counter.input)
}
