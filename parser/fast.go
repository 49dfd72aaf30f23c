package parser

import "bytes"

// fast reads the line that the block starts with where it is auditd's and of
// a process that was seen before: the common case in audit.log. It takes only
// what the general way would read to the same record, and leaves the block
// untouched otherwise; a test and a fuzz target compare the two.
//
// Its invariants: the line starts as auditdLine wants it; the stamp and the
// fields are read by the same functions; no value reaches beyond the line's
// end, since none of them takes a newline; and what follows the code is the
// line's end, or what auditd adds, which no other reading gives a meaning.
func (p *Parser) fast() bool {
	s := p.block
	if p.layout != Lines || p.general || len(s) < len(seccompStart)+8 ||
		string(s[:8]) != "type=SEC" || string(s[8:16]) != "COMP msg" || string(s[16:23]) != "=audit(" {
		return false
	}
	st, s, ok := p.stamp(s[len(seccompStart)-len(auditOp):])
	if !ok || len(s) < 2 || s[0] != ':' {
		return false
	}
	s = s[1:]
	e := p.memo.recall(s)
	if e == nil {
		return false
	}
	r := &p.rec
	r.Stamp, r.Form, r.Legacy, r.Node, r.Process = st, FormAuditd, false, nil, &e.process
	r.ArchName, r.SyscallName, r.CodeName = nil, nil, nil
	at := e.at
	at.rest = s[len(e.start):]
	if !p.tail(&at) || at.seen&required != required {
		return false
	}
	s = at.rest
	if len(s) == 0 || s[0] != '\n' && !bytes.HasPrefix(s, enrichedStart) {
		return false
	}
	end := bytes.IndexByte(s, '\n')
	if end < 0 {
		return false
	}
	p.block = s[end+1:]
	p.lineNo++
	return true
}
