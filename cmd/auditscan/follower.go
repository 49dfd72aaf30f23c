package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// refresh is how often the state is saved, and for how long at most a backlog
// is read without looking at anything else.
const refresh = 500 * time.Millisecond

// follower counts what a stream gives and shows it.
type follower struct {
	env     *environment
	flags   *followFlags
	reader  reader
	feeds   []*feed
	feed    *feed  // whose chunk it is
	state   *state // nil: none is kept
	json    bool   // one object a line
	filter  *aggregate.Filter
	stdout  gatherer
	events  *report.EventWriter // with json
	hold    *live.Hold[heldRecord]
	now     time.Time // when the chunk came
	changed bool      // since the view was given a summary
	at      positions // behind the chunk counted last
	saved   time.Time // when the state was saved last
	unsaved bool      // since then
	ending  bool      // nothing more comes
	silent  bool      // nothing has come, and nobody was told
	view    *liveView // nil: lines are written
}

func newFollower(env *environment, f *followFlags, from []*origin, r reader, filter *aggregate.Filter, json bool) *follower {
	w := &follower{env: env, flags: f, json: json, filter: filter, stdout: gatherer{w: env.stdout}, changed: true, silent: true}
	for _, o := range from {
		w.feeds = append(w.feeds, &feed{origin: o})
	}
	w.feed, w.reader = w.feeds[0], r
	if out, ok := env.stdout.(*endableOutput); ok && out.closed && (f.state != "" || f.pidmap != "") {
		w.stdout.w = io.Discard // what is followed is kept elsewhere
	}
	if !json && !f.onlyNew && !f.plain {
		w.view = newLiveView(env)
	}
	return w
}

// heldRecord is a record that waits for its container, and who counts it then.
type heldRecord struct {
	pipeline.Held
	counts *pipeline.Counter
}

// newCounts builds the counters; who supplies containers.
func (w *follower) newCounts(who *attribution) {
	o := pipeline.Options{Filter: w.filter, Node: w.flags.node, Containers: who.find, Hold: w.holdRecord}
	if w.view == nil {
		o.Output = pipeline.Output{Writer: &w.stdout, Event: report.LineIn(w.env.zone(w.env.stdout)), OnlyNew: w.flags.onlyNew}
	}
	if w.json {
		w.events = report.NewEventWriter(&w.stdout)
		o.Output.Writer, o.Output.Event, o.Output.Loss = w.events, report.AppendEvent, report.AppendLossInPlace
	}
	first := w.feeds[0]
	first.counts = pipeline.NewCounter(first.stream.Name(), first.trust, o)
	for _, f := range w.feeds[1:] {
		f.counts = first.counts.Beside(f.stream.Name(), f.trust)
	}
	w.hold = live.NewHold(who.ask, w.countHeld)
}

// holdRecord holds a record until its container is known.
func (w *follower) holdRecord(h pipeline.Held) {
	now := time.Now()
	at := h.Time()
	if at.IsZero() {
		at = now
	}
	w.hold.Add(heldRecord{h, w.feed.counts}, h.PID(), at, now)
}

// countHeld counts a record that was held.
func (w *follower) countHeld(h heldRecord, id *container.Identity) {
	w.changed, w.unsaved = true, true
	h.counts.Record(h.Held, id)
}

// follow reads the stream until it or ctx ends. Whatever goes by the clock is
// done between two reads, by the one goroutine that there is.
func (w *follower) follow(ctx context.Context, who *attribution) error {
	w.newCounts(who)
	if err := w.begin(); err != nil {
		return err
	}
	for _, w.feed = range w.feeds {
		if err := w.catchUp(ctx); err != nil {
			return w.fail(ctx, err)
		}
	}
	for refreshed := time.Now(); ; {
		if over, err := w.read(ctx, holdInterval); over {
			err = w.end(ctx, err)
			w.linger(ctx)
			return err
		} else if err != nil {
			return w.fail(ctx, err)
		}
		if err := w.retryHeld(who); err != nil {
			return w.fail(ctx, err)
		}
		w.answer()
		if time.Since(refreshed) >= refresh {
			refreshed = time.Now()
			w.sayQuiet()
			if err := w.saveDue(); err != nil {
				return err
			}
		}
	}
}

