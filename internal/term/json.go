package term

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes v, indented by indent, and a newline. What is not
// [Printable] is escaped in its strings even where JSON does not ask for it:
// encoding/json lets C1 controls and turners of direction through.
func WriteJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

// escapeJSON escapes in JSON text, which has characters beyond ASCII in
// strings only; those of ASCII are encoding/json's care.
func escapeJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r < utf8.RuneSelf && r != 0x7f || Printable(r):
			out = append(out, text[:size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			out = appendHex(append(appendHex(append(out, `\u`...), high, 4), `\u`...), low, 4)
		default:
			out = appendHex(append(out, `\u`...), r, 4)
		}
		text = text[size:]
	}
	return out
}
