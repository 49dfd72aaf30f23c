//go:build !linux

package notify

import (
	"fmt"
	"runtime"

	"github.com/auditscan/auditscan/source"
)

// Service is for Linux only.
type Service struct{}

// ServiceOf returns nil: service managers that keep descriptors are Linux's.
func ServiceOf(func(string) string) (*Service, error) { return nil, nil }

// Watch is for Linux only.
func Watch(int, string) (source.Stream, error) { return Listen("", Options{}) }

// Listen is for Linux only.
func Listen(string, Options) (source.Stream, error) {
	return nil, fmt.Errorf("seccomp notification is Linux's: not available on %s", runtime.GOOS)
}
