// Package term is the edge between auditscan and a terminal: the one function
// that makes text from a log safe to show, and what is known of the terminal.
package term

import (
	"unicode"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// Printable reports whether r may reach a terminal or a text file as it is.
// Unicode's graphic characters and the blank may; control characters (C0,
// DEL, C1), line separators, private and unassigned code points, and the
// invisible format characters (among them those that turn the direction of
// text around) may not.
func Printable(r rune) bool {
	if r < utf8.RuneSelf {
		return ' ' <= r && r <= '~'
	}
	return unicode.IsGraphic(r)
}

// Escape returns s, which anyone may have written, in a form that is safe to
// show: see [AppendEscaped].
func Escape(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || !Printable(rune(s[i])) {
			return string(AppendEscaped(nil, s))
		}
	}
	return s
}

// AppendEscaped appends s to dst in a form that is safe to show: a byte that
// is a control character or no UTF-8 becomes \xNN, any other character that
// is not [Printable] \uNNNN or \UNNNNNNNN. A backslash stays as it is: the
// form is for reading, the exact text is in the JSON formats.
func AppendEscaped[T string | []byte](dst []byte, s T) []byte {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch invalid := r == utf8.RuneError && size == 1; {
		case invalid || r < utf8.RuneSelf && !Printable(r):
			dst = append(dst, '\\', 'x', hexDigits[s[i]>>4], hexDigits[s[i]&15])
		case Printable(r):
			dst = append(dst, s[i:i+size]...)
		case r > 0xffff:
			dst = appendHex(append(dst, '\\', 'U'), r, 8)
		default:
			dst = appendHex(append(dst, '\\', 'u'), r, 4)
		}
		i += size
	}
	return dst
}

// appendHex appends the last digits of r in hex.
func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[r>>shift&15])
	}
	return dst
}
