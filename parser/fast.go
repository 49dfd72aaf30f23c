package parser

import "bytes"

// fast reads the line that the block starts with where it is auditd's or the
// kernel's and of a process that was seen before: the common cases. It takes
// only what the general way would read to the same record, and leaves the
// block untouched otherwise; tests and a fuzz target compare the two.
//
// Its invariants: the line starts as auditdLine wants it, or with a prefix that
// was read before; the stamp and the fields are read by the same functions; no
// value reaches beyond the line's end, since none of them takes a newline; and
// what follows the code is the line's end, or what auditd adds, which no other
// reading gives a meaning.
func (p *Parser) fast() bool {
	s, r := p.block, &p.rec
	if len(s) < len(seccompStart)+8 {
		return false
	}
	if string(s[:8]) == "type=SEC" && string(s[8:16]) == "COMP msg" && string(s[16:23]) == "=audit(" {
		s = s[len(seccompStart)-len(auditOp):]
		r.Form, r.Node = FormAuditd, nil
	} else {
		n := p.heads.recall(s)
		if n == 0 {
			return false
		}
		s = s[n:]
		r.Form, r.Node = FormKernel, p.heads.node
	}
	st, s, ok := p.stamp(s)
	if !ok || len(s) < 2 || s[0] != ':' {
		return false
	}
	s = s[1:]
	e := p.memo.recall(s)
	if e == nil {
		return false
	}
	r.Stamp, r.Legacy, r.Process = st, false, &e.process
	r.ArchName, r.SyscallName, r.CodeName = nil, nil, nil
	at := e.at
	at.rest = s[len(e.start):]
	return p.tail(&at) && at.seen&required == required && p.endLine(at.rest)
}

// endLine goes to the next line if what is left of this one is its end, or
// what auditd adds.
func (p *Parser) endLine(s []byte) bool {
	if len(s) == 0 || s[0] != '\n' && !bytes.HasPrefix(s, enrichedStart) {
		return false
	}
	end := bytes.IndexByte(s, '\n')
	if end < 0 {
		return false
	}
	p.block, p.ended = s[end+1:], s[end:]
	p.lineNo++
	return true
}

// headMemo is the start of the kernel's line that was read last, up to and
// with "kernel: ". What stands there is the same for a second, and says the
// same of every line: the prefix is parted at its first ": ", and what can
// follow in the prefix, the uptime and "audit: ", is in no part before it.
type headMemo struct {
	text, node []byte
}

// keep remembers the head of a prefix that has no priority: that one is read
// by other rules.
func (m *headMemo) keep(text []byte, pre *prefix) {
	end := bytes.Index(text, []byte(": "))
	if end < 0 || !bytes.HasSuffix(text[:end], []byte(" kernel")) || !wordStart(text[0]) || pre.pid != nil {
		return
	}
	m.text = append(m.text[:0], text[:end+2]...)
	m.node = append(m.node[:0], pre.node...)
	if pre.node == nil {
		m.node = nil
	}
}

func wordStart(c byte) bool { return c-'0' <= 9 || c|0x20-'a' <= 25 }

// recall returns where "audit(" begins in a line of the remembered head, 0
// where s is none.
func (m *headMemo) recall(s []byte) int {
	const longestUptime = 32
	if len(m.text) == 0 || !bytes.HasPrefix(s, m.text) {
		return 0
	}
	n := len(m.text)
	up := uptime(s[n:])
	n += up
	if bytes.HasPrefix(s[n:], []byte("audit: ")) {
		n += len("audit: ")
	}
	if up > longestUptime || !bytes.HasPrefix(s[n:], kernelStart) {
		return 0
	}
	return n + len(kernelStart) - len(auditOp)
}

var kernelStart = []byte("type=1326 audit(")
