package parser

import "bytes"

var seccompWord = []byte("SECCOMP ")

// journalIndex returns where journald's rendering of a record begins, at its
// type's name: "SECCOMP ", or what systemd prints for types that it does not
// know; -1: none.
func journalIndex(line []byte) int {
	for off := 0; ; {
		i := bytes.IndexByte(line[off:], 'S')
		if i < 0 {
			break
		}
		off += i
		if bytes.HasPrefix(line[off:], seccompWord) && startsWithField(line[off+len(seccompWord):]) {
			return off
		}
		off++
	}
	return unnamedIndex(line)
}

// unnamedIndex finds the names that systemd gives to types that it does not
// know. None was ever seen in the wild, so they are looked for only where
// journalctl prints a type: first, or behind the tag.
func unnamedIndex(line []byte) int {
	at := 0
	if i := bytes.Index(line, []byte("]: ")); i >= 0 {
		at = i + len("]: ")
	}
	for _, name := range [...]string{"AUDIT1326 ", "<audit-1326> "} {
		if s, ok := bytes.CutPrefix(line[at:], []byte(name)); ok && startsWithField(s) {
			return at
		}
	}
	return -1
}

// journalLine parses a line with journald's rendering at i. It has no stamp:
// journald keeps that in fields which text output leaves out.
func (p *Parser) journalLine(line []byte, i int) Item {
	body := line[i:]
	body = body[bytes.IndexByte(body, ' ')+1:]
	pre, comm, ok := journalPrefix(line[:i])
	if !ok {
		return p.unusable(pre.refusal(), line)
	}
	p.begin(Record{Form: FormJournal, Node: pre.node, Stamp: pre.time})
	rest, reason := p.fields(body)
	if reason == "" {
		reason = p.rec.contradicts(pre.pid, comm)
	}
	if reason != "" {
		return p.unusable(reason, line)
	}
	return p.finish(rest, line)
}

// startsWithField reports whether s starts with a field of the record, as prose
// that mentions SECCOMP does not.
func startsWithField(s []byte) bool {
	f := fieldOf(s[:keyEnd(s)])
	return f != fNone && f <= fPID
}

// journalPrefix reads what stands before journald's record: what journalctl
// prints, and in front of that what others did.
func journalPrefix(s []byte) (pre prefix, comm []byte, ok bool) {
	if continuation(s) {
		return pre, nil, false
	}
	s = trimQuoting(s)
	var at printers
	for range maxPrinters {
		inner := prefix{node: pre.node}
		if comm, ok = inner.journal(s); ok {
			return inner, comm, true
		}
		n := at.advance(&pre, s)
		if n == 0 {
			break
		}
		s = trimQuoting(s[n:])
	}
	return pre, nil, false
}

// journal reads what journalctl prints before its record: nothing,
// "STAMP [HOST] audit[PID]: ", or GNOME Logs' "HH:MM:SS COMM: ".
func (pre *prefix) journal(s []byte) (comm []byte, ok bool) {
	s = trimBrackets(s)
	if len(s) == 0 {
		return nil, true
	}
	if tagged := *pre; tagged.header(s, ofJournal) && string(tagged.tag) == "audit" {
		*pre = tagged
		return nil, true
	}
	if n := clock(s); n > 0 && bytes.HasSuffix(s, []byte(": ")) && bytes.Index(s, []byte(": ")) == len(s)-2 {
		comm = bytes.TrimSpace(s[n : len(s)-2])
		return comm, len(comm) <= maxComm // else it is another's stamp
	}
	return nil, false
}

// contradicts compares the record with what its prefix claims: journald tags
// it with the record's own pid, GNOME Logs with its comm.
func (r *Record) contradicts(pid, comm []byte) string {
	if pid != nil {
		v, n := digits(pid)
		if n != len(pid) || n > 10 || int64(v) != int64(r.PID) {
			return "the journal's pid is not the record's: written by a program"
		}
	}
	if comm != nil && !(r.Comm.Enc == EncQuoted && bytes.Equal(comm, r.Comm.Bytes)) {
		return insideMessage
	}
	return ""
}
