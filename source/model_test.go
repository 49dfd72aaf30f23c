package source

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var (
	modelSeeds = flag.Int("model.seeds", 1000, "how many random histories TestModel goes through")
	modelFirst = flag.Uint64("model.first", 0, "the seed of the first one")
)

// TestModel is the promise of a Follower, held against random histories: every
// line once, in the order of writing, or named as gone by a note.
func TestModel(t *testing.T) {
	seeds := *modelSeeds
	if testing.Short() {
		seeds = min(seeds, 100)
	}
	for seed := range uint64(seeds) {
		runModel(t, *modelFirst+seed)
	}
}

func runModel(t *testing.T, seed uint64) {
	w := newWorld(t, seed)
	defer func() {
		if t.Failed() {
			t.Logf("seed %d failed after:\n%s", seed, strings.Join(w.history, "\n"))
		}
	}()
	w.run(40 + w.rnd.IntN(80))
	w.check()
	if t.Failed() {
		t.FailNow()
	}
	w.end()
}

// world is a log with its writer, its rotation and its reader, all of which
// are stepped at random.
type world struct {
	*stepper
	rnd       *rand.Rand
	directory string
	path      string
	history   []string

	file     *os.File // the writer's
	half     string   // the rest of the line that is half written
	written  []string
	mayMiss  map[string]bool // lines that a note may name as gone
	targets  int             // files that the path was a symbolic link to; 0: it is none
	dated    bool            // rotated files have a date, not a number
	unlooked bool            // a file was made that the reader cannot have seen
	ages     int             // how often the directory was aged
	fragile  bool            // only the living reader can have, or know of, all lines

	alive    bool
	nameTail bool
	saved    savedState
}

// savedState is what a program keeps in its state file: what it counted and
// how far it read, in one.
type savedState struct {
	positions []byte
	lines     int
	notes     int
}

func newWorld(t *testing.T, seed uint64) *world {
	directory, err := os.MkdirTemp(t.TempDir(), "")
	must(t, err)
	w := &world{
		stepper:   &stepper{t: t, now: time.Now()},
		rnd:       rand.New(rand.NewPCG(seed, 2)),
		directory: directory,
		path:      filepath.Join(directory, "audit.log"),
		mayMiss:   map[string]bool{},
		alive:     true,
	}
	w.dated = w.rnd.IntN(3) == 0
	if w.rnd.IntN(4) == 0 {
		w.newTarget()
	}
	w.reopen()
	w.write(w.rnd.IntN(5))
	fromStart := w.rnd.IntN(2) == 0
	if !fromStart {
		w.written = nil
	}
	w.start(w.path, FollowOptions{FromStart: fromStart})
	w.nameTail = seed%10 == 9
	w.vary()
	w.save()
	return w
}

// vary makes reads end anywhere, and lets nxadm/tail take part in some worlds.
// It goes by the clock, so that those are not the same twice.
func (w *world) vary() {
	w.f.buf = make([]byte, tailLen+64+w.rnd.IntN(2000))
	w.f.nameTail = w.nameTail
}

func (w *world) log(format string, args ...any) {
	w.history = append(w.history, fmt.Sprintf("%4d written, %4d read: ", len(w.written), len(w.lines))+fmt.Sprintf(format, args...))
}

func (w *world) run(ops int) {
	for range ops {
		switch n := w.rnd.IntN(100); {
		case n < 25:
			w.write(1 + w.rnd.IntN(20))
		case n < 30:
			w.halfWrite()
		case n < 60:
			w.read()
		case n < 65:
			w.pass()
		case n < 85:
			w.rotate()
		case n < 90:
			w.compress()
		case n < 93:
			w.save()
		default:
			w.killOrStart()
		}
	}
}

// pass lets time pass, but not so much that the reader gives up a file while
// its writer is still to write to it.
func (w *world) pass() {
	if !w.stayed() {
		w.log("time passes")
		w.now = w.now.Add(lateWait + time.Second)
	}
}

// write appends whole lines, the first of which may have been begun already.
func (w *world) write(n int) {
	w.log("write %d", n)
	for range n {
		w.finishHalf()
		line := w.newLine()
		fmt.Fprintln(w.file, line)
		w.written = append(w.written, line)
	}
}

