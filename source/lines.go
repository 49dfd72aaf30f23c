package source

import (
	"bytes"
	"context"
	"io"
	"sync"
)

// Lines follows a pipe, such as that of a shell or of auditd to a plugin: it
// returns lines as they come.
func Lines(name string, r io.Reader) Stream {
	s := &lineStream{name: name, chunks: make(chan Chunk), done: make(chan struct{})}
	go s.read(r)
	return s
}

// lineStream reads ahead in its own goroutine, since a read of a pipe cannot be
// cancelled.
type lineStream struct {
	name   string
	chunks chan Chunk
	err    error // why chunks was closed
	done   chan struct{}
	closed sync.Once
}

func (s *lineStream) Name() string { return s.name }

// Next waits for lines; io.EOF when the writer has closed the pipe.
func (s *lineStream) Next(ctx context.Context) (Chunk, error) {
	select {
	case c, ok := <-s.chunks:
		if !ok {
			return Chunk{}, s.err
		}
		return c, nil
	case <-ctx.Done():
		return Chunk{}, ctx.Err()
	}
}

// Close ends the stream. A read that waits for the writer is left behind.
func (s *lineStream) Close() error {
	s.closed.Do(func() { close(s.done) })
	return nil
}

// read passes on whole lines until r ends. A last line without a newline is
// passed on too: the writer is gone, so it will never be longer.
func (s *lineStream) read(r io.Reader) {
	defer close(s.chunks)
	r = decodeLive(s.name, r)
	var rest []byte
	long := false // within a line that is being skipped
	for {
		buf := make([]byte, max(2*len(rest), 64<<10))
		n := copy(buf, rest)
		k, err := r.Read(buf[n:])
		buf = buf[:n+k]
		whole := bytes.LastIndexByte(buf, '\n') + 1
		if err != nil && !long && len(buf) > whole {
			buf = append(buf, '\n')
			whole = len(buf)
		}
		c := Chunk{Lines: buf[:whole]}
		if long && whole > 0 {
			c.Lines, long = buf[bytes.IndexByte(buf, '\n'):whole], false // it is left as an empty line
		}
		if rest = buf[whole:]; len(rest) > MaxLine || long {
			if !long {
				c.Notes = append(c.Notes, Note{Kind: LongLine, Count: 1, Detail: "line too long to be a record"})
			}
			rest, long = nil, true
		}
		if !s.send(c) {
			return
		}
		if err != nil {
			s.err = err
			return
		}
	}
}

func (s *lineStream) send(c Chunk) bool {
	if len(c.Lines) == 0 && len(c.Notes) == 0 {
		return true
	}
	select {
	case s.chunks <- c:
		return true
	case <-s.done:
		return false
	}
}
