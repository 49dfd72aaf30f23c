package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits bound what a document may hold.
type Limits struct {
	Text  int // bytes of one string or number
	Depth int // of values within values
}

// A Reader is told what must come next. The first error sticks: after it every
// method returns a zero value.
type Reader struct {
	// From is where the last value began.
	From Place

	name   string
	limits Limits
	in     *lineReader
	dec    *jsontext.Decoder
	text   []byte // of a string with escapes
	err    error
	// hasPath is set once err names the value of a tree that it is in.
	hasPath bool
}

// NewReader returns a reader of a document; name is for errors.
func NewReader(in io.Reader, name string, l Limits) *Reader {
	// The decoder reads ahead of a value by as much as it has room for.
	lines := newLineReader(in, l.Text+readAhead)
	return &Reader{From: Place{1, 1}, name: name, limits: l, in: lines, dec: jsontext.NewDecoder(lines)}
}

// readAhead is how far the decoder's buffer may reach beyond a text of the
// largest size.
const readAhead = 128 << 10

// Err returns the first error, which is an [*Error] but where reading failed.
func (r *Reader) Err() error { return r.err }

// Fail notes an error in the last value.
func (r *Reader) Fail(format string, args ...any) { r.FailAt(r.From, format, args...) }

// FailAt notes an error at a place.
func (r *Reader) FailAt(at Place, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{File: r.name, Line: at.Line, Column: at.Column, Msg: fmt.Sprintf(format, args...)}
	}
}

// failRead notes why the decoder could not go on.
func (r *Reader) failRead(err error) {
	var (
		syntax *jsontext.SyntacticError
		long   *errTooLong
	)
	switch {
	case r.err != nil:
	case errors.As(err, &long):
		r.Fail("a value of more than %d bytes", r.limits.Text)
	case errors.As(err, &syntax):
		r.FailAt(r.in.place(syntax.ByteOffset), "%s", explain(err))
	case errors.Is(err, io.EOF):
		r.FailAt(r.in.place(r.in.given), "%s", explain(err))
	default:
		r.err = fmt.Errorf("read %s: %w", r.name, errors.Unwrap(err))
	}
}

// Begin looks at the next value, without taking it: it sets From and returns
// the value's kind, which is 0 at the end and where there is no value.
func (r *Reader) Begin() jsontext.Kind {
	if r.err != nil {
		return 0
	}
	kind := r.dec.PeekKind()
	r.in.taken = r.dec.InputOffset() + int64(separatorLen(r.dec.UnreadBuffer()))
	r.From = r.in.place(r.in.taken)
	return kind
}

// separatorLen returns how many bytes there are before the next value: white space,
// around one comma or colon.
func separatorLen(rest []byte) int {
	separated := false
	for i, b := range rest {
		switch b {
		case ' ', '\n', '\t', '\r':
			continue
		case ',', ':':
			if !separated {
				separated = true
				continue
			}
		}
		return i
	}
	return len(rest)
}

// AtEnd reports whether nothing follows.
func (r *Reader) AtEnd() bool {
	if r.Begin() != 0 || r.err != nil {
		return r.err != nil
	}
	_, err := r.dec.ReadToken()
	if err == io.EOF {
		return true
	}
	r.failRead(err)
	return true
}

// Lines returns how many lines there are to the end, once that is reached.
func (r *Reader) Lines() int {
	at := r.in.place(r.in.given)
	if at.Column == 1 {
		return at.Line - 1
	}
	return at.Line // the last one has no newline
}

// isValue reports whether a kind begins a value; else the decoder says what is
// wrong.
func isValue(k jsontext.Kind) bool { return k != 0 && k != '}' && k != ']' }

// take reads a value of one kind; the text is valid until the next call.
func (r *Reader) take(kind jsontext.Kind) []byte {
	switch next := r.Begin(); {
	case r.err != nil:
		return nil
	case next != kind && isValue(next):
		r.Fail("%s expected, not %s", kindName(kind), kindName(next))
		return nil
	}
	value, err := r.dec.ReadValue()
	if err != nil {
		r.failRead(err)
		return nil
	}
	if len(value) > r.limits.Text {
		r.Fail("a value of more than %d bytes", r.limits.Text)
		return nil
	}
	return value
}

// enter reads the beginning of a list or an object.
func (r *Reader) enter(kind jsontext.Kind) {
	switch next := r.Begin(); {
	case r.err != nil:
		return
	case next != kind && isValue(next):
		r.Fail("%s expected, not %s", kindName(kind), kindName(next))
		return
	}
	_, err := r.dec.ReadToken()
	if err == nil && r.dec.StackDepth() > r.limits.Depth {
		r.Fail("nested deeper than %d values", r.limits.Depth)
	}
	if err != nil {
		r.failRead(err)
	}
}

// leave reads the end of a list or an object, if that is next.
func (r *Reader) leave(kind jsontext.Kind) bool {
	if r.err != nil {
		return true
	}
	if r.dec.PeekKind() != kind {
		return false
	}
	if _, err := r.dec.ReadToken(); err != nil {
		r.failRead(err)
	}
	return true
}

// Members reads an object. For each key it asks for what reads its value.
func (r *Reader) Members(reader func(key []byte) func()) {
	r.enter('{')
	for !r.leave('}') {
		key := r.Bytes()
		if r.err != nil {
			return
		}
		reader(key)()
	}
}

// Array reads a list and calls item for each of its items.
func (r *Reader) Array(item func()) {
	r.enter('[')
	for !r.leave(']') {
		item()
	}
}

// Null takes a null, if that is next.
func (r *Reader) Null() bool {
	if r.Begin() != 'n' {
		return false
	}
	r.take('n')
	return r.err == nil
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	if r.Begin() == 't' {
		return r.take('t') != nil
	}
	r.take('f')
	return false
}

// String reads a string.
func (r *Reader) String() string { return string(r.Bytes()) }

// Bytes reads a string into memory that is valid until the next call.
func (r *Reader) Bytes() []byte {
	value := r.take('"')
	if value == nil {
		return nil
	}
	inside := value[1 : len(value)-1]
	if bytes.IndexByte(inside, '\\') < 0 {
		return inside
	}
	r.text, _ = jsontext.AppendUnquote(r.text[:0], value) // ReadValue has checked it
	return r.text
}

// Integer reads a whole number from low to high, in its usual form.
func (r *Reader) Integer(low, high int64) int64 {
	text := r.take('0')
	if text == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < low || n > high || n == 0 && len(text) > 1 {
		r.Fail("%.20s is no whole number from %d to %d", text, low, high)
		return 0
	}
	return n
}

// Skip reads a value of any kind.
func (r *Reader) Skip() {
	switch kind := r.Begin(); kind {
	case '{':
		r.Members(func([]byte) func() { return r.Skip })
	case '[':
		r.Array(r.Skip)
	default:
		r.take(kind)
	}
}
