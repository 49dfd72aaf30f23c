package source

import (
	"os"
	"testing"
	"time"
)

// TestIdleFileIsLetGo: a rotated file is held for as long as its writer may still
// come to write, and no longer; what is known of it does not grow with each look.
func TestIdleFileIsLetGo(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "one\n")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	must(t, os.Rename(path, path+".1"))
	writeFile(t, path, "two\n")
	s.now = s.now.Add(scanInterval)
	s.step()
	s.want("one", "two")
	rotated := s.now
	for _, tt := range []struct {
		after time.Duration
		held  int
	}{{lateWait - time.Second, 2}, {lateWait, 1}, {10 * lateWait, 1}} {
		s.now = rotated.Add(tt.after)
		for range 5 {
			s.now = s.now.Add(-lookInterval) // which each look adds
			s.f.scanned = time.Time{}
			s.look()
		}
		if n := len(s.f.gens); n != tt.held {
			t.Errorf("%v after the rotation %d files are held, want %d", tt.after, n, tt.held)
		}
		if n := len(s.f.known); n != 2-tt.held {
			t.Errorf("%v after the rotation %d files are known, want %d", tt.after, n, 2-tt.held)
		}
	}
	appendTo(t, path+".1", "late\n")
	s.now = s.now.Add(scanInterval)
	s.step()
	s.want("late")
}

// TestWrittenSince: a file that was last written to at the very time at which
// another was made may have been written to since.
func TestWrittenSince(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "one\n")
	made := time.Unix(1717243200, 123456789)
	must(t, os.Chtimes(path, made, made))
	g, err := openGeneration(path, openFlags)
	must(t, err)
	defer g.src.Close()
	for apart, want := range map[time.Duration]bool{-1: true, 0: true, 1: false} {
		if got := g.writtenSince(Position{Birth: made.Add(apart)}); got != want {
			t.Errorf("%v later: %v", apart, got)
		}
	}
}
