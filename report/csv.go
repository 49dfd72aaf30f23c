package report

import (
	"encoding/csv"
	"io"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/term"
)

// writeCSV writes RFC 4180 with the line ends of Unix: a line of names, then
// a line for each call of each group. What is not known is empty.
func writeCSV(w io.Writer, s *aggregate.Summary, o Options) error {
	out := csv.NewWriter(w)
	columns := columnsOf(s, CSV, time.UTC)
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = strings.ReplaceAll(strings.ToLower(c.head), "-", "_")
	}
	out.Write(cells)
	for r := range rows(s, o) {
		for i, c := range columns {
			cells[i] = escapeCSV(c.value(r), &c)
		}
		out.Write(cells)
	}
	out.Flush()
	return out.Error()
}

// quoteFormulas puts a quote in front of what could be a formula: at the start,
// and behind what other programs take for the end of a cell, whatever quotes are
// around it.
func quoteFormulas(value string) string {
	var out []byte
	begins := true
	for i := range len(value) {
		if begins && strings.IndexByte("=+-@\t\r", value[i]) >= 0 {
			out = append(out, '\'')
		}
		out = append(out, value[i])
		begins = value[i] == ';' || value[i] == '\t'
	}
	return string(out)
}

// escapeCSV keeps a spreadsheet from taking text for a formula: a quote in
// front makes it text again. Numbers of our own (-1) are none.
func escapeCSV(value string, c *column) string {
	if len(c.keys) > 0 {
		value = quoteFormulas(value)
	}
	return term.Escape(value)
}
