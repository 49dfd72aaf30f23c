//go:build !linux

package hostcheck

import "errors"

// freeSpace is for Linux, as the whole examination is.
func freeSpace(dir string) space { return space{dir: dir, err: errors.ErrUnsupported} }
