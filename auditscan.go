// Package auditscan reads the kernel's SECCOMP audit records (type=1326), in
// whatever rendering and wrapper, and says what was called, by whom, and
// whether records are missing. It is the front door for programs; the command
// of the same name is in cmd/auditscan.
//
// [Read] counts saved logs, [Follow] gives the events of a log that grows, and
// [Summarize] counts events that are in memory. What comes out is data:
// [aggregate.Summary] and [event.Event]. Packages report and profile make
// reports and seccomp profiles of a summary.
package auditscan

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
)

// Options say what to read. The zero value is all.
type Options struct {
	// Filter says which events count; nil: all.
	Filter *aggregate.Filter
	// Stdin is what the name "-" stands for; nil: nothing.
	Stdin io.Reader
	// FromStart makes Follow give what a file or the journal holds already,
	// too.
	FromStart bool
}

func (o Options) stdin() io.Reader {
	if o.Stdin == nil {
		return strings.NewReader("")
	}
	return o.Stdin
}

// Read reads the named files, directories and rotated sets, compressed or not ("-"
// is Options.Stdin), and returns what they hold together: logs, and reports
// and events in JSON that auditscan has written. A damaged log is read up to that
// place, which is evidence of loss; any other error names the file, and there is
// no summary then, since a part of the records would look like all.
func Read(ctx context.Context, names []string, o Options) (*aggregate.Summary, error) {
	inputs, notes, err := source.Expand(names, source.Nodes{})
	if err != nil {
		return nil, err
	}
	return pipeline.Read(ctx, inputs, o.stdin(), pipeline.Options{Filter: o.Filter, Notes: notes})
}

// Loss is the error that Follow gives in the place where records are missing.
// It is no end: what comes after it follows.
type Loss struct{ aggregate.Loss }

func (l *Loss) Error() string {
	if l.Count == 0 {
		return fmt.Sprintf("records are missing (%s)", l.Kind)
	}
	return fmt.Sprintf("records are missing (%s, %d)", l.Kind, l.Count)
}

// Follow gives the events of a source as they come: of a file through every
// rotation, "audit:" for the kernel's audit socket, "journal:" for the systemd
// journal, "notify:PATH" for the calls that container runtimes have a socket told
// of, "-" for Options.Stdin. An error is a [Loss], or the last that comes.
// It ends when ctx does or the source has ended. Events stay valid.
func Follow(ctx context.Context, name string, o Options) iter.Seq2[event.Event, error] {
	return func(yield func(event.Event, error) bool) {
		stream, err := pipeline.OpenLive(name, source.LiveOptions{Stdin: o.stdin(), FromStart: o.FromStart}, notify.Options{})
		if err != nil {
			yield(event.Event{}, err)
			return
		}
		defer stream.Close()
		f := &follower{stream: stream}
		f.counter = pipeline.NewCounter(stream.Name(), pipeline.StreamTrust(stream), pipeline.Options{
			Filter: o.Filter, Output: pipeline.Output{Writer: io.Discard, Event: f.gatherEvent, Loss: f.gatherLoss},
		})
		f.yieldAll(ctx, yield)
	}
}

// follower gathers the events and losses of a stream, chunk by chunk.
type follower struct {
	stream  source.Stream
	counter *pipeline.Counter
	items   []item
}

// item is an event or, if err is set, a loss.
type item struct {
	event event.Event
	err   error
}

// gatherEvent keeps an event; it is shown nowhere.
func (f *follower) gatherEvent(dst []byte, e *event.Event) []byte {
	f.items = append(f.items, item{event: e.Clone()})
	return dst
}

// gatherLoss keeps a loss in its place between the events.
func (f *follower) gatherLoss(dst []byte, l aggregate.Loss) []byte {
	f.items = append(f.items, item{err: &Loss{l}})
	return dst
}

// yieldAll hands on what is gathered until the stream, ctx or the receiver
// ends.
func (f *follower) yieldAll(ctx context.Context, yield func(event.Event, error) bool) {
	for {
		chunk, err := f.stream.Next(ctx)
		if err == nil {
			err = f.count(chunk)
		}
		for _, i := range f.items {
			if !yield(i.event, i.err) {
				return
			}
		}
		clear(f.items)
		f.items = f.items[:0]
		if err != nil {
			if err != io.EOF && ctx.Err() == nil {
				yield(event.Event{}, err)
			}
			return
		}
	}
}

// count counts a chunk and what the source noticed before it.
func (f *follower) count(c source.Chunk) error {
	for _, n := range c.Notes {
		if n.Kind != source.Info {
			f.counter.Loss(aggregate.EvidenceKind(n.Kind), n.Count, time.Now(), n.Detail, n.Fix)
		}
	}
	return f.counter.Lines(c.Lines)
}

// Summarize counts events that are in memory. Nobody vouches for them, and
// nothing shows whether others are missing: the verdict is unknown.
func Summarize(events iter.Seq[event.Event]) *aggregate.Summary {
	t := tally.New(nil)
	t.Begin(tally.Source{Name: "memory", Trust: aggregate.TrustText})
	var line int64
	for e := range events {
		line++
		if e.Record == nil || e.Process == nil {
			t.Malformed("event without a record", line)
			continue
		}
		t.Event(&e, line)
	}
	t.Lines(line)
	return t.Summary()
}
