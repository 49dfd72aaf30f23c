package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
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

// TestFollowerBegins: what is missing since the run before is in the state as
// soon as the place behind it is, since this run may be killed at once.
func TestFollowerBegins(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state")
	begin := func(serial int) {
		t.Helper()
		appendTo(t, path, serial)
		st, err := loadState(file)
		if err != nil {
			t.Fatal(err)
		}
		f := &followFlags{}
		from, err := f.open(&environment{}, []string{path}, st)
		if err != nil {
			t.Fatal(err)
		}
		defer from.stream.Close()
		w := newFollower(&environment{stderr: new(bytes.Buffer)}, f, from, nil, true)
		w.state = st
		w.count(&attribution{})
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
	}
	begin(1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	begin(2)
	begin(3)
	st, err := loadState(file)
	if err != nil {
		t.Fatal(err)
	}
	if e := st.before.Completeness.Evidence; len(e) != 1 || e[0].Kind != aggregate.RotationGap {
		t.Errorf("the evidence is %+v, want one rotation-gap", e)
	}
}