// sayQuiet tells people who see nothing what they wait for, once. A view does so
// itself.
func (w *follower) sayQuiet() {
	if !w.silent || w.view != nil || w.flags.quiet || !term.IsTerminal(w.env.stderr) {
		return
	}
	w.silent = false
	w.env.notef("waiting for records from %s, which come when a program runs under a filter that logs or denies; Ctrl-C ends with a summary", w.source())
}

// fail ends following where what was counted could not be shown. If it was told
// to end, that is saved nonetheless: nobody may be there to be shown it, ever.
func (w *follower) fail(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	w.hold.Flush()
	return errors.Join(err, w.save())
}

// source names what is followed.
func (w *follower) source() string {
	var names []string
	for _, f := range w.feeds {
		names = append(names, f.stream.Name())
	}
	return table.List(names)
}

// read counts what the streams give for as long as limit. over means that they
// have ended, one of them with err, or ctx has.
func (w *follower) read(ctx context.Context, limit time.Duration) (over bool, err error) {
	turn, stop := context.WithTimeout(ctx, limit)
	defer stop()
	for turn.Err() == nil {
		place, c, err := w.reader.Next(turn)
		switch {
		case err == nil:
			w.feed = w.feeds[place]
			if err := w.take(ctx, c); err != nil {
				return false, err
			}
		case turn.Err() == nil || ctx.Err() != nil:
			return true, err
		}
	}
	return ctx.Err() != nil, nil
}

// take counts a chunk, with the place behind it, and then what waits behind
// that if it is much.
func (w *follower) take(ctx context.Context, c source.Chunk) error {
	if w.state != nil && w.feed.position != nil {
		at, notes := w.feed.position()
		w.at, c.Notes = at, append(c.Notes, notes...)
	}
	if err := w.chunk(c); err != nil {
		return err
	}
	return w.catchUp(ctx)
}

// retryHeld looks again at the records whose container was not known.
func (w *follower) retryHeld(who *attribution) error {
	select {
	case err := <-who.failed: // the pid map would lack what comes from now on
		return err
	default:
		w.hold.Retry(time.Now())
		return w.write()
	}
}

// write writes the output that waits.
func (w *follower) write() error {
	for _, f := range w.feeds {
		if err := f.counts.Write(); err != nil {
			return err
		}
	}
	return nil
}

// begin saves where following begins, before anything is read: were this run
// killed at once, the next one would else begin at the end of the file then.
// If the state cannot be written, that is better said now than later.
func (w *follower) begin() error {
	if w.state == nil {
		return nil
	}
	w.feed.counts.Resume(w.state.at.Newest)
	switch at := w.state.at; {
	case w.feed.position != nil:
		w.takePosition()
	case at.BootID != source.BootID() && len(at.Newest) > 0: // serials tell nothing across a boot
		w.now = time.Now()
		w.note(source.Note{Kind: source.Overrun, Detail: "the host was booted since the run before: what it recorded in between was not heard"})
	}
	w.unsaved = true
	return w.save()
}

// takePosition takes the place behind what was counted. What the source noticed until
// then is counted first: a place that was saved without would tell nobody.
func (w *follower) takePosition() {
	w.now = time.Now()
	at, notes := w.feed.position()
	for _, n := range notes {
		w.note(n)
	}
	w.at = at
}

// holdInterval is how often records without a container are looked at again.
const holdInterval = 50 * time.Millisecond

