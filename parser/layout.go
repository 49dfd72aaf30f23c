package parser

import "bytes"

// Layout is how an input's lines belong together.
type Layout uint8

// The layouts. Only Lines can be parsed in parallel.
const (
	Lines   Layout = iota // each line stands for itself
	Entries               // journal entries of several lines: export, verbose, json-pretty
	CRI                   // the container log format, which splits long lines
)

// Sniff tells the layout from the start of an input.
func Sniff(head []byte) Layout {
	pretty := false
	for len(head) > 0 {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		line = bytes.TrimRight(line, "\r ")
		if len(line) == 0 {
			continue
		}
		switch {
		case bytes.HasPrefix(line, []byte("__CURSOR=")), verboseHead(line):
			return Entries
		case pretty && len(bytes.TrimLeft(line, " \t{")) < len(line):
			return Entries
		case string(line) == "{", string(line) == "[":
			pretty = true
			continue
		case len(criText(line)) > 0:
			return CRI
		case bytes.HasPrefix(line, []byte("-- ")): // journalctl's banner
			continue
		}
		return Lines
	}
	return Lines
}

// verboseHead recognises journalctl -o verbose's "Mon 2026-11-23 15:15:21.8
// UTC [s=...;i=...]".
func verboseHead(line []byte) bool {
	i := bytes.Index(line, []byte(" [s="))
	return i > 0 && line[0] != ' ' && line[len(line)-1] == ']' && bytes.Contains(line[i:], []byte(";i="))
}
