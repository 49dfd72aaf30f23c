package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stepper drives a follower by hand: nothing happens between two steps.
type stepper struct {
	t     *testing.T
	f     *Follower
	now   time.Time
	lines []string
	notes []Note
}

func newStepper(t *testing.T, path string, opts FollowOptions) *stepper {
	t.Helper()
	s := &stepper{t: t, now: time.Now()}
	s.start(path, opts)
	t.Cleanup(func() { s.f.closeAll() })
	return s
}

// start begins a run; more than one stand for a program started again.
func (s *stepper) start(path string, opts FollowOptions) {
	s.t.Helper()
	s.f = newFollower(path, func() time.Time { return s.now })
	if err := s.f.start(opts); err != nil {
		s.t.Fatal(err)
	}
}

// step lets time pass, looks and reads all there is.
func (s *stepper) step() {
	s.t.Helper()
	s.look()
	for n := 0; s.take(); n++ {
		if n > 100_000 {
			s.t.Fatal("reading comes to no end")
		}
	}
}

func (s *stepper) look() {
	s.now = s.now.Add(lookInterval)
	s.f.look()
}

// take reads once, with another buffer each time, and reports whether there may
// be more.
func (s *stepper) take() bool {
	s.t.Helper()
	buf := make([]byte, len(s.f.buf))
	c, again := s.f.take(buf)
	s.keep(c)
	select {
	case line, ok := <-s.f.live.lines():
		s.keep(s.f.takeLive(buf, line, ok))
	default:
	}
	return again || len(c.Lines) > 0
}

func (s *stepper) keep(c Chunk) {
	s.t.Helper()
	s.notes = append(s.notes, c.Notes...)
	if len(c.Lines) == 0 {
		return
	}
	text, ended := strings.CutSuffix(string(c.Lines), "\n")
	if !ended {
		s.t.Fatalf("a chunk ends within a line: %.80q", c.Lines)
	}
	s.lines = append(s.lines, strings.Split(text, "\n")...)
}

// want checks and forgets the lines so far, and that there was no note.
func (s *stepper) want(lines ...string) {
	s.t.Helper()
	s.wantNotes()
	if fmt.Sprint(s.lines) != fmt.Sprint(lines) {
		s.t.Errorf("got %q, want %q", s.lines, lines)
	}
	s.lines = nil
}

// wantNotes checks and forgets the notes so far by their kinds.
func (s *stepper) wantNotes(kinds ...NoteKind) {
	s.t.Helper()
	var got []NoteKind
	for _, n := range s.notes {
		got = append(got, n.Kind)
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		s.t.Errorf("notes are %+v, want kinds %v", s.notes, kinds)
	}
	s.notes = nil
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func logPath(t *testing.T) string { return filepath.Join(t.TempDir(), "audit.log") }

func TestFollowBeginsBehindTheLastWholeLine(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old 1\nold 2\nhalf")
	s := newStepper(t, path, FollowOptions{})
	s.step()
	s.want()
	appendTo(t, path, " a line\nnew 1\nnew ")
	s.step()
	s.want("half a line", "new 1")
	appendTo(t, path, "2\n")
	s.step()
	s.want("new 2")
}

func TestFollowFromStart(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old 1\nold 2\nhalf")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	s.want("old 1", "old 2")
	appendTo(t, path, "\n")
	s.step()
	s.want("half")
}

func TestFollowStartErrors(t *testing.T) {
	directory := t.TempDir()
	missing := filepath.Join(directory, "audit.log")
	if _, err := Follow(missing, FollowOptions{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Follow(directory, FollowOptions{}); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("directory: %v", err)
	}
}

func TestFollowWaitsForTheFile(t *testing.T) {
	path := logPath(t)
	s := newStepper(t, path, FollowOptions{Resume: []Position{{Path: path}}})
	s.step()
	s.want()
	appendTo(t, path, "one\n")
	s.step()
	s.want("one")
}

// TestRotations goes through each way of rotating once, with unread lines on
// both sides of it and a writer that stays with the old file for a while.
func TestRotations(t *testing.T) {
	tests := []struct {
		name   string
		rotate func(t *testing.T, path string)
		notes  []NoteKind
	}{
		{"rename and create", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".1"))
		}, nil},
		{"rename with a date", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+"-20260101"))
		}, nil},
		{"rename out of sight", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".old"))
		}, nil},
		{"unlink and create", func(t *testing.T, path string) {
			must(t, os.Remove(path))
		}, nil},
		{"replace by rename", func(t *testing.T, path string) {
			writeFile(t, path+".new", "")
			must(t, os.Rename(path+".new", path))
		}, nil},
		{"copy and truncate", func(t *testing.T, path string) {
			copyFile(t, path, path+".1")
			must(t, os.Truncate(path, 0))
		}, []NoteKind{RotationGap}},
		{"rename, create and compress", func(t *testing.T, path string) {
			must(t, os.Rename(path, path+".1"))
			compressFile(t, path+".1")
		}, nil},
		{"copy, truncate and compress", func(t *testing.T, path string) {
			copyFile(t, path, path+".1")
			must(t, os.Truncate(path, 0))
			compressFile(t, path+".1")
		}, []NoteKind{RotationGap}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := logPath(t)
			appendTo(t, path, "old\n")
			s := newStepper(t, path, FollowOptions{})
			appendTo(t, path, "read\n")
			s.step()
			appendTo(t, path, "unread\n")
			tt.rotate(t, path)
			appendTo(t, path, "new\n")
			s.step()
			s.wantNotes(tt.notes...)
			s.want("read", "unread", "new")
			appendTo(t, path, "newer\n")
			for range 3 { // nothing comes again when old files are closed
				s.now = s.now.Add(2 * lateWait)
				s.step()
			}
			s.want("newer")
			if len(s.f.gens) != 1 {
				t.Errorf("%d files are still open", len(s.f.gens))
			}
		})
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	must(t, err)
	writeFile(t, to, string(data))
}

