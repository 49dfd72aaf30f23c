package pipeline

import (
	"cmp"
	"context"
	"sync"
)

// atOnce bounds the inputs that are read at the same time, since each has
// blocks in memory.
const atOnce = 8

// pool reads inputs with one worker per core. Each takes the next task: it
// counts a block that was read, else reads one, else opens the next input, so
// that several files are decompressed at once if cores would be idle. A worker
// that has counted a block adds to the total what is next in order.
type pool struct {
	run   *run
	open  func(context.Context) *input // returns the next input, nil if there is none
	twice *counter                     // counts what is to be subtracted

	mu      sync.Mutex
	wake    sync.Cond // there is work: for one worker (Signal) or for several (Broadcast)
	inputs  []*input  // those not yet wholly in the total, in order
	opening bool      // by some worker
	adding  bool      // by some worker
	opened  bool      // all inputs were opened
	err     error     // why work ends early
}

// worker is one of the pool's workers.
type worker struct {
	counter *counter
	// unpacks is set while what it decompresses keeps another worker busy: it
	// continues with that, or with the next file, before it counts.
	unpacks bool
	free    []*job // not in use; their memory is in the cache of its core
}

// read has workers count the inputs that open returns; the result is as if
// r.total had counted them alone.
func (r *run) read(ctx context.Context, open func(context.Context) *input) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pool{run: r, open: open, twice: r.workerCounter()}
	p.wake.L = &p.mu
	p.twice.options = &Options{Filter: r.options.Filter, Hold: r.options.Hold} // it has no output
	defer context.AfterFunc(ctx, func() { p.stop(ctx.Err()) })()
	var wg sync.WaitGroup
	workers := make([]*worker, r.options.Workers)
	for i := range workers {
		workers[i] = &worker{counter: r.workerCounter()}
		wg.Go(func() {
			if !p.work(ctx, workers[i]) {
				cancel() // ends a read from a pipe
			}
		})
	}
	wg.Wait()
	for _, in := range p.inputs { // if work ended early
		in.close()
	}
	for _, w := range workers {
		r.total.Merge(w.counter.tally.Counts())
	}
	r.total.Subtract(p.twice.tally.Counts())
	p.mu.Lock() // ctx can still end now
	defer p.mu.Unlock()
	return p.err
}

// stop ends all work early.
func (p *pool) stop(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = cmp.Or(p.err, err)
	p.wake.Broadcast()
}

// work takes tasks until none is left, or the pool is stopped.
func (p *pool) work(ctx context.Context, w *worker) (done bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.err == nil {
		switch {
		case !w.unpacks && p.countReady(w):
		case p.fillNext(w):
		case p.openNext(ctx):
		case p.countReady(w):
		case p.opened && len(p.inputs) == 0:
			return true
		default:
			p.wake.Wait()
		}
	}
	return false
}

// unlocked calls f, which may take long, without the lock.
func (p *pool) unlocked(f func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	f()
}

// openNext opens the next input, unless the open ones keep all workers busy.
func (p *pool) openNext(ctx context.Context) bool {
	busy := 0
	for _, in := range p.inputs {
		if !in.ended {
			busy += in.workers
		}
	}
	if p.opened || p.opening || busy >= p.run.options.Workers || len(p.inputs) >= atOnce {
		return false
	}
	p.opening = true
	var in *input
	p.unlocked(func() { in = p.open(ctx) })
	p.opening, p.opened = false, in == nil
	if in != nil {
		p.inputs = append(p.inputs, in)
	}
	p.announce(in)
	return true
}

// announce wakes the others after an input has changed. To read a small file
// takes less time than to wake somebody for it, so it is left to the one who
// opened it, who takes the next one then; but not the last.
func (p *pool) announce(in *input) {
	if in == nil || !in.small || p.opened && len(p.inputs) == 0 {
		p.wake.Broadcast()
	}
}

// countReady counts the first block that was read and waits to be counted.
func (p *pool) countReady(w *worker) bool {
	for _, in := range p.inputs {
		if len(in.ready) > 0 {
			j := in.ready[0]
			in.ready = in.ready[1:]
			p.count(w, in, j)
			return true
		}
	}
	return false
}

// fillNext reads a block of the first input that has room for one. A compressed
// input is left to the worker that began it.
func (p *pool) fillNext(w *worker) bool {
	for _, in := range p.inputs {
		if in.ended || in.room == 0 || in.unpacker != nil && in.unpacker != w {
			continue
		}
		in.room--
		if in.packed {
			p.unpack(w, in)
		} else {
			p.fill(w, in)
		}
		return true
	}
	return false
}

// fill reads a block and counts it, while its text is in the core's cache.
func (p *pool) fill(w *worker, in *input) {
	p.unlocked(in.turn.Lock)
	j := p.next(w, in)
	in.turn.Unlock()
	p.count(w, in, j)
}

// unpack decompresses as long as there is room, and leaves the counting to
// others: the decoder's window is in the cache of this core only.
func (p *pool) unpack(w *worker, in *input) {
	in.unpacker, w.unpacks = w, in.workers > 1
	for j := p.next(w, in); j != nil; j = p.next(w, in) {
		in.ready = append(in.ready, j)
		p.wake.Signal()
		if in.room == 0 || p.err != nil {
			break
		}
		in.room--
	}
	p.add()
}

// next reads the next block of the input, which no other worker reads
// meanwhile; nil at its end.
func (p *pool) next(w *worker, in *input) *job {
	if in.ended {
		in.room++
		return nil
	}
	j := p.job(w)
	p.unlocked(func() { j.read(in) })
	in.order = append(in.order, j)
	if j.err != nil {
		in.ended, j.counted = true, true
		p.announce(in)
		return nil
	}
	return j
}

// job returns a job of the worker that is not in use.
func (p *pool) job(w *worker) *job {
	n := len(w.free)
	if n == 0 {
		return &job{owner: w, buf: make([]byte, p.run.options.BlockSize)}
	}
	j := w.free[n-1]
	w.free = w.free[:n-1]
	return j
}

// count counts a block, if there is one, and adds what can be added. Lines that
// belong together are counted only when they are added.
func (p *pool) count(w *worker, in *input, j *job) {
	if j != nil {
		if in.apart {
			p.unlocked(func() { j.count(w.counter, in) })
		}
		j.counted = true
	}
	p.add()
}

// add adds to the total what is next in order and was counted. One worker at a
// time does so.
func (p *pool) add() {
	if p.adding {
		return
	}
	p.adding = true
	for p.err == nil && len(p.inputs) > 0 {
		in := p.inputs[0]
		if len(in.order) == 0 || !in.order[0].counted {
			break
		}
		j := in.order[0]
		var err error
		p.unlocked(func() {
			if err = p.run.append(in, j, p.twice); err != nil {
				p.stop(err)
			}
		})
		if err == nil {
			p.added(in, j)
		}
	}
	p.adding = false
}

// added frees a job that is in the total. Workers that wait for room wait until
// there is any at all, so only the first is announced.
func (p *pool) added(in *input, j *job) {
	j.counted = false
	j.owner.free = append(j.owner.free, j)
	in.order = in.order[1:]
	if in.room++; in.room == 1 {
		p.wake.Broadcast()
	}
	if j.err != nil {
		p.inputs = p.inputs[1:]
		p.unlocked(in.close)
		p.announce(in)
	}
}
