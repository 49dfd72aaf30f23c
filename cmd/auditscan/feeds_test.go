package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/source"
)

// script is a stream that gives lines in one buffer, as fast as they are taken,
// and then an error; without one, nothing until it is told to end.
type script struct {
	name   string
	lines  []string
	end    error
	queue  []string // given after Close
	buf    []byte
	closed bool
	inUse  chan struct{}
}

func newScript(name string, end error, lines ...string) *script {
	return &script{name: name, lines: lines, end: end, inUse: make(chan struct{}, 1)}
}

func (s *script) Name() string { return s.name }

func (s *script) Next(ctx context.Context) (source.Chunk, error) {
	s.inUse <- struct{}{}
	defer func() { <-s.inUse }()
	for i := range s.buf {
		s.buf[i] = '?' // it was the receiver's until now
	}
	from := &s.lines
	if s.closed {
		from, s.end = &s.queue, io.EOF
	}
	switch {
	case len(*from) > 0:
		s.buf = append(s.buf[:0], (*from)[0]...)
		*from = (*from)[1:]
		return source.Chunk{Lines: s.buf}, nil
	case s.end != nil:
		return source.Chunk{}, s.end
	}
	<-ctx.Done()
	return source.Chunk{}, ctx.Err()
}

func (s *script) Close() error {
	select {
	case s.inUse <- struct{}{}:
		<-s.inUse
	default:
		return errors.New(s.name + " is closed while it is read")
	}
	s.closed = true
	return nil
}

// lines are those of a stream: "a0", "a1" and so on.
func lines(name string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(name, i))
	}
	return list
}

// TestSeveral: each line of each stream once, in the stream's order, by whoever
// it is from; one that ends leaves the others, and all of them end.
func TestSeveral(t *testing.T) {
	from := []*origin{
		{stream: newScript("a", io.EOF, lines("a", 50)...)}, {stream: newScript("b", io.EOF)}, {stream: newScript("c", io.EOF, lines("c", 20)...)},
	}
	r := newReader(from)
	got := map[int][]string{}
	for {
		place, c, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got[place] = append(got[place], string(c.Lines))
	}
	if !slices.Equal(got[0], lines("a", 50)) || got[1] != nil || !slices.Equal(got[2], lines("c", 20)) {
		t.Errorf("%v", got)
	}
	if err := errors.Join(r.Close(), r.Close()); err != nil {
		t.Error(err)
	}
}

// TestSeveralClosed: what was on its way, and what queues have heard, is given
// after Close, and no stream is closed while it is read.
func TestSeveralClosed(t *testing.T) {
	for taken := range 8 {
		a, b := newScript("a", nil, lines("a", 3)...), newScript("b", nil, lines("b", 3)...)
		a.queue = lines("late", 2)
		r := newReader([]*origin{{stream: a, queued: true}, {stream: b}})
		var got []string
		ctx, cancel := context.WithCancel(t.Context())
		for range min(taken, 6) {
			_, c, err := r.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(c.Lines))
		}
		cancel()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		for {
			_, c, err := r.Next(t.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(c.Lines))
		}
		for _, name := range []string{"a", "b", "late"} { // nothing twice, nothing left out before the last
			var own []string
			for _, line := range got {
				if strings.HasPrefix(line, name) {
					own = append(own, line)
				}
			}
			if !slices.Equal(own, lines(name, len(own))) {
				t.Errorf("after %d: %v", taken, got)
			}
		}
		if !slices.Contains(got, "late1") {
			t.Errorf("after %d: the queue is not in %v", taken, got)
		}
		if rest := len(a.lines) + len(b.lines) + len(got) - 2; rest != 6 {
			t.Errorf("after %d: %d of 6 lines are given or still there", taken, rest)
		}
	}
}

// TestSeveralFails: an error tells whose it is.
func TestSeveralFails(t *testing.T) {
	broken := errors.New("broken")
	r := newReader([]*origin{{stream: newScript("a", nil)}, {stream: newScript("b", broken)}})
	if _, _, err := r.Next(t.Context()); !errors.Is(err, broken) || !strings.HasPrefix(err.Error(), "b: ") {
		t.Errorf("%v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