// compressFile does what gzip does.
func compressFile(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	must(t, err)
	writeFile(t, path+".gz", string(compressors()[0].compress(t, string(data))))
	must(t, os.Remove(path))
}

func TestWriterStaysWithTheOldFile(t *testing.T) {
	path := logPath(t)
	appendTo(t, path, "old\n")
	s := newStepper(t, path, FollowOptions{})
	must(t, os.Rename(path, path+".1"))
	writeFile(t, path, "") // logrotate's create
	for i := range 5 {
		appendTo(t, path+".1", fmt.Sprintf("late %d\n", i))
		s.step()
	}
	appendTo(t, path+".1", "last\n")
	appendTo(t, path, "new\n")
	s.step()
	s.want("late 0", "late 1", "late 2", "late 3", "late 4", "last", "new")
	appendTo(t, path+".1", "a second writer\n")
	s.step()
	s.want("a second writer")
}

func TestSymlinkIsSwitched(t *testing.T) {
	directory := t.TempDir()
	path := filepath.Join(directory, "current")
	for _, day := range []string{"mon", "tue", "wed"} {
		target := filepath.Join(directory, day)
		writeFile(t, target, day+" first\n")
	}
	must(t, os.Symlink("mon", path))
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	for _, day := range []string{"tue", "wed"} {
		must(t, os.Symlink(day, path+".new"))
		must(t, os.Rename(path+".new", path))
		s.step()
	}
	s.want("mon first", "tue first", "wed first")
}

// TestReplacedByACopy: what an editor or sed -i does.
func TestReplacedByACopy(t *testing.T) {
	path := logPath(t)
	appendTo(t, path, "old\n")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	appendTo(t, path, "unread\n")
	copyFile(t, path, path+"~")
	must(t, os.Rename(path+"~", path))
	appendTo(t, path, "new\n")
	s.step()
	s.want("old", "unread", "new")
}

// TestClosedFileGrows: a writer that comes back after longer than lateWait.
func TestClosedFileGrows(t *testing.T) {
	path := logPath(t)
	appendTo(t, path, "one\n")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	must(t, os.Rename(path, path+".1"))
	appendTo(t, path, "two\n")
	s.step()
	s.now = s.now.Add(2 * lateWait)
	s.step()
	if len(s.f.gens) != 1 {
		t.Fatalf("%d files are open", len(s.f.gens))
	}
	appendTo(t, path+".1", "late\n")
	s.now = s.now.Add(scanInterval)
	s.step()
	s.want("one", "two", "late")
}

func TestLinesOfManyRotationsAtOnce(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{})
	var want []string
	for i := range 9 {
		want = append(want, fmt.Sprintf("line %d", i))
		appendTo(t, path, want[i]+"\n")
		rotateNumbered(t, path, 20)
	}
	appendTo(t, path, "last\n")
	s.step()
	s.want(append(want, "last")...)
}

// rotateNumbered renames path.N to path.N+1 ... and path to path.1.
func rotateNumbered(t *testing.T, path string, keep int) {
	t.Helper()
	shiftNumbered(t, path, keep)
	must(t, os.Rename(path, path+".1"))
}

func shiftNumbered(t *testing.T, path string, keep int) {
	t.Helper()
	for i := keep; i >= 1; i-- {
		for _, ext := range []string{"", ".gz"} {
			from := fmt.Sprintf("%s.%d%s", path, i, ext)
			if _, err := os.Lstat(from); err != nil {
				continue
			}
			if i == keep {
				must(t, os.Remove(from))
				continue
			}
			must(t, os.Rename(from, fmt.Sprintf("%s.%d%s", path, i+1, ext)))
		}
	}
}

