// Package pipeline runs the stages: source gives blocks of whole lines, the
// parser finds items in them, and a tally counts those. Saved logs are read by
// one worker a core, whose counts are merged and whose proofs are put together
// in the order of the blocks; what comes live is counted as it comes, and a
// backlog of it as a saved log is. Whatever the way, each item goes through
// [counter.item]. The result is the same for any number of workers and any size
// of block.
package pipeline

import (
	"context"
	"io"
	"runtime"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// Options say how to read. The zero value counts everything.
type Options struct {
	Filter *aggregate.Filter
	// Containers returns a function for one goroutine that finds the container
	// of a record; nil: containers stay unknown.
	Containers func() Find
	// Hold is given the records whose container is not settled, in order, for
	// [Counter.Record] to count them later; nil: they count as they are.
	Hold func(Held)
	// Owns reports whether a record is to be counted. Of those that are not,
	// the serials prove that nothing is missing. Nil: all are counted.
	Owns   func(session uint32, pid int32) bool
	Output Output
	// Node is whose log a Counter counts, for the records that do not say so. Of
	// inputs to Read, each has its own.
	Node string
	// Malformed is told each record that cannot be used, with its input and
	// line; nil: nobody is.
	Malformed func(input string, line int64, reason string, text []byte)
	// PassedOver is told why an input was not read that nobody has named: it is
	// no log. May be nil.
	PassedOver func(error)
	// Notes are what was noticed when the inputs were found.
	Notes []source.Note
	// Opened is told of each input that has been opened; may be nil.
	Opened func(*source.Reader)
	// Refuse is asked about the head of each input; what it says is the error.
	// A file that is no log would be read as one without records. May be nil.
	Refuse func(head []byte) error

	Workers   int // 0: one a core
	BlockSize int // bytes; 0: a good size
}

// Find finds the container of a process at a time; now is when its record was
// read. Both are in ms since the epoch. It is not settled where asking again, a
// little later, may tell more.
type Find func(pid int32, at, now int64) (id *container.Identity, settled bool)

// Output is where each event that counts is shown, in order.
type Output struct {
	Writer io.Writer // nil: only counts
	// Event appends an event as it is to be shown.
	Event func(dst []byte, e *event.Event) []byte
	// Loss appends that so many records are missing at this place; nil: losses
	// are not shown.
	Loss    func(dst []byte, kind aggregate.EvidenceKind, count int64, at time.Time) []byte
	OnlyNew bool // show only the first of each group, call and action
}

// Blocks are large, so that handing them on costs nothing beside counting them.
// Where there are many cores they are smaller, so that all of them together are
// not much more; a block must hold the longest line.
const (
	largestBlock  = 768 << 10
	smallestBlock = 2 * source.MaxLine
	allBlocks     = 8 << 20
)

// Read reads the inputs ("-" is stdin) and returns what they hold together. They
// may be logs or reports in JSON, which are recognised by content. A log that is
// damaged is read up to that place, which is evidence of loss. Any other error
// names its input; nothing is returned then, since a part of the records would
// look like all of them.
func Read(ctx context.Context, inputs []source.Input, stdin io.Reader, o Options) (*aggregate.Summary, error) {
	r := newRun(o)
	err := r.read(ctx, func(ctx context.Context) (in *input) {
		if len(inputs) > 0 {
			in, inputs = r.input(ctx, inputs[0], stdin), inputs[1:]
		}
		return in
	})
	if err == nil && r.logs == 0 && len(r.saved) == 0 {
		err = r.nothing
	}
	if err == nil {
		err = r.notice(o.Notes)
	}
	if err != nil {
		return nil, err
	}
	return r.summary(), nil
}

// run is the state of one Read.
type run struct {
	options Options
	total   *tally.Tally
	shown   shown
	carried *carried
	logs    int                  // inputs that were logs
	saved   []*aggregate.Summary // those that were reports
	nothing error                // of the last one that gave nothing; normal in a rotated set
}

func newRun(o Options) *run {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.BlockSize == 0 {
		o.BlockSize = max(smallestBlock, min(largestBlock, allBlocks/o.Workers))
	}
	return &run{options: o, total: tally.New(o.Filter), shown: shown{}, carried: newCarried()}
}

// jobs is how many blocks of an input are in use at most: one a worker, and one
// that is added to the total or waits for it.
func (r *run) jobs() int { return r.options.Workers + 1 }

// counter returns a counter of an input, with a parser of its own.
func (r *run) counter(t *tally.Tally, input string, layout parser.Layout) *counter {
	c := &counter{options: &r.options, carried: r.carried, tally: t, parser: parser.New(layout), shown: r.shown, input: input, out: &output{}}
	if r.options.Containers != nil {
		c.find = r.options.Containers()
	}
	return c
}

// workerCounter returns a counter with a tally of its own, for the blocks of
// any input.
func (r *run) workerCounter() *counter {
	t := tally.NewWorker(r.options.Filter)
	t.Begin(tally.Source{})
	c := r.counter(t, "", parser.LayoutLines)
	c.partial = true
	return c
}

func (r *run) summary() *aggregate.Summary {
	all := r.saved
	if r.logs > 0 || len(all) == 0 {
		all = append(all, r.total.Summary())
	}
	if len(all) == 1 {
		return all[0]
	}
	return aggregate.Merge(all...)
}
