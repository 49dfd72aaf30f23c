package source

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// rotatedFile is a file whose name shows that it was once the followed one.
type rotatedFile struct {
	agedFile
	id   fileID
	size int64
}

// listing is the files of a directory that were rotated from one path.
type listing struct {
	dir     fileInfo
	settled bool          // the directory would differ if it had changed since
	files   []rotatedFile // oldest first
	ids     fileSet       // of these, and of those left out
}

// settleTime is how old a directory's last change must be for the next change
// to show in its time, on any file system.
const settleTime = 2 * time.Second

// rotated lists the rotated files beside the path, and beside what it links to,
// oldest first by name. An archive is left out while the file that it is made
// from still exists.
func (f *Follower) rotated() ([]rotatedFile, error) {
	target, err := filepath.EvalSymlinks(f.path)
	if err != nil || target == filepath.Clean(f.path) {
		target = ""
	}
	maps.DeleteFunc(f.listings, func(path string, _ listing) bool { return path != f.path && path != target })
	files, changed, err := f.list(f.path)
	if err == nil && target != "" {
		more, also, linkErr := f.list(target)
		files, changed, err = slices.Concat(files, more), changed || also, linkErr
		sortByAge(files)
	}
	if changed && err == nil {
		f.forgetMissing()
	}
	return files, err
}

// list lists the rotated files beside one path. A directory that has not
// changed is not listed again, since it may hold very many files.
func (f *Follower) list(path string) (files []rotatedFile, changed bool, err error) {
	now := time.Now()
	dir, err := statPath(filepath.Dir(path), true)
	if err != nil {
		return nil, false, openError(err)
	}
	l := f.listings[path]
	if l.settled && l.dir == dir {
		f.refresh(l.files)
		return l.files, false, nil
	}
	names, err := rotatedNames(path)
	if err != nil {
		return nil, false, openError(err)
	}
	l = listing{dir: dir, settled: now.Sub(time.Unix(0, dir.modified)) >= settleTime}
	l.look(names)
	f.listings[path] = l
	return l.files, true, nil
}

// refresh looks again at the files for which growth matters.
func (f *Follower) refresh(files []rotatedFile) {
	for i := range files {
		if f.ignored.has(files[i].id) {
			continue
		}
		if info, err := statPath(files[i].path, false); err == nil && info.id.same(files[i].id) {
			files[i].size = info.size
		}
	}
}

// rotatedNames returns the paths of what was rotated from path.
func rotatedNames(path string) ([]string, error) {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	dir, base := filepath.Split(path)
	names = slices.DeleteFunc(names, func(name string) bool {
		if !strings.HasPrefix(name, base) {
			return true
		}
		log, age := parseRotation(name)
		return log != base || age.kind == live
	})
	for i := range names {
		names[i] = dir + names[i]
	}
	return names, err
}

// look examines the files and sorts them by age.
func (l *listing) look(paths []string) {
	there := map[string]bool{}
	for _, p := range paths {
		there[p] = true
	}
	for _, p := range paths {
		info, err := statPath(p, false)
		if err != nil || !info.regular {
			continue
		}
		l.ids.add(info.id)
		if isArchive(p) && there[withoutCompression(p)] {
			continue
		}
		_, age := parseRotation(p)
		l.files = append(l.files, rotatedFile{agedFile{p, age, info.modified}, info.id, info.size})
	}
	sortByAge(l.files)
}

func sortByAge(files []rotatedFile) {
	slices.SortFunc(files, func(a, b rotatedFile) int {
		if age := a.compare(b.agedFile); age != 0 {
			return age
		}
		return strings.Compare(a.path, b.path)
	})
}

// forgetMissing clears the identities of known files that are gone: a new file
// may get the same inode number. It keeps their heads, since archives of them
// may appear later.
func (f *Follower) forgetMissing() {
	isThere := func(id fileID) bool {
		for _, l := range f.listings {
			if l.ids.has(id) {
				return true
			}
		}
		return false
	}
	for i := range f.known {
		if !isThere(f.known[i].id) {
			f.known[i].id = fileID{}
		}
	}
	f.ignored.keep(isThere)
}
