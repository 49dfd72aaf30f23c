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
	look()
	if s.f.listings[path].settled {
		t.Error("a directory that has just changed may change again at the same time")
	}
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

// TestForgotten: of the files that are known, the oldest are only remembered as
// not to be read, and that ends when they are gone: a new file can get the same
// number.
func TestForgotten(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old\n")
	old := path + ".1"
	writeFile(t, old, "older\n")
	info, err := statPath(old, true)
	must(t, err)
	f := newFollower(path, time.Now)
	f.remember(knownFile{id: info.id, head: []byte("older\n"), size: 6})
	for range maxKnown - 1 {
		f.remember(knownFile{})
	}
	if f.ignored.has(info.id) {
		t.Error("it is ignored before there are too many")
	}
	f.remember(knownFile{})
	if !f.ignored.has(info.id) || len(f.known) != maxKnown {
		t.Errorf("it is not ignored, of %d known", len(f.known))
	}
	_, err = f.rotated()
	must(t, err)
	if !f.ignored.has(info.id) {
		t.Error("it is forgotten while it is there")
	}
	must(t, os.Remove(old))
	_, err = f.rotated()
	must(t, err)
	if f.ignored.has(info.id) {
		t.Error("it is remembered though it is gone")
	}
}

// TestNewestStays: a rotated file that was read is held until the next one has
// given lines, as a later run goes on from it.
func TestNewestStays(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "old\n")
	s := newStepper(t, path, FollowOptions{})
	rotateNumbered(t, path, 5)
	writeFile(t, path, "half a line")
	for range 3 {
		s.now = s.now.Add(2 * lateWait)
		s.step()
	}
	if len(s.f.gens) != 2 {
		t.Errorf("%d files are held", len(s.f.gens))
	}
	appendTo(t, path, "\n")
	for range 2 {
		s.now = s.now.Add(2 * lateWait)
		s.step()
	}
	s.want("half a line")
	if len(s.f.gens) != 1 {
		t.Errorf("%d files are held at the end", len(s.f.gens))
	}
}

// TestParseRotation holds the edges of what is an age.
func TestParseRotation(t *testing.T) {
	for name, want := range map[string]string{
		"a.1": "a", "a.9999": "a", "a.10000": "a.10000", "a-1": "a-1", "a.0": "a",
		"a-2026113": "a-2026113", "a-20261130": "a", "a.20261130.gz": "a",
		"1.2.3.4": "1.2.3.4", "1.2.3.4.5": "1.2.3.4", "1.2.3": "1.2", "300.2.3.4": "300.2.3", ".1": ".1",
	} {
		if got, age := parseRotation(name); got != want || (age.kind == live) != (got == withoutCompression(name)) {
			t.Errorf("%s is of %s, %+v; want %s", name, got, age, want)
		}
	}
}
