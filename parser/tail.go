package parser

import "bytes"

// tailRoom holds the longest end of a record that tail reads, and what
// follows it.
const tailRoom = 72

// tail is the fast path for the end of a record: "syscall=N compat=N ip=0xH
// code=0xH", as all kernels since 3.16 print it. It returns how long that is.
// It takes only what the general reader would read to the same values, and
// leaves everything else (negative numbers, other fields, cut values) to it
// with a length of 0; a test and a fuzz target compare the two.
func (p *Parser) tail(s []byte) int {
	if len(s) >= tailRoom {
		return p.tailIn((*[tailRoom]byte)(s))
	}
	var room [tailRoom]byte // NUL ends every value
	copy(room[:], s)
	return p.tailIn(&room)
}

func (p *Parser) tailIn(s *[tailRoom]byte) int {
	r := &p.rec
	nr, n := eightDigits(le64(s[8:]))
	if string(s[:8]) != "syscall=" || n == 0 || n == 8 {
		return 0
	}
	at := 8 + n
	compat := le64(s[at+7:])
	if string(s[at:at+8]) != " compat=" || compat&^(1<<8) != le64([]byte("=0 ip=0x")) {
		return 0
	}
	at += 15
	ip, n := p.ip(s[at : at+24])
	if at += n; n == 0 || string(s[at:at+6]) != " code=" {
		return 0
	}
	at += 6
	if n = p.code(s[at : at+12]); n < 0 {
		return 0
	}
	r.NR, r.Compat, r.IP = int32(nr), compat>>8&1 == 1, ip
	return at + n
}

// ip reads up to sixteen digits that end with a blank, and returns how many;
// 0: it found something else. Most have as many as those before.
func (p *Parser) ip(s []byte) (v uint64, n int) {
	n = p.ipDigits
	if s[n] != ' ' {
		if n = bytes.IndexByte(s[:17], ' '); n < 0 {
			return 0, 0
		}
		p.ipDigits = n
	}
	if n < 8 {
		v, k := lowerHex(s[:n])
		if k != n {
			return 0, 0
		}
		return v, n
	}
	// The first eight and the last eight: those in the middle are in both.
	high, wrong := eightHex(le64(s))
	low, other := eightHex(le64(s[n-8:]))
	if wrong|other != 0 {
		return 0, 0
	}
	return high<<(4*(n-8)) | low, n
}
