package parser

import "bytes"

// Audit types of interest; all others only lend their serials.
const (
	typeSeccomp = 1326
	typeAbend   = 1701 // seccomp's own before 3.8, core dumps since
	typeConfig  = 1305 // a setting of the audit system, or a rule, was changed
	typeFailed  = 1202 // auditd itself failed, or had stopped to write
	typeEncoded = -1   // SECCOMP in a mail's quoted-printable, "type=3D1326"
)

// auditdLine parses a line that starts with "type=", as auditd writes it.
func (p *Parser) auditdLine(line []byte) Item {
	if bytes.HasPrefix(line, seccompStart) {
		if st, rest, ok := parseStamp(line[len(seccompStart)-len(auditOp):]); ok && len(rest) > 0 && rest[0] == ':' {
			p.begin(Record{Stamp: st, Form: FormAuditd})
			return p.event(rest[1:], line)
		}
	}
	i := stampIndex(line)
	if i >= 0 && typeStart(line, i) == 0 {
		p.begin(Record{})
		return p.typed(line, 0, i, FormAuditd)
	}
	if t, _ := typeNumber(line); t == typeSeccomp {
		return p.malformed("record cut in its stamp", line)
	}
	return p.unread(line)
}

// seccompStart is what most lines of interest start with.
var seccompStart = []byte("type=SECCOMP msg=audit(")

// stampedLine parses a line with a prefix, "type=" at start and "audit(" at i.
// Only auditd itself puts nothing but node= before it.
func (p *Parser) stampedLine(line []byte, start, i int) Item {
	what, form := ofKernel, FormAudisp
	if line[i-1] == '=' {
		what = ofAuditd
	}
	pre, ok := parsePrefix(line[:start], what)
	if !ok {
		if t, _ := typeNumber(line[start:]); t != typeSeccomp {
			return p.unread(line)
		}
		return p.unusable(pre.refusal(), line)
	}
	p.heads.keep(line[:start], &pre)
	p.begin(Record{Node: pre.node})
	if bytes.HasPrefix(line, []byte("node=")) {
		form = FormAuditd
	}
	return p.typed(line, start, i, form)
}

// typeStart returns where the "type=" that belongs to the stamp at i begins:
// "type=N " (kernel) or "type=NAME msg=" (auditd) right before it; -1: none.
func typeStart(line []byte, i int) int {
	s := bytes.TrimSuffix(line[:i], []byte("msg="))
	if len(s) == 0 || s[len(s)-1] != ' ' {
		return -1
	}
	s = s[:len(s)-1]
	word := bytes.LastIndexByte(s, ' ') + 1
	at := bytes.LastIndex(s[word:], typeEq)
	if start := word + at; at == 0 || at > 0 && bytes.IndexByte(gluedTo, s[start-1]) >= 0 {
		return start
	}
	return -1
}

// gluedTo is what can stand before "type=" without a blank: a file's name, by
// grep, ends with it, and so do a tag, a bracket and a byte order mark.
var gluedTo = []byte(":-]\t\r\x00>\xbf")

// typeNumber reads "type=SECCOMP ", "type=1326 " or "type=UNKNOWN[1326] ".
// Types of no interest are 0.
func typeNumber(s []byte) (t int, n int) {
	s = s[len(typeEq):]
	n = bytes.IndexByte(s, ' ')
	if n < 0 {
		return 0, len(s)
	}
	switch string(s[:n]) {
	case "SECCOMP", "1326", "UNKNOWN[1326]":
		t = typeSeccomp
	case "ANOM_ABEND", "1701", "UNKNOWN[1701]":
		t = typeAbend
	case "CONFIG_CHANGE", "1305":
		t = typeConfig
	case "DAEMON_ABORT", "DAEMON_ERR", "DAEMON_RESUME":
		t = typeFailed
	case "3D1326", "3DSECCOMP":
		t = typeEncoded
	}
	return t, len(typeEq) + n
}

