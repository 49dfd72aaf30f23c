package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

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
func OpenMap(name string) (*MapWriter, []Problem, error) {
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

func (w *MapWriter) resume() ([]Problem, error) {
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
	m, bad, err := ReadMap(w.file, w.file.Name())
	if err != nil {
		return nil, err
	}
	last := make([]byte, 1)
	if _, err := w.file.ReadAt(last, info.Size()-1); err == nil {
		w.torn = last[0] != '\n'
	}
	for _, p := range m.living() {
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

// living returns the processes without an end.
func (m *Map) living() (living []Process) {
	for pid, stays := range m.stays {
		for i, s := range stays {
			if s.id != nil && s.end.IsZero() && i == len(stays)-1 {
				living = append(living, Process{PID: pid, Start: s.start, Container: s.id})
			}
		}
	}
	slices.SortFunc(living, func(a, b Process) int { return int(a.PID) - int(b.PID) })
	return living
}

// Write appends one line.
func (w *MapWriter) Write(p Process) error {
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
