// Package report renders what was found, and reads it back.
//
//	aggregate.Summary ──Write──> table, wide, JSON, YAML, CSV, Markdown
//	parser.Record     ──AppendEvent, LineIn──> a line of JSON, a line for people
//	report or events in JSON ──Read──> aggregate.Summary
//
// JSON is the contract: schema/report.schema.json and schema/event.schema.json
// describe every key, and what was read back renders as before. The other
// formats are views. Text from a log can hold anything: terminal escapes,
// formulas for a spreadsheet, markup. In every format it can do no more than
// be read (see the functions named escape...).
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
)

// Format is a rendering of a report.
type Format string

// The formats. Table and Wide are for terminals, Wide with every column;
// Markdown is Table for an issue or a pull request.
const (
	Table    Format = "table"
	Wide     Format = "wide"
	JSON     Format = "json"
	YAML     Format = "yaml"
	CSV      Format = "csv"
	Markdown Format = "markdown"
)

// Formats returns the formats, in the order in which a help text has them.
func Formats() []Format { return []Format{Table, Wide, JSON, YAML, CSV, Markdown} }

// ParseFormat returns the format of a name.
func ParseFormat(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if string(f) == name {
			return f, nil
		}
		names = append(names, string(f))
	}
	return "", fmt.Errorf("unknown format %q (one of %s)", name, strings.Join(names, ", "))
}

// Options are what the reader of a report wants, apart from its format.
type Options struct {
	Tool  string // what made the report, such as "auditscan 0.1.0"; JSON and YAML say it
	Color bool   // Table, Wide: colour the verdict and denials
	// Width and Height, Table and Wide, are the columns and lines of the
	// terminal, which the table is made to fit and the verdict stands at the
	// top of. Width 0: no terminal; nothing is cut, and the verdict is last.
	Width, Height int
	// Positions, JSON, are where follow goes on; nil: the report has none.
	Positions json.RawMessage
	// Zone is that of the times in Table, Wide and Markdown; nil: UTC.
	Zone *time.Location
	// Sort and Top are for Table, Wide, CSV and Markdown: the order of the
	// lines, and how many there are at most; 0: all.
	Sort  Order
	Top   int
	Quiet bool // leave out advice: how to prevent a loss, who could have forged an input
}

// bufferSize is how many bytes are handed on at once.
const bufferSize = 64 << 10

// Write writes s to w. Every format but CSV, which has no room for it, holds
// the verdict and its evidence: see [WriteVerdict].
func Write(w io.Writer, s *aggregate.Summary, f Format, o Options) error {
	switch f {
	case Table, Wide:
		return writeTable(w, s, f, o)
	case JSON:
		return writeJSON(w, document(s, o))
	case YAML:
		return writeYAML(w, document(s, o))
	case CSV:
		return writeCSV(w, s, o)
	case Markdown:
		return writeMarkdown(w, s, o)
	}
	return fmt.Errorf("unknown format %q", f)
}
