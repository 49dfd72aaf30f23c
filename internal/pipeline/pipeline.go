// Package pipeline runs the stages: source gives blocks of whole lines, the
// parser finds items in them, and a tally counts those. Saved logs are read by
// one worker per core; their counts are merged, and their proofs are joined in
// the order of the blocks. Live lines are counted as they come, and a backlog
// of them like a saved log. Every item goes through [counter.item]. The result
// is the same for any number of workers and any block size.
package pipeline

import (
	"context"
	"io"
	"runtime"

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
	// Hold receives the records whose container is not settled, in order, to be
	// counted by [Counter.Record] later; nil: they are counted at once.
	Hold func(Held)
	// Owns reports whether a record is to be counted; of the others only the
	// serials are noted. Nil: all are counted.
	Owns   func(session uint32, pid int32) bool
	Output Output
	// Node is the node of a Counter's log, for records that name none. Each
	// input of Read has its own.
	Node string
	// Malformed, if not nil, is called for each record that cannot be used,
	// with its input and line: also for those of kernels before 3.8, which name
	// no architecture, without text.
	Malformed func(input string, line int64, reason string, text []byte)
	// PassedOver, if not nil, is called with the reason why a file was skipped
	// that was found rather than named: it is no log.
	PassedOver func(error)
	// Notes are what was noticed while the inputs were collected.
	Notes []source.Note
	// Opened, if not nil, is called for each input that was opened.
	Opened func(*source.Reader)
	// Refuse, if not nil, is called with the head of each input; its error
	// refuses the input, which would else be read as a log without records.
	Refuse func(head []byte) error

	Workers   int // 0: one a core
	BlockSize int // bytes; 0: a good size
}

// Find finds the container of a process at a time; now is when its record was
// read. Both are in ms since the epoch. The answer is not settled if it may
// become better a little later.
type Find func(pid int32, at, now int64) (id *container.Identity, settled bool)

// Output is where each event that counts is written, in order.
type Output struct {
	Writer io.Writer // nil: only counts
	// Event appends an event as text.
	Event func(dst []byte, e *event.Event) []byte
	// Loss appends, as text, that records are missing at this place; nil:
	// losses are not written.
	Loss    func(dst []byte, l aggregate.Loss) []byte
	OnlyNew bool // show only the first of each group, call and action
}

// Blocks are large, so that passing them on costs little compared with counting
// them. With many cores they are smaller, to bound their total. A block must
// hold the longest line.
const (
	largestBlock  = 768 << 10
	smallestBlock = 2 * source.MaxLine
	allBlocks     = 8 << 20
)

// Read reads the inputs ("-" is stdin) and returns what they hold together.
// Logs, and reports in JSON, are recognised by content. A damaged log is read
// up to the damage, which is evidence of loss. Any other error names its input,
// and there is no summary then, since a part of the records would look like all
// of them.
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
		r.noticePassedOver()
		err = r.notice(o.Notes)
	}
	if err != nil {
		return nil, err
	}
	return r.summary(), nil
}

// run is the state of one Read.
type run struct {
	options    Options
	total      *tally.Tally
	shown      shown
	carried    *carried
	writers    source.Writers       // of the inputs
	logs       int                  // inputs that were logs
	lives      int                  // of Counter: inputs beside the first
	saved      []*aggregate.Summary // those that were reports
	passedOver []passedOver
	nothing    error // why the last input gave nothing; normal in a rotated set
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

// jobs is the most blocks of an input that are in use: one per worker, and one
// that is being added to the total or waits for that.
func (r *run) jobs() int { return r.options.Workers + 1 }

// counter returns a counter for an input, with its own parser.
func (r *run) counter(t *tally.Tally, input string, layout parser.Layout) *counter {
	c := &counter{options: &r.options, carried: r.carried, tally: t, layout: layout, shown: r.shown, input: input, out: &output{}}
	if r.options.Containers != nil {
		c.find = r.options.Containers()
	}
	return c
}

// workerCounter returns a counter with its own tally, for blocks of any input.
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
