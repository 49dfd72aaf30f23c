package live

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/atomicfile"
)

// MapWriter appends to a pid map. Each line is written by one write(2), so
// that a crash leaves at most the last one cut. It is used by one goroutine,
// or as [NewTracker]'s learned.
type MapWriter struct {
	file   *os.File
	torn   bool // the file does not end in a newline
	synced time.Time
}

// syncEvery is how often a pid map is synced to disk while it is written.
const syncEvery = 5 * time.Second

// OpenMap opens a pid map to append to, or makes one. What an earlier run left
// unfinished is finished: a cut line gets its newline, and processes that
// lived at the last write get that as their end, for nobody has watched since.
// (A Tracker tells anew of those that still live.) The problems are the bad
// lines found.
func OpenMap(name string) (*MapWriter, []container.Problem, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	w := &MapWriter{file: f}
	bad, err := w.resume()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open pid map %s: %w", name, err), f.Close())
	}
	return w, bad, nil
}

func (w *MapWriter) resume() ([]container.Problem, error) {
	if err := atomicfile.Lock(w.file); err != nil {
		return nil, err
	}
	info, err := w.file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	m, bad, err := container.ReadMap(w.file, w.file.Name())
	if err != nil {
		return nil, err
	}
	last := make([]byte, 1)
	if _, err := w.file.ReadAt(last, info.Size()-1); err == nil {
		w.torn = last[0] != '\n'
	}
	for _, p := range m.Living() {
		p.End = p.Start
		if info.ModTime().After(p.Start) {
			p.End = info.ModTime()
		}
		if err := w.Write(p); err != nil {
			return nil, err
		}
	}
	return bad, w.file.Sync()
}

// Write appends one line.
func (w *MapWriter) Write(p container.Process) error {
	line, err := json.Marshal(p)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	if w.torn {
		line = append([]byte{'\n'}, line...)
	}
	n, err := w.file.Write(line)
	w.torn = n < len(line) && (n > 0 || w.torn)
	if err != nil {
		return err
	}
	if now := time.Now(); now.Sub(w.synced) >= syncEvery {
		w.synced = now
		return w.file.Sync()
	}
	return nil
}

// Close syncs and closes the file.
func (w *MapWriter) Close() error { return errors.Join(w.file.Sync(), w.file.Close()) }
