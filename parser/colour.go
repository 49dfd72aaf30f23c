package parser

import "bytes"

const escape = 0x1b

// uncolored frees a line of the codes by which grep, dmesg and others colour
// it: ESC [ numbers m, and ESC [ K. It is not ok if there are none.
func (p *Parser) uncolored(line []byte) (plain []byte, ok bool) {
	d := &p.doc
	start := len(d.text)
	for len(line) > 0 {
		i := bytes.IndexByte(line, escape)
		if i < 0 {
			break
		}
		d.text = append(d.text, line[:i]...)
		n := colorLen(line[i:])
		ok = ok || n > 0
		if n == 0 {
			n = 1
			d.text = append(d.text, escape)
		}
		line = line[i+n:]
	}
	d.text = append(d.text, line...)
	return d.text[start:len(d.text):len(d.text)], ok
}

// colorLen is the length of the colour code that s starts with, 0 if it is none.
func colorLen(s []byte) int {
	if len(s) < 3 || s[1] != '[' {
		return 0
	}
	for i, c := range s[2:] {
		switch {
		case c == 'm' || c == 'K':
			return 2 + i + 1
		case c-'0' > 9 && c != ';' && c != ':':
			return 0
		}
	}
	return 0
}

// colored reports whether a record's names hold what the kernel writes in hex:
// they were coloured.
func (r *Record) colored() bool {
	return bytes.IndexByte(r.Comm.Bytes, escape) >= 0 || bytes.IndexByte(r.Exe.Bytes, escape) >= 0
}
