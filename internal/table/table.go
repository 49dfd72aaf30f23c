package table

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/auditscan/auditscan/internal/term"
)

// Table is a head and rows of cells, one for each column.
type Table struct {
	Columns []Column
	// Rows gives the rows, the same each time that it is run over: a table is
	// measured before it is written. A row may be used again for the next.
	Rows iter.Seq[[]string]
	// Steady is that every column stays and each row is one line, however narrow
	// the terminal: what is drawn again and again must not jump.
	Steady bool
}

// Column is one column of a table.
type Column struct {
	Head string
	Fit  Fit
	// Color returns the colour of a cell; nil: none has any.
	Color func(cell string) Color
}

// Fit is what may be done to the cells of a column so that the table fits a
// terminal.
type Fit uint8

// The ways to make a column fit.
const (
	Whole    Fit = iota // nothing
	Cut                 // the middle is left out where room lacks: names differ at both ends
	ID                  // as Cut, and of a long hexadecimal number the first 12 digits are shown
	WrapText            // text goes on below; for the last column
	Count               // a number: its digits stand in groups of three
)

// String returns the way's name.
func (f Fit) String() string {
	if f > Count {
		return "unknown"
	}
	return [...]string{"whole", "cut", "id", "wrapped", "count"}[f]
}

// RowsOf returns the rows of a list.
func RowsOf[T any](list []T, row func(T) []string) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for _, v := range list {
			if !yield(row(v)) {
				return
			}
		}
	}
}

// The largest table that is given to tablewriter. It keeps every cell several
// times over (9 KB and 20 µs a row, where a line takes 0.8 µs) and pads every
// cell to the widest, so that one forged name of 16 KiB would make a million
// rows of 16 KiB each. Larger tables are written line by line in the same
// form.
const (
	ordinaryRows  = 1000
	ordinaryWidth = 256
)

// Write writes the table to w.
func (t *Table) Write(w io.Writer, s Style) error {
	out := bufio.NewWriterSize(w, 64<<10)
	l := measure(t, s)
	if err := l.write(out); err != nil {
		return err
	}
	if len(l.hoisted) > 0 {
		if err := s.WriteNotes(out, Note{Text: "in every row: " + strings.Join(l.hoisted, ", ")}); err != nil {
			return err
		}
	}
	return out.Flush()
}

func (l *layout) write(out *bufio.Writer) error {
	if l.style.Width > 0 && l.excess() > 0 && l.rows > 0 && !l.table.Steady {
		return l.writeBlocks(out)
	}
	if l.rows <= ordinaryRows && slices.Max(l.widths) <= ordinaryWidth {
		return l.writeTable(out)
	}
	l.writeLines(out)
	return nil
}

func (l *layout) writeTable(out *bufio.Writer) error {
	var text bytes.Buffer
	t := tablewriter.NewTable(&text, tablewriter.WithConfig(l.config()), tablewriter.WithRenderer(plainRenderer()))
	t.Header(l.heads())
	lines := [][]string{nil}
	for cells := range l.lines() {
		cells = slices.Clone(cells)
		lines = append(lines, cells)
		if err := t.Append(cells); err != nil {
			return fmt.Errorf("lay out table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("lay out table: %w", err)
	}
	for i, line := range slices.Collect(bytes.Lines(text.Bytes())) {
		out.Write(l.paint(bytes.TrimRight(line, " \n"), lines[i]))
		out.WriteByte('\n')
	}
	return nil
}

// config keeps tablewriter from rewriting heads and trimming names.
func (l *layout) config() tablewriter.Config {
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: blanks[:l.gap], Overwrite: true}},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
	}
	return tablewriter.Config{
		Header:   cells,
		Row:      cells,
		Behavior: tw.Behavior{TrimSpace: tw.Off, TrimLine: tw.Off, TrimTab: tw.Off},
	}
}

// plainRenderer draws no line anywhere, as kubectl does.
func plainRenderer() tw.Renderer {
	return renderer.NewBlueprint(tw.Rendition{
		Borders:  tw.BorderNone,
		Symbols:  tw.NewSymbols(tw.StyleNone),
		Settings: tw.Settings{Lines: tw.LinesNone, Separators: tw.SeparatorsNone},
	})
}

// writeLines writes what writeTable writes. A cell wider than ordinaryWidth
// moves the rest of its own line only.
func (l *layout) writeLines(out *bufio.Writer) {
	line := l.appendLine(nil, l.heads())
	out.Write(append(bytes.TrimRight(line, " "), '\n'))
	for cells := range l.lines() {
		line = l.appendLine(line[:0], cells)
		out.Write(append(l.paint(bytes.TrimRight(line, " "), cells), '\n'))
	}
}

// appendLine appends the cells, each but the last with the blanks up to the
// next.
func (l *layout) appendLine(dst []byte, cells []string) []byte {
	for i, cell := range cells {
		dst = append(dst, cell...)
		if i < len(cells)-1 {
			dst = append(dst, blanks[:l.padding(i, cell)]...)
		}
	}
	return dst
}

// padding returns the number of blanks after a cell of the i-th column.
func (l *layout) padding(i int, cell string) int {
	return l.gap + max(0, min(l.widths[i], ordinaryWidth)-textWidth(cell))
}

// blanks are as many as a line can have between two cells.
var blanks = strings.Repeat(" ", ordinaryWidth+usualGap)

// paint colours the cells of a finished line: tablewriter would fill colored
// cells up with escapes of its own.
func (l *layout) paint(line []byte, cells []string) []byte {
	if !l.style.Color || cells == nil {
		return line
	}
	out, at := make([]byte, 0, len(line)+32), 0
	for i, cell := range cells {
		end := min(at+len(cell), len(line))
		text := string(line[at:end])
		if color := l.columns[i].Color; color != nil {
			text = l.style.Paint(color(cell), text)
		}
		next := min(end+l.padding(i, cell), len(line))
		out = append(append(out, text...), line[end:next]...)
		at = next
	}
	return out
}

// lines returns the cells of each line as they are shown. A row whose last
// cell is wrapped has several.
func (l *layout) lines() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		line := make([]string, len(l.columns))
		for cells := range l.table.Rows {
			for i := range line {
				line[i] = l.shown(i, cells[l.from[i]])
			}
			if !l.wrapped(line, yield) {
				return
			}
		}
	}
}

// wrapped yields a line, and those that its last cell needs besides.
func (l *layout) wrapped(line []string, yield func([]string) bool) bool {
	last := len(line) - 1
	if l.columns[last].Fit != WrapText || l.style.Width == 0 {
		return yield(line)
	}
	for i, text := range wrap(line[last], l.widths[last]) {
		if i > 0 {
			clear(line)
		}
		line[last] = text
		if !yield(line) {
			return false
		}
	}
	return true
}

// shown returns a cell of the i-th column as it is shown.
func (l *layout) shown(i int, cell string) string {
	cell = term.Escape(cell)
	if l.style.Width == 0 || l.columns[i].Fit == Whole || l.columns[i].Fit == WrapText {
		return cell
	}
	return cut(l.columns[i].short(cell), l.widths[i])
}
