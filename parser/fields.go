package parser

import "bytes"

// field is a field of the record, numbered in the kernel's order.
type field uint8

const (
	fNone field = iota
	fAUID
	fUID
	fGID
	fSes
	fSubj
	fPPID
	fPID
	fComm
	fReason
	fExe
	fSig
	fArch
	fSyscall
	fCompat
	fIP
	fCode
)

// Kernels since 3.8 print all of these; subj, exe, arch and compat may lack.
const required = 1<<fPID | 1<<fComm | 1<<fSig | 1<<fSyscall | 1<<fIP | 1<<fCode

// tailFields are those that [Parser.tail] reads.
const tailFields = 1<<fSyscall | 1<<fCompat | 1<<fIP | 1<<fCode

// cutAfter are the reasons of records that end too early.
var cutAfter = [...]string{
	fNone: "record cut before its first field", fAUID: "record cut after auid=", fUID: "record cut after uid=",
	fGID: "record cut after gid=", fSes: "record cut after ses=", fSubj: "record cut after subj=",
	fPPID: "record cut after ppid=", fPID: "record cut after pid=", fComm: "record cut after comm=",
	fReason: "record cut after reason=", fExe: "record cut after exe=", fSig: "record cut after sig=",
	fArch: "record cut after arch=", fSyscall: "record cut after syscall=", fCompat: "record cut after compat=",
	fIP: "record cut after ip=", fCode: "record cut in code=",
}

// badValue are the reasons of records with a value that no kernel prints.
var badValue = [...]string{
	fSubj: "subj= without pid= after it", fPID: "pid= is no number", fComm: "comm= is neither quoted nor hex",
	fReason: "reason= is not quoted", fExe: "exe= is neither quoted nor hex", fSig: "sig= is no number",
	fArch: "arch= is no lower-case hex number", fSyscall: "syscall= is no number", fCompat: "compat= is no number",
	fIP: "ip= is no lower-case hex number", fCode: "code= is no action code", fPPID: "ppid= is no number",
}

// fieldOf returns the field of a key, fNone for keys of no interest.
func fieldOf(key []byte) field {
	switch string(key) {
	case "auid":
		return fAUID
	case "uid":
		return fUID
	case "gid":
		return fGID
	case "ses":
		return fSes
	case "subj":
		return fSubj
	case "ppid":
		return fPPID
	case "pid":
		return fPID
	case "comm":
		return fComm
	case "reason":
		return fReason
	case "exe":
		return fExe
	case "sig":
		return fSig
	case "arch":
		return fArch
	case "syscall":
		return fSyscall
	case "compat":
		return fCompat
	case "ip":
		return fIP
	case "code":
		return fCode
	}
	return fNone
}

// reading is how far the fields of a record have been read.
type reading struct {
	rest []byte
	last field
	seen uint32 // one bit a field
}

// fields reads a raw record's fields and returns what follows code=, or the
// reason why the record cannot be used.
func (p *Parser) fields(s []byte) (rest []byte, reason string) {
	e := p.memo.recall(s)
	if e == nil {
		return p.freshFields(s)
	}
	p.rec.Process = &e.process
	at := e.at
	at.rest = s[len(e.start):]
	rest, reason = p.restOfFields(at)
	if e.process.Subj != nil && (reason != "" || hasPID(rest)) {
		// What was remembered may be a part of this one's label.
		p.begin(p.rec)
		return p.freshFields(s)
	}
	return rest, reason
}

// freshFields reads fields that were not read before, and remembers them.
func (p *Parser) freshFields(s []byte) (rest []byte, reason string) {
	at := reading{rest: s}
	if reason = p.rec.read(&at, fArch); reason != "" {
		return nil, reason
	}
	if !p.general {
		p.memo.keep(s, at, p.rec.Process)
	}
	return p.restOfFields(at)
}