func (w *world) newLine() string {
	n := len(w.history)*1000 + len(w.written)
	return fmt.Sprintf("line %d %s", n, strings.Repeat("x", w.rnd.IntN(50)))
}

func (w *world) halfWrite() {
	w.finishHalf()
	line := w.newLine()
	cut := 1 + w.rnd.IntN(len(line)-1)
	w.log("write half of %q", line)
	fmt.Fprint(w.file, line[:cut])
	w.half = line[cut:]
	w.written = append(w.written, line)
}

func (w *world) finishHalf() {
	if w.half != "" {
		fmt.Fprintln(w.file, w.half)
		w.half = ""
	}
}

// reopen is the writer's: after a rotation it goes on in the path's new file.
func (w *world) reopen() {
	if w.file != nil {
		w.finishHalf()
		w.file.Close()
	}
	f, err := os.OpenFile(w.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(w.t, err)
	w.file = f
	w.unlooked = true
}

// read is the reader's: a look, some reads, or both to the end.
func (w *world) read() {
	if !w.alive {
		return
	}
	if w.rnd.IntN(3) == 0 {
		w.ageDirectory()
	}
	switch w.rnd.IntN(3) {
	case 0:
		w.log("look")
		w.look()
		w.unlooked = false
	case 1:
		w.log("take")
		for range w.rnd.IntN(4) {
			w.take()
		}
	case 2:
		w.log("look and read all")
		w.step()
		w.unlooked = false
	}
}

// ageDirectory lets the directory be as it is for longer than is needed to see
// that it has not changed.
func (w *world) ageDirectory() {
	w.ages++
	when := time.Now().Add(-time.Hour - time.Duration(w.ages)*time.Second)
	must(w.t, os.Chtimes(w.directory, when, when))
}

// stayed reports whether the writer still writes to a file that was rotated away.
func (w *world) stayed() bool {
	there, err := os.Stat(w.path)
	open, err2 := w.file.Stat()
	must(w.t, err2)
	return err != nil || !os.SameFile(there, open)
}

// rotate does one of the rotations, or ends the one that is going on.
func (w *world) rotate() {
	if w.stayed() {
		w.log("the writer reopens")
		w.reopen()
		return
	}
	if w.targets > 0 {
		w.switchLink()
		return
	}
	switch w.rnd.IntN(5) {
	case 0, 1:
		w.rename()
	case 2:
		w.copyTruncate()
	case 3:
		w.destroy("unlink", func() { must(w.t, os.Remove(w.path)) })
	case 4:
		w.replace()
	}
}

func (w *world) rename() {
	w.log("rename")
	must(w.t, os.Rename(w.path, w.rotatedName()))
	w.afterRemoval()
}

// rotatedName makes way for one more rotated file.
func (w *world) rotatedName() string {
	if w.dated {
		return fmt.Sprintf("%s-2026%04d", w.path, len(w.history))
	}
	shiftNumbered(w.t, w.path, 100)
	return w.path + ".1"
}

// afterRemoval lets the writer go on at once, or later with or without the new
// file being there already.
func (w *world) afterRemoval() {
	switch w.rnd.IntN(3) {
	case 0:
		w.log("the writer reopens at once")
		w.reopen()
	case 1:
		w.log("the new file is made, the writer stays")
		writeFile(w.t, w.path, "")
		w.unlooked = true
	}
}

// copyTruncate may lose what is written between its two halves. A reader that
// knew nothing of the file before cannot tell, so then nothing is written.
func (w *world) copyTruncate() {
	w.finishHalf()
	if w.alive {
		w.look()
	}
	w.log("copy")
	copyFile(w.t, w.path, w.rotatedName())
	first := len(w.written)
	info, err := os.Stat(w.path)
	must(w.t, err)
	for w.alive && info.Size() > 0 && w.rnd.IntN(2) == 0 {
		if w.rnd.IntN(2) == 0 {
			w.write(1 + w.rnd.IntN(3))
		} else {
			w.read()
		}
	}
	w.finishHalf()
	for _, line := range w.written[first:] {
		w.mayMiss[line], w.fragile = true, true
	}
	w.log("truncate")
	must(w.t, os.Truncate(w.path, 0))
}

// destroy takes the path's file away, which loses nothing if the reader has
// it open. If it cannot have, nobody would know of it: the world is not so bad.
func (w *world) destroy(what string, remove func()) {
	if w.unlooked || !w.alive {
		return
	}
	w.log("%s", what)
	w.fragile = true
	remove()
	w.afterRemoval()
}

// replace renames an empty file over the log.
func (w *world) replace() {
	w.destroy("replace", func() {
		temp := w.path + "~"
		writeFile(w.t, temp, "")
		must(w.t, os.Rename(temp, w.path))
		w.unlooked = true
	})
}

// switchLink leads the path to another file, as daily logs do.
func (w *world) switchLink() {
	if w.unlooked || !w.alive {
		return
	}
	w.log("switch the link")
	w.newTarget()
	if w.rnd.IntN(2) == 0 {
		w.reopen()
	}
	w.unlooked = true
}

func (w *world) newTarget() {
	w.targets++
	temp := w.path + "~"
	target := fmt.Sprintf("target%d", w.targets)
	writeFile(w.t, filepath.Join(w.directory, target), "")
	must(w.t, os.Symlink(target, temp))
	must(w.t, os.Rename(temp, w.path))
}

// compress makes an archive of a rotated file that nobody writes to.
func (w *world) compress() {
	paths, err := filepath.Glob(w.path + "?*[0-9]")
	must(w.t, err)
	for _, path := range paths {
		there, err := os.Stat(path)
		must(w.t, err)
		if open, err := w.file.Stat(); err == nil && !os.SameFile(there, open) && w.rnd.IntN(2) == 0 {
			w.log("compress %s", filepath.Base(path))
			compressFile(w.t, path)
		}
	}
}

// save keeps the reader's state as a program does, between two reads.
func (w *world) save() {
	if !w.alive {
		return
	}
	w.log("save")
	data, err := json.Marshal(w.f.Positions())
	must(w.t, err)
	w.saved = savedState{data, len(w.lines), len(w.notes)}
}

// killOrStart ends the reader without warning, so that all since the last save
// is forgotten, or starts it again.
func (w *world) killOrStart() {
	if w.alive {
		if w.targets > 0 || w.saved.lines == 0 {
			return // where the link led, or a log was begun, cannot be found again
		}
		if w.fragile {
			if w.stayed() {
				w.reopen()
			}
			w.write(1) // so that it knows a file that is still there
			w.step()
			w.save()
			w.unlooked, w.fragile = false, false
		}
		w.log("kill, saved were %d lines at %s", w.saved.lines, w.saved.positions)
		must(w.t, w.f.closeAll())
		w.lines, w.notes = w.lines[:w.saved.lines], w.notes[:w.saved.notes]
		w.alive = false
		return
	}
	if _, err := os.Stat(w.path); err != nil && w.rnd.IntN(2) == 0 {
		w.reopen()
	}
	w.log("start")
	var positions []Position
	must(w.t, json.Unmarshal(w.saved.positions, &positions))
	w.start(w.path, FollowOptions{Resume: positions})
	w.vary()
	w.alive = true
}

// check lets the reader come to the end and compares.
func (w *world) check() {
	if !w.alive {
		w.killOrStart()
	}
	w.finishHalf()
	for range 4 {
		w.f.stopLive() // what it has not given is read again
		w.step()
		w.now = w.now.Add(lateWait + time.Second)
	}
	w.log("the end")
	told := slices.ContainsFunc(w.notes, func(n Note) bool { return n.Kind == RotationGap })
	read := w.lines
	for _, line := range w.written {
		switch {
		case len(read) > 0 && read[0] == line:
			read = read[1:]
		case w.mayMiss[line] && told:
		default:
			w.t.Errorf("after %d lines: want %q, got %.60q (a gap is told: %v, may miss it: %v)", len(w.lines)-len(read), line, first(read), told, w.mayMiss[line])
			return
		}
	}
	if len(read) > 0 {
		w.t.Errorf("%d lines too many, the first is %q", len(read), read[0])
	}
}

func first(lines []string) string {
	if len(lines) == 0 {
		return "nothing"
	}
	return lines[0]
}

func (w *world) end() {
	w.f.closeAll()
	w.file.Close()
	os.RemoveAll(w.directory)
}
