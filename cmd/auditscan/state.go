package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// state is the file of follow --state: a report of all that was counted, with
// the places up to which it was. Both are in one file, so that a crash cannot
// part them.
type state struct {
	path   string
	lock   *os.File
	before *aggregate.Summary // of earlier runs; nil: there was none
	at     positions
	size   int64 // of the file that was saved last; 0: none was
}

// saveRate bounds what saving writes to the disk, in bytes a second, and
// longestUnsaved the time that a large state waits for that.
const (
	saveRate       = 1 << 20
	longestUnsaved = time.Minute
)

// rest returns for how long after a save there is none, unless following ends.
func (st *state) rest() time.Duration {
	return time.Duration(min(st.size, saveRate*int64(longestUnsaved/time.Second))) * time.Second / saveRate
}

// positions say where a source is to be gone on with.
type positions struct {
	Files  []source.Position `json:"files,omitempty"`
	Cursor string            `json:"cursor,omitempty"` // of the journal
	// Newest are the last records that were counted, which those of a later
	// run have to follow without a gap.
	Newest []aggregate.Seen `json:"newest,omitempty"`
	BootID string           `json:"boot_id,omitempty"` // of the host when they were counted
}

// loadState reads the state of an earlier run; nil if none is kept.
func loadState(path string) (*state, error) {
	if path == "" {
		return nil, nil
	}
	st := &state{path: path}
	var err error
	if st.lock, err = atomicfile.Claim(path); err != nil {
		return nil, err
	}
	if err := st.read(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, st.close())
	}
	return st, nil
}

// read reads a file that nobody but root and this user can have made. The report
// is read first, with its bounds: what is none is not taken into memory.
func (st *state) read() error {
	f, err := atomicfile.Open(st.path, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if st.before, err = report.Read(f, st.path); err != nil {
		return fmt.Errorf("%w (move the file away to begin anew)", err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	var doc struct {
		Positions positions `json:"positions"`
	}
	if err := json.NewDecoder(f).Decode(&doc); err != nil {
		return fmt.Errorf("%s: %w (move the file away to begin anew)", st.path, err)
	}
	st.at = doc.Positions
	return nil
}

// close lets others use the state.
func (st *state) close() error {
	if st == nil {
		return nil
	}
	return st.lock.Close()
}

// positions are those of the earlier run.
func (st *state) positions() positions {
	if st == nil {
		return positions{}
	}
	return st.at
}

// save replaces the file as a whole.
func (st *state) save(s *aggregate.Summary, at positions) error {
	place, err := json.Marshal(at)
	if err != nil {
		return err
	}
	// What loadState could read is a file, and needs no waiting for.
	return atomicfile.Write(context.Background(), st.path, 0o600, func(w io.Writer) error {
		counted := &countingWriter{w: w}
		err := report.Write(counted, s, report.JSON, report.Options{Tool: tool, Positions: place})
		st.size = counted.n
		return err
	})
}

// countingWriter counts the bytes that are written.
type countingWriter struct {
	w io.Writer
	n int64
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
