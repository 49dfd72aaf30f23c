package parser

import "bytes"

// laurelObject are the members of laurel's event, as they stand in the JSON.
type laurelObject struct {
	id, node, seccomp []byte
	daemon            bool // auditd's own, whose serials are not the kernel's
}

// laurelID reads the value of laurel's "ID", "SEC.MSEC:SERIAL".
func (p *Parser) laurelID(id []byte) (st Stamp, ok bool) {
	if len(id) == 0 || id[0] != '"' {
		return st, false
	}
	start := len(p.text)
	p.text = append(append(append(p.text, auditOp...), bytes.Trim(id, `"`)...), ')')
	st, rest, ok := parseStamp(p.text[start:])
	return st, ok && len(rest) == 0
}

// laurel parses an event of laurel: {"ID":"SEC.MSEC:SERIAL","SECCOMP":[{...}]}.
func (p *Parser) laurel(o laurelObject, st Stamp, line []byte, whole bool) Item {
	p.begin(Record{Form: FormJSON, Stamp: st})
	if !whole {
		return p.malformed("JSON cut", line)
	}
	if o.node != nil {
		p.rec.Node = p.unescaped(o.node)
	}
	if o.seccomp == nil {
		if o.daemon {
			return End
		}
		return IsOther
	}
	if reason := p.laurelFields(bytes.TrimLeft(o.seccomp, "[ ")); reason != "" {
		return p.malformed(reason, line)
	}
	return IsRecord
}

// unescaped is the text of a JSON value, kept in the parser's text.
func (p *Parser) unescaped(v []byte) []byte {
	start := len(p.text)
	p.text = unescape(p.text, v)
	return p.text[start:len(p.text):len(p.text)]
}

// laurelFields reads the record's own object. Its numbers are JSON numbers or
// hex strings, its names decoded.
func (p *Parser) laurelFields(obj []byte) (reason string) {
	seen := uint32(0)
	if len(obj) == 0 || obj[0] != '{' {
		return "JSON without a record"
	}
	whole := members(obj, func(key, value []byte) {
		f := fieldOf(key)
		if f == fNone || reason != "" {
			return
		}
		if !p.laurelValue(f, value) {
			reason = badValue[f]
		}
		seen |= 1 << f
	})
	if !whole {
		return "JSON cut"
	}
	if reason == "" && seen&required != required {
		return "a field that every kernel prints is missing"
	}
	return reason
}

// laurelValue reads one member. A blank stands behind its text, since the
// field readers want to see that a number has ended.
func (p *Parser) laurelValue(f field, value []byte) bool {
	start := len(p.text)
	p.text = append(unescape(p.text, value), ' ')
	text := p.text[start:]
	name := text[: len(text)-1 : len(text)-1]
	switch f {
	case fComm:
		p.rec.Comm = plain(percentDecode(name))
	case fExe:
		p.rec.Exe = plain(percentDecode(name))
	case fSubj:
		p.rec.Subj = percentDecode(name)
	case fArch:
		n, _ := p.rec.value(f, bytes.TrimPrefix(text, []byte("0x")))
		return n > 0
	default:
		n, _ := p.rec.value(f, text)
		return n > 0
	}
	return true
}

// percentDecode undoes laurel's %XX in place: it writes so all control bytes,
// DEL and beyond, and '%' itself.
func percentDecode(s []byte) []byte {
	out := s[:0]
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if v, n := lowerHex(s[i+1 : i+3]); n == 2 {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return out
}
