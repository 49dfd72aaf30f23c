package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonReader reads the JSON that this package writes, and no other: it is
// told what must come next. Package encoding/json takes a key twice, in the
// wrong case or not at all, keeps a value of any size in memory, and cannot
// say in which line something is wrong.
//
// The first error sticks: after it every method returns a zero value.
type jsonReader struct {
	in       io.Reader
	name     string
	buf      []byte // what was read and not yet taken
	space    []byte // where buf lies
	line     int    // of the next byte, from 1
	column   int
	from     place // where the last value began
	depth    int   // of values that are skipped
	text     []byte
	finished bool
	err      error
}

type place struct{ line, column int }

const (
	// maxText bounds a string. A name in a log is at most as long as a line,
	// 16 KiB, and escaping makes it at most six times as long.
	maxText = 128 << 10
	// maxDepth bounds the nesting of what is skipped; the rest has the depth
	// of a report.
	maxDepth = 32
)

func newJSONReader(in io.Reader, name string) *jsonReader {
	return &jsonReader{in: in, name: name, space: make([]byte, 64<<10), line: 1, column: 1}
}

// byte returns the next byte without taking it; 0, which JSON never holds,
// stands for the end and for an error.
func (r *jsonReader) byte() byte {
	if len(r.buf) > 0 || r.fill() {
		return r.buf[0]
	}
	return 0
}

// skip takes the byte that byte has returned.
func (r *jsonReader) skip() {
	if len(r.buf) > 0 {
		r.buf = r.buf[1:]
		r.column++
	}
}

// fill reads as much as there is room for, so that the head of a slow stream
// is judged by as much of it as that of a file.
func (r *jsonReader) fill() bool {
	n := 0
	for n < len(r.space) && r.err == nil && !r.finished {
		m, err := r.in.Read(r.space[n:])
		n += m
		if err == io.EOF {
			r.finished = true
		} else if err != nil {
			r.err = fmt.Errorf("read %s: %w", r.name, err)
		}
	}
	r.buf = r.space[:n]
	return n > 0
}

// fail notes an error in the last value.
func (r *jsonReader) fail(format string, args ...any) { r.failAt(r.from, format, args...) }

func (r *jsonReader) failAt(at place, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%s:%d:%d: %s", r.name, at.line, at.column, fmt.Sprintf(format, args...))
	}
	r.buf = nil
}

// unexpected says what should come next.
func (r *jsonReader) unexpected(wanted string) {
	here := place{r.line, r.column}
	if b := r.byte(); len(r.buf) > 0 {
		r.failAt(here, "%s expected, not %q", wanted, b)
	}
	r.failAt(here, "cut short: %s expected", wanted)
}

// atEnd reports whether nothing follows.
func (r *jsonReader) atEnd() bool {
	r.next()
	return len(r.buf) == 0
}

// next returns the next byte that is not white space, without taking it.
func (r *jsonReader) next() byte {
	for {
		switch b := r.byte(); b {
		case '\n':
			r.skip()
			r.line, r.column = r.line+1, 1
		case ' ', '\t', '\r':
			r.skip()
		default:
			return b
		}
	}
}

// begin is next at the beginning of a value.
func (r *jsonReader) begin() byte {
	b := r.next()
	r.from = place{r.line, r.column}
	return b
}

// accept takes the next byte if it is b.
func (r *jsonReader) accept(b byte) bool {
	if r.next() != b {
		return false
	}
	r.skip()
	return true
}

// expect takes the next byte, which must be b.
func (r *jsonReader) expect(b byte) {
	if !r.accept(b) {
		r.unexpected(strconv.QuoteRune(rune(b)))
	}
}

// field is a member of an object.
type field struct {
	key  string
	read func()
}

// object reads an object that has all of the required members, perhaps some
// of the optional ones, and no others, in any order.
func (r *jsonReader) object(required []field, optional ...field) {
	r.begin()
	from := r.from
	fields := append(required, optional...)
	var seen fieldSet
	r.members(func(key []byte) func() { return r.member(fields, key, &seen) })
	r.complete(required, seen, from)
}

// fieldSet has a bit for each field of an object.
type fieldSet uint32

// member returns what reads the value of key, which must be one of the
// fields, and new.
func (r *jsonReader) member(fields []field, key []byte, seen *fieldSet) (read func()) {
	for i := range fields {
		if f := &fields[i]; f.key == string(key) && *seen&(1<<i) == 0 {
			*seen |= 1 << i
			return f.read
		}
	}
	r.fail("unknown or repeated key %.40q", key)
	return r.skipValue
}

