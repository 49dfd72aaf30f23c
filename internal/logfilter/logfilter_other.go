//go:build !linux

package logfilter

import (
	"fmt"
	"runtime"
)

// Install is for Linux only.
func Install(action uint32, calls ...int) error {
	return fmt.Errorf("seccomp filter: not available on %s", runtime.GOOS)
}
