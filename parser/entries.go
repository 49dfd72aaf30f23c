package parser

import (
	"bytes"
	"encoding/binary"
)

// maxValue bounds what is kept of one value of an entry.
const maxValue = 64 << 10

// assembly is the state of reading entries of several lines.
type assembly struct {
	kept entry
	any  bool

	export bool // an empty line ends an entry
	cut    bool // the input ended within a line

	binary bool    // within a binary value of the export format
	size   [8]byte // its length, little-endian
	have   int     // bytes of size read
	skip   uint64  // bytes of the value still to come, its newline included
	dst    member  // where the value goes, mNone if nowhere
}

// entry gives the assembled values and starts anew.
func (a *assembly) entry() entry {
	e := a.kept
	for i := range a.kept {
		a.kept[i] = a.kept[i][:0]
	}
	a.any = false
	return e
}

// entryLine reads one line of a journal entry in one of its two forms:
// KEY=value with an empty line behind the entry (export), or "    KEY=value"
// behind a dated line (verbose). The further lines of a value are indented
// deeper (verbose) or have their length before them, so that no program can
// write a member of its own.
func (p *Parser) entryLine(line []byte) Item {
	a := &p.entries
	switch {
	case len(line) == 0, verboseHead(line):
		return p.closeEntry()
	case bytes.HasPrefix(line, []byte("    ")) && len(line) > 4 && line[4] != ' ':
		line = line[4:]
	}
	eq := bytes.IndexByte(line, '=')
	if eq > 0 && keyName(line[:eq]) {
		a.any = true
		a.export = a.export || string(line[:eq]) == "__CURSOR"
		a.keep(memberOf(line[:eq]), line[eq+1:])
		return ItemEnd
	}
	switch {
	case keyName(line): // the export format's binary value follows
		a.any, a.binary, a.have, a.dst = true, true, 0, memberOf(line)
	case !bytes.HasPrefix(line, []byte("     ")) && !banner(line): // no further line of a value
		p.noteForeign()
	}
	return ItemEnd
}

// keyName reports whether s is a field name of the journal.
func keyName(s []byte) bool {
	for _, c := range s {
		if c-'A' > 25 && c-'0' > 9 && c != '_' {
			return false
		}
	}
	return len(s) > 0
}

func (a *assembly) keep(m member, value []byte) {
	if m != mNone {
		a.kept[m] = append(a.kept[m][:0], value[:min(len(value), maxValue)]...)
	}
}

// binaryValue consumes what the block holds of a binary value: a length of
// eight bytes, the value, a newline. Newlines within it end no line, so that
// no program can write a field of its own into the export.
func (p *Parser) binaryValue() {
	a := &p.entries
	if a.have < len(a.size) {
		n := copy(a.size[a.have:], p.block[p.at:])
		a.have += n
		p.at += n
		if a.have < len(a.size) {
			return
		}
		a.skip = binary.LittleEndian.Uint64(a.size[:]) + 1
		a.keep(a.dst, nil)
	}
	part := p.block[p.at:]
	part = part[:min(a.skip, uint64(len(part)))]
	if a.dst != mNone && len(a.kept[a.dst])+len(part) <= maxValue {
		a.kept[a.dst] = append(a.kept[a.dst], part...)
	}
	p.lineNo += int64(bytes.Count(part, []byte("\n")))
	p.at, a.skip = p.at+len(part), a.skip-uint64(len(part))
	if a.skip == 0 {
		a.binary = false
		if a.dst != mNone {
			a.kept[a.dst] = bytes.TrimSuffix(a.kept[a.dst], []byte("\n"))
		}
	}
}

// closeEntry gives the item of an entry that is complete.
func (p *Parser) closeEntry() Item {
	if !p.entries.any {
		return ItemEnd
	}
	p.text = p.text[:0]
	e := p.entries.entry()
	return p.entryItem(&e)
}

// Flush ends the input: it gives the item of an entry or a split line that
// was not closed, ItemEnd if there is none. Call it after the last block until it
// returns ItemEnd: JSON that is cut can hold several.
func (p *Parser) Flush() Item {
	for i := range p.partial {
		if text := p.partial[i]; len(text) > 0 {
			p.partial[i] = nil
			if stampIndex(text) >= 0 {
				return p.malformed("line cut: its last part is missing", text)
			}
		}
	}
	if p.layout == LayoutJSON {
		return p.flushJSON()
	}
	a := &p.entries
	if a.export || a.cut || len(a.kept[mTransport]) == 0 {
		e := a.entry()
		return p.refuse(e[mMessage], "entry cut")
	}
	return p.closeEntry()
}