// typed parses from "type=" at start on, with the stamp at i; form is the
// rendering if it is auditd's.
func (p *Parser) typed(line []byte, start, i int, form Form) Item {
	t, n := typeNumber(line[start:])
	if t == typeEncoded {
		return p.malformed("quoted-printable text: decode it first", line)
	}
	msg := line[start+n+1 : i]
	if len(msg) != 0 {
		p.rec.Form = form
		if string(msg) != "msg=" {
			return ItemEnd
		}
	}
	st, rest, ok := parseStamp(line[i:])
	if !ok && len(msg) != 0 {
		if st, rest, ok = parseDatedStamp(line[i:]); ok {
			p.rec.Form = FormInterpreted
			rest = bytes.TrimPrefix(rest, []byte(" "))
		}
	}
	if !ok || len(rest) == 0 || rest[0] != ':' {
		if t != typeSeccomp {
			return ItemEnd
		}
		return p.unusable("record cut in its stamp", line)
	}
	p.rec.Stamp = st
	switch t {
	case typeSeccomp:
		return p.event(rest[1:], line)
	case typeAbend:
		return p.abend(rest[1:], line)
	case typeConfig:
		p.noticed(t, rest[1:])
	case 0:
		if bytes.ContainsAny(line[start+len(typeEq):start+n], noType) {
			return p.unread(line)
		}
	case typeFailed:
		p.loss = Loss{Kind: LossDaemon, Stamp: st, Text: line, Node: p.rec.Node}
		return ItemLoss
	}
	if bytes.HasPrefix(line[start+len(typeEq):], daemonType) {
		p.rec.HasSerial = false
	}
	if glued(rest) {
		return p.malformed("several records in one line", line)
	}
	return ItemOther
}

// daemonType starts the types of auditd's own records, whose serials are not
// the kernel's.
var daemonType = []byte("DAEMON_")

// event parses the fields of a SECCOMP record.
func (p *Parser) event(body, line []byte) Item {
	if p.rec.Form == FormInterpreted {
		if reason := p.rec.interpreted(body); reason != "" {
			return p.malformed(reason, line)
		}
		return ItemRecord
	}
	rest, reason := p.fields(body)
	if reason != "" {
		return p.unusable(reason, line)
	}
	return p.finish(rest, line)
}

// glued reports whether a SECCOMP record follows another one in its line, where
// a newline was lost. What a program has logged stands in quotes.
func glued(s []byte) bool {
	i := stampIndex(s)
	return i >= 0 && !bytes.Contains(s[:i], []byte("='")) && mentionsRecord(s)
}

// abend parses a 1701 record. Kernels before 3.8 used it for seccomp with
// reason="seccomp"; all others are ordinary core dumps.
func (p *Parser) abend(body, line []byte) Item {
	if !bytes.Contains(body, []byte(` reason="seccomp" `)) {
		if p.rec.Form == FormKernel && !bytes.Contains(body, []byte(" sig=")) {
			return p.malformed("record cut, could be seccomp's", line)
		}
		p.noticed(typeAbend, body)
		return ItemOther
	}
	p.rec.Legacy = true
	rest, reason := p.fields(body)
	if reason != "" {
		return p.malformed(reason, line)
	}
	return p.finish(rest, line)
}

// finish judges what follows code=: nothing, the enriched tail, or the next
// record where newlines were lost. Anything else means that the text was
// edited or glued, and that code= cannot be trusted to be whole.
func (p *Parser) finish(rest, line []byte) Item {
	tail := bytes.TrimRight(rest, " ")
	if len(tail) == 0 || enriched(tail) {
		return ItemRecord
	}
	if rest[0] == ' ' && p.startsRecord(rest) {
		p.line = rest
		return ItemRecord
	}
	return p.unusable("text after code=", line)
}

// enrichedStart is what auditd puts behind a record.
var enrichedStart = []byte("\x1dAUID=")

// enriched recognises auditd's interpretation behind the record, with its
// separator 0x1d, rsyslog's escape of it, a blank, or nothing (copy and paste
// drop the byte).
func enriched(s []byte) bool {
	s = bytes.TrimLeft(s, " \x1d")
	s = bytes.TrimPrefix(s, []byte("#035"))
	return bytes.HasPrefix(s, []byte("AUID="))
}

// startsRecord reports whether s is a prefix and a record.
func (p *Parser) startsRecord(s []byte) bool {
	i := stampIndex(s)
	if i < 0 {
		return false
	}
	start := typeStart(s, i)
	if start < 0 {
		return false
	}
	what := ofKernel
	if s[i-1] == '=' {
		what = ofAuditd
	}
	_, ok := parsePrefix(s[:start], what)
	return ok
}
