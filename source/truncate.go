package source

import (
	"bytes"
	"fmt"
	"slices"
)

// split handles a file that was truncated in place, as by copytruncate. What it
// held ends one generation, the rest of which a copy may have; what it holds
// now is another. Lines written between copying and truncating are gone; nobody
// can know whether there were any.
func (f *Follower) split(g *generation) {
	if !g.isWanted() { // a copy that was not wanted is made anew
		g.judgeAgain()
		return
	}
	next := g.successor()
	if err := next.readHead(); err != nil {
		f.complain(g.name, err, TruncatedInput)
	}
	copied := f.takeCopy(g)
	if copied == nil && g.given.offset > 0 {
		f.remember(knownFile{head: g.head, size: g.given.offset, given: g.given, cut: true})
	}
	at := slices.Index(f.gens, g)
	f.gens[at] = next
	if copied != nil {
		copied.takeOver(g)
		f.gens = slices.Insert(f.gens, at, copied)
	}
	f.noteTruncation(g, copied)
	f.dropCopies(g)
	if f.current == g {
		f.current = next
	}
	f.sortPending()
}

// takeCopy finds the file that continues what was seen of g: among those held,
// even if it was deleted since, or in the directory.
func (f *Follower) takeCopy(g *generation) *generation {
	for i, c := range f.gens {
		if c.phase != begun && c != g && f.continues(c, g) {
			f.gens = slices.Delete(slices.Clone(f.gens), i, i+1)
			return c
		}
	}
	files, err := f.rotated()
	if err != nil {
		return nil // a scan tells of it
	}
	for _, file := range slices.Backward(files) {
		if c := f.openIfContinues(file, g); c != nil {
			return c
		}
	}
	return nil
}

func (f *Follower) openIfContinues(file rotatedFile, g *generation) *generation {
	if f.indexOf(file.id) >= 0 {
		return nil
	}
	c, err := openGeneration(file.path, openFlags|noFollow)
	if err != nil {
		return nil // a scan tells of it
	}
	if !f.continues(c, g) {
		c.src.Close()
		return nil
	}
	return c
}

// continues reports whether c holds what was read of g or, if nothing was, what
// was seen of it; if so it moves c to that place.
func (f *Follower) continues(c, g *generation) bool {
	if g.given.offset > 0 {
		return c.resumeAt(g.position(f.path))
	}
	if c.readHead() != nil {
		return false
	}
	n := min(len(c.head), len(g.head))
	return hasLine(g.head[:n]) && bytes.Equal(c.head[:n], g.head[:n])
}

func (f *Follower) noteTruncation(g, copied *generation) {
	n := truncationNote(g.name)
	if copied == nil && g.unread() > 0 {
		n.Detail = fmt.Sprintf("%s was truncated in place: at least %d bytes written before are gone", g.name, g.unread())
	}
	f.note(n)
}

func truncationNote(name string) Note {
	return Note{
		Kind:   RotationGap,
		Detail: name + " was truncated in place: lines written while it was copied may be missing",
		Fix:    "in logrotate's configuration, use create instead of copytruncate",
	}
}
