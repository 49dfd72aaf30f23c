package parser

import (
	"unicode/utf16"
	"unicode/utf8"
)

// unquoteRune appends the rune of the four hex digits behind "\u", with its
// low surrogate where one follows.
func unquoteRune(dst, s []byte) (out, rest []byte) {
	r, ok := hex4(s)
	if !ok {
		return append(dst, `\u`...), s
	}
	s = s[4:]
	if utf16.IsSurrogate(r) && len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
		if low, ok := hex4(s[2:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return utf8.AppendRune(dst, both), s[6:]
			}
		}
	}
	return utf8.AppendRune(dst, r), s
}

func hex4(s []byte) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
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
