package parser

import "bytes"

// objectStart returns where the first JSON object of a line begins, or the
// array that it is in; -1: there is none.
func objectStart(line []byte) int {
	switch s := skipSpace(line); {
	case len(s) < 2:
		return -1
	case s[0] == '{' && s[1] == '"':
		return len(line) - len(s)
	case s[0] == '[':
		if next := skipSpace(s[1:]); len(next) > 0 && (next[0] == '{' || next[0] == '[' || next[0] == '"') {
			return len(line) - len(s)
		}
	}
	for off := 0; ; off++ {
		i := bytes.IndexByte(line[off:], '{')
		if i < 0 {
			return textsStart(line)
		}
		off += i
		if next := skipSpace(line[off+1:]); len(next) == 0 || next[0] != '"' {
			continue
		}
		for off > 0 && (line[off-1] == '[' || line[off-1] == ' ' && off > 1 && line[off-2] == '[') {
			off--
		}
		return off
	}
}

// textsStart is where an array of texts begins; -1: there is none.
func textsStart(line []byte) int {
	i := bytes.Index(line, []byte(`["`))
	for i > 0 && line[i-1] == '[' {
		i--
	}
	return i
}

// wraps reports whether what stands before JSON makes it a part of another
// log: journalctl has forms that put a record separator or "data: " there.
func wraps(before []byte) bool {
	before = bytes.TrimLeft(before, " \x1e")
	return len(before) > 0 && string(before) != "data: "
}

func skipSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t' || s[0] == '\r') {
		s = s[1:]
	}
	return s
}

// valueLen is the length of the JSON value that s starts with, 0 if it does
// not end. Nesting is counted, not recursed into, so depth costs nothing.
func valueLen(s []byte) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			n := stringLen(s[i:])
			if n == 0 {
				return 0
			}
			if i += n - 1; depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 {
				return i
			}
		case ',', ' ':
			if depth == 0 {
				return i
			}
		}
	}
	return 0
}

// stringLen is the length of the quoted string that s starts with, 0 if it does
// not end. Most are short.
func stringLen(s []byte) int {
	n := 1
	for ; n < len(s) && n < 24; n++ {
		if s[n] == '"' {
			return n + 1
		}
		if s[n] == '\\' {
			break
		}
	}
	for n < len(s) {
		i := bytes.IndexByte(s[n:], '"')
		if i < 0 {
			return 0
		}
		n += i
		before := n
		for s[before-1] == '\\' {
			before--
		}
		n++
		if (n-1-before)%2 == 0 {
			return n
		}
	}
	return 0
}

// byteNumbers appends the bytes of "83, 69, 67]". It is not ok where they are
// none.
func byteNumbers(dst, s []byte) (out []byte, ok bool) {
	for {
		v, n := digits(s)
		if n == 0 || v > 255 {
			return dst, false
		}
		dst = append(dst, byte(v))
		s = skipSpace(s[n:])
		if len(s) == 0 || s[0] != ',' {
			return dst, len(s) > 0 && s[0] == ']'
		}
		s = skipSpace(s[1:])
	}
}

// unquote appends the text between a JSON string's quotes.
func unquote(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'n':
			dst = append(dst, '\n')
		case 't':
			dst = append(dst, '\t')
		case 'r':
			dst = append(dst, '\r')
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'u':
			dst, s = unquoteRune(dst, s)
		case 'x': // not of JSON, but of what else is quoted with backslashes
			dst, s = unquoteByte(dst, s)
		default:
			dst = append(dst, c)
		}
	}
}

// literalLen is the length of a number, true, false or null.
func literalLen(s []byte) int {
	for i, c := range s {
		if c-'0' > 9 && c|0x20-'a' > 25 && c != '-' && c != '+' && c != '.' {
			return i
		}
	}
	return len(s)
}
