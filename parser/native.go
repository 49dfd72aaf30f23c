package parser

import "bytes"

// Foreign is the number, from 1, of the current block's first line in a form
// that neither auditd, ausearch and laurel nor the journal's own exports have;
// 0: there is none. Where others can write lines, some are of other programs:
// a log is only auditd's, or the journal's, if every line of it is. It is
// known when Next has returned End.
func (p *Parser) Foreign() int64 { return p.foreign }

// noteForeign notes that the line that was read last is foreign.
func (p *Parser) noteForeign() {
	if p.foreign == 0 {
		p.foreign = p.lineNo
	}
}

// isForeign reports whether a line that was just scanned is of others. What
// the skip search passes over is: native lines hold a gram.
func (p *Parser) isForeign(line []byte) bool {
	d := &p.doc
	switch {
	case len(line) == 0, bytes.HasPrefix(line, typeEq), separates(line):
		return false
	case bytes.HasPrefix(line, []byte("node=")):
		return stampIndex(line) < 0
	}
	return !d.native || d.foreign || d.wrapped
}

// separates reports whether ausearch puts a line between records.
func separates(line []byte) bool {
	return string(line) == "----" || bytes.HasPrefix(line, []byte("time->"))
}

// judgeOrigin notes whether a line's outermost object, which is closed, is an
// entry of the journal or an event of laurel.
func (d *document) judgeOrigin(f *object) {
	switch {
	case f.level > 0 || f.parent >= 0:
	case !f.has(factTransport) && !f.has(factLaurelID):
		d.foreign = true
	default:
		d.native = true
	}
}
