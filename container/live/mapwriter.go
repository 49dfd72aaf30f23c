package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/atomicfile"
)

// MapWriter appends to a pid map. Each line is written by one write(2), so
// that a crash leaves at most the last one cut. When the file has grown too
// large, it is replaced by one of the latest processes, while it is written to.
//
// A MapWriter may be used by several goroutines; its Write can be [NewTracker]'s
// learned.
type MapWriter struct {
	name   string
	lock   *os.File
	ctx    context.Context // ended by Close
	stop   context.CancelFunc
	limits mapLimits

	mu         sync.Mutex
	file       *os.File
	size       int64
	torn       bool // the file does not end in a newline
	synced     time.Time
	compaction chan struct{} // closed when it has ended; nil before the first
	compacting bool
	// aside gathers what is written while the compacted file takes the place of
	// the other; nil at all other times.
	aside    []byte
	failed   error // the file that has the name now cannot be written to
	problems container.Problems
}

// mapLimits bound a pid map.
type mapLimits struct {
	size  int64 // of the file, in bytes, beyond which it is compacted
	stays int   // that a compacted file holds at most
	bytes int64 // that a compacted file has at most
}

var defaultLimits = mapLimits{size: 256 << 20, stays: 1 << 18, bytes: 128 << 20}

// syncEvery is how often a pid map is synced to disk while it is written.
const syncEvery = 5 * time.Second

// OpenMap opens a pid map to append to, or makes one. What an earlier run left
// unfinished is finished: a cut line gets its newline, and processes that
// lived at the last write get that as their end, for nobody has watched since.
// (A Tracker tells anew of those that still live.) The problems are the bad
// lines found. Ctx ends the reading of what is there; the writer goes on until
// Close.
//
// The file is opened as [atomicfile.Open] does, and locked for this process.
func OpenMap(ctx context.Context, name string) (*MapWriter, []container.Problem, error) {
	return openMap(ctx, name, defaultLimits)
}

func openMap(ctx context.Context, name string, limits mapLimits) (*MapWriter, []container.Problem, error) {
	w := &MapWriter{name: name, limits: limits}
	w.ctx, w.stop = context.WithCancel(context.WithoutCancel(ctx))
	bad, err := w.open(ctx)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open pid map %s: %w", name, err), w.closeFiles())
	}
	return w, bad, nil
}

func (w *MapWriter) open(ctx context.Context) (bad []container.Problem, err error) {
	if w.lock, err = atomicfile.Claim(w.name); err != nil {
		return nil, err
	}
	if w.file, err = atomicfile.Open(w.name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	return w.resume(ctx)
}

// resume finishes what the last run left.
func (w *MapWriter) resume(ctx context.Context) ([]container.Problem, error) {
	info, err := w.file.Stat()
	if err != nil {
		return nil, err
	}
	w.size = info.Size()
	living, bad, err := container.ReadLiving(ctx, io.NewSectionReader(w.file, 0, w.size), w.name)
	if err != nil {
		return nil, err
	}
	last := make([]byte, 1)
	if _, err := w.file.ReadAt(last, w.size-1); err == nil {
		w.torn = last[0] != '\n'
	}
	for _, p := range living {
		p.End = p.Start
		if info.ModTime().After(p.Start) {
			p.End = info.ModTime()
		}
		if err := w.Write(p); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.compactIfLarge()
	return bad, w.file.Sync()
}

// Write appends one line.
func (w *MapWriter) Write(p container.Process) error {
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.failed != nil {
		return w.failed
	}
	if w.aside != nil {
		w.aside = append(w.aside, line...)
		return nil
	}
	if err := w.append(line); err != nil {
		return err
	}
	w.compactIfLarge()
	return w.syncOften()
}

// compactIfLarge begins to compact the file if it has grown too large.
func (w *MapWriter) compactIfLarge() {
	if w.size > w.limits.size && !w.compacting {
		w.compacting, w.compaction = true, make(chan struct{})
		go w.compact(w.compaction)
	}
}

// awaitCompaction waits until no compaction is at work.
func (w *MapWriter) awaitCompaction() {
	w.mu.Lock()
	done := w.compaction
	w.mu.Unlock()
	if done != nil {
		<-done
	}
}

// append writes lines to the file.
func (w *MapWriter) append(lines []byte) error {
	if w.torn {
		lines = append([]byte{'\n'}, lines...)
	}
	n, err := w.file.Write(lines)
	w.size += int64(n)
	w.torn = n < len(lines) && (n > 0 || w.torn)
	return err
}

func (w *MapWriter) syncOften() error {
	if now := time.Now(); now.Sub(w.synced) >= syncEvery {
		w.synced = now
		return w.file.Sync()
	}
	return nil
}

// Problems returns what was left out of the map since it was opened.
func (w *MapWriter) Problems() []container.Problem {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.problems.List()
}

// Close ends a compaction, and syncs and closes the file.
func (w *MapWriter) Close() error {
	if w.file == nil { // not made by OpenMap
		return nil
	}
	w.stop()
	w.awaitCompaction()
	return errors.Join(w.file.Sync(), w.closeFiles())
}

func (w *MapWriter) closeFiles() error {
	w.stop()
	var errs []error
	for _, f := range []*os.File{w.file, w.lock} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(errs...)
}
