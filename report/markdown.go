package report

import (
	"bufio"
	"io"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// writeMarkdown writes a table as GitHub understands it, and the verdict as a
// list below it.
func writeMarkdown(w io.Writer, s *aggregate.Summary, o Options) error {
	out := bufio.NewWriterSize(w, bufferSize)
	if len(s.Groups) > 0 {
		if err := tableOf(s, Markdown, o).WriteMarkdown(out); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	if err := table.WriteMarkdownNotes(out, append(leftOut(s, o), footer(s, o)...)...); err != nil {
		return err
	}
	return out.Flush()
}
