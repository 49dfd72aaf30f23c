package report

import (
	"unicode/utf16"
	"unicode/utf8"

	"github.com/auditscan/auditscan/internal/term"
)

// appendString appends s as a JSON string.
func appendString[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	start := len(dst)
	dst = append(dst, s...)
	return append(escapeTail(dst, start), '"')
}

// escapeTail turns dst[start:], plain text, into the inside of a JSON string.
// Nearly every name stays as it is, and none costs an allocation.
func escapeTail(dst []byte, start int) []byte {
	i := start
	for i < len(dst) && plain(dst[i]) {
		i++
	}
	if i == len(dst) {
		return dst
	}
	end := len(dst)
	dst = appendQuotedText(dst, dst[i:end])
	return append(dst[:i], dst[end:]...)
}

// appendQuotedText appends text as the inside of a JSON string. What is not
// [term.Printable] is escaped even where JSON does not ask for it, so that a
// terminal that a document is shown on stays as it is; a byte that is no
// UTF-8 becomes the replacement character.
func appendQuotedText(dst, text []byte) []byte {
	for i := 0; i < len(text); {
		if plain(text[i]) {
			dst = append(dst, text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		dst = appendRune(dst, r)
		i += size
	}
	return dst
}

func appendRune(dst []byte, r rune) []byte {
	switch {
	case r == '"' || r == '\\':
		return append(dst, '\\', byte(r))
	case term.Printable(r) || r == utf8.RuneError:
		return utf8.AppendRune(dst, r)
	case r > 0xffff:
		high, low := utf16.EncodeRune(r)
		return appendUnicode(appendUnicode(dst, high), low)
	}
	return appendUnicode(dst, r)
}

// appendUnicode appends \uNNNN.
func appendUnicode(dst []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// plain reports whether a byte stands for itself in a JSON string.
func plain(c byte) bool { return ' ' <= c && c <= '~' && c != '"' && c != '\\' }
