package main

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

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
	w := newFollower(env, &followFlags{}, &origin{stream: stream}, nil, true)
	if err := w.follow(t.Context(), who); !errors.Is(err, full) {
		t.Errorf("ended with %v", err)
	}
	if stream.reading.Load() {
		t.Error("the stream is still being read")
	}
}
