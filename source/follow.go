package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"
)

// FollowOptions says where following begins.
type FollowOptions struct {
	// FromStart also returns the lines that the file already has; otherwise
	// following begins after its last whole line.
	FromStart bool
	// Tail is how many lines before that are returned, too.
	Tail int
	// Resume holds the [Follower.Positions] of an earlier run, to continue from
	// there; it excludes FromStart and Tail.
	Resume []Position
}

// Follower reads a log while it is being written, through every kind of
// rotation: each line once, in the order of writing, or a [Note] that says what
// is missing. It is a [Stream] for one goroutine; another one of its own
// watches the files.
//
// Every file that the path has led to (a generation) is held open and read to
// its true end. A later one is begun once it has a line and all before it have
// then been read to their end, since a writer does not go back. The earlier
// ones stay open, and late lines in them are returned, until they have not
// grown for lateWait.
type Follower struct {
	path     string
	clock    func() time.Time
	nameTail bool // whether nxadm/tail reads the live end

	mu         sync.Mutex
	gens       []*generation // oldest first; those begun come before those not
	current    *generation   // what the path leads to, or led to last; nil: nothing yet
	absent     bool          // it leads to nothing now
	known      []knownFile   // not to be read (again)
	ignored    fileSet       // likewise, whatever becomes of them
	listings   map[string]listing
	scanned    time.Time
	notes      []Note
	complaints map[string]string // what is wrong now, by what it is about
	writers    string            // who else could have written files that were let go of
	given      int               // bytes handed out since the last look
	rate       int               // the same, between the last two looks

	// Only the reading goroutine uses these fields.
	buf      []byte
	live     *liveTail // nil: not at the live end
	liveWait time.Time // no live end before this

	wake   signal
	quit   chan struct{}
	done   chan struct{}
	closed sync.Once
}

const (
	// lookInterval bounds the delay of a line that was just written.
	lookInterval = 20 * time.Millisecond
	// scanInterval is between looks for what the path alone does not show.
	scanInterval = time.Second
	// lateWait is how long a rotated file must be idle before it is closed.
	lateWait = 60 * time.Second
	// retryWait is the time between attempts to read after an error.
	retryWait = time.Second
	// maxGenerations bounds the open files when the reader is slow.
	maxGenerations = 256
	// followBuffer is the room for one chunk and the tail before it.
	followBuffer = 1<<20 + tailLen
)

// Follow begins to follow the log at path.
func Follow(path string, opts FollowOptions) (*Follower, error) {
	f := newFollower(path, time.Now)
	f.nameTail = true
	if err := f.start(opts); err != nil {
		f.closeAll()
		return nil, err
	}
	go f.watch()
	return f, nil
}

// newFollower returns a Follower that looks at the file only when told to.
func newFollower(path string, clock func() time.Time) *Follower {
	return &Follower{
		path:       path,
		clock:      clock,
		complaints: map[string]string{},
		listings:   map[string]listing{},
		buf:        make([]byte, followBuffer),
		wake:       newSignal(),
		quit:       make(chan struct{}),
		done:       make(chan struct{}),
	}
}

// start opens the existing files and finds where to begin in each.
func (f *Follower) start(opts FollowOptions) error {
	info, err := statPath(f.path, true)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(opts.Resume) > 0:
	case err != nil:
		return openError(err)
	case !info.regular:
		return fmt.Errorf("%s is not a regular file; a pipe can be read as standard input", f.path)
	}
	if len(opts.Resume) > 0 {
		return f.resume(opts.Resume)
	}
	return f.startFresh(opts.FromStart, opts.Tail)
}

// watch looks for changes until the follower is closed. Rotated files are
// opened at once, however slow the reader is.
func (f *Follower) watch() {
	defer close(f.done)
	tick := time.NewTicker(lookInterval)
	defer tick.Stop()
	for {
		select {
		case <-f.quit:
			return
		case <-tick.C:
			f.look()
			f.wake.set()
		}
	}
}

// Name is the path that is followed.
func (f *Follower) Name() string { return f.path }

// Next waits for lines or a note.
func (f *Follower) Next(ctx context.Context) (Chunk, error) { return f.NextIn(ctx, f.buf) }

// NextIn is Next with a buffer for the lines, which must be at least 1 KiB
// larger than [MaxLine].
func (f *Follower) NextIn(ctx context.Context, buf []byte) (Chunk, error) {
	for ctx.Err() == nil {
		c, more := f.take(buf)
		if len(c.Lines) > 0 || len(c.Notes) > 0 {
			return c, nil
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
		case line, ok := <-f.live.lines():
			if c := f.takeLive(buf, line, ok); len(c.Lines) > 0 {
				return c, nil
			}
		}
	}
	return Chunk{}, ctx.Err()
}

