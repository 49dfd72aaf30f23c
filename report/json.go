package report

import (
	"encoding/json"
	"io"
	"strconv"
)

// jsonWriter writes a tree as JSON, indented by two blanks.
type jsonWriter struct {
	out io.Writer
	buf []byte
	err error
}

// flushSize is how much is gathered before it is written.
const flushSize = 64 << 10

func writeJSON(out io.Writer, doc object) error {
	w := jsonWriter{out: out, buf: make([]byte, 0, flushSize+flushSize/4)}
	w.value(doc, 0)
	w.buf = append(w.buf, '\n')
	w.flush()
	return w.err
}

func (w *jsonWriter) flush() {
	if w.err == nil {
		_, w.err = w.out.Write(w.buf)
	}
	w.buf = w.buf[:0]
}

func (w *jsonWriter) value(v any, depth int) {
	switch v := v.(type) {
	case object:
		w.object(v, depth)
	case list:
		w.list(v, depth)
	default:
		w.buf = appendScalar(w.buf, v)
	}
}

func (w *jsonWriter) object(obj object, depth int) {
	w.buf = append(w.buf, '{')
	for i, m := range obj {
		w.next(i, depth+1)
		w.buf = append(appendString(w.buf, m.key), ": "...)
		w.value(m.value, depth+1)
	}
	w.line(depth)
	w.buf = append(w.buf, '}')
}

// list writes the items as they are made.
func (w *jsonWriter) list(items list, depth int) {
	w.buf = append(w.buf, '[')
	n := 0
	for item := range items {
		w.next(n, depth+1)
		w.object(item, depth+1)
		if n++; len(w.buf) >= flushSize {
			w.flush()
		}
		if w.err != nil {
			return
		}
	}
	if n > 0 {
		w.line(depth)
	}
	w.buf = append(w.buf, ']')
}

// next begins the i-th member or item.
func (w *jsonWriter) next(i, depth int) {
	if i > 0 {
		w.buf = append(w.buf, ',')
	}
	w.line(depth)
}

// line begins a line.
func (w *jsonWriter) line(depth int) {
	w.buf = append(w.buf, '\n')
	for range depth {
		w.buf = append(w.buf, "  "...)
	}
}

// appendScalar appends a value without members as JSON.
func appendScalar(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case stamp:
		return appendMillis(dst, int64(v), true)
	case bool:
		return strconv.AppendBool(dst, v)
	case json.RawMessage:
		return append(dst, v...)
	}
	return append(dst, "null"...)
}
