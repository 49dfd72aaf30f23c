// Package pipeline runs the stages over saved logs, and over what is there of
// a log that grows: source gives blocks of whole lines, one worker a core
// parses them and counts what it finds, and the counts are merged in the order
// of the blocks. The result is the same for any number of workers and any size
// of block.
package pipeline

import (
	"context"
	"io"
	"runtime"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// Options say how to read. The zero value counts everything.
type Options struct {
	Filter   *aggregate.Filter
	Identify func(*parser.Record) *container.Identity // nil: containers stay unknown
	Live     *Live                                    // nil: the log is a saved one
	Events   io.Writer                                // nil: only counts; else each record that counts, as a line of JSON
	Text     bool                                     // Events are lines for people, and no losses
	OnlyNew  bool                                     // of Events only the first of each group, call and action
	// Malformed is told each record that cannot be used; nil: nobody is.
	Malformed func(input string, line int64, m *parser.Malformed)
	Opened    func(*source.Reader) // told each input that is opened, one at a time; may be nil
	// Refuse is asked about the head of each input; what it says is the error.
	// A file that is no log would be read as one without records. May be nil.
	Refuse func(head []byte) error

	Workers   int // 0: one a core
	BlockSize int // bytes; 0: a good size
}

// Blocks are large, so that handing them on costs nothing beside counting them.
// Where there are many cores they are smaller, so that all of them together are
// not much more; a block must hold the longest line.
const (
	largestBlock  = 768 << 10
	smallestBlock = 2 * source.MaxLine
	allBlocks     = 8 << 20
)

// Read reads the named inputs ("-" is stdin) and returns what they hold
// together. Inputs may be logs or reports in JSON, which are recognised by
// content. An error names its input; nothing is returned then, since a part of
// the records would look like all of them.
func Read(ctx context.Context, names []string, stdin io.Reader, o Options) (*aggregate.Summary, error) {
	r := newRun(o)
	err := r.read(ctx, func(ctx context.Context) (in *input) {
		if len(names) > 0 {
			in, names = r.input(ctx, names[0], stdin), names[1:]
		}
		return in
	})
	if err == nil && r.logs == 0 && len(r.saved) == 0 {
		err = r.empty
	}
	if err != nil {
		return nil, err
	}
	return r.summary(), nil
}

// run is the state of one Read.
type run struct {
	Options
	total *aggregate.Builder
	shown shown
	logs  int                  // inputs that were logs
	saved []*aggregate.Summary // those that were reports
	empty error                // of the last one that was empty; normal in a rotated set
}

func newRun(o Options) *run {
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.BlockSize == 0 {
		o.BlockSize = max(smallestBlock, min(largestBlock, allBlocks/o.Workers))
	}
	return &run{Options: o, total: aggregate.NewBuilder(o.Filter), shown: shown{}}
}

// jobs is how many blocks of an input are in use at most: one a worker, and one
// that is added to the total or waits for it.
func (r *run) jobs() int { return r.Workers + 1 }

// counter returns a counter of an input, with a parser of its own.
func (r *run) counter(b *aggregate.Builder, input string, layout parser.Layout) *counter {
	return &counter{Options: &r.Options, b: b, p: parser.New(layout), ask: r.Options.ask(), shown: r.shown, input: input}
}

// worker returns a counter with a builder of its own, for the blocks of any
// input.
func (r *run) worker() *counter {
	b := aggregate.NewWorker(r.Filter)
	b.Input("", "")
	w := r.counter(b, "", parser.Lines)
	w.part = true
	return w
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
