//go:build !linux

package timespec

import (
	"errors"
	"fmt"
	"time"
)

// HostBoot tells when this host was booted.
func HostBoot() (time.Time, error) {
	return time.Time{}, fmt.Errorf("boot: when this host was booted is known on Linux only: %w", errors.ErrUnsupported)
}
