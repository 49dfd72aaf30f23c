package table

import (
	"bufio"
	"io"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/internal/term"
)

// Style is what the place that text is written to can show. The zero value is
// a file: nothing is cut, wrapped or coloured.
type Style struct {
	Width int  // columns of the terminal; 0: no terminal, or it does not tell
	Color bool // whether colours are wanted
}

// Color is a terminal's escape sequence; "" is the ordinary colour.
type Color string

// The colours, which mean the same in every command: what is denied or fails,
// what is incomplete or not known, what is complete or allowed.
const (
	Plain  Color = ""
	Red    Color = "\x1b[31m"
	Yellow Color = "\x1b[33m"
	Green  Color = "\x1b[32m"
)

// Marks that go before a colour, or stand alone: what is new, what is chosen.
const (
	Bold     Color = "\x1b[1m"
	Reversed Color = "\x1b[7m"
)

const colorEnd = "\x1b[0m"

// Paint returns text in a colour, if the style has colours.
func (s Style) Paint(c Color, text string) string {
	if !s.Color || c == Plain || text == "" {
		return text
	}
	return string(c) + text + colorEnd
}

// Number is how people read a number: its digits in groups of three. Programs
// are given the digits alone.
func Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	first := len("-")
	if n >= 0 {
		first = 0
	}
	for i := len(digits) - 3; i > first; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// List lists names, but no more than a line has room for.
func List(names []string) string {
	const room = 3
	if len(names) <= room {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:room], ", ") + " and " + Number(int64(len(names)-room)) + " more"
}

// A Note is a line that stands above or below a table. Blanks at its start
// indent it and the lines that it is wrapped to.
type Note struct {
	Text  string
	Color Color
}

// WriteNotes writes each note, escaped and wrapped to the terminal's width.
func (s Style) WriteNotes(w io.Writer, notes ...Note) error {
	out := bufio.NewWriter(w)
	for _, n := range notes {
		for _, line := range wrap(term.Escape(n.Text), s.Width) {
			out.WriteString(s.Paint(n.Color, line))
			out.WriteByte('\n')
		}
	}
	return out.Flush()
}

// hang is how much further in a wrapped line goes on.
const hang = "  "

// wrap breaks text at blanks into lines of at most width columns; 0 is no
// limit. The lines after the first are indented by two columns more than the
// first. A word that is too wide for a line has one of its own, whole, so that
// it can be copied.
func wrap(text string, width int) []string {
	start := len(text) - len(strings.TrimLeft(text, " "))
	if width <= 0 || textWidth(text) <= width || start == len(text) {
		return []string{text}
	}
	indent := text[:start]
	var lines []string
	line, words := indent, text[start:]
	for words != "" {
		word, gap := nextWord(words)
		words = words[len(word)+gap:]
		lines, line = addWord(lines, line, word, indent+hang, width)
		line += strings.Repeat(" ", gap)
	}
	return append(lines, strings.TrimRight(line, " "))
}

// nextWord returns the first word of a text, and the number of blanks that
// stand behind it.
func nextWord(text string) (word string, gap int) {
	end := strings.IndexByte(text, ' ')
	if end < 0 {
		return text, 0
	}
	rest := text[end:]
	return text[:end], len(rest) - len(strings.TrimLeft(rest, " "))
}

// addWord adds a word to a line, or to a new one if it does not fit.
func addWord(lines []string, line, word, indent string, width int) ([]string, string) {
	if strings.Trim(line, " ") == "" || textWidth(line)+textWidth(word) <= width {
		return lines, line + word
	}
	return append(lines, strings.TrimRight(line, " ")), indent + word
}
