package source

import (
	"fmt"
	"os"
	"testing"
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
