package parser

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unquoteRune appends the rune of the four hex digits behind "\u", with its
// low surrogate where one follows.
func unquoteRune(dst, s []byte) (out, rest []byte) {
	r, ok := hexDigits(s, 4)
	if !ok {
		return append(dst, `\u`...), s
	}
	s = s[4:]
	if utf16.IsSurrogate(r) && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
		if low, ok := hexDigits(s[2:], 4); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return utf8.AppendRune(dst, both), s[6:]
			}
		}
	}
	return utf8.AppendRune(dst, r), s
}

// unquoteByte appends the byte of the two hex digits behind "\x".
func unquoteByte(dst, s []byte) (out, rest []byte) {
	v, ok := hexDigits(s, 2)
	if !ok {
		return append(dst, 'x'), s
	}
	return append(dst, byte(v)), s[2:]
}

// hexDigits reads n digits, of either case.
func hexDigits(s []byte, n int) (r rune, ok bool) {
	if len(s) < n {
		return 0, false
	}
	for _, c := range s[:n] {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20-'a' <= 5:
			r = r<<4 | rune((c|0x20)-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}
