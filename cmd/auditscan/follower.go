package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// refresh is how often the live table is drawn, and the state saved: often
// enough to seem live, rarely enough to be read.
const refresh = 500 * time.Millisecond

// follower counts what a stream gives and shows it.
type follower struct {
	env     *environment
	flags   *followFlags
	from    *origin
	state   *state // nil: none is kept
	json    bool   // one object a line
	live    bool   // a table that refreshes in place
	filter  *aggregate.Filter
	stdout  gatherer
	counts  *pipeline.Counter
	total   *aggregate.Builder // of counts
	hold    *container.Hold[pipeline.Held]
	now     time.Time // when the chunk came
	changed bool      // since the table was drawn
	at      positions // behind the chunk counted last
	saved   time.Time // when the state was saved last
	unsaved bool      // since then
	height  int       // lines of the table on the screen
}

func newFollower(env *environment, f *followFlags, from *origin, filter *aggregate.Filter, json bool) *follower {
	return &follower{
		env: env, flags: f, from: from, json: json, live: !json && !f.onlyNew && term.IsTerminal(env.stdout),
		filter: filter, stdout: gatherer{w: env.stdout}, changed: true,
	}
}

// count makes what counts, with the containers that who tells.
func (w *follower) count(who *attribution) {
	o := pipeline.Options{Filter: w.filter, Text: !w.json, OnlyNew: w.flags.onlyNew, Live: &pipeline.Live{Identify: who.identify, Hold: w.wait}}
	if !w.live {
		o.Events = &w.stdout
	}
	w.counts = pipeline.NewCounter(w.from.stream.Name(), w.from.trust, o)
	w.total = w.counts.Total()
	w.hold = container.NewHold(who.ask, w.known)
}

// wait holds a record until its container is known.
func (w *follower) wait(h pipeline.Held) {
	now := time.Now()
	at := h.Record.Time()
	if at.IsZero() {
		at = now
	}
	w.hold.Add(h, h.Record.PID, at, now)
}

// known counts a record that was held.
func (w *follower) known(h pipeline.Held, id *container.Identity) {
	w.changed, w.unsaved = true, true
	w.counts.Record(h, id)
}

// follow reads the stream until it or ctx ends.
func (w *follower) follow(ctx context.Context, who *attribution) error {
	w.count(who)
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.catchUp(ctx); err != nil {
		return err
	}
	chunks, next, failed, stop := w.pump(ctx)
	defer stop()
	tick := time.NewTicker(refresh)
	defer tick.Stop()
	retry := time.NewTicker(holdInterval)
	defer retry.Stop()
	for {
		var err error
		select {
		case c := <-chunks:
			err = w.chunk(c.Chunk)
			w.at = c.behind
			if err == nil {
				err = w.catchUp(ctx)
			}
			next <- struct{}{}
		case err = <-who.failed: // the pid map would lack what comes from now on
		case <-retry.C:
			w.hold.Retry(time.Now())
			err = w.counts.Write()
		case <-tick.C:
			err = errors.Join(w.draw(), w.save())
		case err := <-failed:
			return w.end(ctx, err)
		}
		if err != nil {
			return err
		}
	}
}

// begin saves where following begins, before anything is read: were this run
// killed at once, the next one would else begin at the end of the file then.
// If the state cannot be written, that is better said now than later.
func (w *follower) begin() error {
	if w.state == nil {
		return nil
	}
	w.total.GoOn(w.state.at.Newest)
	switch at := w.state.at; {
	case w.from.position != nil:
		w.goneOn()
	case at.BootID != source.BootID() && len(at.Newest) > 0: // serials tell nothing across a boot
		w.now = time.Now()
		w.note(source.Note{Kind: source.Overrun, Detail: "the host was booted since the run before: what it recorded in between was not heard"})
	}
	w.unsaved = true
	return w.save()
}

// goneOn takes the place behind what was counted. What the source noticed until
// then is counted first: a place that was saved without would tell nobody.
func (w *follower) goneOn() {
	w.now = time.Now()
	at, notes := w.from.position()
	for _, n := range notes {
		w.note(n)
	}
	w.at = at
}

// holdInterval is how often records without a container are looked at again.
const holdInterval = 50 * time.Millisecond

// placed is a chunk and the place behind it.
type placed struct {
	source.Chunk
	behind positions
}

