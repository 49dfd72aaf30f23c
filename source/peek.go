package source

import (
	"bytes"
	"fmt"
	"io"
	"slices"
)

// Peek returns up to n bytes of text that the input starts with, without
// taking them away. It may be called before the first Next only.
func (r *Reader) Peek(n int) ([]byte, error) {
	r.begin()
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

// Text returns the whole input as it is, for text that is not made of lines.
// It takes the place of Next.
func (r *Reader) Text() io.Reader {
	r.begin()
	return io.MultiReader(bytes.NewReader(r.carry), restReader{r})
}

// restReader reads the text of a Reader behind what was peeked.
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

// CheckText returns an error that is [ErrNotLog], and says what the input is if
// that is known, if it begins with bytes that are no text. It may be called
// before the first Next only.
func (r *Reader) CheckText() error {
	head, err := r.Peek(4 << 10)
	if err != nil || !isBinary(head) {
		return err
	}
	return fmt.Errorf("%s: %w: %s", r.name, ErrNotLog, describeBinary(head))
}
