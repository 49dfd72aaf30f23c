package source

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestManyRotatedFiles: however many old files lie beside a log, none is read
// when following begins behind it, and all that are rotated then are.
func TestManyRotatedFiles(t *testing.T) {
	path := logPath(t)
	for i := range maxKnown + 500 {
		writeFile(t, fmt.Sprintf("%s-%08d", path, i), fmt.Sprintf("old %d\n", i))
	}
	writeFile(t, path, "old\n")
	s := newStepper(t, path, FollowOptions{})
	for range 3 {
		s.now = s.now.Add(scanInterval)
		s.step()
	}
	s.want()
	appendTo(t, path, "one\n")
	must(t, os.Rename(path, path+"-20261130"))
	appendTo(t, path, "two\n")
	s.now = s.now.Add(scanInterval)
	s.step()
	s.want("one", "two")
}

// TestDirectoryThatDoesNotChange is not listed again, but a known file in it is
// seen to grow.
func TestDirectoryThatDoesNotChange(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old\n")
	age := func(ago time.Duration) {
		when := time.Unix(1.79e9, 0).Add(-ago)
		must(t, os.Chtimes(filepath.Dir(path), when, when))
	}
	s := newStepper(t, path, FollowOptions{})
	look := func() {
		s.now = s.now.Add(scanInterval)
		s.step()
	}
	rotateNumbered(t, path, 5)
	appendTo(t, path, "one\n")
	age(0)
	for range 3 {
		s.now = s.now.Add(lateWait)
		look()
	}
	s.want("one")
	if len(s.f.gens) != 1 {
		t.Fatalf("%d files are held", len(s.f.gens))
	}
	listed := s.f.listings[path].files
	appendTo(t, path+".1", "late\n")
	look()
	s.want("late")
	writeFile(t, path+".7", "unseen\n")
	age(0)
	look()
	if got := s.f.listings[path].files; len(got) != 1 || &got[0] != &listed[0] {
		t.Errorf("it was listed again: %+v", got)
	}
	s.want()
	age(time.Second)
	look()
	s.want("unseen")
}