// drain closes a source that has a queue and counts what is in it: what was
// heard before the interrupt counts.
func (w *follower) drain(ctx context.Context) error {
	if ctx.Err() == nil || len(w.feeds) == 1 && !w.feed.queued {
		return nil
	}
	if err := w.reader.Close(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for {
		place, c, err := w.reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			w.feed = w.feeds[place]
			err = w.take(ctx, c)
		}
		if err != nil {
			return err
		}
	}
}

// end counts and writes what is left when the stream has ended with err.
func (w *follower) end(ctx context.Context, err error) error {
	undrained := w.drain(ctx)
	w.hold.Flush()
	w.ending, w.unsaved = true, w.unsaved || w.feed.once
	if err := errors.Join(undrained, w.write(), w.endEvents(ctx, err), w.save()); err != nil {
		return err
	}
	if errors.Is(err, io.EOF) || ctx.Err() != nil {
		return nil
	}
	return err
}

// endEvents ends the stream of events. Where the source failed, it has no end:
// what came then was not heard.
func (w *follower) endEvents(ctx context.Context, why error) error {
	if !w.json || !errors.Is(why, io.EOF) && ctx.Err() == nil {
		return nil
	}
	return errors.Join(w.events.End(w.feed.counts.Summary()), w.stdout.flush())
}

// chunk counts a chunk and writes what it has to show, at once.
func (w *follower) chunk(c source.Chunk) error {
	w.now = time.Now()
	for _, n := range c.Notes {
		w.note(n)
	}
	w.changed, w.unsaved, w.silent = true, true, false
	return w.feed.counts.Lines(c.Lines)
}

// note passes on what the source noticed: to people, and as evidence.
func (w *follower) note(n source.Note) {
	if n.Kind == source.Info {
		w.env.notef("%s", n.Detail)
		return
	}
	w.feed.counts.Loss(aggregate.EvidenceKind(n.Kind), n.Count, w.now, n.Detail, n.Fix)
	if !w.json {
		w.env.notef("%s: %s", n.Kind, n.Detail)
	}
}

// summary is what was counted, in earlier runs too.
func (w *follower) summary() *aggregate.Summary {
	if w.state == nil || w.state.before == nil {
		return w.feed.counts.Summary()
	}
	return aggregate.Continue(w.state.before, w.feed.counts.Summary())
}

// saveWait bounds how long the state waits for records whose container is not
// known yet. They have been read, so the place behind them must not be saved
// without them.
const saveWait = 2 * time.Second

// saveDue saves the state if it is time again: a large one takes its time, and
// the disk's.
func (w *follower) saveDue() error {
	if w.state != nil && time.Since(w.saved) < w.state.rest() {
		return nil
	}
	return w.save()
}

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
		if err := w.write(); err != nil {
			return err
		}
	}
	w.saved, w.unsaved = time.Now(), false
	at := w.at
	at.Newest, at.BootID = w.feed.counts.Newest(), source.BootID()
	w.env.saving.Store(true)
	defer w.env.saving.Store(false)
	s := w.summary()
	if w.feed.once && !w.ending {
		s = unfinished(s, w.feed.stream.Name(), w.saved)
	}
	return w.state.save(s, at)
}

// unfinished returns a summary as it is to be read if no later one is saved: of
// what comes from a source that tells everything once, nothing would show that the
// rest is missing.
func unfinished(s *aggregate.Summary, input string, now time.Time) *aggregate.Summary {
	so := *s
	so.Completeness.Evidence = append(slices.Clone(s.Completeness.Evidence), aggregate.Evidence{
		Kind: aggregate.Overrun, Input: input, First: now, Last: now,
		Detail: "the listener still runs, or was killed: what it heard after this is not here", Fix: "let it end by SIGTERM or Ctrl-C",
	})
	slices.SortFunc(so.Completeness.Evidence, aggregate.CompareEvidence)
	so.Completeness.Verdict, so.Completeness.Reason = aggregate.Incomplete, ""
	return &so
}
