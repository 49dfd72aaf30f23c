//go:build !linux

package seccompstate

import (
	"errors"
	"runtime"

	"golang.org/x/net/bpf"
)

// Filters returns an error: only Linux has seccomp.
func Filters(pid int) ([][]bpf.RawInstruction, error) {
	return nil, errors.New("read the filters of a process: not available on " + runtime.GOOS + ", only on Linux")
}
