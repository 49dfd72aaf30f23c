package main

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/source"
)

// barDelay is how long people wait before they wonder: what is read sooner
// needs no progress bar.
const barDelay = time.Second

// progress is a bar on stderr over all inputs. The zero value shows nothing.
type progress struct {
	total int64  // bytes of all inputs; 0: not known, one is a pipe
	what  string // is read
	out   io.Writer
	stop  chan struct{}
	ended sync.WaitGroup
	mu    sync.Mutex
	done  int64            // bytes of those that are read to their end
	in    []*source.Reader // those opened last
}

// openInputs is more than are read at once: who was opened before so many others
// has been read.
const openInputs = 32

// newProgress starts the bar, unless nobody would see it, or somebody types
// the input.
func newProgress(env *environment, files []source.Input, quiet bool) *progress {
	p := &progress{out: plain(env.stderr), what: "reading "}
	if quiet || !term.IsTerminal(env.stderr) || term.IsDumb(env.getenv) {
		return p
	}
	if p.total = totalSize(files); p.total == 0 && term.IsTerminal(env.stdin) {
		return p
	}
	if len(files) == 1 && files[0].Path == "-" {
		p.what = "reading standard input "
	}
	p.stop = make(chan struct{})
	p.ended.Go(p.show)
	return p
}

// shown reports whether somebody sees the bar.
func (p *progress) shown() bool { return p.stop != nil }

// totalSize returns the bytes of all files together; 0: one of them does not
// tell.
func totalSize(files []source.Input) (total int64) {
	for _, file := range files {
		info, err := os.Stat(file.Path)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// opened is told each input. It keeps none that nobody asks about: a folder can
// have a hundred thousand.
func (p *progress) opened(in *source.Reader) {
	if !p.shown() {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.in = append(p.in, in); len(p.in) > openInputs {
		p.done += p.in[0].Consumed()
		p.in = p.in[1:]
	}
}

// show draws the bar until it is stopped.
func (p *progress) show() {
	start := time.Now()
	select {
	case <-p.stop:
		return
	case <-time.After(barDelay):
	}
	bars := mpb.New(mpb.WithOutput(p.out), mpb.WithAutoRefresh())
	bar := p.bar(bars, start)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			bar.Abort(true)
			bars.Wait()
			return
		case <-tick.C:
			bar.SetCurrent(p.consumed())
		}
	}
}

// bar tells bytes and rate and, where the end is known, how far that is.
func (p *progress) bar(bars *mpb.Progress, start time.Time) *mpb.Bar {
	rate := decor.NewAverageSpeed(decor.SizeB1024(0), "  % .0f", start)
	if p.total == 0 {
		return bars.AddSpinner(0, mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
			mpb.PrependDecorators(decor.Name(p.what)), mpb.AppendDecorators(decor.CurrentKibiByte("% .1f"), rate))
	}
	return bars.AddBar(p.total, mpb.BarRemoveOnComplete(), mpb.BarWidth(20),
		mpb.PrependDecorators(decor.Name(p.what)),
		mpb.AppendDecorators(decor.CountersKibiByte("% .1f / % .1f"), rate,
			decor.Name("  "), decor.NewAverageETA(decor.ET_STYLE_GO, start, nil), decor.Name(" left")))
}

func (p *progress) consumed() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.done
	for _, in := range p.in {
		n += in.Consumed()
	}
	return n
}

// end takes the bar away.
func (p *progress) end() {
	if p.shown() {
		close(p.stop)
		p.ended.Wait()
	}
}
