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
	notes := append(leftOut(s, o), footer(s, o)...)
	if len(s.Groups) > 0 {
		if o.Width > 0 {
			if err := style.WriteNotes(out, Headline(s), table.Note{}); err != nil {
				return err
			}
			if _, shown := countRows(s, o); shown < longTable(o.Height) {
				notes = slices.DeleteFunc(notes, func(n table.Note) bool { return n == Headline(s) })
			}
		}
		t := tableOf(s, f, o)
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

// tableOf returns the table of a summary in a format for people.
func tableOf(s *aggregate.Summary, f Format, o Options) *table.Table {
	columns := columnsOf(s, f, o.Zone)
	t := &table.Table{Rows: cells(s, columns, o)}
	for _, c := range columns {
		t.Columns = append(t.Columns, table.Column{Head: c.head, Fit: c.fit, Color: c.color})
	}
	return t
}

// cells gives the cells of each row. Those of the group, which come first,
// are made once a group.
func cells(s *aggregate.Summary, columns []column, o Options) iter.Seq[[]string] {
	ofGroup := 0
	for _, c := range columns {
		if len(c.keys) > 0 {
			ofGroup++
		}
	}
	ordered := rows(s, o)
	return func(yield func([]string) bool) {
		line, made := make([]string, len(columns)), (*aggregate.Group)(nil)
		for r := range ordered {
			from := ofGroup
			if r.group != made {
				from, made = 0, r.group
			}
			for i := from; i < len(line); i++ {
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
