//go:build !unix || solaris || aix

package container

import "os"

// lock does nothing: only Linux has a Tracker, and so something to write.
func lock(*os.File) error { return nil }
