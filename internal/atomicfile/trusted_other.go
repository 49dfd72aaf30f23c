//go:build !unix

package atomicfile

import (
	"errors"
	"io/fs"
)

const noFollow = 0

func names(fs.FileInfo) uint64 { return 1 }

// trusted is always so: a name's owner cannot be asked for.
func trusted(fs.FileInfo) bool { return true }

func errForeign(fs.FileInfo) error { return errors.ErrUnsupported }
