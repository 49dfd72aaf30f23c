package pipeline

import (
	"cmp"
	"context"
	"sync"
)

// atOnce is how many inputs are read at most, since each has blocks in memory.
const atOnce = 8

// pool reads inputs with one worker a core. Each does what is to be done next:
// it counts a block that was read, else it reads one, else it opens the next
// input, so that several files are decompressed at once where cores would be
// idle. Whoever has counted a block adds to the total what can be added in
// order.
type pool struct {
	run   *run
	open  func(context.Context) *input // the next one; nil: there is none
	twice *counter                     // counts what was counted a second time

	mu      sync.Mutex
	wake    sync.Cond // there is something to do: for anyone (Signal), or for some (Broadcast)
	inputs  []*input  // those that are not all in the total, in order
	opening bool      // by some worker
	adding  bool      // by some worker
	opened  bool      // all there are
	err     error     // why it ends early
}

// worker is one of the pool's.
type worker struct {
	counter *counter
	// unpacks: what it decompresses keeps another one busy, so it goes on with
	// that, or with the next file, before it counts.
	unpacks bool
	free    []*job // not in use: their memory is in the caches of its core
}

// read lets workers count what open gives, as r.total would count it alone.
func (r *run) read(ctx context.Context, open func(context.Context) *input) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &pool{run: r, open: open, twice: r.workerCounter()}
	p.wake.L = &p.mu
	p.twice.options = &Options{Filter: r.options.Filter, Hold: r.options.Hold} // it shows nothing
	defer context.AfterFunc(ctx, func() { p.stop(ctx.Err()) })()
	var wg sync.WaitGroup
	workers := make([]*worker, r.options.Workers)
	for i := range workers {
		workers[i] = &worker{counter: r.workerCounter()}
		wg.Go(func() {
			if !p.work(ctx, workers[i]) {
				cancel() // reading from a pipe
			}
		})
	}
	wg.Wait()
	for _, in := range p.inputs { // where it ended early
		in.close()
	}
	for _, w := range workers {
		r.total.Merge(w.counter.tally.Counts())
	}
	r.total.Subtract(p.twice.tally.Counts())
	p.mu.Lock() // ctx can end now, too
	defer p.mu.Unlock()
	return p.err
}

// stop ends it all early.
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

// unlocked calls f, which takes its time, while others work on.
func (p *pool) unlocked(f func()) {
	p.mu.Unlock()
	defer p.mu.Lock()
	f()
}

// openNext opens the next input, unless those that are open keep all busy.
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
	p.wake.Broadcast()
	return true
}

// countReady counts the first block that was read for others to count.
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

// fillNext reads of the first input of which a block can be read and that has
// room for one. What is compressed is left to who began with it.
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

// fill reads a block, and counts what its core has just copied.
func (p *pool) fill(w *worker, in *input) {
	p.unlocked(in.turn.Lock)
	j := p.next(w, in)
	in.turn.Unlock()
	p.count(w, in, j)
}

// unpack decompresses for as long as there is room, for others to count: what
// it gave last is needed again, and at hand on this core only.
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

// next reads the next block of the input whose turn the worker has; nil at its
// end.
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
		p.wake.Broadcast()
		return nil
	}
	return j
}

// job returns one of the worker's that is not in use.
func (p *pool) job(w *worker) *job {
	n := len(w.free)
	if n == 0 {
		return &job{owner: w, buf: make([]byte, p.run.options.BlockSize)}
	}
	j := w.free[n-1]
	w.free = w.free[:n-1]
	return j
}

// count counts a block, if there is one, and adds what can be added. Lines
// that belong together are counted when they are added.
func (p *pool) count(w *worker, in *input, j *job) {
	if j != nil {
		if in.apart {
			p.unlocked(func() { j.count(w.counter, in) })
		}
		j.counted = true
	}
	p.add()
}

// add adds to the total what comes next and has been counted. One worker at a
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

// added gives back what is in the total. Who waits for room waits for the first
// that there is.
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
		p.wake.Broadcast()
	}
}