// Backlog reports whether more than n bytes can be returned without waiting. It
// is for the goroutine that calls Next.
func (f *Follower) Backlog(n int64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.measure()
	f.judgeAll()
	for _, g := range f.gens {
		if !f.readable(g) {
			continue
		}
		rest := g.state.size - g.read.offset
		if rest > n {
			return true
		}
		n -= max(rest, 0)
	}
	return false
}

// take returns the lines that are available without waiting. more means that
// there may be others even if there were none.
func (f *Follower) take(buf []byte) (c Chunk, more bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.measure()
	f.judgeAll()
	f.checkLive()
	for _, g := range f.gens {
		if !f.readable(g) {
			continue
		}
		if g.phase != begun {
			f.skipKnown(g)
		}
		if c.Lines, more = f.read(g, buf); len(c.Lines) > 0 || more {
			break
		}
	}
	c.Notes, f.notes = f.notes, nil
	f.given += len(c.Lines)
	if len(c.Lines) == 0 && !more {
		f.startLive()
	}
	return c, more
}

func (f *Follower) now() time.Time {
	if f.clock == nil {
		return time.Now()
	}
	return f.clock()
}

// measure takes the size of the newest file first: if it has lines, its writer
// has left the older ones, whose true end is then seen.
func (f *Follower) measure() {
	now := f.now()
	for i := len(f.gens) - 1; i >= 0; i-- {
		g := f.gens[i]
		if err := g.measure(now); err != nil {
			f.failed(g, err)
		}
	}
}

// readable reports whether g may have the next lines in order.
func (f *Follower) readable(g *generation) bool {
	return g.isWanted() && !g.isDrained() && !f.live.reads(g) && !f.now().Before(g.retry)
}

// read returns the next lines of g.
func (f *Follower) read(g *generation, buf []byte) (lines []byte, more bool) {
	b, err := g.readLines(buf)
	switch {
	case errors.Is(err, errTruncated):
		f.split(g)
		f.lookAtAll()
		return nil, true
	case err != nil:
		f.failed(g, err)
		return nil, false
	}
	if g.state.size > 0 {
		g.begin()
	}
	f.clearComplaint(g.name)
	f.noteUnusable(g, b)
	return b.lines, b.used > 0
}

func (f *Follower) noteUnusable(g *generation, b batch) {
	if b.long > 0 {
		f.note(Note{Kind: LongLine, Count: b.long, Detail: fmt.Sprintf("lines over %d KiB in %s", MaxLine>>10, g.name)})
	}
	if b.holes > 0 {
		f.note(Note{Kind: LongLine, Count: b.holes, Detail: "NUL bytes in place of lines in " + g.name})
	}
}

// failed keeps a generation that cannot be read for another attempt, unless it
// is an archive, which will not get better.
func (f *Follower) failed(g *generation, err error) {
	f.complain(g.name, err, TruncatedInput)
	g.retry = f.now().Add(retryWait)
	if !g.grows() {
		g.drained = g.state
	}
}

// note adds a note, or adds its count to an equal one.
func (f *Follower) note(n Note) { f.notes = foldNote(f.notes, n) }

// complain notes a lasting problem once.
func (f *Follower) complain(about string, err error, kind NoteKind) {
	if text := err.Error(); f.complaints[about] != text {
		f.complaints[about] = text
		f.note(Note{Kind: kind, Detail: text + "; trying again"})
	}
}

// clearComplaint notes that a problem is over.
func (f *Follower) clearComplaint(about string) { delete(f.complaints, about) }

// Positions returns where the lines that Next has returned end. Saved together
// with the results of these lines, they let a later run continue exactly there.
// A file of which nothing was read yet has a position too, so that a later run
// knows where to begin.
func (f *Follower) Positions() []Position {
	f.mu.Lock()
	defer f.mu.Unlock()
	var positions []Position
	boot := BootID()
	for _, g := range f.gens {
		if g.phase != copied {
			p := g.position(f.path)
			p.BootID = boot
			positions = append(positions, p)
		}
	}
	return positions
}

// Notes returns what was noticed and is in no chunk yet. Taken after the
// positions, it has everything that is missing before them: a file that was let
// go of no longer has a position.
func (f *Follower) Notes() []Note {
	f.mu.Lock()
	defer f.mu.Unlock()
	notes := f.notes
	f.notes = nil
	return notes
}

// Close ends following. It must not be called during Next.
func (f *Follower) Close() (err error) {
	f.closed.Do(func() {
		if f.quit == nil { // a zero Follower, which follows nothing
			return
		}
		close(f.quit)
		<-f.done
		err = f.closeAll()
	})
	return err
}

func (f *Follower) closeAll() error {
	f.stopLive()
	var errs []error
	for _, g := range f.gens {
		errs = append(errs, g.src.Close())
	}
	return errors.Join(errs...)
}
