//go:build !unix || solaris || aix

package atomicfile

import "os"

// Lock does nothing: there is no flock.
func Lock(*os.File) error { return nil }
