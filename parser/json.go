package parser

import "bytes"

// jsonStart returns where the object of a JSON line begins; -1: it is none.
// Journal exports put a record separator or "data: " before it.
func jsonStart(line []byte) int {
	i := 0
	for i < len(line) && (line[i] == ' ' || line[i] == 0x1e) {
		i++
	}
	if bytes.HasPrefix(line[i:], []byte("data: ")) {
		i += len("data: ")
	}
	if i < len(line) && line[i] == '{' {
		return i
	}
	return -1
}

// members calls f with each top-level member of the object that s starts
// with: the key without its quotes and the value as it stands. Text that is
// no JSON ends it early; what was read until then stays valid.
func members(s []byte, f func(key, value []byte)) bool {
	s = skipSpace(s[1:])
	for len(s) > 0 && s[0] == '"' {
		n := valueLen(s)
		key := s[1:max(n-1, 1)]
		s = skipSpace(s[n:])
		if n == 0 || len(s) == 0 || s[0] != ':' {
			return false
		}
		s = skipSpace(s[1:])
		if n = valueLen(s); n == 0 {
			return false
		}
		f(key, s[:n])
		s = skipSpace(s[n:])
		if len(s) > 0 && s[0] == ',' {
			s = skipSpace(s[1:])
			continue
		}
		return len(s) > 0 && s[0] == '}'
	}
	return len(s) > 0 && s[0] == '}'
}

func skipSpace(s []byte) []byte {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
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

// stringLen is the length of the quoted string that s starts with.
func stringLen(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}

// unescape appends the text of a JSON value to dst: a string, a number as it
// stands, journald's array of byte numbers, or the first of its repeated
// values.
func unescape(dst, v []byte) []byte {
	if len(v) == 0 {
		return dst
	}
	switch v[0] {
	case '"':
		return unquote(dst, v[1:len(v)-1])
	case '[':
		v = skipSpace(v[1:])
		if len(v) > 0 && v[0] == '"' {
			return unescape(dst, v[:valueLen(v)])
		}
		return byteNumbers(dst, v)
	case 'n', '{': // null: journald leaves out large values
		return dst
	}
	return append(dst, v...)
}

// byteNumbers reads "83, 69, 67]".
func byteNumbers(dst, s []byte) []byte {
	for {
		v, n := digits(s)
		if n == 0 || v > 255 {
			return dst
		}
		dst = append(dst, byte(v))
		s = skipSpace(s[n:])
		if len(s) == 0 || s[0] != ',' {
			return dst
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
		default:
			dst = append(dst, c)
		}
	}
}
