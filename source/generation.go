package source

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"time"
)

// generation is one of the files that a followed path has led to: the one it
// leads to now, or one that was rotated away.
type generation struct {
	heldFile
	place    int // of its name among the rotated files, in time
	id       fileID
	phase    phase
	original *generation // of a copy: it is not read as long as this is whole
	retry    time.Time   // not to be read before this time, because reading failed
	writers  string      // who else could have written it
}

// phase is where a generation stands in its life. The functions of this file
// are the only ones that change it:
//
//	        found beside the path
//	                 |
//	                 v            rewritten in place
//	  +-------- unjudged <--------------------------+
//	  |              |                              |
//	  | a copy of    | lines of its own, or         |
//	  | the current  | the path leads to it         |
//	  | file         v                              |
//	  |           waiting --> begun --> let go      |
//	  |              ^          ^       (idle, and a later one has given lines)
//	  v              |          |                   |
//	copied ----------+----------+ (original truncated: it takes its phase)
//	  |                                             |
//	  +---------------------------------------------+
//
// A copy of any other file is let go of at once. A waiting or begun file that
// is truncated in place is replaced: its copy, if there is one, takes its phase
// and its place, and what it holds now is a new generation that waits.
type phase uint8

const (
	// unjudged: just found. It may turn out to be a copy of another.
	unjudged phase = iota
	// copied: a copy of the current file, kept in case that is truncated next.
	copied
	// waiting: it has lines of its own, and those of older files come first.
	waiting
	// begun: its lines have their place in the order, before those of all that
	// are begun later. What is still written to it then is late, and given.
	begun
)

func (p phase) String() string {
	return [...]string{"unjudged", "copied", "waiting", "begun"}[p]
}

// isWanted reports whether the lines of g are to be given.
func (g *generation) isWanted() bool { return g.phase >= waiting }

// admit lets g wait for its turn.
func (g *generation) admit() {
	if !g.isWanted() {
		g.phase, g.original = waiting, nil
	}
}

// keepAsCopy keeps g for when its original is truncated.
func (g *generation) keepAsCopy(original *generation) { g.phase, g.original = copied, original }

// begin gives the lines of g their place in the order.
func (g *generation) begin() { g.phase, g.original = begun, nil }

// judgeAgain is for a file that was rewritten before its lines were wanted: it
// is another one now.
func (g *generation) judgeAgain() { g.head, g.phase, g.original = nil, unjudged, nil }

// takeOver lets g, a copy, stand where the truncated original stood.
func (g *generation) takeOver(original *generation) {
	g.phase, g.original, g.place = original.phase, nil, original.place
}

// successor is what the file of g holds since it was truncated.
func (g *generation) successor() *generation {
	return &generation{
		heldFile: heldFile{name: g.name, src: g.src, drained: neverRead(), active: g.active},
		place:    g.place, id: g.id, phase: waiting, writers: g.writers,
	}
}

// openGeneration opens a file to be held. The flags are openFlags, with
// noFollow for a rotated file.
func openGeneration(path string, flags int) (*generation, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|flags, 0)
	if err != nil {
		return nil, openError(err)
	}
	g, err := newGeneration(path, file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return g, nil
}

func newGeneration(path string, file *os.File) (*generation, error) {
	info, err := statFile(file)
	if err != nil {
		return nil, err
	}
	if !info.regular {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	g := &generation{heldFile: heldFile{name: path, src: plainFile{file}, drained: neverRead()}, id: info.id, writers: new(Writers).ofFile(file, path)}
	if isArchive(path) {
		g.src = newArchive(file)
	}
	if err := g.readHead(); err != nil {
		return nil, err
	}
	return g, checkUTF8(path, g.head)
}

// drop lets go of a generation, unless there is more in it one day.
func (f *Follower) drop(g *generation) {
	if size := g.size(); size > 0 || isArchive(g.name) { // else it may still get lines
		f.remember(knownFile{id: g.id, head: g.head, size: size, given: g.given})
	}
	f.release(g)
}

// ignore lets go of a generation for ever.
func (f *Follower) ignore(g *generation) {
	f.remember(knownFile{id: g.id, head: g.head, size: math.MaxInt64})
	f.release(g)
}

func (f *Follower) release(g *generation) {
	if g.phase == begun {
		f.writers = cmp.Or(f.writers, g.writers)
	}
	f.gens = slices.DeleteFunc(f.gens, func(o *generation) bool { return o == g })
	if err := g.src.Close(); err != nil {
		f.note(Note{Kind: Info, Detail: err.Error()})
	}
}

// dropCopies lets go of the copies of a file that are not needed any more.
func (f *Follower) dropCopies(original *generation) {
	for _, g := range slices.Clone(f.gens) {
		if g.phase == copied && g.original == original {
			f.drop(g)
		}
	}
}

// dropIdle lets go of rotated files that nobody writes to any more.
func (f *Follower) dropIdle() {
	for i := 0; i+1 < len(f.gens); i++ {
		g, next := f.gens[i], f.gens[i+1]
		if !f.isOver(g, next) {
			continue
		}
		if g.phase == begun && g.unread() > 0 {
			f.note(Note{Kind: TruncatedInput, Count: 1, Detail: "the last line of " + g.name + " has no end"})
		}
		f.drop(g)
		i--
	}
}

// isOver reports whether nothing more is to be expected of g: it is idle, and
// read to its end if its lines are wanted. The newest file that was read stays
// until another has given lines, as it is what a later run goes on from.
func (f *Follower) isOver(g, next *generation) bool {
	idle := !g.grows() || f.now().Sub(g.active) >= lateWait
	switch {
	case g == f.current || g.phase == copied || !idle:
		return false
	case g.phase == begun:
		return g.isDrained() && next.given.offset > 0
	case g.phase == waiting:
		return g.isDrained()
	}
	return true
}
