package source

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRewrittenBeforeRead: a reader that is slow is told what it has missed,
// even if the file is as long again as what it never saw.
func TestRewrittenBeforeRead(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	appendTo(t, path, "aaa\n")
	s.look()
	must(t, os.Truncate(path, 0))
	appendTo(t, path, "bbb\n")
	must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)))
	s.look()
	s.step()
	s.wantNotes(RotationGap)
	s.want("bbb")
}

// TestCopyHeldAtOnce: a file that is truncated before anything was read of it,
// however much it held, is missed at the next look, which takes its copy: that
// may be deleted before a reader that is slow comes.
func TestCopyHeldAtOnce(t *testing.T) {
	for _, unread := range []string{"aaa", strings.Repeat("a", headLen-1), strings.Repeat("a", headLen), strings.Repeat("a", 2*headLen)} {
		path := logPath(t)
		writeFile(t, path, unread+"\n")
		s := newStepper(t, path, FollowOptions{FromStart: true})
		s.look()
		copyFile(t, path, path+".1")
		must(t, os.Truncate(path, 0))
		appendTo(t, path, strings.ReplaceAll(unread, "a", "b")+"\n")
		must(t, os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)))
		s.look()
		must(t, os.Remove(path+".1"))
		s.step()
		s.wantNotes(RotationGap)
		s.want(unread, strings.ReplaceAll(unread, "a", "b"))
	}
}

// TestAlikeUntilLater: a file is told from one that begins alike by all that is
// there of both, though a reader that is slow has read no more than that of one.
func TestAlikeUntilLater(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, "head\n")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	s.want("head")
	appendTo(t, path, "one\n")
	s.look()
	writeFile(t, path+".1", "head\nold\n")
	s.now = s.now.Add(scanInterval)
	s.step()
	s.want("one", "head", "old")
}

// TestCopyAppearsLate: the copy of a truncated file has another name at first,
// or is an archive that is still being made. What was read of the file is not
// given twice, and what was not is given.
func TestCopyAppearsLate(t *testing.T) {
	for _, tt := range []struct{ unread, name string }{
		{"three\n", ".1"}, {"", ".1"}, {"three\n", ".1.gz"}, {"", ".1.gz"},
	} {
		path := logPath(t)
		writeFile(t, path, "")
		s := newStepper(t, path, FollowOptions{})
		appendTo(t, path, "one\ntwo\n")
		s.step()
		s.want("one", "two")
		appendTo(t, path, tt.unread)
		hidden := filepath.Join(t.TempDir(), "copy")
		copyFile(t, path, hidden)
		if tt.name == ".1.gz" {
			compressFile(t, hidden)
			hidden += ".gz"
		}
		must(t, os.Truncate(path, 0))
		s.step()
		s.wantNotes(RotationGap)
		must(t, os.Rename(hidden, path+tt.name))
		s.now = s.now.Add(scanInterval)
		s.step()
		appendTo(t, path, "four\n")
		s.step()
		s.want(append(strings.Fields(tt.unread), "four")...)
	}
}

// TestFollowEncodings: a byte order mark is no part of the first line, and what
// is not in UTF-8 is refused by its name, or told of if it comes later.
func TestFollowEncodings(t *testing.T) {
	path := logPath(t)
	writeFile(t, path, utf8Mark+"one\n")
	s := newStepper(t, path, FollowOptions{FromStart: true})
	s.step()
	s.want("one")
	appendTo(t, path, utf8Mark+"two\n")
	s.step()
	s.want(utf8Mark + "two")

	wide := string(encodeUTF16("type=SECCOMP\n", binary.LittleEndian, false))
	writeFile(t, path, wide)
	if _, err := Follow(path, FollowOptions{}); err == nil || !strings.Contains(err.Error(), path+": not a log") || !strings.Contains(err.Error(), "UTF-16LE") {
		t.Errorf("UTF-16 is followed: %v", err)
	}
	writeFile(t, path, "")
	s = newStepper(t, path, FollowOptions{})
	appendTo(t, path, wide)
	s.step()
	if len(s.notes) != 1 || !strings.Contains(s.notes[0].Detail, "UTF-16LE") {
		t.Errorf("the notes are %+v", s.notes)
	}
	s.wantNotes(TruncatedInput)
	s.want()
}
