package parser

import "bytes"

// tail is the fast path for the end of a record: "syscall=N compat=N ip=0xH
// code=0xH", as all kernels since 3.16 print it. It takes only what the
// general reader would read to the same values, and leaves everything else
// (negative numbers, other fields, cut values) to it; a test and a fuzz target
// compare the two.
func (p *Parser) tail(at *reading) bool {
	r := &p.rec
	s, ok := bytes.CutPrefix(at.rest, []byte("syscall="))
	if !ok {
		return false
	}
	nr, n := digits(s)
	if n == 0 || n > 9 || len(s) < n+len(" compat=0 ip=0x0 code=0x0") || string(s[n:n+8]) != " compat=" {
		return false
	}
	compat := s[n+8] - '0'
	s = s[n+9:]
	if compat > 1 || string(s[:6]) != " ip=0x" {
		return false
	}
	ip, n := lowerHex(s[6:])
	s = s[6+n:]
	if n == 0 || n > 16 || len(s) < len(" code=0x0") || string(s[:6]) != " code=" {
		return false
	}
	if n = p.code(s[6:]); n < 0 {
		return false
	}
	r.NR, r.Compat, r.IP = int32(nr), compat == 1, ip
	at.rest, at.last = s[6+n:], fCode
	at.seen |= 1<<fSyscall | 1<<fCompat | 1<<fIP | 1<<fCode
	return true
}
