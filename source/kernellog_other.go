//go:build !linux

package source

import (
	"io"
	"os"
)

// isKernelLog reports false: /dev/kmsg is Linux's.
func isKernelLog(os.FileInfo) bool { return false }

func newKernelLog(f *os.File) io.Reader { return f }
