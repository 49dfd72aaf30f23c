// Package liveview shows what is known so far on a terminal: a table that is
// drawn again a few times a second, with the verdict above it, and what keys
// ask for.
//
//	Summary ──a few times a second──> rows ──sorted, grouped, filtered──> a screen
//
// It sees summaries and nothing else, and takes one only when it draws: how
// fast records come makes no difference to it. All that it shows passes
// term.Escape.
package liveview

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// Document is what can be written from the view.
type Document string

// The documents.
const (
	Report  Document = "report"
	Profile Document = "profile"
)

// Options say what is shown, and what else the view can do.
type Options struct {
	Source string          // what is followed, as people call it
	By     []aggregate.Key // the first grouping; nil: container and program
	Sort   string          // the first order, a report's; "": seen last, first
	Zone   *time.Location  // of the times shown
	Color  bool
	// Take returns what is known. It may wait until that can be told, and is left
	// with false when ctx is over.
	Take func(ctx context.Context) (Snapshot, bool)
	// About writes what else is known of a call, such as the rule that allows it.
	About func(io.Writer, table.Style, *aggregate.Summary, *aggregate.Call) error
	// Write writes a document to a file that does not exist yet, and says in a
	// line what it wrote.
	Write func(Document, string, *aggregate.Summary) (string, error)
	// Now is time.Now but for tests.
	Now func() time.Time
}

// Snapshot is what is known at a time.
type Snapshot struct {
	Summary *aggregate.Summary
	Took    time.Duration // to make it
	Note    string        // what was noticed last, since the snapshot before; "": nothing
	Ended   bool          // nothing more will come
}

// framesPerSecond bounds how soon a key has an effect.
const framesPerSecond = 20

// Run shows the view until the user leaves it, or ctx ends, and leaves the
// terminal as it was. Keys come from in, nil if there is no keyboard; out is the
// terminal, which is drawn on by writing to w.
func Run(ctx context.Context, o Options, in, out *os.File, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var keyboard io.Reader // an *os.File that is nil would be one
	if in != nil {
		keyboard = in
	}
	_, err := tea.NewProgram(newModel(ctx, o),
		tea.WithContext(ctx), tea.WithoutSignalHandler(),
		tea.WithInput(keyboard), tea.WithOutput(terminal{out, w}), tea.WithFPS(framesPerSecond),
		tea.WithColorProfile(colorprofile.ANSI), // else programs are run to find out
	).Run()
	if ctx.Err() != nil && errors.Is(err, tea.ErrProgramKilled) {
		return nil
	}
	return err
}

// terminal is a terminal that is written to in another way.
type terminal struct {
	*os.File
	w io.Writer
}

func (t terminal) Write(p []byte) (int, error) { return t.w.Write(p) }
