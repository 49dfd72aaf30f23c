package findings

import (
	"io"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
)

// WriteMarkdown writes the result, the calls as a table, and the advice.
func (c *Check) WriteMarkdown(w io.Writer) error {
	notes := []table.Note{c.Result.Headline()}
	for _, f := range c.findings() {
		if f.kind == incomplete || f.kind == nothing {
			notes = append(notes, table.Note{Text: f.text()})
		}
	}
	if err := writeMarkdown(w, notes, c.Result.Table(), len(c.Result.Calls)); err != nil || len(c.Advice) == 0 {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return table.WriteMarkdownNotes(w, c.Advice...)
}

// WriteDiffMarkdown writes what is different between two profiles.
func WriteDiffMarkdown(w io.Writer, r *profile.DiffResult) error {
	rows := 1
	if r.Same() {
		rows = 0
	}
	return writeMarkdown(w, []table.Note{r.Headline()}, r.Table(), rows)
}

func writeMarkdown(w io.Writer, notes []table.Note, t *table.Table, rows int) error {
	if err := table.WriteMarkdownNotes(w, notes...); err != nil || rows == 0 {
		return err
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return err
	}
	return t.WriteMarkdown(w)
}
