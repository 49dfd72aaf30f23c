package pipeline

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// Blocks gives the lines of a log, as [source.Reader] does.
type Blocks interface {
	// Next fills buf with whole lines that follow and returns the part in use.
	// At the end it returns io.EOF.
	Next(buf []byte) ([]byte, error)
	// Trim is what is to be done of each block besides. It may be called by
	// several goroutines.
	Trim(block []byte) []byte
}

// job is a block on its way through the workers.
type job struct {
	buf   []byte
	block []byte
	part  aggregate.Part // what the block proves; the worker keeps the counts
	lines int64
	out   counterOutput
	done  chan struct{} // has a value once the block is counted
	fault error         // the block could not be read when it was parsed
	err   error         // the input ended here; io.EOF or what went wrong
}

// parallel reads an input whose lines each stand for themselves, and counts
// what it holds as total, the counter of the whole, would do.
func (r *run) parallel(ctx context.Context, in Blocks, total *counter) error {
	q := newQueue(in, r.jobs(), r.BlockSize)
	return r.work(ctx, q, r.Workers, q.next, total)
}

// unpacked is parallel for an input that has to be decompressed: one core does
// that, since it needs what it gave last, which is at hand only there.
func (r *run) unpacked(ctx context.Context, in Blocks, total *counter) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	q := newQueue(in, r.jobs(), 2*r.BlockSize) // to hand a block on to another core costs more
	read := make(chan *job, cap(q.free))       // has room for all
	go func() {
		defer close(read)
		for j := q.next(ctx); j != nil; j = q.next(ctx) {
			read <- j
		}
	}()
	next := func(ctx context.Context) *job {
		select {
		case j := <-read:
			return j
		case <-ctx.Done():
			return nil
		}
	}
	err := r.work(ctx, q, max(1, r.Workers-1), next, total)
	cancel()
	for range read { // until in is not used any more
	}
	return err
}

// work lets workers count the blocks that next gives, until it gives nil.
func (r *run) work(ctx context.Context, q *queue, n int, next func(context.Context) *job, total *counter) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	workers := make([]*counter, n)
	for i := range workers {
		workers[i] = r.worker(total.input)
		wg.Go(func() {
			for j := next(ctx); j != nil; j = next(ctx) {
				j.count(workers[i], q.in)
			}
		})
	}
	err := r.collect(ctx, total, q)
	cancel()
	wg.Wait()
	for _, w := range workers {
		r.total.Merge(w.b)
	}
	return err
}

// jobs is how many blocks are in use at most: one a worker, and two that are
// put together with those before them, or wait for it.
func (r *run) jobs() int { return r.Workers + 2 }

// counter returns a counter of an input, with a parser of its own.
func (r *run) counter(b *aggregate.Builder, input string, layout parser.Layout) *counter {
	return &counter{Options: &r.Options, b: b, p: parser.New(layout), ask: r.Options.ask(), shown: r.shown, input: input}
}

// worker returns a counter with a builder of its own.
func (r *run) worker(input string) *counter {
	b := aggregate.NewWorker(r.Filter)
	b.Input(input, "")
	w := r.counter(b, input, parser.Lines)
	w.part = true
	return w
}

// queue hands the blocks of an input to the workers and, in order, to the
// collector. Where nothing has to be decompressed the workers read in turn,
// each its own block, so that it parses what its core has just copied.
type queue struct {
	in            Blocks
	free, ordered chan *job
	turn          sync.Mutex
	ended         bool
}

func newQueue(in Blocks, jobs, blockSize int) *queue {
	q := &queue{in: in, free: make(chan *job, jobs), ordered: make(chan *job, jobs)}
	for range jobs {
		q.free <- &job{buf: make([]byte, blockSize), done: make(chan struct{}, 1)}
	}
	return q
}

// next reads the next block; nil at the end, which the collector is told.
func (q *queue) next(ctx context.Context) *job {
	var j *job
	select {
	case j = <-q.free:
	case <-ctx.Done():
		return nil
	}
	q.turn.Lock()
	defer q.turn.Unlock()
	if q.ended {
		return nil
	}
	if err := guarded(func() { j.block, j.err = q.in.Next(j.buf) }); err != nil {
		j.err = err
	}
	q.ordered <- j // has room for all
	if j.err != nil {
		q.ended = true
		return nil
	}
	return j
}

// take returns the blocks in their order, and at the end io.EOF or what went
// wrong.
func (q *queue) take(ctx context.Context) (*job, error) {
	select {
	case j := <-q.ordered:
		return j, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// count parses the job's block with a worker's counter.
func (j *job) count(w *counter, in Blocks) {
	w.before = 0
	w.counterOutput = j.out
	j.fault = guarded(func() {
		j.block = in.Trim(j.block)
		w.block(j.block)
	})
	w.b.Cut(&j.part)
	j.lines, j.out = w.before, w.counterOutput
	j.done <- struct{}{}
}

// collect puts the parts together in order.
func (r *run) collect(ctx context.Context, total *counter, q *queue) error {
	twice := r.worker(total.input)
	counts := Options{Filter: r.Filter}
	twice.Options = &counts
	defer func() { r.total.Subtract(twice.b) }()
	for {
		j, err := q.take(ctx)
		if err == nil {
			<-j.done
			err = j.fault
		}
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = r.append(j, total, twice)
		}
		if err != nil {
			return err
		}
		q.free <- j
	}
}

// append adds a block to the total. Where some record of it may have been
// seen before, it is parsed again, each record against all others; and since
// the worker has counted it already, once more to take that away.
func (r *run) append(j *job, total, twice *counter) error {
	if r.total.Append(&j.part) {
		j.out.shift(total.before)
		total.before += j.lines
		j.out.events = j.out.firsts.among(j.out.events, &r.Options, r.shown)
		if err := j.out.write(&r.Options, total.input); err != nil {
			return err
		}
		return total.write(&r.Options, total.input)
	}
	known := j.out.answers
	j.out.reset()
	var part aggregate.Part
	err := guarded(func() {
		twice.recount(j.block, known)
		twice.b.Cut(&part)
		r.total.SubtractPart(&part)
		twice.reset()
		total.recount(j.block, known)
	})
	return errors.Join(err, total.write(&r.Options, total.input))
}
