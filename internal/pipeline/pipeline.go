// Package pipeline runs the stages over saved logs, and over what is there of
// a log that grows: source gives blocks of whole lines, one worker a core
// parses them and counts what it finds, and the counts are merged in the order
// of the blocks. The result is the same for any number of workers and any size
// of block.
package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
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
	Opened    func(*source.Reader) // told each input that is opened; may be nil
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

// Read reads the named inputs ("-" is stdin) one after the other and returns
// what they hold together. Inputs may be logs or reports in JSON, which are
// recognised by content. An error names its input; nothing is returned then,
// since a part of the records would look like all of them.
func Read(ctx context.Context, names []string, stdin io.Reader, o Options) (*aggregate.Summary, error) {
	r := newRun(o)
	var empty error
	for _, name := range names {
		err := r.input(ctx, name, stdin)
		if errors.Is(err, source.ErrEmpty) {
			empty = err // normal in a rotated set
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	if empty != nil && r.logs == 0 && len(r.saved) == 0 {
		return nil, empty
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

// input reads one input.
func (r *run) input(ctx context.Context, name string, stdin io.Reader) error {
	in, err := open(name, stdin)
	if err != nil {
		return err
	}
	defer in.Close()
	in.Until(ctx)
	if r.Opened != nil {
		r.Opened(in)
	}
	head, err := in.Peek(4 << 10)
	if err != nil {
		return err
	}
	if r.Refuse != nil {
		if err := r.Refuse(head); err != nil {
			return fmt.Errorf("%s: %w", in.Name(), err)
		}
	}
	if report.Sniff(head) {
		return r.report(in)
	}
	if binary(head) {
		return fmt.Errorf("%s: not a log: it starts with binary data", in.Name())
	}
	r.logs++
	r.total.Input(in.Name(), trustOf(name))
	layout, read := parser.Sniff(head), r.sequential
	if layout == parser.Lines {
		in.Map(r.BlockSize, r.jobs())
		if read = r.parallel; in.Packed() {
			read = r.unpacked
		}
	}
	err = read(ctx, in, r.counter(r.total, in.Name(), layout))
	// Of a file that was cut short a part was read, with or without a fault.
	if cut := in.Whole(); cut != nil && (err == nil || errors.Is(err, errFault)) {
		return cut
	}
	if errors.Is(err, errFault) {
		err = fmt.Errorf("%s: %w", in.Name(), err)
	}
	if err != nil {
		return err
	}
	return r.oversize(in)
}

func open(name string, stdin io.Reader) (*source.Reader, error) {
	if name == "-" {
		return source.NewReader("-", stdin), nil
	}
	return source.Open(name)
}

// trustOf is what a source vouches for before its records are seen: a pipe
// can hold what anyone has written.
func trustOf(name string) aggregate.Trust {
	if name == "-" {
		return aggregate.TrustText
	}
	return ""
}

// binary tells whether a file's head is no text. NUL bytes stand in logs too:
// between lines after a crash, and in front where copytruncate has emptied the
// file and its writer goes on at its old offset.
func binary(head []byte) bool {
	head = bytes.TrimLeft(bytes.ReplaceAll(head, []byte("\x00\x00\x00\x00"), nil), "\x00")
	control := 0
	for _, c := range head[:min(len(head), 512)] {
		if c < 0x20 && c != '\n' && c != '\t' && c != '\r' && c != 0x1b && c != 0x1d && c != 0x1e {
			control++
		}
	}
	return control*50 > min(len(head), 512) // random bytes have five times as many
}

// report reads an input that is a report or a stream of events. What is left
// of either is counts, so no events can be made of them.
func (r *run) report(in *source.Reader) error {
	if r.Events != nil {
		return fmt.Errorf("%s: not a log, so its records cannot be given as events: use another format", in.Name())
	}
	s, err := report.Read(in.Text(), in.Name())
	if err != nil {
		return err
	}
	r.saved = append(r.saved, r.Filter.Apply(s))
	return nil
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

// sequential reads an input whose lines belong together.
func (r *run) sequential(ctx context.Context, in Blocks, total *counter) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	q := newQueue(in, r.jobs(), r.BlockSize)
	wg.Go(func() { // decompresses while the parser runs
		for q.next(ctx) != nil {
		}
	})
	for {
		j, err := q.take(ctx)
		switch {
		case err == io.EOF:
			total.flush()
		case err != nil:
			return err
		default:
			total.block(j.block)
			q.free <- j
		}
		if werr := total.write(&r.Options, total.input); werr != nil || err != nil {
			return werr
		}
	}
}

// oversize counts the lines that were too long to be any record.
func (r *run) oversize(in *source.Reader) error {
	n := in.Oversize()
	for range n {
		r.total.Malformed(fmt.Sprintf("line longer than %d KiB", source.MaxLine>>10), 0)
	}
	if n == 0 || r.Events == nil {
		return nil
	}
	_, err := r.Events.Write(report.AppendLoss(nil, aggregate.Malformed, n, time.Time{}))
	return err
}
