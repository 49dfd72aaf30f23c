package parser

import (
	"bytes"
	"encoding/binary"
)

// fast reads the block's next line where it is the common case: auditd's or
// the kernel's, and of a process that was seen before, or of another audit
// type. It takes only what the general way would read to the same item, and
// gives ItemEnd otherwise, with nothing taken; tests and a fuzz target compare the
// two.
//
// Its invariants: the line starts as auditdLine wants it, or with a prefix that
// was read before; no value reaches beyond the line's end, since none of them
// takes a newline; and what follows the code is the line's end, or what auditd
// adds, which no other reading gives a meaning.
func (p *Parser) fast() Item {
	s, r := p.block[p.at:], &p.rec
	if len(s) < shortestLine {
		return ItemEnd
	}
	if string(s[:8]) == "type=SEC" && string(s[8:16]) == "COMP msg" && string(s[16:23]) == "=audit(" {
		s = s[len(seccompStart):]
		r.Form, r.Node = FormAuditd, nil
	} else {
		n := p.heads.recall(s)
		if n == 0 {
			return p.otherLine(s)
		}
		s = s[n:]
		r.Form, r.Node = FormKernel, p.heads.node
	}
	n := p.stamp(s)
	if n == 0 {
		return ItemEnd
	}
	s = s[n:]
	e := p.memo.recall(s)
	if e == nil || !e.whole {
		return ItemEnd
	}
	s = s[len(e.start):]
	r.Legacy, r.Process = false, &e.process
	if r.CodeName != nil || r.Container != nil {
		r.ArchName, r.SyscallName, r.CodeName, r.Container, r.Numbered = nil, nil, nil, nil, false
	}
	if n = p.tail(s); n == 0 || !p.endLine(s[n:], r.Subj != nil) {
		return ItemEnd
	}
	return ItemRecord
}

// shortestLine is what has to be left of the block, so that the start of a line
// and its stamp can be read without a look at where the block ends.
const shortestLine = 64

// endLine goes to the next line if what is left of this one is its end, or
// what auditd adds. Where the record has a label, all before may be a part of
// it: then the record's own fields would follow.
func (p *Parser) endLine(s []byte, labelled bool) bool {
	if len(s) > 0 && s[0] == '\n' {
		return p.endLineAt(s, 0)
	}
	if !bytes.HasPrefix(s, enrichedStart) {
		return false
	}
	end := bytes.IndexByte(s, '\n')
	return end > 0 && (!labelled || p.tails.clean(s[:end])) && p.endLineAt(s, end)
}

// tailMemo is the start of an enriched tail in which nothing follows that a
// label could have hidden: those of a process differ in the call's name only.
type tailMemo []byte

// shortestRest is shorter than what follows a label: " pid=1 comm="..." and all
// that every kernel prints.
const shortestRest = 40

// clean reports whether an enriched tail is one, and no part of a label.
func (m *tailMemo) clean(tail []byte) bool {
	if bytes.HasPrefix(tail, *m) && len(tail) < len(*m)+shortestRest {
		return true
	}
	if hasPID(tail) {
		return false
	}
	*m = append((*m)[:0], tail[:bytes.LastIndexByte(tail, ' ')+1]...)
	return true
}

// endLineAt goes to the line behind s, the end of this one, with a newline at end;
// false if there is none.
func (p *Parser) endLineAt(s []byte, end int) bool {
	if end < 0 {
		return false
	}
	p.at, p.ended = len(p.block)-len(s)+end+1, true
	p.lineNo++
	return true
}

// otherLine reads auditd's line of a type that only lends its serial.
func (p *Parser) otherLine(s []byte) Item {
	if !bytes.HasPrefix(s, typeEq) {
		return ItemEnd
	}
	t, n := typeNumber(s[:shortestLine])
	if t != 0 || n > shortestLine/2 || string(s[n:n+11]) != " msg=audit(" ||
		bytes.HasPrefix(s[len(typeEq):], daemonType) || bytes.ContainsAny(s[len(typeEq):n], noType) {
		return ItemEnd
	}
	s = s[n+11:]
	if len(s) < shortestLine {
		return ItemEnd
	}
	n = p.stamp(s)
	end := bytes.IndexByte(s[n:], '\n')
	if n == 0 || end < 0 || stampIndex(s[n:n+end]) >= 0 || !p.endLineAt(s[n:], end) {
		return ItemEnd
	}
	p.begin(Record{Stamp: p.rec.Stamp, Form: FormAuditd})
	return ItemOther
}

// noType are bytes that a type does not have: it ends earlier, or is coloured.
const noType = "(=\n\\\x1b"

// timeMemo is the time of the stamp that was read last: many records share a
// millisecond. It knows times of ten digits, which those from 2001 to 2286 are.
type timeMemo struct {
	start, end uint64 // of "1795446782.601:", eight bytes each
	millis     int64  // 0: none
}

const timeLen = len("1795446782.601:")

// recall reports whether s starts with a time, which is then in millis.
func (m *timeMemo) recall(s []byte) bool {
	return m.millis != 0 && le64(s) == m.start && le64(s[timeLen-8:]) == m.end || m.read(s)
}

func (m *timeMemo) read(s []byte) bool {
	sec, n := digits(s[:10])
	msec, k := digits(s[11:14])
	if n != 10 || s[10] != '.' || k != 3 || s[14] != ':' {
		return false
	}
	*m = timeMemo{le64(s), le64(s[timeLen-8:]), int64(sec*1000 + msec)}
	return true
}

// stamp reads "SEC.MSEC:SERIAL):", as much of a stamp as follows "audit(", and
// returns its length; 0: s does not start with it.
func (p *Parser) stamp(s []byte) int {
	if len(s) < shortestLine || !p.time.recall(s) {
		return 0
	}
	serial, n := eightDigits(le64(s[timeLen:]))
	if n == 8 {
		serial, n = digits(s[timeLen:])
	}
	if n == 0 || n > 10 || serial > 1<<32-1 || s[timeLen+n] != ')' || s[timeLen+n+1] != ':' {
		return 0
	}
	p.rec.Stamp = Stamp{Millis: p.time.millis, Serial: uint32(serial), HasTime: true, HasSerial: true}
	return timeLen + n + 2
}

func le64(s []byte) uint64 { return binary.LittleEndian.Uint64(s) }
