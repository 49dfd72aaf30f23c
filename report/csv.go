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

// escapeCSV keeps a spreadsheet from taking text for a formula: a quote in
// front makes it text again. Numbers of our own (-1) are none.
func escapeCSV(value string, c *column) string {
	if len(c.keys) > 0 && value != "" && strings.IndexByte("=+-@\t\r", value[0]) >= 0 {
		value = "'" + value
	}
	return term.Escape(value)
}
