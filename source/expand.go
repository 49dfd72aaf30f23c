package source

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Expand turns what a user named into the files to read: "-" (standard input)
// and files stay, a folder becomes the files in it, a pattern that no shell has
// expanded becomes what it matches. The same path twice is read once.
//
// The members of a rotated set (audit.log, audit.log.1, audit.log-20260101.gz
// ...) come in the order of their time, oldest first, at the place of the
// first of them: a shell sorts audit.log* the other way round. Otherwise the
// order is kept.
func Expand(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		found, err := expandOne(arg)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return inTimeOrder(files), nil
}

func expandOne(arg string) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return expandFolder(arg)
	case err == nil:
		return []string{arg}, nil
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(arg, "*?["):
		return expandPattern(arg)
	}
	return nil, openError(err)
}

func expandFolder(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil {
		return nil, openError(err)
	}
	var files []string
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		if !strings.HasPrefix(e.Name(), ".") && isRegular(path) {
			files = append(files, path)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the folder %s holds no file", folder)
	}
	return files, nil
}

func expandPattern(pattern string) ([]string, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", pattern, err)
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return !isRegular(p) })
	if len(paths) == 0 {
		return nil, fmt.Errorf("no file matches %s (or its folder cannot be listed)", pattern)
	}
	return paths, nil
}

// isRegular also follows a symbolic link, as a log's name often is one.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// inTimeOrder drops repeated paths and sorts within each rotated set.
func inTimeOrder(files []string) []string {
	type member struct {
		path  string
		place int // of its set
		rotation
		modified time.Time
	}
	var members []member
	seen, places := map[string]bool{}, map[string]int{}
	for _, path := range files {
		if seen[path] {
			continue
		}
		seen[path] = true
		base, rot := parseRotation(path)
		if _, ok := places[base]; !ok {
			places[base] = len(places)
		}
		members = append(members, member{path, places[base], rot, modTime(path)})
	}
	slices.SortStableFunc(members, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.place, b.place), a.rotation.compare(b.rotation), a.modified.Compare(b.modified))
	})
	sorted := make([]string, len(members))
	for i, m := range members {
		sorted[i] = m.path
	}
	return sorted
}

func modTime(path string) time.Time {
	info, err := os.Stat(path)
	if err != nil {
		return time.Time{} // opening it will say why
	}
	return info.ModTime()
}

// rotation is what a log's name says of its age.
type rotation struct {
	kind   rotationKind
	number int    // how many rotations ago
	date   string // digits only
}

// rotationKind is in the order of time: a host that changes its scheme goes
// from numbers to dates, as logrotate's default did.
type rotationKind int

const (
	numbered rotationKind = iota
	dated
	live
)

// compare orders by time, oldest first.
func (r rotation) compare(o rotation) int {
	return cmp.Or(cmp.Compare(r.kind, o.kind), cmp.Compare(o.number, r.number), strings.Compare(r.date, o.date))
}

// parseRotation splits a path into the live log's and the rotation. logrotate
// appends .N, or with dateext -YYYYMMDD, -YYYYMMDDHH or another date of the
// administrator's choice, and the name of the compression; auditd appends .N.
func parseRotation(path string) (base string, r rotation) {
	path = withoutCompression(path)
	folder, name := filepath.Split(path)
	for i := range name {
		if i == 0 || !strings.ContainsRune("-._", rune(name[i])) {
			continue
		}
		if r, ok := parseAge(name[i:]); ok {
			return folder + name[:i], r
		}
	}
	return path, rotation{kind: live}
}

// withoutCompression takes the ending off that compressors add.
func withoutCompression(path string) string {
	for _, ext := range []string{".gz", ".bz2", ".xz", ".zst"} {
		path = strings.TrimSuffix(path, ext)
	}
	return path
}

// isArchive reports whether the path is named as a compressor names its output.
func isArchive(path string) bool { return withoutCompression(path) != path }

// parseAge reads what follows the live log's name.
func parseAge(suffix string) (rotation, bool) {
	age := suffix[1:]
	if n, err := strconv.ParseUint(age, 10, 16); err == nil && suffix[0] == '.' && len(age) <= 4 {
		return rotation{kind: numbered, number: int(n)}, true
	}
	if strings.Trim(age, "0123456789-._T") != "" {
		return rotation{}, false
	}
	digits := onlyDigits(age)
	return rotation{kind: dated, date: digits}, len(digits) >= len("20060102")
}

func onlyDigits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}
