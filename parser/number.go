package parser

import "math/bits"

// Numbers are read eight characters at a time where there are as many: a
// record has some thirty digits that differ from the one before it.

// digits reads the decimal number that s starts with and its length. Callers
// bound the length; beyond 19 digits the value is meaningless.
func digits(s []byte) (v uint64, n int) {
	if len(s) >= 8 {
		if v, n = eightDigits(le64(s)); n < 8 {
			return v, n
		}
	}
	for n < len(s) && s[n]-'0' <= 9 {
		v = v*10 + uint64(s[n]-'0')
		n++
	}
	return v, n
}

// eightDigits reads the number at the start of eight characters, the first of
// which is in the lowest byte.
func eightDigits(x uint64) (v uint64, n int) {
	x ^= each * '0'
	// What is no digit has more than its low half, or has it once 6 is added.
	// A carry goes into what follows the first of them, which does not matter.
	other := (x | (x + each*6)) & (each * 0xf0)
	n = bits.TrailingZeros64(other) / 8
	x <<= 64 - 8*n // the number's last digit is in the highest byte
	x = x & (each * 0xf) * (10<<8 + 1) >> 8
	x = x & 0x00ff00ff00ff00ff * (100<<16 + 1) >> 16
	x = x & 0x0000ffff0000ffff * (10000<<32 + 1) >> 32
	return x, n
}

// each has a one in each byte.
const each = 0x0101010101010101

// lowerHex reads the kernel's hex: lower-case only, since the 'A' of a glued
// AUID= is a hex digit too.
func lowerHex(s []byte) (v uint64, n int) {
	for n < len(s) {
		d := hexDigit[s[n]]
		if d == 0 {
			break
		}
		v = v<<4 | uint64(d-1)
		n++
	}
	return v, n
}

// eightHex reads eight characters, the first of which is in the lowest byte.
// wrong is 0 if each of them is a digit of the kernel's hex.
func eightHex(x uint64) (v, wrong uint64) {
	v = x&(each*0xf) + x>>6&each*9             // bit 6 tells a letter, whose low half is 1 to 6
	letter := (v + each*6) >> 4 & each         // of those that are to give v
	wrong = v + each*'0' + letter*('a'-'0'-10) // how v is written
	wrong = wrong ^ x | v&(each*0xf0)
	v = v * (1<<12 + 1) >> 8 & 0x00ff00ff00ff00ff
	v = v * (1<<24 + 1) >> 16 & 0x0000ffff0000ffff
	v = v * (1<<48 + 1) >> 32 & 0xffffffff
	return v, wrong
}

// hexDigit is one more than the value of each lower-case hex digit, 0 for
// other bytes.
var hexDigit = [256]byte{
	'0': 1, '1': 2, '2': 3, '3': 4, '4': 5, '5': 6, '6': 7, '7': 8, '8': 9, '9': 10,
	'a': 11, 'b': 12, 'c': 13, 'd': 14, 'e': 15, 'f': 16,
}

// upperHex is the value of one of the kernel's upper-case hex digits; other
// bytes give a value above 15.
func upperHex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