// complete checks that the object that begins at from has all of the fields,
// which are the first ones of the set.
func (r *jsonReader) complete(fields []field, seen fieldSet, from place) {
	for i, f := range fields {
		if seen&(1<<i) == 0 {
			r.failAt(from, "no key %q", f.key)
		}
	}
}

// members reads an object. For each key it asks for what reads its value.
func (r *jsonReader) members(reader func(key []byte) func()) {
	r.expect('{')
	for first := true; r.err == nil && !r.accept('}'); first = false {
		if !first {
			r.expect(',')
		}
		read := reader(r.bytes())
		r.expect(':')
		read()
	}
}

// array reads an array and calls item for each of its items.
func (r *jsonReader) array(item func()) {
	r.expect('[')
	for first := true; r.err == nil && !r.accept(']'); first = false {
		if !first {
			r.expect(',')
		}
		item()
	}
}

// null takes a null, if that is next.
func (r *jsonReader) null() bool {
	if r.begin() != 'n' {
		return false
	}
	r.word("null")
	return true
}

func (r *jsonReader) bool() bool {
	value := r.begin() == 't'
	r.word(strconv.FormatBool(value))
	return value
}

func (r *jsonReader) word(word string) {
	for i := range len(word) {
		if r.byte() != word[i] {
			r.unexpected(word)
			return
		}
		r.skip()
	}
}

// string reads a string.
func (r *jsonReader) string() string { return string(r.bytes()) }

// bytes reads a string into memory that is valid until the next call. Nearly
// every string is plain and lies in the buffer as a whole.
func (r *jsonReader) bytes() []byte {
	r.begin()
	r.expect('"')
	for i, b := range r.buf {
		if b == '"' {
			text := r.buf[:i]
			r.buf, r.column = r.buf[i+1:], r.column+i+1
			return text
		}
		if !plain(b) {
			break
		}
	}
	return r.unquote(r.quoted())
}

// quoted reads the rest of a string, its quote included, into text. It tells
// whether there are escapes.
func (r *jsonReader) quoted() (escapes bool) {
	r.text = append(r.text[:0], '"')
	for b := r.byte(); b != '"'; b = r.byte() {
		if b < ' ' || len(r.text) > maxText {
			r.badString(b)
			return false
		}
		if b == '\\' {
			escapes = true
			r.text = append(r.text, b)
			r.skip()
			b = r.byte()
		}
		r.text = append(r.text, b)
		r.skip()
	}
	r.skip()
	return escapes
}

func (r *jsonReader) badString(b byte) {
	switch {
	case b >= ' ':
		r.fail("a string of more than %d bytes", maxText)
	case len(r.buf) == 0:
		r.fail("cut short: a string without an end")
	default:
		r.fail("a string with a raw control character %q", b)
	}
}

// unquote returns what text, which begins with a quote, stands for.
func (r *jsonReader) unquote(escapes bool) []byte {
	if !utf8.Valid(r.text) {
		r.fail("a string that is not UTF-8")
	}
	if r.err != nil || !escapes {
		return r.text[1:]
	}
	var s string
	if err := json.Unmarshal(append(r.text, '"'), &s); err != nil {
		r.fail("a string with a wrong escape")
	}
	return []byte(s)
}

// integer reads a whole number from low to high, in its usual form.
func (r *jsonReader) integer(low, high int64) int64 {
	text := r.number()
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < low || n > high || strconv.FormatInt(n, 10) != string(text) {
		r.fail("%.20s is no whole number from %d to %d", text, low, high)
		return 0
	}
	return n
}

// number reads a number into memory that the next call reuses.
func (r *jsonReader) number() []byte {
	r.begin()
	r.text = r.text[:0]
	for b := r.byte(); strings.IndexByte("+-.0123456789Ee", b) >= 0 && len(r.text) < maxText; b = r.byte() {
		r.text = append(r.text, b)
		r.skip()
	}
	if len(r.text) == 0 {
		r.unexpected("a number")
	}
	return r.text
}

// count reads a number that is not negative.
func (r *jsonReader) count() int64 { return r.integer(0, math.MaxInt64) }

// skipValue reads a value of any kind.
func (r *jsonReader) skipValue() {
	if r.depth++; r.depth > maxDepth {
		r.fail("nested deeper than %d values", maxDepth)
	}
	switch b := r.begin(); b {
	case '{':
		r.members(func([]byte) func() { return r.skipValue })
	case '[':
		r.array(r.skipValue)
	case '"':
		r.bytes()
	case 't', 'f':
		r.bool()
	case 'n':
		r.null()
	default:
		r.number()
	}
	r.depth--
}