func TestFollowLongLinesAndHoles(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{})
	long := strings.Repeat("x", MaxLine/2)
	for range 64 {
		appendTo(t, path, long)
		s.step()
	}
	s.want()
	appendTo(t, path, "\nshort\n")
	s.step()
	s.wantNotes(LongLine)
	s.want("", "short")

	appendTo(t, path, strings.Repeat("\x00", 3<<20))
	s.step()
	s.wantNotes(LongLine)
	appendTo(t, path, "behind a hole\n"+strings.Repeat("y", 5<<20)+"\nend\n")
	s.step()
	s.wantNotes(LongLine)
	s.want("behind a hole", "", "end")
}

// TestTruncatedUnderAWriter: one that does not append leaves a hole.
func TestTruncatedUnderAWriter(t *testing.T) {
	path := logPath(t)
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	s := newStepper(t, path, FollowOptions{})
	for i := range 100 {
		fmt.Fprintf(f, "before %d\n", i)
	}
	s.step()
	copyFile(t, path, path+".1")
	must(t, os.Truncate(path, 0))
	fmt.Fprintln(f, "after")
	s.step()
	s.wantNotes(RotationGap, LongLine)
	if n := len(s.lines); n != 101 || s.lines[100] != "after" {
		t.Errorf("%d lines, the last of them %q", n, s.lines[n-1])
	}
}

// TestFollowEndToEnd runs the real thing, with its own goroutine and nxadm/tail.
func TestFollowEndToEnd(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old\n")
	f, err := Follow(path, FollowOptions{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &stepper{t: t, f: f}
	next := func() {
		t.Helper()
		c, err := f.Next(ctx)
		must(t, err)
		s.keep(c)
	}
	for i := range 20 {
		line := fmt.Sprintf("line %d", i)
		appendTo(t, path, line+"\n")
		next()
		s.want(line)
		if i%5 == 4 {
			must(t, os.Rename(path, path+".1"))
			writeFile(t, path, "")
		}
	}
	cancel()
	if _, err := f.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled Next gives %v", err)
	}
	must(t, f.Close())
}

// TestPositionsOfUnread: a run that is ended before it has read anything knows
// of a rotated file all the same, and so does the one after it.
func TestPositionsOfUnread(t *testing.T) {
	path := logPath(t)
	must(t, os.WriteFile(path, []byte("first\n"), 0o600))
	var saved []Position
	for _, rotate := range []bool{true, false} {
		f := newFollower(path, time.Now)
		must(t, f.start(FollowOptions{FromStart: true, Resume: saved}))
		saved = f.Positions()
		must(t, f.closeAll())
		if rotate {
			must(t, os.Rename(path, path+".1"))
		}
	}
	must(t, os.WriteFile(path, []byte("second\n"), 0o600))
	f, err := Follow(path, FollowOptions{Resume: saved})
	must(t, err)
	defer f.Close()
	var got string
	for got != "first\nsecond\n" {
		c, err := f.Next(t.Context())
		must(t, err)
		got += string(c.Lines)
		if strings.HasPrefix(got, "second") {
			t.Fatalf("begins with %q: the rotated file is forgotten", got)
		}
	}
}

// TestOpenFiles checks at its edge how many files of a log are held open: a
// further one is told of, and read once there is room.
func TestOpenFiles(t *testing.T) {
	for _, rotated := range []int{maxGenerations - 1, maxGenerations} {
		path := filepath.Join(t.TempDir(), "log")
		writeFile(t, path, "current\n")
		s := newStepper(t, path, FollowOptions{})
		for i := range rotated {
			writeFile(t, fmt.Sprintf("%s.new", path), fmt.Sprintf("line %d\n", i))
			if err := errors.Join(os.Rename(path, fmt.Sprintf("%s.%d", path, rotated-i)), os.Rename(path+".new", path)); err != nil {
				t.Fatal(err)
			}
		}
		s.look() // without reading
		told := false
		for _, n := range s.f.Notes() {
			told = told || strings.Contains(n.Detail, errManyFiles.Error())
		}
		if len(s.f.gens) > maxGenerations || told != (rotated >= maxGenerations) {
			t.Errorf("%d rotated: %d open, told %v", rotated, len(s.f.gens), told)
		}
		for range 5 {
			s.now = s.now.Add(time.Hour)
			s.step()
		}
		if n := len(s.lines); n < rotated {
			t.Errorf("%d rotated: read %d lines, %q to %q", rotated, n, s.lines[:min(n, 2)], s.lines[max(0, n-2):])
		}
	}
}
