package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// gap is what stands between two columns.
const gap = "   "

// The largest table that is given to tablewriter. It keeps every cell several
// times over (9 KB and 20 µs a row, where a line takes 0.8 µs) and pads every
// cell to the widest, so that one forged name of 16 KiB would make a million
// rows of 16 KiB each. Larger tables are written line by line in the same
// form.
const (
	ordinaryRows  = 1000
	ordinaryWidth = 256
)

// grid is a table that has been measured.
type grid struct {
	summary *aggregate.Summary
	columns []column
	groups  int   // columns that are of the group, and come first
	widths  []int // of the widest cell of each column, after cutting
	rows    int
	color   bool
}

func writeTable(w io.Writer, s *aggregate.Summary, f Format, o Options) error {
	out := bufio.NewWriterSize(w, bufferSize)
	if len(s.Groups) > 0 {
		g := measure(s, f)
		g.color = o.Color
		if f == Table && o.Width > 0 {
			g.fit(o.Width)
		}
		if err := g.write(out); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	for _, line := range footer(s, o.Quiet) {
		out.WriteString(line + "\n")
	}
	return out.Flush()
}

func measure(s *aggregate.Summary, f Format) *grid {
	g := &grid{summary: s, columns: columnsOf(s, f)}
	for _, c := range g.columns {
		g.widths = append(g.widths, len(c.head))
		if len(c.keys) > 0 {
			g.groups++
		}
	}
	for r := range rows(s) {
		g.rows++
		for i := r.changed(g.groups); i < len(g.columns); i++ {
			g.widths[i] = max(g.widths[i], width(g.columns[i].text(r)))
		}
	}
	return g
}

func (g *grid) heads() []string {
	heads := make([]string, len(g.columns))
	for i, c := range g.columns {
		heads[i] = c.head
	}
	return heads
}

// fit narrows the columns whose values are told apart by their ends until the
// table is no wider than a terminal, or they are as narrow as makes sense.
func (g *grid) fit(terminal int) {
	const narrowest = 12
	over := -len(gap) - terminal
	for _, width := range g.widths {
		over += width + len(gap)
	}
	for _, head := range []string{"EXE", "COMM"} {
		i := slices.IndexFunc(g.columns, func(c column) bool { return c.head == head })
		if i >= 0 && over > 0 && g.widths[i] > narrowest {
			less := min(over, g.widths[i]-narrowest)
			g.widths[i] -= less
			over -= less
		}
	}
}

func (g *grid) write(out *bufio.Writer) error {
	if g.rows <= ordinaryRows && slices.Max(g.widths) <= ordinaryWidth {
		return g.writeTable(out)
	}
	return g.writeLines(out)
}

func (g *grid) writeTable(out *bufio.Writer) error {
	var text bytes.Buffer
	t := tablewriter.NewTable(&text, tablewriter.WithConfig(tableConfig()), tablewriter.WithRenderer(plainRenderer()))
	t.Header(g.heads())
	lines := []row{{}}
	for r := range rows(g.summary) {
		lines = append(lines, r)
		cells := make([]string, len(g.columns))
		for i := range cells {
			cells[i] = g.cell(r, i)
		}
		if err := t.Append(cells); err != nil {
			return fmt.Errorf("lay out table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("lay out table: %w", err)
	}
	for i, line := range slices.Collect(bytes.Lines(text.Bytes())) {
		out.Write(g.paint(bytes.TrimRight(line, " \n"), lines[i]))
		out.WriteByte('\n')
	}
	return nil
}

// tableConfig keeps tablewriter from rewriting heads and trimming names.
func tableConfig() tablewriter.Config {
	cells := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Padding:    tw.CellPadding{Global: tw.Padding{Right: gap, Overwrite: true}},
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
func (g *grid) writeLines(out *bufio.Writer) error {
	var line []byte
	for i, head := range g.heads() {
		line = g.appendCell(line, i, head)
	}
	out.Write(append(line, '\n'))
	group := 0 // bytes of the line that are the group's
	for r := range rows(g.summary) {
		i := r.changed(g.groups)
		if i == 0 {
			group = 0
		}
		line = line[:group]
		for ; i < len(g.columns); i++ {
			if i == g.groups {
				group = len(line)
			}
			line = g.appendCell(line, i, g.cell(r, i))
		}
		out.Write(append(g.paint(line, r), '\n'))
	}
	return nil
}

// appendCell appends the cell of the i-th column, and the blanks up to the
// next.
func (g *grid) appendCell(dst []byte, i int, cell string) []byte {
	dst = append(dst, cell...)
	if i == len(g.columns)-1 {
		return dst
	}
	for range len(gap) + max(0, min(g.widths[i], ordinaryWidth)-width(cell)) {
		dst = append(dst, ' ')
	}
	return dst
}

// cell is what the i-th column shows.
func (g *grid) cell(r row, i int) string { return cut(g.columns[i].text(r), g.widths[i]) }

// paint makes the denial in a finished line red; tablewriter would add escapes
// of its own. Only numbers and times follow the action, so it is the last such
// word of the line.
func (g *grid) paint(line []byte, r row) []byte {
	if !g.color || r.call == nil || !denial(r.call.Action) {
		return line
	}
	action := []byte(r.call.Action.String())
	i := bytes.LastIndex(line, action)
	return slices.Concat(line[:i], []byte("\x1b[31m"), action, []byte("\x1b[0m"), line[i+len(action):])
}

// denial reports whether the call was refused: an unknown action kills, and a
// tracer's or supervisor's answer is logged only if it skipped the call.
func denial(a syscalltable.Action) bool {
	return a != syscalltable.ActionLog && a != syscalltable.ActionAllow
}

// width returns the columns that s takes on a terminal.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return twwidth.Width(s)
		}
	}
	return len(s)
}

// cut takes the middle out of what is wider than limit.
func cut(s string, limit int) string {
	if width(s) <= limit {
		return s
	}
	const ellipsis = "…"
	room := limit - width(ellipsis)
	head := prefix(s, room/2)
	return head + ellipsis + suffix(s, room-width(head))
}

// prefix returns as much of the beginning of s as fits into limit columns.
func prefix(s string, limit int) string {
	for i, r := range s {
		if limit -= width(string(r)); limit < 0 {
			return s[:i]
		}
	}
	return s
}

// suffix returns as much of the end of s as fits into limit columns.
func suffix(s string, limit int) string {
	for i := len(s); i > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		if limit -= width(string(r)); limit < 0 {
			return s[i:]
		}
		i -= size
	}
	return s
}
