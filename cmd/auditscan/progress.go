package main

import (
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/source"
)

// largeInput is from where on a progress bar is worth its line: about a
// second of reading compressed logs.
const largeInput = 64 << 20

// progress is a bar on stderr over all inputs. The zero value shows nothing:
// stderr is no terminal, or the inputs are small.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	stop chan struct{}
	mu   sync.Mutex
	in   []*source.Reader // all that were opened
}

func newProgress(env *environment, files []source.Input, quiet bool) *progress {
	if quiet || !term.IsTerminal(env.stderr) {
		return &progress{}
	}
	total := int64(0)
	for _, file := range files {
		if info, err := os.Stat(file.Path); err == nil && info.Mode().IsRegular() {
			total += info.Size()
		}
	}
	if total < largeInput {
		return &progress{}
	}
	p := &progress{stop: make(chan struct{})}
	p.bars = mpb.New(mpb.WithOutput(plain(env.stderr)), mpb.WithWidth(40))
	p.bar = p.bars.AddBar(total, mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name("reading ")), mpb.AppendDecorators(decor.Percentage()))
	go p.update()
	return p
}

// opened is told each input.
func (p *progress) opened(in *source.Reader) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.in = append(p.in, in)
}

// update moves the bar until it is stopped.
func (p *progress) update() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.bar.SetCurrent(p.consumed())
		}
	}
}

func (p *progress) consumed() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, in := range p.in {
		n += in.Consumed()
	}
	return n
}

// end takes the bar away.
func (p *progress) end() {
	if p.bars == nil {
		return
	}
	close(p.stop)
	p.bar.Abort(true)
	p.bars.Wait()
}
