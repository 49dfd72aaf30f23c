package source

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
)

// knownFile is a file that is not to be read: it was there before following
// began, is a copy of another, or has been read to its end.
type knownFile struct {
	id    identity
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
	if f.lookForTruncation() || f.clock().Sub(f.scanned) >= scanInterval || f.pathChanged() {
		f.lookAround()
	}
	f.judgeAll()
	f.closeIdle()
}

// lookAround finds all files that there are.
func (f *Follower) lookAround() {
	f.scanned = f.clock()
	f.lookAtPath()
	f.scan()
	f.measure()
	f.judgeAll()
}

// lookForTruncation checks what has changed since it was last read. It does
// not wait for the reader, who may be slow.
func (f *Follower) lookForTruncation() (found bool) {
	for _, g := range slices.Clone(f.gens) {
		if _, growing := g.src.(plainFile); !growing || g.atEnd() {
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
		f.calm(f.path)
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
	g.judged, g.copyOf = true, nil
	f.setCurrent(g)
	return err
}

// setCurrent also lets go of copies of the file that was current: it was not
// truncated, so they hold nothing more than it does.
func (f *Follower) setCurrent(g *generation) {
	for _, c := range slices.Clone(f.gens) {
		if c.copyOf != nil && c.copyOf == f.current {
			f.drop(c)
		}
	}
	if f.current != nil {
		f.current.grown = f.clock() // its writer may still come to write
	}
	f.current = g
	f.sortPending()
}

// add puts g behind all others.
func (f *Follower) add(g *generation) {
	g.grown = f.clock()
	g.place = f.lastPlace()
	f.gens = append(f.gens, g)
}

func (f *Follower) indexOf(id identity) int {
	return slices.IndexFunc(f.gens, func(g *generation) bool { return g.id.same(id) })
}

// scan opens the rotated files that are not known yet. It repeats that until
// it finds no more, because a folder may change while it is listed.
func (f *Follower) scan() {
	for range 3 {
		files, err := f.rotated()
		if err != nil {
			f.complain(filepath.Dir(f.path), err, RotationGap)
			return
		}
		f.calm(filepath.Dir(f.path))
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
	id   identity
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
	folder, base := filepath.Split(path)
	var paths []string
	for _, e := range entries {
		if of, r := parseRotation(e.Name()); of == base && r.kind != live {
			paths = append(paths, folder+e.Name())
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
			k.id = identity{}
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

// knows says that a file need not be opened. One that grew since must be.
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
		case a.begun || b.begun:
			return orderBool(!a.begun, !b.begun)
		case a == last || b == last:
			return orderBool(a == last, b == last)
		}
		return a.place - b.place
	})
}

// orderBool puts false before true.
func orderBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// judgeAll decides for each file newly found whether it is a copy of another,
// as copytruncate and compression make them.
func (f *Follower) judgeAll() {
	for _, g := range slices.Clone(f.gens) {
		if !g.judged && g.now.size > 0 {
			f.judge(g)
		}
	}
}

func (f *Follower) judge(g *generation) {
	if _, growing := g.src.(plainFile); growing && g.readHead() != nil || len(g.head) == 0 {
		return // nothing to judge it by yet
	}
	if err := g.measure(f.clock()); err != nil {
		return
	}
	for _, o := range f.gens {
		if o == g || !o.judged || o.copyOf != nil {
			continue
		}
		switch l := g.compare(o.head, o.size()); {
		case l == unclear || l == isLonger && o.shrank():
			return
		case l == isCopy:
			f.judgeCopy(g, o)
			return
		}
	}
	for _, k := range f.known {
		switch l := g.compare(k.head, k.size); {
		case l == unclear:
			return
		case l == isCopy && !(k.cut && g.goOnAt(markPosition(k.head, k.given))):
			f.drop(g)
			return
		}
	}
	g.judged = true
}

// judgeCopy keeps a copy of the current file, which may be truncated next.
func (f *Follower) judgeCopy(g, original *generation) {
	if original != f.current {
		f.drop(g)
		return
	}
	g.judged, g.copyOf = true, original
}

// likeness is what comparing the heads of two files says.
type likeness int

const (
	isOther  likeness = iota
	isCopy            // it begins alike and is not longer
	isLonger          // it begins alike, but a copy is never longer than its original
	unclear           // too little is written yet
)

// compare reports whether g can be a copy of a file with this head and size.
// Whole lines at the start of a log are not the same twice.
func (g *generation) compare(head []byte, size int64) likeness {
	n := min(len(head), len(g.head))
	_, growing := g.src.(plainFile)
	switch {
	case n == 0 || !bytes.Equal(head[:n], g.head[:n]):
		return isOther
	case growing && g.now.size > size || int64(len(g.head)) > size:
		return isLonger
	case hasLine(head[:n]):
		return isCopy
	case growing:
		return unclear
	}
	return isOther
}

// hasLine reports whether a head is enough to know a file by.
func hasLine(head []byte) bool {
	return len(head) == headLen || bytes.ContainsRune(head, '\n')
}

// size is the present length of the text, as far as it is known.
func (g *generation) size() int64 {
	if s, err := g.src.measure(); err == nil {
		return s.size
	}
	return g.now.size
}

// shrank reports whether g was truncated since its size was last measured.
func (g *generation) shrank() bool {
	_, growing := g.src.(plainFile)
	return growing && (g.size() < g.now.size || g.verify() != nil)
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
	f.gens = slices.DeleteFunc(f.gens, func(o *generation) bool { return o == g })
	if err := g.src.Close(); err != nil {
		f.note(Note{Kind: Info, Detail: err.Error()})
	}
}

func (f *Follower) remember(k knownFile) {
	f.known = append(f.known, k)
	if len(f.known) > maxKnown {
		f.known = slices.Delete(f.known, 0, len(f.known)-maxKnown)
	}
}

// continueFrom finds out, when g is about to be begun, whether it goes on with
// what was read from an earlier file: one that the log was replaced by, or
// that the path was led back to.
func (f *Follower) continueFrom(g *generation) {
	for _, k := range f.known {
		if k.given.offset > g.given.offset && (k.cut || k.id.same(g.id)) {
			g.goOnAt(markPosition(k.head, k.given))
		}
	}
	for _, o := range f.gens {
		if o != g && o.begun && o.given.offset > g.given.offset {
			g.goOnAt(o.position(f.path))
		}
	}
}

// closeIdle lets go of rotated files that nobody writes to any more.
func (f *Follower) closeIdle() {
	for i := 0; i+1 < len(f.gens); i++ {
		g, next := f.gens[i], f.gens[i+1]
		idle := f.clock().Sub(g.grown) >= lateWait
		if _, growing := g.src.(plainFile); !growing {
			idle = true
		}
		if g == f.current || !idle || g.judged && (!g.atEnd() || g.begun && next.given.offset == 0) {
			continue
		}
		if g.begun && g.rest() > 0 {
			f.note(Note{Kind: TruncatedInput, Count: 1, Detail: "the last line of " + g.name + " has no end"})
		}
		f.drop(g)
		i--
	}
}
