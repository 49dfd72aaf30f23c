package parser

import "bytes"

// Layout is how an input's lines belong together.
type Layout uint8

// The layouts. Only LayoutLines can be parsed in parallel.
const (
	LayoutLines   Layout = iota // each line stands for itself
	LayoutEntries               // journal entries of several lines: export, verbose
	LayoutCRI                   // the container log format, which splits long lines
	LayoutJSON                  // JSON that is spread over several lines
)

// String returns the layout's name.
func (l Layout) String() string { return nameOf(l, "lines", "journal entries", "CRI", "JSON") }

// Sniff tells the layout from the start of an input.
func Sniff(head []byte) Layout {
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		line = bytes.TrimRight(bytes.TrimPrefix(line, byteOrderMark), "\r ")
		if len(line) == 0 {
			continue
		}
		switch {
		case bytes.HasPrefix(line, []byte("__CURSOR=")), verboseHead(line):
			return LayoutEntries
		case line[0] == '{', line[0] == '[':
			if spread(line, head) {
				return LayoutJSON
			}
		case len(criText(line)) > 0:
			return LayoutCRI
		case banner(line):
			continue
		}
		return LayoutLines
	}
	return LayoutLines
}

// spread reports whether the JSON that a line starts goes on in the next one.
func spread(line, rest []byte) bool {
	next := bytes.TrimLeft(rest, " \t\r\n,")
	goesOn := len(next) == 0 || bytes.IndexByte([]byte(`"{[]}`), next[0]) >= 0 || next[0]-'0' <= 9
	if len(line) == 1 {
		return goesOn && len(next) > 0
	}
	return valueLen(line) == 0 && goesOn && len(next) > 0 && !objectLine(line, next)
}

// objectLine reports whether a line that is cut is followed by one that starts
// anew.
func objectLine(line, next []byte) bool { return line[0] == '{' && next[0] == '{' }

// verboseHead recognises journalctl -o verbose's "Mon 2026-11-23 15:15:21.8
// UTC [s=...;i=...]".
func verboseHead(line []byte) bool {
	i := bytes.Index(line, []byte(" [s="))
	return i > 0 && line[0] != ' ' && line[len(line)-1] == ']' && bytes.Contains(line[i:], []byte(";i="))
}

// banner recognises what journalctl prints between entries: "-- Boot ... --",
// "-- Logs begin at ... --".
func banner(line []byte) bool { return bytes.HasPrefix(line, []byte("-- ")) }