// pump reads the stream in a goroutine of its own, until it or ctx ends. Each
// chunk is the receiver's until it has sent on next. When the receiver has
// called stop, the stream is not being read any more and can be closed.
func (w *follower) pump(ctx context.Context) (_ <-chan placed, _ chan<- struct{}, _ <-chan error, stop func()) {
	chunks, next, failed := make(chan placed), make(chan struct{}, 1), make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	gone := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			c, err := w.next(ctx)
			if err != nil {
				failed <- err
				return
			}
			p := placed{Chunk: c}
			if w.state != nil && w.from.position != nil {
				at, notes := w.from.position()
				p.behind, p.Notes = at, append(p.Notes, notes...)
			}
			select {
			case chunks <- p:
				<-next
			case <-gone:
				return
			}
		}
	})
	return chunks, next, failed, func() {
		cancel()
		close(gone)
		reading.Wait()
	}
}

// next waits for the next chunk. When ctx is done, a source with a queue is
// closed and its queue is read to the end: what was heard is counted.
func (w *follower) next(ctx context.Context) (source.Chunk, error) {
	c, err := w.from.stream.Next(ctx)
	if err == nil || ctx.Err() == nil || !w.from.queued {
		return c, err
	}
	if err := w.from.stream.Close(); err != nil {
		return c, err
	}
	return w.from.stream.Next(context.WithoutCancel(ctx))
}

// end writes what is still held when the stream has ended with err.
func (w *follower) end(ctx context.Context, err error) error {
	w.hold.Flush()
	if err := errors.Join(w.counts.Write(), w.late(), w.draw(), w.save()); err != nil {
		return err
	}
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}

// late shows the losses that only all records together prove.
func (w *follower) late() error {
	if !w.json {
		return nil
	}
	text := appendLate(nil, w.total.Summary())
	if len(text) == 0 {
		return nil
	}
	_, err := w.env.stdout.Write(text)
	return err
}

// chunk counts a chunk and writes what it has to show, at once.
func (w *follower) chunk(c source.Chunk) error {
	w.now = time.Now()
	for _, n := range c.Notes {
		w.note(n)
	}
	w.changed, w.unsaved = true, true
	return w.counts.Lines(c.Lines)
}

// note passes on what the source noticed: to people, and as evidence.
func (w *follower) note(n source.Note) {
	if n.Kind == source.Info {
		w.env.notef("%s", n.Detail)
		return
	}
	w.counts.Loss(aggregate.EvidenceKind(n.Kind), n.Count, w.now, n.Detail, n.Fix)
	if !w.json {
		w.env.notef("%s: %s", n.Kind, n.Detail)
	}
}

// summary is what was counted, in earlier runs too.
func (w *follower) summary() *aggregate.Summary {
	if w.state == nil || w.state.before == nil {
		return w.total.Summary()
	}
	return aggregate.Continue(w.state.before, w.total.Summary())
}

// saveWait bounds how long the state waits for records whose container is not
// known yet. They have been read, so the place behind them must not be saved
// without them.
const saveWait = 2 * time.Second

// save saves the state, if one is kept.
func (w *follower) save() error {
	if w.state == nil || !w.unsaved {
		return nil
	}
	if _, held := w.hold.Next(); held {
		if time.Since(w.saved) < saveWait {
			return nil
		}
		w.hold.Flush()
		if err := w.counts.Write(); err != nil {
			return err
		}
	}
	w.saved, w.unsaved = time.Now(), false
	at := w.at
	at.Newest, at.BootID = w.total.Newest(), source.BootID()
	return w.state.save(w.summary(), at)
}

// draw shows the live table in the place of the one before.
func (w *follower) draw() error {
	if !w.live || !w.changed {
		return nil
	}
	w.changed = false
	var b bytes.Buffer
	o := w.env.reportOptions(w.env.stdout, true)
	if err := report.Write(&b, w.summary(), report.Table, o); err != nil {
		return err
	}
	table := tail(b.Bytes(), term.Height(w.env.stdout)-1)
	if w.height > 0 {
		fmt.Fprintf(w.env.stdout, "\x1b[%dA\x1b[J", w.height)
	}
	w.height = bytes.Count(table, []byte("\n"))
	_, err := w.env.stdout.Write(table)
	return err
}

// tail returns the last lines of a table that is higher than the screen: the
// verdict stands at the end.
func tail(table []byte, lines int) []byte {
	for extra := bytes.Count(table, []byte("\n")) - lines; lines > 0 && extra > 0; extra-- {
		table = table[bytes.IndexByte(table, '\n')+1:]
	}
	return table
}
