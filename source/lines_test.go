package source

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// readStream reads a stream to its end.
func readStream(t *testing.T, s Stream) (lines string, notes []Note, err error) {
	t.Helper()
	for {
		c, err := s.Next(t.Context())
		if err != nil {
			return lines, notes, err
		}
		lines += string(c.Lines)
		notes = append(notes, c.Notes...)
	}
}

func TestLines(t *testing.T) {
	longest, longer := strings.Repeat("x", MaxLine), strings.Repeat("y", MaxLine+1)
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":               {"", ""},
		"lines":                 {"one\ntwo\n", "one\ntwo\n"},
		"no newline at the end": {"one\ntwo", "one\ntwo\n"},
		"empty lines":           {"\n\na\n", "\n\na\n"},
		"the longest":           {"a\n" + longest + "\nb\n", "a\n" + longest + "\nb\n"},
		"longer":                {"a\n" + longer + longer + longer + "\nb\n", "a\n\nb\n"},
		"longer at the end":     {"a\n" + longer + longer, "a\n"},
		"marked":                {utf8Mark + "one\n", "one\n"},
		"UTF-16":                {string(encodeUTF16("type=SECCOMP\n", binary.LittleEndian, true)), "type=SECCOMP\n"},
	} {
		for kind, r := range map[string]io.Reader{
			"at once": strings.NewReader(tt.text), "in halves": iotest.HalfReader(strings.NewReader(tt.text)),
			"with the end": iotest.DataErrReader(strings.NewReader(tt.text)),
		} {
			got, notes, err := readStream(t, Lines("-", r))
			long := strings.Contains(tt.text, "yy")
			if got != tt.want || err != io.EOF || len(notes) > 0 != long {
				t.Errorf("%s, %s: %.40q (%d bytes), %v, %v; want %.40q", name, kind, got, len(got), notes, err, tt.want)
			}
		}
	}
}

// TestLinesAsTheyCome: a line is given when it is whole, not when more has come.
func TestLinesAsTheyCome(t *testing.T) {
	out, in := io.Pipe()
	s := Lines("-", out)
	for i := range 3 {
		line := fmt.Sprintf("line %d\n", i)
		go io.WriteString(in, line)
		c, err := s.Next(t.Context())
		if err != nil || string(c.Lines) != line {
			t.Fatalf("%q, %v, want %q", c.Lines, err, line)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	broken := errors.New("broken")
	in.CloseWithError(broken)
	if _, err := s.Next(t.Context()); !errors.Is(err, broken) {
		t.Error(err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestZeroStreams: what no function has made gives nothing, and does not fail.
func TestZeroStreams(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, s := range []Stream{new(Follower), new(JournalStream)} {
		if c, err := s.Next(ctx); err == nil {
			t.Errorf("%T gives %+v", s, c)
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Errorf("%T: %v", s, err)
		}
	}
	f := new(Follower)
	if f.Backlog(0) || len(f.Positions()) > 0 || len(f.Notes()) > 0 || f.OtherWriters() != "" || f.Name() != "" {
		t.Error("a zero Follower follows something")
	}
}
