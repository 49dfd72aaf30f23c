package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
)

func TestQueueKeepsOrder(t *testing.T) {
	q := NewQueue(1 << 20)
	q.Note(Note{Kind: Info, Detail: "start"})
	q.Add([]byte("one\n"))
	q.Add([]byte("two\n"))
	q.Note(Note{Kind: Overrun, Count: 2})
	q.Note(Note{Kind: Overrun, Count: 3})
	q.Note(Note{Kind: LostCounter, Count: 1})
	q.Add([]byte("three\n"))
	q.Note(Note{Kind: Overrun})
	q.Finish(io.ErrUnexpectedEOF)
	q.Finish(io.EOF)
	want := []Chunk{
		{Lines: []byte("one\ntwo\n"), Notes: []Note{{Kind: Info, Detail: "start"}}},
		{Lines: []byte("three\n"), Notes: []Note{{Kind: Overrun, Count: 5}, {Kind: LostCounter, Count: 1}}},
		{Notes: []Note{{Kind: Overrun}}},
	}
	for i, w := range want {
		got, err := q.Next(t.Context())
		if err != nil || !reflect.DeepEqual(got, w) {
			t.Errorf("chunk %d: %+v, %v; want %+v", i, got, err, w)
		}
	}
	for range 2 {
		if _, err := q.Next(t.Context()); err != io.ErrUnexpectedEOF {
			t.Errorf("end: %v, want the first error, again and again", err)
		}
	}
}

func TestQueueIsBounded(t *testing.T) {
	q := NewQueue(10)
	if !q.Add([]byte("123456\n")) || q.Add([]byte("1234\n")) || !q.Add([]byte("12\n")) {
		t.Error("the limit of 10 bytes is not kept")
	}
	if _, err := q.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-q.taken // the waiting goroutine is told
	if !q.Add([]byte("123456789\n")) {
		t.Error("no room after everything was taken")
	}
}

func TestQueueBeginsNewChunks(t *testing.T) {
	q := NewQueue(1 << 20)
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 200 {
		q.Add(line)
	}
	q.Finish(io.EOF)
	total := 0
	for {
		c, err := q.Next(t.Context())
		if err == io.EOF {
			break
		}
		if len(c.Lines) > chunkSize+len(line) || !bytes.HasSuffix(c.Lines, []byte("\n")) {
			t.Errorf("chunk of %d bytes", len(c.Lines))
		}
		total += len(c.Lines)
	}
	if total != 200*len(line) {
		t.Errorf("%d bytes of %d", total, 200*len(line))
	}
}

func TestQueueNextStopsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := NewQueue(1).Next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestQueueBetweenGoroutines passes more than the limit through, in order.
func TestQueueBetweenGoroutines(t *testing.T) {
	const n = 20_000
	q := NewQueue(1 << 10)
	go func() {
		for i := range n {
			for !q.Add(fmt.Appendf(nil, "%d\n", i)) {
				<-q.taken
			}
		}
		q.Finish(io.EOF)
	}()
	var got, want bytes.Buffer
	for {
		c, err := q.Next(t.Context())
		got.Write(c.Lines)
		if err != nil {
			break
		}
	}
	for i := range n {
		fmt.Fprintln(&want, i)
	}
	if !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%d bytes, want %d", got.Len(), want.Len())
	}
}

// TestNotesStayApart: losses of two files are two, whatever their kind.
func TestNotesStayApart(t *testing.T) {
	var notes []Note
	for _, n := range []Note{{RotationGap, 1, "a", ""}, {RotationGap, 2, "b", ""}, {Overrun, 4, "a", ""}, {RotationGap, 8, "a", ""}} {
		notes = foldNote(notes, n)
	}
	want := []Note{{RotationGap, 9, "a", ""}, {RotationGap, 2, "b", ""}, {Overrun, 4, "a", ""}}
	if !reflect.DeepEqual(notes, want) {
		t.Errorf("%+v, want %+v", notes, want)
	}
}
