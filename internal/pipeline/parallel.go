package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// job is a block on its way through the workers.
type job struct {
	buf   []byte
	block []byte
	part  *aggregate.Part // what the block proves; the worker keeps the counts
	lines int64
	out   counterOutput
	done  chan struct{} // has a value once the block is counted
	err   error         // the input ended here; io.EOF or what went wrong
}

// parallel reads an input whose lines each stand for themselves.
func (r *run) parallel(ctx context.Context, in *source.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	depth := 2 * r.Workers
	free, work, ordered := make(chan *job, depth), make(chan *job, depth), make(chan *job, depth)
	for range depth {
		free <- &job{done: make(chan struct{}, 1)}
	}
	workers := make([]*counter, r.Workers)
	for i := range workers {
		workers[i] = r.counter(in)
		wg.Go(func() {
			for j := range work {
				j.count(workers[i])
			}
		})
	}
	wg.Go(func() {
		defer close(work)
		defer close(ordered)
		r.feed(ctx, in, free, work, ordered)
	})
	err := r.collect(ctx, in, ordered, free)
	cancel()
	wg.Wait()
	for _, w := range workers {
		r.total.Merge(w.b)
	}
	return err
}

// counter returns a counter with a builder of its own.
func (r *run) counter(in *source.Reader) *counter {
	b := aggregate.NewBuilder(r.Filter)
	b.Input(in.Name(), "")
	return &counter{Options: &r.Options, b: b, p: parser.New(parser.Lines), input: in.Name()}
}

// feed reads blocks into free jobs and hands them to the workers and, in
// order, to the collector.
func (r *run) feed(ctx context.Context, in *source.Reader, free <-chan *job, work, ordered chan<- *job) {
	for {
		var j *job
		select {
		case j = <-free:
		case <-ctx.Done():
			return
		}
		if j.buf == nil {
			j.buf = make([]byte, r.BlockSize)
		}
		j.block, j.err = in.Next(j.buf)
		if j.err == nil {
			work <- j
		} else {
			j.done <- struct{}{}
		}
		ordered <- j
		if j.err != nil {
			return
		}
	}
}

// count parses the job's block with a worker's counter.
func (j *job) count(w *counter) {
	w.before = 0
	w.counterOutput = j.out
	w.block(j.block)
	j.part, j.lines, j.out = w.b.Cut(), w.before, w.counterOutput
	j.done <- struct{}{}
}

// collect puts the parts together in order.
func (r *run) collect(ctx context.Context, in *source.Reader, ordered <-chan *job, free chan<- *job) error {
	again := &counter{Options: &r.Options, b: r.total, p: parser.New(parser.Lines), input: in.Name()}
	twice := r.counter(in)
	defer func() { r.total.Subtract(twice.b) }()
	for j := range ordered {
		<-j.done
		if errors.Is(j.err, io.EOF) {
			r.oversize(in)
			return nil
		}
		if j.err != nil {
			return j.err
		}
		if err := r.append(j, again, twice); err != nil {
			return err
		}
		free <- j
	}
	return ctx.Err()
}

// append adds a block to the total. Where some record of it may have been
// seen before, it is parsed again, each record against all others; and since
// the worker has counted it already, once more to take that away.
func (r *run) append(j *job, again, twice *counter) error {
	if r.total.Append(j.part) {
		j.out.shift(again.before)
		again.before += j.lines
		return j.out.write(&r.Options, again.input)
	}
	j.out.reset()
	twice.block(j.block)
	twice.b.Cut()
	twice.reset()
	again.block(j.block)
	return again.write(&r.Options, again.input)
}
