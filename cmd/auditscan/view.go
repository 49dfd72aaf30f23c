package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/liveview"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
)

// liveView is the view of what follow counts, on a terminal. It is asked for
// summaries by the view's goroutine and gives them by the follower's, which has
// the counts.
type liveView struct {
	env      *environment
	terminal *os.File
	keyboard *os.File // nil: there is none
	asked    chan chan<- liveview.Snapshot
	said     said
	last     liveview.Snapshot // without its note
	leave    context.CancelFunc
	over     chan error // what the view has ended with
}

// newLiveView returns a view on stdout; nil where that is no terminal that can
// show it.
func newLiveView(env *environment) *liveView {
	out, ok := plain(env.stdout).(*os.File)
	if !ok || !term.IsTerminal(out) || term.IsDumb(env.getenv) {
		return nil
	}
	return &liveView{
		env: env, terminal: out, keyboard: keyboard(env), asked: make(chan chan<- liveview.Snapshot), over: make(chan error, 1),
	}
}

// keyboard returns what keys are typed on: standard input, or the process's
// terminal where the log comes from there; nil if there is none.
func keyboard(env *environment) *os.File {
	if f, ok := env.stdin.(*os.File); ok && term.IsTerminal(f) {
		return f
	}
	if f, err := os.Open("/dev/tty"); err == nil {
		return f
	}
	return nil
}

// start shows the view. The context that it returns ends when the user leaves it.
func (v *liveView) start(ctx context.Context, f *followFlags, source string) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	v.leave = cancel
	restore := term.Keep(v.terminal)
	v.env.restore = func() { restore(v.env.stdout) }
	v.env.instead.Store(&v.said)
	o := liveview.Options{
		Source: source, By: f.keys, Sort: f.sort, Zone: v.env.zone(v.env.stdout), Color: v.env.color.Color(v.env.stdout, v.env.getenv),
		Take: v.take, Now: time.Now,
		Write: func(d liveview.Document, path string, s *aggregate.Summary) (string, error) {
			return writeDocument(ctx, d, path, s)
		},
	}
	o.About = func(w io.Writer, style table.Style, s *aggregate.Summary, c *aggregate.Call) error {
		return aboutCall(w, style, o.Zone, s, c)
	}
	go func() {
		defer cancel()
		v.over <- liveview.Run(ctx, o, v.keyboard, v.terminal, v.env.stdout)
	}()
	return ctx
}

// stop ends the view, and says on stderr what was said meanwhile.
func (v *liveView) stop() error {
	v.leave()
	err := <-v.over
	v.env.instead.Store(nil)
	for _, line := range v.said.lines {
		v.env.notef("%s", line)
	}
	return err
}

// take asks the follower for a snapshot.
func (v *liveView) take(ctx context.Context) (s liveview.Snapshot, ok bool) {
	reply := make(chan liveview.Snapshot, 1)
	select {
	case v.asked <- reply:
		return <-reply, true
	case <-ctx.Done():
		return s, false
	}
}

// said gathers what is said while the screen is the view's.
type said struct {
	mu    sync.Mutex
	lines []string
	fresh string // the last line, if the view has not shown it yet
}

// mostSaid bounds what is said again when the view has been left.
const mostSaid = 1000

func (s *said) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh = line; len(s.lines) < mostSaid {
		s.lines = append(s.lines, line)
	}
}

// take returns the last line, once.
func (s *said) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.fresh
	s.fresh = ""
	return line
}

// answer gives the view a snapshot, if it has asked for one.
func (w *follower) answer() {
	if w.view == nil {
		return
	}
	select {
	case reply := <-w.view.asked:
		reply <- w.snapshot()
	default:
	}
}

func (w *follower) snapshot() liveview.Snapshot {
	s := &w.view.last
	if w.changed || s.Summary == nil {
		begun := time.Now()
		s.Summary, w.changed = w.summary(), false
		s.Took = time.Since(begun)
	}
	now := *s
	now.Note = w.view.said.take()
	return now
}

// linger lets the user look at what was counted after the source has ended.
func (w *follower) linger(ctx context.Context) {
	if w.view == nil || ctx.Err() != nil {
		return
	}
	w.changed, w.view.last.Ended = true, true
	for {
		select {
		case reply := <-w.view.asked:
			reply <- w.snapshot()
		case <-ctx.Done():
			return
		}
	}
}

// reportForms are those of a report by the end of its file's name.
var reportForms = map[string]report.Format{
	".json": report.JSON, ".yaml": report.YAML, ".yml": report.YAML, ".csv": report.CSV, ".md": report.Markdown, ".txt": report.Table,
}

// writeDocument writes what the view was told to write, and says what that is.
func writeDocument(ctx context.Context, d liveview.Document, path string, s *aggregate.Summary) (string, error) {
	if !filepath.IsLocal(path) {
		return "", fmt.Errorf("%s: only files in the directory that follow was started in can be written", path)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: there is something of that name: give another", path)
	}
	if d == liveview.Profile {
		return writeLiveProfile(ctx, path, s)
	}
	form, ok := reportForms[strings.ToLower(filepath.Ext(path))]
	if !ok {
		return "", fmt.Errorf("%s: its form is told by its end: .json, .yaml, .csv, .md or .txt", path)
	}
	err := atomicfile.Write(ctx, path, 0o666, func(w io.Writer) error { return report.Write(w, s, form, report.Options{Tool: tool}) })
	return path + ": the report is written", err
}

// writeLiveProfile writes the profile that `auditscan profile` makes of the same.
func writeLiveProfile(ctx context.Context, path string, s *aggregate.Summary) (string, error) {
	r, err := profile.Build(s, profile.Options{})
	if err != nil {
		return "", err
	}
	err = atomicfile.Write(ctx, path, 0o666, func(w io.Writer) error {
		_, err := r.Document.Write(w, profile.FormatOCI, profile.Meta{Coverage: r.Coverage(s)})
		return err
	})
	return fmt.Sprintf("%s: a profile of %d calls seen and %d added; the log is %s", path, len(r.Observed), len(r.Additions), s.Completeness.Verdict), err
}

// run follows, with a view if there is a terminal for one.
func (w *follower) run(ctx context.Context, who *attribution) error {
	if w.view == nil {
		return w.follow(ctx, who)
	}
	err := w.follow(w.view.start(ctx, w.flags, w.source()), who)
	return errors.Join(err, w.view.stop())
}

// leaveView gives the terminal back, and lets stderr be written to.
func (env *environment) leaveView() {
	if s := env.instead.Swap(nil); s != nil {
		env.restore()
	}
}
