package source

import (
	"bytes"
	"io"
)

// Peek returns up to n bytes of text that the input starts with, without
// taking them away. It may be called before the first Next only.
func (r *Reader) Peek(n int) ([]byte, error) {
	if r.text == nil {
		r.text = decompress(r.name, r.disk)
	}
	for len(r.carry) < n && r.err == nil {
		var k int
		buf := make([]byte, n-len(r.carry))
		k, r.err = r.text.Read(buf)
		r.carry = append(r.carry, buf[:k]...)
	}
	r.begun = r.begun || len(r.carry) > 0
	if len(r.carry) == 0 && r.err != nil {
		return nil, r.finalError()
	}
	return r.carry, nil
}

// Text returns the whole input as it is, for text that is not made of lines.
// It takes the place of Next.
func (r *Reader) Text() io.Reader {
	if r.err != nil {
		return bytes.NewReader(r.carry)
	}
	return io.MultiReader(bytes.NewReader(r.carry), r.text)
}
