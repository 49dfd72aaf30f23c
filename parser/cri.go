package parser

import "bytes"

// maxJoined bounds a line put together from CRI parts.
const maxJoined = 64 << 10

// criLine unwraps "TIME stdout F text". Parts marked P are kept until the F
// that ends the line.
func (p *Parser) criLine(line []byte) Item {
	stream, partial, ok := criHead(line)
	if !ok {
		return p.scan(line)
	}
	text := criText(line)
	kept := &p.partial[stream]
	if partial || len(*kept) > 0 {
		if len(*kept)+len(text) <= maxJoined {
			*kept = append(*kept, text...)
		}
		if partial {
			return ItemEnd
		}
		p.text = append(p.text[:0], *kept...)
		*kept = (*kept)[:0]
		text = p.text
	}
	return p.quoted(text)
}

// criHead reads "TIME stdout|stderr P|F ".
func criHead(line []byte) (stream int, partial, ok bool) {
	_, n := isoTime(line)
	if n == 0 || len(line) < n+10 || line[n] != ' ' {
		return 0, false, false
	}
	switch string(line[n+1 : n+8]) {
	case "stdout ":
	case "stderr ":
		stream = 1
	default:
		return 0, false, false
	}
	tag := line[n+8]
	return stream, tag == 'P', (tag == 'P' || tag == 'F') && (line[n+9] == ' ' || line[n+9] == ':')
}

// criText is the text of a CRI line; empty if it is none.
func criText(line []byte) []byte {
	if _, _, ok := criHead(line); !ok {
		return nil
	}
	_, n := isoTime(line)
	rest := line[n+8:]
	return rest[bytes.IndexByte(rest, ' ')+1:]
}
