package source

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Peek returns up to n bytes of the text that the input starts with, without
// consuming them. It may only be called before the first Next.
func (r *Reader) Peek(n int) ([]byte, error) {
	r.begin()
	if r.packed == "" {
		n = r.disk.sizeHead(n)
	}
	for len(r.carry) < n && r.err == nil {
		r.carry = slices.Grow(r.carry, n-len(r.carry))
		k := r.read(r.carry[len(r.carry):n])
		r.carry = r.carry[:len(r.carry)+k]
	}
	if len(r.carry) == 0 && r.err != nil {
		return nil, r.finalError()
	}
	return r.carry, nil
}

// Text returns the whole input as it is, for text that does not consist of
// lines. It replaces Next.
func (r *Reader) Text() io.Reader {
	r.begin()
	return io.MultiReader(bytes.NewReader(r.carry), restReader{r})
}

// restReader reads the text of a Reader after what was peeked.
type restReader struct{ r *Reader }

func (t restReader) Read(p []byte) (n int, err error) {
	if t.r.err == nil {
		n = t.r.read(p)
	}
	if t.r.err != nil {
		err = t.r.finalError()
	}
	return n, err
}

// CheckText returns an [ErrNotLog] if the input begins with bytes that are not
// text; the error says what the input is, if known. It may only be called
// before the first Next.
func (r *Reader) CheckText() error {
	head, err := r.Peek(4 << 10)
	if err != nil || !isBinary(head) {
		return err
	}
	return fmt.Errorf("%s: %w: %s", r.name, ErrNotLog, describeBinary(head))
}
