package source

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"
)

// TestBacklog: it is what can be read at once, in all files; not the start of
// a line whose end nobody has written.
func TestBacklog(t *testing.T) {
	path := logPath(t)
	line := "123456789\n"
	writeFile(t, path, strings.Repeat(line, 10)+"half")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.f.buf = make([]byte, 3*len(line)) // the tail comes before it from the second read on
	want := func(what string, n int64) {
		t.Helper()
		if !s.f.Backlog(n-1) || s.f.Backlog(n) {
			t.Errorf("%s: it is not %d bytes", what, n)
		}
	}
	want("before anything is read", 104)
	s.look()
	s.take()
	want("after 3 of 10 lines", 74)
	must(t, os.Rename(path, path+".1"))
	writeFile(t, path, strings.Repeat(line, 5))
	s.f.buf = make([]byte, 3*len(line)+tailLen)
	s.look()
	s.take()
	want("with another file", int64(len("half"))+50)
	s.step()
	if s.f.Backlog(0) {
		t.Error("there is more after all has been read")
	}
	appendTo(t, path, strings.Repeat("x", MaxLine+2000))
	s.f.buf = make([]byte, 2*MaxLine)
	s.step()
	if s.f.Backlog(0) {
		t.Error("there is more of a line without end")
	}
	appendTo(t, path, "\n"+line)
	s.look()
	want("when it has one", int64(1+len(line)))
}

// TestNextIn: lines come in the buffer that is given, and none is lost when
// nobody waits any more.
func TestNextIn(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "one\n")
	f, err := Follow(path, FollowOptions{FromStart: true})
	must(t, err)
	defer f.Close()
	buf := make([]byte, MaxLine+1024)
	c, err := f.NextIn(context.Background(), buf)
	if err != nil || string(c.Lines) != "one\n" || &c.Lines[0] != &buf[0] {
		t.Errorf("got %q, %v, want one line in the buffer", c.Lines, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if c, err := f.NextIn(ctx, buf); !errors.Is(err, context.DeadlineExceeded) || len(c.Lines) > 0 {
		t.Errorf("got %q, %v, want the end of waiting", c.Lines, err)
	}
	appendTo(t, path, "two\n")
	if c, err := f.NextIn(context.Background(), make([]byte, MaxLine+1024)); err != nil || string(c.Lines) != "two\n" {
		t.Errorf("got %q, %v, want the next line", c.Lines, err)
	}
	if string(buf[:4]) != "one\n" {
		t.Errorf("the buffer before was written to: %q", buf[:4])
	}
}
