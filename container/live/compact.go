package live

import (
	"cmp"
	"fmt"
	"io"
	"os"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/atomicfile"
)

// compact replaces the file by one of the latest processes. Lines are written
// to the old file meanwhile; they are copied at the end. While the new file
// takes its place they are kept aside. It closes done when it has ended.
func (w *MapWriter) compact(done chan struct{}) {
	defer close(done)
	w.finish(w.replace())
}

// finish goes on with the compacted file, or with the old one after an error.
func (w *MapWriter) finish(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.compacting = false
	if err == nil {
		w.failed = w.reopen()
	}
	if len(w.aside) > 0 {
		w.failed = cmp.Or(w.failed, w.append(w.aside))
	}
	w.aside = nil
	if err != nil && w.ctx.Err() == nil {
		w.problems.Add(container.Problem{Name: w.name, Detail: "not made smaller: " + err.Error()})
		w.limits.size = w.size + defaultLimits.size // not at every line from now on
	}
}

// replace writes the compacted file.
func (w *MapWriter) replace() error {
	w.mu.Lock()
	size := w.size
	w.mu.Unlock()
	return atomicfile.Write(w.ctx, w.name, 0o600, func(out io.Writer) error {
		forgotten, err := container.CompactMap(w.ctx, out, io.NewSectionReader(w.file, 0, size), w.name, w.limits.stays, w.limits.bytes)
		if err != nil {
			return err
		}
		return w.copyRest(out, size, forgotten)
	})
}

// copyRest copies what was written since, and begins to keep lines aside.
func (w *MapWriter) copyRest(out io.Writer, from, forgotten int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := io.Copy(out, io.NewSectionReader(w.file, from, w.size-from)); err != nil {
		return err
	}
	w.aside = []byte{}
	if forgotten > 0 {
		w.problems.Add(container.Problem{Name: w.name, Detail: fmt.Sprintf(
			"the map has grown too large: %d processes that ended first are forgotten", forgotten)})
	}
	return nil
}

// reopen goes on with the file that has the name now.
func (w *MapWriter) reopen() error {
	f, err := atomicfile.Open(w.name, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	old := w.file
	w.file, w.size = f, info.Size()
	return old.Close()
}
