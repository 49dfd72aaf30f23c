package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/auditscan/auditscan/source"
)

// endless is a stream that never gives anything.
type endless struct {
	begun   func()      // called by Next before it waits
	reading atomic.Bool // in Next
}

func (s *endless) Name() string { return "endless" }

func (s *endless) Next(ctx context.Context) (source.Chunk, error) {
	s.reading.Store(true)
	defer s.reading.Store(false)
	s.begun()
	<-ctx.Done()
	return source.Chunk{}, ctx.Err()
}

func (s *endless) Close() error { return nil }

// TestFollowerFails: a stream is closed when follow ends, with an error too,
// so it must not be read any more by then.
func TestFollowerFails(t *testing.T) {
	full := errors.New("the disk is full")
	who := &attribution{failed: make(chan error, 1)}
	stream := &endless{begun: func() { who.failed <- full }}
	var stdout, stderr bytes.Buffer
	env := &environment{stdout: &stdout, stderr: &stderr}
	w := oneFollower(env, &followFlags{}, &origin{stream: stream})
	if err := w.follow(t.Context(), who); !errors.Is(err, full) {
		t.Errorf("ended with %v", err)
	}
	if stream.reading.Load() {
		t.Error("the stream is still being read")
	}
}

// heard is a stream with a queue: what is in it is given after Close, too.
type heard struct {
	chunks    []source.Chunk
	interrupt context.CancelFunc // called in the first Next
	closed    bool
	end       error // after the last chunk
}

func (s *heard) Name() string { return "heard" }

func (s *heard) Next(ctx context.Context) (source.Chunk, error) {
	if !s.closed {
		s.interrupt()
		<-ctx.Done()
		return source.Chunk{}, ctx.Err()
	}
	if len(s.chunks) == 0 {
		return source.Chunk{}, s.end
	}
	c := s.chunks[0]
	s.chunks = s.chunks[1:]
	return c, nil
}

func (s *heard) Close() error {
	s.closed = true
	return nil
}

// TestFollowerDrains: an interrupt loses nothing that was heard before it, and
// a stream that fails meanwhile is no clean end.
func TestFollowerDrains(t *testing.T) {
	record := "type=SECCOMP msg=audit(1662057996.821:272): auid=0 uid=0 gid=0 ses=1 subj=x pid=7 comm=\"a\" exe=\"/a\" sig=0 arch=c000003e syscall=202 compat=0 ip=0x1 code=0x7ffc0000\n"
	broken := errors.New("the socket broke")
	for _, end := range []error{io.EOF, broken} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		stream := &heard{
			interrupt: cancel, end: end,
			chunks: []source.Chunk{{Lines: []byte(record)}, {Notes: []source.Note{{Kind: source.Overrun, Count: 3}}}},
		}
		var stdout, stderr bytes.Buffer
		w := oneFollower(&environment{stdout: &stdout, stderr: &stderr}, &followFlags{}, &origin{stream: stream, queued: true})
		err := w.follow(ctx, &attribution{})
		if end == io.EOF && err != nil || end == broken && !errors.Is(err, broken) {
			t.Errorf("ended with %v after %v", err, end)
		}
		s := w.summary()
		if s.Totals.Records != 1 || s.Completeness.Lost != 3 {
			t.Errorf("%d records and %d lost were counted", s.Totals.Records, s.Completeness.Lost)
		}
	}
}

func oneFollower(env *environment, f *followFlags, o *origin) *follower {
	return newFollower(env, f, []*origin{o}, newReader([]*origin{o}), nil, true)
}

// failing is a stream that breaks.
type failing struct {
	endless
	err error
}

func (s *failing) Next(context.Context) (source.Chunk, error) { return source.Chunk{}, s.err }

// TestFollowerTellsWhy: a stream that has ended is no failure, and one that has
// broken is.
func TestFollowerTellsWhy(t *testing.T) {
	broken := errors.New("the socket broke")
	for end, want := range map[error]error{io.EOF: nil, broken: broken} {
		var stdout, stderr bytes.Buffer
		w := oneFollower(&environment{stdout: &stdout, stderr: &stderr}, &followFlags{}, &origin{stream: &failing{err: end}})
		if err := w.follow(t.Context(), &attribution{}); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("ended with %v after %v", err, end)
		}
	}
}

// TestSaveDue: a large state is saved less often, so that no more than saveRate
// is written, and a small one each time.
func TestSaveDue(t *testing.T) {
	for _, tt := range []struct {
		size int64
		rest time.Duration
	}{{0, 0}, {10 << 10, 9765625}, {saveRate, time.Second}, {18 << 20, 18 * time.Second}, {1 << 40, longestUnsaved}} {
		if got := (&state{size: tt.size}).rest(); got != tt.rest {
			t.Errorf("%d bytes rest %v, want %v", tt.size, got, tt.rest)
		}
	}
	st := &state{path: filepath.Join(t.TempDir(), "state.json")}
	w := oneFollower(&environment{stdout: io.Discard, stderr: io.Discard}, &followFlags{}, &origin{stream: &endless{}})
	w.state = st
	w.newCounts(&attribution{})
	for _, tt := range []struct {
		size  int64
		saved bool
	}{{1 << 30, false}, {0, true}} {
		st.size, w.saved, w.unsaved = tt.size, time.Now(), true
		err := w.saveDue()
		_, missing := os.Stat(st.path)
		if err != nil || (missing == nil) != tt.saved || w.unsaved == tt.saved {
			t.Errorf("%d bytes: saved %v, want %v: %v", tt.size, missing == nil, tt.saved, err)
		}
	}
	if info, err := os.Stat(st.path); err != nil || st.size != info.Size() {
		t.Errorf("the size is %d: %v", st.size, err)
	}
}
