package source

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// endlessly repeats some bytes.
type endlessly struct {
	piece []byte
	at    int
}

func (e *endlessly) Read(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(p[n:], e.piece[e.at:])
		n, e.at = n+k, (e.at+k)%len(e.piece)
	}
	return n, nil
}

// packEndlessly compresses zeros until nobody reads what comes out.
func packEndlessly(t *testing.T, pack func(io.Writer) (io.WriteCloser, error)) io.Reader {
	t.Helper()
	out, in := io.Pipe()
	t.Cleanup(func() { out.Close() })
	go func() {
		w, err := pack(in)
		for zeros := make([]byte, 1<<20); err == nil; {
			_, err = w.Write(zeros)
		}
		in.CloseWithError(err)
	}()
	return out
}

// sparse is a file of 1 TB that takes no room.
func sparse(t *testing.T) *Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sparse.log")
	writeFile(t, path, "")
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skipf("the file system has no files of 1 TB: %v", err)
	}
	r, err := Open(path)
	must(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// TestAttackUntilEndsEveryRead: what never ends by itself ends when it is told to, in
// the midst of a read.
func TestAttackUntilEndsEveryRead(t *testing.T) {
	var member bytes.Buffer
	must(t, gzip.NewWriter(&member).Close())
	for name, open := range map[string]func(t *testing.T) *Reader{
		"sparse file": sparse,
		"one line":    func(t *testing.T) *Reader { return NewReader("-", &endlessly{piece: []byte("x")}) },
		"empty gzip members": func(t *testing.T) *Reader {
			return NewReader("-", &endlessly{piece: member.Bytes()})
		},
		"empty zstd frames": func(t *testing.T) *Reader {
			return NewReader("-", &endlessly{piece: []byte("\x50\x2a\x4d\x18\x00\x00\x00\x00\x28\xb5\x2f\xfd\x00\x00\x01\x00\x00")})
		},
		"gzip of zeros": func(t *testing.T) *Reader {
			return NewReader("-", packEndlessly(t, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }))
		},
		"zstd of zeros": func(t *testing.T) *Reader {
			return NewReader("-", packEndlessly(t, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }))
		},
		"xz of zeros": func(t *testing.T) *Reader {
			return NewReader("-", packEndlessly(t, func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }))
		},
		"UTF-16 of one line": func(t *testing.T) *Reader { return NewReader("-", &endlessly{piece: []byte("x\x00")}) },
		"nothing comes": func(t *testing.T) *Reader {
			out, in := io.Pipe()
			t.Cleanup(func() { in.Close() })
			go in.Write([]byte("begun"))
			return NewReader("-", out)
		},
	} {
		for what, read := range map[string]func(r *Reader) error{
			"Next": func(r *Reader) error { _, err := r.Next(make([]byte, 256<<10)); return err },
			"Next of what can be mapped": func(r *Reader) error {
				if _, err := r.Peek(1); err != nil {
					return err
				}
				r.Map(256<<10, 4)
				_, err := r.Next(make([]byte, 256<<10))
				return err
			},
			"Text": func(r *Reader) error { _, err := io.Copy(io.Discard, r.Text()); return err },
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				r := open(t)
				ctx, interrupt := context.WithCancel(t.Context())
				r.Until(ctx)
				ended := make(chan error, 1)
				go func() { ended <- read(r) }()
				for r.Consumed() == 0 {
					runtime.Gosched()
				}
				interrupt()
				select {
				case err := <-ended:
					if !errors.Is(err, context.Canceled) {
						t.Errorf("it ended with %v", err)
					}
				case <-time.After(time.Minute):
					t.Fatal("it goes on")
				}
			})
		}
	}
}

// TestZeroReader: a Reader that no function has made reads nothing.
func TestZeroReader(t *testing.T) {
	for _, read := range []func(r *Reader) error{
		func(r *Reader) error { _, err := r.Next(make([]byte, 64)); return err },
		func(r *Reader) error { _, err := r.Peek(1); return err },
		func(r *Reader) error { return r.CheckText() },
		func(r *Reader) error { r.Map(1, 1); r.Trim(nil); return nil },
	} {
		r := new(Reader)
		r.Until(t.Context())
		if r.Consumed() != 0 || r.Whole() != nil || r.Close() != nil {
			t.Error("there is something in it")
		}
		if err := read(r); err != nil && !errors.Is(err, ErrEmpty) {
			t.Error(err)
		}
	}
}
