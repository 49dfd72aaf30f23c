//go:build !linux

package auditstate

import (
	"fmt"
	"runtime"
)

// Kernel is for Linux only.
func Kernel() (Status, error) { return Status{}, unsupported() }

// Lost is for Linux only.
func Lost() (uint32, error) { return 0, unsupported() }

// Rules is for Linux only.
func Rules() ([][]byte, error) { return nil, unsupported() }

func unsupported() error {
	return fmt.Errorf("the audit subsystem is Linux's: not available on %s", runtime.GOOS)
}
