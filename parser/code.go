package parser

import "bytes"

// codeMemo is the code that was read last, where it had eight digits: most
// records have the same.
type codeMemo struct {
	digits uint64
	sig    int32 // it depends on the signal whether a code is plausible
	code   uint32
}

// code is Record.code with a memory; s has room for more digits than a code has.
func (p *Parser) code(s []byte) int {
	r, m := &p.rec, &p.codes
	eight := hexDigit[s[10]] == 0
	if eight && le64(s[2:]) == m.digits && m.sig == r.Sig && m.digits != 0 && s[0] == '0' && s[1] == 'x' {
		r.Code = m.code
		return 10
	}
	n, _ := r.code(s)
	if eight && n == 10 {
		*m = codeMemo{le64(s[2:]), r.Sig, r.Code}
	}
	return n
}

// code reads "0x7ffc0000", the record's last field. It is where a cut hurts
// most: 0x7ffc is a prefix of LOG's code and would read as KILL_THREAD. So a
// code counts only if it cannot be the start of a longer one.
func (r *Record) code(s []byte) (int, bool) {
	if !bytes.HasPrefix(s, []byte("0x")) {
		return -1, len(s) > 1
	}
	v, n := lowerHex(s[2:])
	if n == 0 {
		return -1, len(s) > 2
	}
	if n > 8 || !plausible(uint32(v), s[2:2+n], r.Sig) {
		return -1, 2+n < len(s)
	}
	r.Code = uint32(v)
	return 2 + n, true
}

// plausible reports whether a code is complete. The codes of known actions are,
// with or without data in their lower half (kernels before 4.14), but those of
// five digits only without a signal: 0x32340 could be the start of 0x32340000.
// That and all other codes without a meaning kill, and have eight digits.
func plausible(code uint32, text []byte, sig int32) bool {
	switch code & 0xffff0000 {
	case 0x80000000, 0x7ffc0000, 0x7fc00000, 0x7ff00000, 0x7fff0000:
		return true
	case 0x50000, 0x30000:
		return sig == 0
	case 0:
		return code == 0 && len(text) == 1
	}
	return len(text) == 8 && text[0] != '0' && sig != 0
}
