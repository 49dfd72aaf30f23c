//go:build !linux

package source

import (
	"os"
	"slices"
	"time"
)

const (
	openFlags = 0
	noFollow  = 0
)

// fileID tells one file from another as far as package os can.
type fileID struct{ info os.FileInfo }

func (a fileID) same(b fileID) bool {
	return a.info != nil && b.info != nil && os.SameFile(a.info, b.info)
}

// fileSet is a set of files.
type fileSet struct{ ids []fileID }

func (s *fileSet) add(id fileID) { s.ids = append(s.ids, id) }

func (s *fileSet) has(id fileID) bool { return slices.ContainsFunc(s.ids, id.same) }

// keep removes all files that are not to be kept.
func (s *fileSet) keep(isKept func(fileID) bool) {
	s.ids = slices.DeleteFunc(s.ids, func(id fileID) bool { return !isKept(id) })
}

// numbers are unknown here: positions are found again by content alone.
func (a fileID) numbers() (device, inode uint64, birth time.Time) { return 0, 0, time.Time{} }

func statPath(path string, follow bool) (fileInfo, error) {
	stat := os.Lstat
	if follow {
		stat = os.Stat
	}
	return newFileInfo(stat(path))
}

func statFile(f *os.File) (fileInfo, error) { return newFileInfo(f.Stat()) }

func newFileInfo(info os.FileInfo, err error) (fileInfo, error) {
	if err != nil {
		return fileInfo{}, err
	}
	return fileInfo{id: fileID{info}, regular: info.Mode().IsRegular(), size: info.Size(), modified: info.ModTime().UnixNano()}, nil
}

// BootID returns "": only Linux has an id of a boot.
func BootID() string { return "" }

// pinnedName needs /proc; without it all reading is by polling.
func pinnedName(*os.File) string { return "" }
