package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// knownFile is a file that is not to be read: it was there before following
// began, is a copy of another, or has been read to its end.
type knownFile struct {
	id    fileID
	head  []byte
	size  int64 // beyond which there may be something new in it
	given mark  // up to where it was read, should the path lead to it again
	cut   bool  // it was truncated after that: a copy may hold more
}

// maxKnown bounds what is remembered; a rotated set is far smaller.
const maxKnown = 4 * maxGenerations

// look finds out whether the log was rotated or truncated, and opens what is
// new. It reads no lines.
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

// lookAtAll finds all files that there are.
func (f *Follower) lookAtAll() {
	f.scanned = f.now()
	f.lookAtPath()
	f.scan()
	f.measure()
	f.judgeAll()
}

// lookForTruncation checks what has changed since it was last read. It does
// not wait for the reader, who may be slow.
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

// add puts g behind all others.
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
		f.forgetMissing(files)
		found := f.openUnknown(files)
		f.placeByName(files)
		f.sortPending()
		if !found {
			return
		}
	}
}

// rotatedFile is a file whose name says that it was the followed one.
type rotatedFile struct {
	path string
	id   fileID
	size int64
}

// rotated lists the rotated files beside the path, and beside what it links
// to, oldest first by their names. An archive is left out while the file that
// it is being made from is there.
func (f *Follower) rotated() ([]rotatedFile, error) {
	paths, err := rotatedBeside(f.path)
	if target, linkErr := filepath.EvalSymlinks(f.path); linkErr == nil && target != filepath.Clean(f.path) {
		var more []string
		more, err = rotatedBeside(target)
		paths = append(paths, more...)
	}
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, p := range paths {
		there[p] = true
	}
	var files []rotatedFile
	for _, p := range inTimeOrder(paths) {
		info, err := statPath(p, false)
		if err == nil && info.regular && !(isArchive(p) && there[withoutCompression(p)]) {
			files = append(files, rotatedFile{p, info.id, info.size})
		}
	}
	return files, nil
}

func rotatedBeside(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, openError(err)
	}
	dir, base := filepath.Split(path)
	var paths []string
	for _, e := range entries {
		if name, r := parseRotation(e.Name()); name == base && r.kind != live {
			paths = append(paths, dir+e.Name())
		}
	}
	return paths, nil
}

// forgetMissing takes from the known files that are gone what they could be
// recognised by: a new file may get the same inode number. What they began
// with is kept, as their archives may appear later.
func (f *Follower) forgetMissing(files []rotatedFile) {
	for i := range f.known {
		k := &f.known[i]
		if !slices.ContainsFunc(files, func(r rotatedFile) bool { return r.id.same(k.id) }) {
			k.id = fileID{}
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
	return slices.ContainsFunc(f.known, func(k knownFile) bool {
		return k.id.same(file.id) && (file.size <= k.size || isArchive(file.path))
	})
}

// placeByName gives each generation the place of its present name in time. One
// that has no name any more stays behind all that it was behind.
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

// lastPlace is behind all that are there.
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

func (f *Follower) remember(k knownFile) {
	f.known = append(f.known, k)
	if len(f.known) > maxKnown {
		f.known = slices.Delete(f.known, 0, len(f.known)-maxKnown)
	}
}
