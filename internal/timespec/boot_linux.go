package timespec

import (
	"time"

	"golang.org/x/sys/unix"
)

// HostBoot tells when this host was booted.
func HostBoot() (time.Time, error) {
	var since unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &since); err != nil {
		return time.Time{}, err
	}
	return time.Now().Add(-time.Duration(since.Nano())), nil
}
