//go:build !linux

package atomicfile

import (
	"io/fs"
	"os"
)

// inspect returns what path is, and where it leads to if it is a link.
func inspect(path string) (info fs.FileInfo, target string, err error) {
	if info, err = os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		target, err = os.Readlink(path)
	}
	return info, target, err
}
