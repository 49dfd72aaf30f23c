package source

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// startFresh finds where to begin without an earlier run. The newest rotated
// file is followed too, from its end, since a writer may still use it: rsyslog
// does until it is told of the rotation.
func (f *Follower) startFresh(fromStart bool, tail int) error {
	// The path first: if it is rotated meanwhile, it is held already.
	if err := f.openCurrent(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if f.current != nil && !fromStart {
		if err := f.current.seekLastLines(tail); err != nil {
			return err
		}
	}
	files, err := f.rotated()
	if err != nil {
		f.complain(f.path, err, RotationGap)
		return nil
	}
	old := max(0, len(files)-maxKnown)
	for _, file := range files[:old] {
		f.ignored.add(file.id)
	}
	for i, file := range files[old:] {
		f.startRotated(file, old+i == len(files)-1)
	}
	f.sortPending()
	return nil
}

func (f *Follower) startRotated(file rotatedFile, newest bool) {
	if f.indexOf(file.id) >= 0 {
		return // the path itself, rotated since it was opened
	}
	if isArchive(file.path) { // made of a file that is not read either
		f.ignored.add(file.id)
		return
	}
	g, err := openGeneration(file.path, openFlags|noFollow)
	if err != nil {
		f.ignored.add(file.id)
		return
	}
	f.add(g)
	if !newest || g.seekLastLines(0) != nil || f.isCopyOfCurrent(g) {
		f.ignore(g)
	}
}

// isCopyOfCurrent finds a copy that copytruncate is just making.
func (f *Follower) isCopyOfCurrent(g *generation) bool {
	return f.current != nil && g.compare(f.current.head, f.current.size()) != isOther
}

// seekLastLines begins g with its last whole lines, so many of them.
func (g *generation) seekLastLines(lines int) error {
	now, err := g.src.measure()
	if err != nil {
		return err
	}
	g.state = now
	end, err := g.lastLineEnd()
	if err != nil {
		return err
	}
	if end, err = g.linesBefore(end, lines); err != nil {
		return err
	}
	g.begin()
	m, err := g.markAt(end)
	if err != nil {
		return err
	}
	return g.jump(m)
}

// resume continues where an earlier run stopped. Its files are found again by
// identity and content, under any name; all that are newer by their names are
// read whole.
func (f *Follower) resume(saved []Position) error {
	if err := f.openCurrent(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	files, err := f.openRotated()
	if err != nil {
		return err
	}
	if f.current != nil {
		files = append(files, f.current)
	}
	missing := f.claim(saved, files)
	f.gens = slices.Clone(files)
	for i, g := range files {
		g.place = i
	}
	for _, g := range files[:firstUnread(files, saved)] {
		if g.phase != begun {
			f.ignore(g)
		}
	}
	f.noteMissing(missing)
	f.sortPending()
	return nil
}

// openRotated opens the rotated files, oldest first, except those that are too
// old to be held.
func (f *Follower) openRotated() ([]*generation, error) {
	files, err := f.rotated()
	if err != nil {
		return nil, err
	}
	old := max(0, len(files)-maxGenerations)
	for _, file := range files[:old] {
		f.ignored.add(file.id)
	}
	var gens []*generation
	for _, file := range files[old:] {
		if f.indexOf(file.id) >= 0 {
			continue
		}
		g, err := openGeneration(file.path, openFlags|noFollow)
		if err != nil {
			f.complain(file.path, err, TruncatedInput)
			continue
		}
		gens = append(gens, g)
	}
	return gens, nil
}

// claim gives each position to the file it was taken in: the same file if it
// still holds what was read, else one that holds it. It returns the positions
// that belong to none. Nothing was seen before a position at 0 in an empty
// file, so it is only good for finding that file.
func (f *Follower) claim(saved []Position, files []*generation) (missing []Position) {
	for _, p := range saved {
		if p.Offset+int64(p.Seen) > 0 && !p.claimFirst(files, func(g *generation) bool { return p.isFile(g.id) }) {
			missing = append(missing, p)
		}
	}
	return slices.DeleteFunc(missing, func(p Position) bool {
		found := p.claimFirst(files, func(*generation) bool { return true })
		if i := slices.IndexFunc(files, func(g *generation) bool { return p.isFile(g.id) }); found && i >= 0 {
			f.note(truncationNote(files[i].name))
		}
		return found
	})
}

// claimFirst resumes at p in the first file that fits and holds what was read.
func (p Position) claimFirst(files []*generation, fits func(*generation) bool) bool {
	for _, g := range files {
		if fits(g) && g.resumeAt(p) {
			if g.admit(); p.Offset > 0 {
				g.begin()
			}
			return true
		}
	}
	return false
}

// firstUnread returns the first file that the earlier run cannot have read: the
// one after the last file that it had lines of or, if there is none, the first
// that it knew. A file that was empty then is recognised by its time alone:
// files last written before it was made are older.
func firstUnread(files []*generation, saved []Position) int {
	for i, g := range slices.Backward(files) {
		if g.phase == begun {
			return i + 1
		}
	}
	known := func(g *generation) bool {
		return slices.ContainsFunc(saved, func(p Position) bool { return p.isFile(g.id) || p.Seen > 0 && g.resumeAt(p) })
	}
	if i := slices.IndexFunc(files, known); i >= 0 {
		return i
	}
	for i, g := range files {
		if slices.ContainsFunc(saved, g.writtenSince) {
			return i
		}
	}
	return len(files)
}

// writtenSince reports whether g may have been written to since the file of p was
// made. Whoever compresses a log keeps its time.
func (g *generation) writtenSince(p Position) bool {
	info, err := g.src.Stat()
	return err != nil || !info.ModTime().Before(p.Birth)
}

func (f *Follower) noteMissing(missing []Position) {
	for _, p := range missing {
		f.note(Note{
			Kind:   RotationGap,
			Detail: fmt.Sprintf("the file that %s was at byte %d (inode %d) is gone: what followed there is missing", p.Path, p.Offset, p.Inode),
			Fix:    "in logrotate's configuration, raise rotate",
		})
	}
}
