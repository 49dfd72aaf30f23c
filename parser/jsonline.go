package parser

import "bytes"

// jsonLine parses a JSON object: a journal entry, laurel's event, or the
// wrapper of a container runtime or a syslog daemon around a line of text.
func (p *Parser) jsonLine(obj []byte) Item {
	p.text = p.text[:0]
	if p.text == nil {
		p.text = p.scratch[:0]
	}
	var e entry
	var o laurelObject
	whole := members(obj, func(key, value []byte) {
		switch string(key) {
		case "ID":
			o.id = value
		case "SECCOMP":
			o.seccomp = value
		case "NODE":
			o.node = value
		default:
			o.daemon = o.daemon || bytes.HasPrefix(key, daemonType)
			if m := memberOf(key); m != mNone {
				e[m] = p.unescaped(value)
			}
		}
	})
	if st, ok := p.laurelID(o.id); ok && e[mTransport] == nil {
		return p.laurel(o, st, obj, whole)
	}
	if !whole {
		if stampIndex(obj) >= 0 || bytes.Contains(obj, seccompWord) {
			return p.malformed("JSON cut", obj)
		}
		return End
	}
	return p.entryItem(&e, obj)
}

// isJSONMember recognises a line of dmesg -J's document.
func isJSONMember(line []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(line, " \t"), []byte(`"msg": "`))
}

// jsonMember parses a line of dmesg -J.
func (p *Parser) jsonMember(line []byte) Item {
	s := line[bytes.IndexByte(line, ':')+2:]
	n := stringLen(s)
	if n == 0 {
		return p.malformed("JSON cut", line)
	}
	p.text = unquote(p.scratch[:0], s[1:n-1])
	return p.scan(p.text)
}
