package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFollowResumesOnce(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{})
	appendTo(t, path, "one\n")
	s.step()
	appendTo(t, path, "two\n")
	for i := range 4 { // while nobody runs
		saved := s.f.Positions()
		must(t, s.f.closeAll())
		rotateNumbered(t, path, 20)
		compressFile(t, path+".1")
		appendTo(t, path, fmt.Sprintf("run %d\n", i))
		s.start(path, FollowOptions{Resume: saved})
		s.step()
	}
	s.want("one", "two", "run 0", "run 1", "run 2", "run 3")
}

func TestResumeTellsOfAGap(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{})
	appendTo(t, path, "one\n")
	s.step()
	saved := s.f.Positions()
	must(t, s.f.closeAll())
	must(t, os.Remove(path))
	appendTo(t, path, "other\n")
	s.start(path, FollowOptions{Resume: saved})
	s.step()
	s.wantNotes(RotationGap)
	s.want("one", "other")
}

// TestResumeBeforeCopies: between a file that was read in part and one of which
// only the start was seen there can be copies that no run has looked at.
func TestResumeBeforeCopies(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{})
	appendTo(t, path, "one\n")
	s.step()
	for i := range 4 { // runs that read nothing
		saved := s.f.Positions()
		must(t, s.f.closeAll())
		appendTo(t, path, fmt.Sprintf("life %d\n", i))
		copyFile(t, path, path+"."+fmt.Sprintf("2026010%d", i))
		must(t, os.Truncate(path, 0))
		if i%2 == 1 {
			appendTo(t, path, "begun\n")
		}
		s.start(path, FollowOptions{Resume: saved})
	}
	s.step()
	s.notes = nil
	s.want("one", "life 0", "life 1", "begun", "life 2", "life 3", "begun")
}

// TestPositionsOfUnreadArchive: a file of which nothing was read is found in
// the archive that was made of it, and missed where there is none.
func TestPositionsOfUnreadArchive(t *testing.T) {
	for _, keep := range []bool{true, false} {
		path := logPath(t)
		writeFile(t, path, "first\n")
		var saved []Position
		for _, line := range []string{"second\n", "third\n"} { // two runs that read nothing
			f := newFollower(path, time.Now)
			must(t, f.start(FollowOptions{FromStart: true, Resume: saved}))
			saved = f.Positions()
			must(t, f.closeAll())
			rotateNumbered(t, path, 5)
			writeFile(t, path, line)
		}
		compressFile(t, path+".2")
		if !keep {
			must(t, os.Remove(path+".2.gz"))
		}
		s := newStepper(t, path, FollowOptions{Resume: saved})
		s.step()
		if keep {
			s.want("first", "second", "third")
		} else {
			s.wantNotes(RotationGap)
			s.want("second", "third")
		}
	}
}

// TestResumeOfAnEmptyFile: a file that was empty when the earlier run ended, and
// is in an archive since, is told from older archives by their time.
func TestResumeOfAnEmptyFile(t *testing.T) {
	path := logPath(t)
	for i := range 3 {
		old := fmt.Sprintf("%s.%d", path, i+1)
		writeFile(t, old, "of before\n")
		compressFile(t, old)
		before := time.Now().Add(-time.Hour)
		must(t, os.Chtimes(old+".gz", before, before))
	}
	writeFile(t, path, "")
	f := newFollower(path, time.Now)
	must(t, f.start(FollowOptions{}))
	saved := f.Positions()
	must(t, f.closeAll())
	if len(saved) != 1 || saved[0].Birth.IsZero() {
		t.Skipf("the file system tells no time of creation: %+v", saved)
	}
	for _, line := range []string{"first\n", "second\n"} {
		appendTo(t, path, line)
		rotateNumbered(t, path, 20)
		compressFile(t, path+".1")
	}
	writeFile(t, path, "third\n")
	s := newStepper(t, path, FollowOptions{Resume: saved})
	s.step()
	s.want("first", "second", "third")
}

// TestPositionOfAFileThatGrows: a file can grow between its first bytes being
// read and the place to begin at being found. That place is found again.
func TestPositionOfAFileThatGrows(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "one\n")
	g, err := openGeneration(path, 0)
	must(t, err)
	defer g.src.Close()
	appendTo(t, path, "two\n")
	must(t, g.seekLastLines(0))
	p := g.position(path)
	if m, ok := g.find(p); !ok || m.offset != int64(len("one\ntwo\n")) {
		t.Errorf("%+v is found at %d, %v", p, m.offset, ok)
	}
}

// TestTail: following begins with the last lines, however long they are and
// however many there are.
func TestTail(t *testing.T) {
	long := strings.Repeat("x", MaxLine-10) + "\n"
	for _, tt := range []struct {
		text string
		tail int
		want string
	}{
		{"a\nb\nc\n", 0, ""}, {"a\nb\nc\n", 1, "c\n"}, {"a\nb\nc\n", 2, "b\nc\n"}, {"a\nb\nc\n", 3, "a\nb\nc\n"}, {"a\nb\nc\n", 99, "a\nb\nc\n"},
		{"a\nb\nc", 1, "b\n"}, {"", 2, ""}, {"\n\n\n", 2, "\n\n"}, {"a\n" + long + long + "b\n", 3, long + long + "b\n"},
	} {
		path := filepath.Join(t.TempDir(), "log")
		must(t, os.WriteFile(path, []byte(tt.text), 0o600))
		f := newFollower(path, time.Now)
		must(t, f.start(FollowOptions{Tail: tt.tail}))
		var got strings.Builder
		for {
			c, more := f.take(f.buf)
			if got.Write(c.Lines); len(c.Lines) == 0 && !more {
				break
			}
		}
		must(t, f.closeAll())
		if got.String() != tt.want {
			t.Errorf("the last %d lines of %d bytes: %.40q, want %.40q", tt.tail, len(tt.text), got.String(), tt.want)
		}
	}
}
