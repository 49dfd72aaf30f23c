package table

import (
	"bufio"
	"io"
	"strings"

	"github.com/auditscan/auditscan/internal/term"
)

// WriteMarkdown writes the table as GitHub and GitLab understand it.
func (t *Table) WriteMarkdown(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	for _, c := range t.Columns {
		out.WriteString("| " + c.Head + " ")
	}
	out.WriteString("|\n" + strings.Repeat("| --- ", len(t.Columns)) + "|\n")
	for cells := range t.Rows {
		for _, cell := range cells {
			out.WriteString("| " + escapeMarkdown(term.Escape(cell)) + " ")
		}
		out.WriteString("|\n")
	}
	return out.Flush()
}

// WriteMarkdownNotes writes each note as an item of a list; one that is
// indented belongs to the one before it.
func WriteMarkdownNotes(w io.Writer, notes ...Note) error {
	out := bufio.NewWriter(w)
	for _, note := range notes {
		line := term.Escape(note.Text)
		text := strings.TrimLeft(line, " ")
		indent := line[:len(line)-len(text)]
		out.WriteString(indent + "- " + escapeMarkdown(text) + "\n")
	}
	return out.Flush()
}

// escapeMarkdown makes s stand for itself: no column, no markup, no link, nobody
// who is mentioned, no HTML. An underscore within a word, as most are,
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
		case ':', '.': // of what would become a link by itself
			if strings.HasPrefix(s[i:], "://") || i >= 3 && strings.EqualFold(s[i-3:i], "www") {
				out.WriteByte('\\')
			}
			out.WriteByte(c)
		case '@', '#': // of addresses, mentions and numbers of issues, which are looked for behind the escapes
			out.WriteByte(c)
			if i+1 < len(s) && alphanumeric(s[i+1]) {
				out.WriteString("<!-- -->")
			}
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
