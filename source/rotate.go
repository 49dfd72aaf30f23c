package source

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
)

// knownFile is a file that is not to be read: it existed before following
// began, is a copy of another, or was read to its end.
type knownFile struct {
	id    fileID
	head  []byte
	size  int64 // beyond which there may be something new in it
	given mark  // up to where it was read, should the path lead to it again
	cut   bool  // it was truncated after that: a copy may hold more
}

// maxKnown bounds how many are remembered by content; most rotated sets are far
// smaller.
const maxKnown = 4 * maxGenerations

// look finds out whether the log was rotated or truncated, and opens new files.
// It reads no lines.
func (f *Follower) look() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rate, f.given = f.given, 0
	f.measure()
	if f.lookForTruncation() || f.now().Sub(f.scanned) >= scanInterval || f.pathChanged() {
		f.lookAtAll()
	}
	f.judgeAll()
	f.dropIdle()
}

// lookAtAll finds all files.
func (f *Follower) lookAtAll() {
	f.scanned = f.now()
	f.lookAtPath()
	f.scan()
	f.measure()
	f.judgeAll()
}

// lookForTruncation checks the files that changed since they were last read. It
// does not wait for the reader, which may be slow.
func (f *Follower) lookForTruncation() (found bool) {
	for _, g := range slices.Clone(f.gens) {
		if !g.grows() || g.isDrained() {
			continue
		}
		if err := g.verify(); errors.Is(err, errTruncated) {
			f.split(g)
			found = true
		}
	}
	return found
}

// pathChanged reports whether the path leads elsewhere than before.
func (f *Follower) pathChanged() bool {
	info, err := statPath(f.path, true)
	if errors.Is(err, fs.ErrNotExist) {
		return !f.absent
	}
	return err != nil || f.absent || f.current == nil || !info.id.same(f.current.id)
}

// lookAtPath opens the file that the path leads to now, if it is another one.
func (f *Follower) lookAtPath() {
	info, err := statPath(f.path, true)
	f.absent = errors.Is(err, fs.ErrNotExist)
	if err == nil && (f.current == nil || !info.id.same(f.current.id)) {
		err = f.openCurrent()
	}
	if err == nil || f.absent { // being rotated, or deleted: the open file may still grow
		f.clearComplaint(f.path)
		return
	}
	f.complain(f.path, err, TruncatedInput)
}

// openCurrent makes the path's file the current generation.
func (f *Follower) openCurrent() error {
	g, err := openGeneration(f.path, openFlags)
	if err != nil {
		return err
	}
	if i := f.indexOf(g.id); i >= 0 { // the path was led back to a file still held
		g, err = f.gens[i], g.src.Close()
		f.gens = slices.Delete(f.gens, i, i+1)
	}
	f.add(g)
	g.admit()
	f.setCurrent(g)
	return err
}

// setCurrent also lets go of copies of the file that was current: it was not
// truncated, so they hold nothing more than it does.
func (f *Follower) setCurrent(g *generation) {
	if f.current != nil {
		f.dropCopies(f.current)
		f.current.active = f.now() // its writer may still come to write
	}
	f.current = g
	f.sortPending()
}

// add puts g after all others.
func (f *Follower) add(g *generation) {
	g.active = f.now()
	g.place = f.lastPlace()
	f.gens = append(f.gens, g)
}

func (f *Follower) indexOf(id fileID) int {
	return slices.IndexFunc(f.gens, func(g *generation) bool { return g.id.same(id) })
}

// scan opens the rotated files that are not known yet. It repeats that until
// it finds no more, because a directory may change while it is listed.
func (f *Follower) scan() {
	for range 3 {
		files, err := f.rotated()
		if err != nil {
			f.complain(filepath.Dir(f.path), err, RotationGap)
			return
		}
		f.clearComplaint(filepath.Dir(f.path))
		found := f.openUnknown(files)
		f.placeByName(files)
		f.sortPending()
		if !found {
			return
		}
	}
}

// openUnknown opens what is neither held nor known.
func (f *Follower) openUnknown(files []rotatedFile) (found bool) {
	for _, file := range files {
		if f.indexOf(file.id) >= 0 || f.knows(file) {
			continue
		}
		if len(f.gens) >= maxGenerations {
			f.complain("limit", errManyFiles, RotationGap)
			return false
		}
		g, err := openGeneration(file.path, openFlags|noFollow)
		switch {
		case errors.Is(err, fs.ErrNotExist): // rotated on meanwhile: listing again finds it
			found = true
		case err != nil:
			f.complain(file.path, err, TruncatedInput)
		default:
			f.add(g)
			found = true
		}
	}
	return found
}

var errManyFiles = errors.New("reading is too slow for so many rotated files: those deleted now are lost")

// knows reports whether a file need not be opened. One that grew since must be.
func (f *Follower) knows(file rotatedFile) bool {
	return f.ignored.has(file.id) || slices.ContainsFunc(f.known, func(k knownFile) bool {
		return k.id.same(file.id) && (file.size <= k.size || isArchive(file.path))
	})
}

// placeByName sets the place in time of each generation by its current name.
// One that no longer has a name stays after all that it was after.
func (f *Follower) placeByName(files []rotatedFile) {
	last := -1
	for _, g := range f.gens {
		g.place = last
		if i := slices.IndexFunc(files, func(r rotatedFile) bool { return r.id.same(g.id) }); i >= 0 {
			g.place, g.name = i, files[i].path
		}
		last = max(last, g.place)
	}
}

// lastPlace returns a place after all others.
func (f *Follower) lastPlace() int {
	last := -1
	for _, g := range f.gens {
		last = max(last, g.place)
	}
	return last
}

// sortPending keeps the generations in the order of reading: those begun, then
// the others by their place, and last what the path leads to.
func (f *Follower) sortPending() {
	var last *generation
	if f.current != nil && !f.absent {
		last = f.current
		last.place = f.lastPlace() // and so it stays when it is current no more
	}
	slices.SortStableFunc(f.gens, func(a, b *generation) int {
		switch {
		case a.phase == begun || b.phase == begun:
			return compareBool(a.phase != begun, b.phase != begun)
		case a == last || b == last:
			return compareBool(a == last, b == last)
		}
		return a.place - b.place
	})
}

// compareBool puts false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// remember keeps what a file is recognised by. Of the oldest files it only
// keeps that they are not to be read.
func (f *Follower) remember(k knownFile) {
	f.known = append(f.known, k)
	for len(f.known) > maxKnown {
		f.ignored.add(f.known[0].id)
		f.known = slices.Delete(f.known, 0, 1)
	}
}
