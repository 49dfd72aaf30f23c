package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
)

// screen is the part of a terminal that a table is drawn in again and again.
type screen struct {
	w             io.Writer
	lines         int // of the table that it shows
	width, height int // of the terminal when that was drawn
}

// draw shows text in the place of what was shown before. Lines are not broken
// at the terminal's edge, so that each is one; a terminal of another size has
// moved them, so it is cleared.
func (s *screen) draw(text []byte) error {
	width, height := term.Width(s.w), term.Height(s.w)
	var out bytes.Buffer
	switch {
	case s.lines > 0 && (width != s.width || height != s.height):
		out.WriteString("\x1b[2J\x1b[H")
	case s.lines > 0:
		fmt.Fprintf(&out, "\x1b[%dA\x1b[J", s.lines)
	}
	s.width, s.height, s.lines = width, height, bytes.Count(text, []byte("\n"))
	out.WriteString("\x1b[?7l")
	out.Write(text)
	out.WriteString("\x1b[?7h")
	_, err := s.w.Write(out.Bytes())
	return err
}

// draw shows the live table.
func (w *follower) draw() error {
	if w.screen == nil || !w.changed {
		return nil
	}
	w.changed = false
	o := w.env.reportOptions(w.env.stdout, true)
	o.Sort = report.Order(w.flags.sort)
	text, err := frame(w.flags.grouped(w.summary()), o)
	if err != nil {
		return err
	}
	return w.screen.draw(text)
}

// endTable leaves the last table on the screen, or makes room for the summary
// where that comes there.
func (w *follower) endTable() error {
	if w.screen != nil && term.IsTerminal(w.env.stderr) {
		return w.screen.draw(nil)
	}
	return w.draw()
}

// frame returns the table as the screen has room for it. Where that is too
// small the calls that were seen last come first, under the same head.
func frame(s *aggregate.Summary, o report.Options) ([]byte, error) {
	room := o.Height - 1 // the cursor stands below
	text, err := renderTable(s, o)
	if extra := bytes.Count(text, []byte("\n")) - room; err == nil && room > 0 && extra > 0 {
		const note = 1 // that tells how many lines there are
		o.Sort = cmp.Or(o.Sort, report.ByLast)
		o.Top = max(1, report.Lines(s)-extra-note)
		text, err = renderTable(s, o)
	}
	return firstLines(text, room), err
}

func renderTable(s *aggregate.Summary, o report.Options) ([]byte, error) {
	var text bytes.Buffer
	err := report.Write(&text, s, report.Table, o)
	return text.Bytes(), err
}

// firstLines returns so many lines of text; 0 or less is no limit.
func firstLines(text []byte, lines int) []byte {
	end := 0
	for range lines {
		n := bytes.IndexByte(text[end:], '\n')
		if n < 0 {
			return text
		}
		end += n + 1
	}
	if lines <= 0 {
		return text
	}
	return text[:end]
}
