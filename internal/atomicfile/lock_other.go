//go:build !unix || solaris || aix

package atomicfile

import "os"

// locks tells that lock does nothing here: there is no flock.
const locks = false

// lock does nothing: there is no flock.
func lock(*os.File) error { return nil }