// restOfFields reads the fields from syscall= on.
func (p *Parser) restOfFields(at reading) (rest []byte, reason string) {
	r := &p.rec
	if !p.general {
		if n := p.tail(at.rest); n > 0 {
			at = reading{at.rest[n:], fCode, at.seen | tailFields}
		}
	}
	if at.last < fCode {
		p.proc = *r.Process // what is remembered must not change
		p.proc.Origin = 0
		r.Process = &p.proc
		if reason = r.read(&at, fCode); reason != "" {
			return nil, reason
		}
	}
	if at.seen&required != required {
		return nil, "a field that every kernel prints is missing"
	}
	return at.rest, ""
}

// hasPID reports whether s holds what follows a label. A record has many blanks,
// which a search for the key alone would stop at.
func hasPID(s []byte) bool { return bytes.Contains(s, pidKey[1:]) && bytes.Contains(s, pidKey) }

var pidKey = []byte(" pid=")

// read reads fields up to the given one, which must be fArch or fCode. Before
// syscall= it stops without having touched it.
func (r *Record) read(at *reading, until field) (reason string) {
	s := at.rest
	for at.last < until {
		for len(s) > 0 && s[0] == ' ' {
			s = s[1:]
		}
		if len(s) == 0 {
			return cutAfter[at.last]
		}
		eq := keyEnd(s)
		f := fieldOf(s[:eq])
		if f == fNone || eq == len(s) || s[eq] != '=' {
			s = skipToken(s, eq)
			continue
		}
		if f <= at.last {
			return "fields are not in the kernel's order"
		}
		if f > until {
			break
		}
		n, whole := r.value(f, s[eq+1:])
		if n < 0 {
			if !whole {
				return cutAfter[at.last]
			}
			return badValue[f]
		}
		s, at.last = s[eq+1+n:], f
		at.seen |= 1 << f
		if f < fCode {
			s = s[1:] // the blank that ends the value
		}
	}
	at.rest = s
	return ""
}

// keyEnd is the length of the key that s starts with: up to '=', or to the
// end of the token where it has none.
func keyEnd(s []byte) int {
	for i, c := range s {
		if c == '=' || c == ' ' {
			return i
		}
	}
	return len(s)
}

// skipToken returns what follows an unknown token; a quoted value may hold
// blanks.
func skipToken(s []byte, eq int) []byte {
	if eq+1 < len(s) && s[eq] == '=' && s[eq+1] == '"' {
		if i := bytes.IndexByte(s[eq+2:], '"'); i >= 0 {
			return s[eq+2+i+1:]
		}
		return nil
	}
	if i := bytes.IndexByte(s, ' '); i >= 0 {
		return s[i:]
	}
	return nil
}

// value reads the value of f and returns its length, or -1 and whether the
// value stands there whole (else the line ends within it).
func (r *Record) value(f field, s []byte) (n int, whole bool) {
	switch f {
	case fAUID:
		return idValue(&r.AUID, s)
	case fUID:
		return idValue(&r.UID, s)
	case fGID:
		return idValue(&r.GID, s)
	case fSes:
		return idValue(&r.Ses, s)
	case fSubj:
		return r.subj(s)
	case fPPID:
		var ppid int32
		return intValue(&ppid, s)
	case fPID:
		n, whole = intValue(&r.PID, s)
		if n > 0 && r.PID < 0 {
			return -1, true
		}
		return n, whole
	case fComm:
		return textValue(&r.Comm, s)
	case fReason:
		var reason Text
		return textValue(&reason, s)
	case fExe:
		return textValue(&r.Exe, s)
	case fSig:
		return intValue(&r.Sig, s)
	case fArch:
		var v uint64
		n, whole = hexValue(&v, s, 8)
		r.Arch = uint32(v)
		return n, whole
	case fSyscall:
		return intValue(&r.NR, s)
	case fCompat:
		var compat int32
		n, whole = intValue(&compat, s)
		r.Compat = compat != 0
		return n, whole
	case fIP:
		return prefixedHex(&r.IP, s, 16)
	}
	return r.code(s)
}

// ended reports whether the value of length n is followed by a blank. A value
// at the very end of the line may have been cut.
func ended(s []byte, n int) (int, bool) {
	if n == len(s) {
		return -1, false
	}
	if n == 0 || s[n] != ' ' {
		return -1, true
	}
	return n, true
}

