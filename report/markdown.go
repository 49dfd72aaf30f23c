package report

import (
	"bufio"
	"io"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/term"
)

// writeMarkdown writes a table as GitHub understands it, and the verdict as a
// list below it.
func writeMarkdown(w io.Writer, s *aggregate.Summary, o Options) error {
	out := bufio.NewWriterSize(w, bufferSize)
	if len(s.Groups) > 0 {
		writeMarkdownTable(out, s, o)
	}
	for _, note := range append(leftOut(s, o), footer(s, o)...) {
		line := term.Escape(note.Text)
		text := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(text)]
		out.WriteString(indent + "- " + escapeMarkdown(text) + "\n")
	}
	return out.Flush()
}

func writeMarkdownTable(out *bufio.Writer, s *aggregate.Summary, o Options) {
	columns := columnsOf(s, Markdown, o.Zone)
	for _, c := range columns {
		out.WriteString("| " + c.head + " ")
	}
	out.WriteString("|\n" + strings.Repeat("| --- ", len(columns)) + "|\n")
	for r := range rows(s, o) {
		for _, c := range columns {
			out.WriteString("| " + escapeMarkdown(term.Escape(c.text(r))) + " ")
		}
		out.WriteString("|\n")
	}
	out.WriteString("\n")
}

// escapeMarkdown makes s stand for itself: no column, no markup, no link that
// says something else, no HTML. An underscore within a word, as most are,
// marks nothing up.
func escapeMarkdown(s string) string {
	var out strings.Builder
	for i := range len(s) {
		switch c := s[i]; c {
		case '&':
			out.WriteString("&amp;")
		case '<':
			out.WriteString("&lt;")
		case '>':
			out.WriteString("&gt;")
		case '_':
			if i == 0 || i+1 == len(s) || !alphanumeric(s[i-1]) || !alphanumeric(s[i+1]) {
				out.WriteByte('\\')
			}
			out.WriteByte(c)
		case '\\', '|', '`', '*', '[', ']', '~':
			out.WriteByte('\\')
			fallthrough
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
