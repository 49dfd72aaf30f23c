//go:build unix

package main

import (
	"syscall"
	"time"
)

// processorTime returns how long all threads of the process together have had a
// processor.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
