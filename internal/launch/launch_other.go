//go:build !linux

package launch

import (
	"errors"
	"runtime"
)

var errNotLinux = errors.New("run a program under a seccomp filter: not available on " + runtime.GOOS + ", only on Linux")

// Process needs Linux.
type Process struct {
	Session uint32
	Calls   int
}

// Start returns an error: only Linux has seccomp.
func Start(Command) (*Process, error) { return nil, errNotLinux }

// Wait returns an error.
func (p *Process) Wait() (status int, err error) { return 0, errNotLinux }

// WaitDescendants does nothing.
func (p *Process) WaitDescendants() {}

// Owns returns an error.
func (p *Process) Owns(uint32, int32) (bool, error) { return false, errNotLinux }

// Stage returns an error.
func Stage([]string) error { return errNotLinux }
