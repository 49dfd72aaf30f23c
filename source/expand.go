package source

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Input is a log to read.
type Input struct {
	// Path is a file, or "-" for standard input.
	Path string
	// Set names the log that the file is a part of: audit.log, audit.log.1 and
	// audit.log.2.gz of one directory are one rotated set, and share a Set.
	Set string
	// Node is the node of the log, for records that name none; "": unknown.
	Node string
	// Found is set if the file was found in a directory or by a pattern: nobody
	// has said that it is a log.
	Found bool
}

// maxDepth bounds how deep directories are walked. Container runtimes and log
// collectors nest five deep.
const maxDepth = 16

// Expand turns the names that a user gave into the files to read: "-" (standard
// input) and files stay, a directory becomes all files in it and below, and a
// pattern that no shell has expanded becomes what it matches. A file that is
// named twice, even through a link, is read once. Hidden files are skipped, and
// so are links to directories, with a note; a note of another kind reports a
// directory that cannot be listed.
//
// The members of a rotated set (audit.log, audit.log.1, audit.log-20260101.gz
// ...) are sorted by time, oldest first, and take the place of the first of
// them: a shell sorts audit.log* the other way round. Otherwise the order is
// kept.
func Expand(args []string, nodes Nodes) ([]Input, []Note, error) {
	x := expansion{dirs: map[string]string{}}
	for _, arg := range args {
		if err := x.addArg(arg); err != nil {
			return nil, nil, err
		}
	}
	if err := cmp.Or(x.addNamed(nodes.Named), x.nameNodes(nodes)); err != nil {
		return nil, nil, err
	}
	return x.inputs(), x.notes, nil
}

// expansion is what was found so far.
type expansion struct {
	node  string // of what is added
	files []foundFile
	notes []Note
	dirs  map[string]string // a directory's name without links, by its name
}

type foundFile struct {
	agedFile
	base  string // the name of the live log, with its directory
	id    fileID
	node  string
	found bool
	link  bool // found as a link
}

func (x *expansion) addArg(arg string) error {
	if arg == "-" {
		x.files = append(x.files, foundFile{agedFile: agedFile{path: arg}, base: arg, node: x.node})
		return nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return x.addDirectory(arg)
	case err == nil:
		return x.addFile(arg, false)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?["):
		return x.addPattern(arg)
	}
	return openError(err)
}

func (x *expansion) addDirectory(dir string) error {
	before := len(x.files)
	if err := x.walk(dir, 1); err != nil {
		return openError(err)
	}
	if len(x.files) == before {
		return fmt.Errorf("the directory %s holds no file", dir)
	}
	return nil
}

// walk adds the files of a directory and of those below.
func (x *expansion) walk(dir string, depth int) error {
	entries, err := os.ReadDir(dir) // sorted by name
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		switch mode := e.Type(); {
		case mode.IsDir():
			x.walkBelow(path, depth+1)
		case mode.IsRegular():
			_ = x.addFile(path, true) // it is gone already
		case mode&fs.ModeSymlink != 0:
			x.addLink(path)
		}
	}
	return nil
}

// walkBelow adds the files of a directory that was not named itself.
func (x *expansion) walkBelow(dir string, depth int) {
	var err error = fmt.Errorf("it is more than %d deep: name it", maxDepth)
	if depth <= maxDepth {
		err = x.walk(dir, depth)
	}
	if err != nil {
		x.notes = append(x.notes, Note{Kind: TruncatedInput, Detail: fmt.Sprintf("the directory %s was not read: %v", dir, withoutPath(err))})
	}
}

// addLink adds the file that a link leads to. A directory is not followed: it
// may be above the link, or the whole file system.
func (x *expansion) addLink(path string) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		x.notes = append(x.notes, Note{Kind: Info, Detail: fmt.Sprintf("passed over %s, a link to a directory: name it to have it read", path)})
	case err == nil && info.Mode().IsRegular() && x.addFile(path, true) == nil:
		x.files[len(x.files)-1].link = true
	}
}

func (x *expansion) addPattern(pattern string) error {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return fmt.Errorf("%s: %w", pattern, err)
	}
	before := len(x.files)
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			_ = x.addFile(path, true) // it is gone already
		}
	}
	if len(x.files) == before {
		return fmt.Errorf("no file matches %s (or its directory cannot be listed)", pattern)
	}
	return nil
}

func (x *expansion) addFile(path string, found bool) error {
	info, err := statPath(path, true)
	if err != nil {
		return openError(err)
	}
	base, age := parseRotation(filepath.Clean(path))
	x.files = append(x.files, foundFile{
		agedFile: agedFile{path: path, rotation: age, modified: info.modified},
		base:     base, id: info.id, node: x.node, found: found,
	})
	return nil
}

// inputs sorts what was found.
func (x *expansion) inputs() []Input {
	files := withoutRepeats(x.files)
	places := map[string]int{} // index of the first file of each set
	for _, f := range files {
		if _, ok := places[f.base]; !ok {
			places[f.base] = len(places)
		}
	}
	slices.SortStableFunc(files, func(a, b foundFile) int {
		return cmp.Or(cmp.Compare(places[a.base], places[b.base]), a.compare(b.agedFile))
	})
	inputs := make([]Input, len(files))
	for i, f := range files {
		inputs[i] = Input{f.path, x.set(f.base), f.node, f.found}
		if i > 0 && inputs[i].Set == inputs[i-1].Set {
			inputs[i].Set = inputs[i-1].Set // one string for all
		}
	}
	return inputs
}

// withoutRepeats drops files that are the same as another by path or identity.
// Of a link and the file that it leads to, the link is dropped.
func withoutRepeats(files []foundFile) []foundFile {
	paths, ids := map[string]bool{}, map[fileID]bool{}
	for _, f := range files {
		if !f.link {
			ids[f.id] = true
		}
	}
	taken := map[fileID]bool{}
	return slices.DeleteFunc(files, func(f foundFile) bool {
		if paths[f.path] || f.path != "-" && taken[f.id] || f.link && ids[f.id] {
			return true
		}
		paths[f.path], taken[f.id] = true, true
		return false
	})
}

// set returns the name of the rotated set of a live log, which has its
// directory's real name.
func (x *expansion) set(base string) string {
	if base == "-" {
		return base
	}
	dir, name := filepath.Split(base)
	known, ok := x.dirs[dir]
	if !ok {
		known = realDirectory(dir)
		x.dirs[dir] = known
	}
	return filepath.Join(known, name)
}

// realDirectory is the name of a directory without links.
func realDirectory(dir string) string {
	dir = filepath.Clean(dir)
	resolved, err := filepath.EvalSymlinks(dir)
	if err == nil {
		resolved, err = filepath.Abs(resolved)
	}
	if err != nil {
		return dir
	}
	return resolved
}