// idValue reads a uid, gid, auid or session. They identify nothing that a
// profile rests on, so a name in a number's place (edited text) is NoID.
func idValue(dst *uint32, s []byte) (int, bool) {
	v, n := digits(s)
	if n == 0 || n > 10 || v > NoID || n < len(s) && s[n] != ' ' {
		v, n = NoID, 0
		for n < len(s) && s[n] != ' ' {
			n++
		}
	}
	*dst = uint32(v)
	return ended(s, n)
}

func intValue(dst *int32, s []byte) (int, bool) {
	neg := len(s) > 0 && s[0] == '-'
	body := s
	if neg {
		body = s[1:]
	}
	v, n := digits(body)
	limit := uint64(1<<31 - 1)
	if neg {
		limit = 1 << 31
	}
	if n > 10 || v > limit || n == 0 && len(body) > 0 {
		return -1, true
	}
	if neg {
		*dst = int32(-int64(v))
		return ended(s, n+1)
	}
	*dst = int32(v)
	return ended(s, n)
}

// subj reads the one field that the kernel prints without armour: it may hold
// blanks and '=', and a whole record, as a profile of AppArmor can have almost
// any name. What follows it is armoured, and so it ends at the last " pid="
// behind which the rest of a record stands (ChromeOS has ppid= first).
func (r *Record) subj(s []byte) (int, bool) {
	end := bytes.Index(s, pidKey)
	if end < 0 {
		return -1, false
	}
	if stampIndex(s[:end]) >= 0 {
		return -1, true
	}
	if hasPID(s[end+len(pidKey):]) {
		if end = lastProcess(s, bytes.LastIndex(s, pidKey)); end < 0 {
			return -1, true
		}
	}
	if i := bytes.LastIndexByte(s[:end], ' '); i >= 0 && bytes.HasPrefix(s[i:], []byte(" ppid=")) {
		end = i
	}
	r.Subj = s[:end]
	return end, true
}

// lastProcess returns where the last " pid=" is behind which the rest of a
// record stands, going back from at; -1: there is none, or there would be a
// stamp before it, and so another record.
func lastProcess(s []byte, at int) int {
	for ; at >= 0; at = bytes.LastIndex(s[:at], pidKey) {
		if !endsRecord(s[at:]) {
			continue
		}
		if stampIndex(s[:at]) >= 0 {
			return -1
		}
		return at
	}
	return -1
}

// endsRecord reports whether s, from " pid=" on, is the rest of a record, with
// nothing behind it but what auditd adds.
func endsRecord(s []byte) bool {
	var r Record
	var process Process
	r.Process = &process
	at := reading{rest: s, last: fSubj}
	if r.read(&at, fCode) != "" || at.seen&required != required {
		return false
	}
	tail := bytes.TrimRight(at.rest, " ")
	return len(tail) == 0 || enriched(tail)
}

// textValue reads comm or exe: quoted and literal, or bare and hex.
func textValue(dst *Text, s []byte) (int, bool) {
	if len(s) > 0 && s[0] == '"' {
		i := bytes.IndexByte(s[1:], '"')
		if i < 0 {
			return -1, false
		}
		*dst = Text{s[1 : 1+i], EncQuoted}
		return ended(s, i+2)
	}
	if bytes.HasPrefix(s, []byte("(null) ")) {
		*dst = Text{s[:6], EncPlain}
		return 6, true
	}
	n := 0
	for n < len(s) && upperHex(s[n]) < 16 {
		n++
	}
	if n%2 != 0 && n < len(s) {
		return -1, true
	}
	*dst = Text{s[:n], EncHex}
	return ended(s, n)
}

func hexValue(dst *uint64, s []byte, max int) (int, bool) {
	v, n := lowerHex(s)
	if n > max {
		return -1, true
	}
	*dst = v
	return ended(s, n)
}

func prefixedHex(dst *uint64, s []byte, max int) (int, bool) {
	if !bytes.HasPrefix(s, []byte("0x")) {
		return -1, len(s) > 1
	}
	n, whole := hexValue(dst, s[2:], max)
	if n < 0 {
		return n, whole
	}
	return n + 2, whole
}
