package parser

import "bytes"

// laurelID reads the value of laurel's "ID", "SEC.MSEC:SERIAL".
func (p *Parser) laurelID(id []byte) (st Stamp, ok bool) {
	if len(id) == 0 {
		return st, false
	}
	d := &p.doc
	at := d.copied(auditOp)
	d.text = append(append(d.text, id...), ')')
	st, rest, ok := parseStamp(d.text[at.start:])
	return st, ok && len(rest) == 0
}

// laurel parses the record in an event of laurel:
// {"ID":"SEC.MSEC:SERIAL","SECCOMP":[{...}]}.
func (p *Parser) laurel(frame int) Item {
	d := &p.doc
	f := &d.frames[frame]
	event := f.parent
	if event < 0 {
		return p.malformed("JSON without a record", d.whole)
	}
	st, ok := p.laurelID(d.fact(&d.frames[event], factLaurelID))
	if !ok {
		return p.malformed("JSON without the record's stamp", d.whole)
	}
	p.begin(Record{Form: p.laurelForm(event), Stamp: st, Node: d.node(event)})
	if reason := p.laurelFields(f); reason != "" {
		return p.malformed(reason, d.whole)
	}
	return ItemRecord
}

// namesObject reports whether a line holds the key of laurel's record, however
// its quotes are escaped.
func namesObject(line []byte) bool {
	for {
		i := bytes.Index(line, seccompWord[:len("SECCOMP")])
		if i < 0 {
			return false
		}
		line = line[i+len("SECCOMP"):]
		rest := bytes.TrimLeft(line, `\"'`)
		if len(rest) < len(line) && len(rest) > 0 && rest[0] == ':' {
			return true
		}
	}
}

// laurelNotice gives what a record of another type tells of the recording.
func (p *Parser) laurelNotice(frame int) Item {
	d := &p.doc
	f := &d.frames[frame]
	st, ok := p.laurelID(d.fact(&d.frames[f.parent], factLaurelID))
	if !ok {
		return ItemEnd
	}
	p.begin(Record{Form: p.laurelForm(f.parent), Stamp: st, Node: d.node(frame)})
	if f.setting == inAbend {
		p.noticeKill(d.fact(f, fact(fSig)), d.fact(f, fact(fPID)), d.whole)
	} else if kind, ok := settingLoses(d.settingText(f)); ok {
		p.notice(kind, d.whole)
	}
	if !p.told {
		return ItemEnd
	}
	return p.tell()
}

// settingText is a changed setting as the kernel writes it.
func (d *document) settingText(f *object) []byte {
	start := len(d.text)
	for i, key := range settingKeys {
		if v := d.fact(f, factSetting+fact(i)); v != nil {
			d.text = append(append(append(append(d.text, ' '), key...), '='), v...)
		}
	}
	return d.text[start:]
}

func (p *Parser) laurelForm(event int) Form {
	if p.doc.vouched(event) {
		return FormJSON
	}
	return FormAudisp
}

// laurelFields reads the record's own object. Its numbers are JSON numbers or
// hex strings, its names decoded.
func (p *Parser) laurelFields(f *object) (reason string) {
	for x := fAUID; x <= fCode; x++ {
		if f.has(fact(x)) && !p.laurelValue(x, p.doc.fact(f, fact(x))) {
			return badValue[x]
		}
	}
	if f.seen&required != required {
		return "a field that every kernel prints is missing"
	}
	return ""
}

// laurelValue reads one member. A blank stands behind its text, since the
// field readers want to see that a number has ended.
func (p *Parser) laurelValue(f field, value []byte) bool {
	d := &p.doc
	at := d.copied(value)
	d.text = append(d.text, ' ')
	text := d.text[at.start:]
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
