package report

import (
	"bufio"
	"io"
	"iter"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/syscalltable"
)

// writeTable writes the table and what ends it. On a terminal, where a long
// table scrolls away what is above it and a short one is read from the top,
// the verdict comes first, and last again after a long table.
func writeTable(w io.Writer, s *aggregate.Summary, f Format, o Options) error {
	out := bufio.NewWriterSize(w, bufferSize)
	style := table.Style{Width: o.Width, Color: o.Color}
	notes := footer(s, o.Quiet)
	if len(s.Groups) > 0 {
		if o.Width > 0 {
			if err := style.WriteNotes(out, headline(s), table.Note{}); err != nil {
				return err
			}
			if countRows(s) < longTable(o.Height) {
				notes = slices.DeleteFunc(notes, func(n table.Note) bool { return n == headline(s) })
			}
		}
		t := tableOf(s, f)
		if err := t.Write(out, style); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	if err := style.WriteNotes(out, notes...); err != nil {
		return err
	}
	return out.Flush()
}

// longTable returns the number of rows that hide the first line of a table on
// a terminal of so many lines; 0 is one that does not tell.
func longTable(height int) int {
	const usual, around = 24, 6 // lines above and below the rows
	if height == 0 {
		height = usual
	}
	return height - around
}

func countRows(s *aggregate.Summary) int {
	n := 0
	for i := range s.Groups {
		n += len(s.Groups[i].Calls)
	}
	return n
}

// tableOf returns the table of a summary in a format for people.
func tableOf(s *aggregate.Summary, f Format) *table.Table {
	columns := columnsOf(s, f)
	t := &table.Table{Rows: cells(s, columns)}
	for _, c := range columns {
		t.Columns = append(t.Columns, table.Column{Head: c.head, Fit: c.fit, Color: c.color})
	}
	return t
}

// cells gives the cells of each row. Those of the group, which come first,
// are made once a group.
func cells(s *aggregate.Summary, columns []column) iter.Seq[[]string] {
	ofGroup := 0
	for _, c := range columns {
		if len(c.keys) > 0 {
			ofGroup++
		}
	}
	return func(yield func([]string) bool) {
		line := make([]string, len(columns))
		for r := range rows(s) {
			for i := r.changed(ofGroup); i < len(line); i++ {
				line[i] = columns[i].text(r)
			}
			if !yield(line) {
				return
			}
		}
	}
}

// actionColor makes denials red.
func actionColor(cell string) table.Color {
	if a, err := syscalltable.ParseAction(cell); err == nil && !a.Denied() {
		return table.Plain
	}
	return table.Red
}

// verdictColor returns the colour of a verdict.
func verdictColor(v aggregate.Verdict) table.Color {
	if v == aggregate.Complete {
		return table.Green
	}
	return table.Yellow
}
