package main

import (
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// coreToCore returns how long a word takes from one core to another, in ns:
// about 50 where they share a cache, 200 where they do not, and what two
// workers hand each other takes so much longer then. The host of a virtual
// machine may change that at any time. It is 0 where there is one core only.
func coreToCore() float64 {
	const times = 20_000
	if runtime.NumCPU() < 2 {
		return 0
	}
	var word atomic.Int64
	play := func(core int, mine int64) {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		var set unix.CPUSet
		set.Set(core)
		if unix.SchedSetaffinity(0, &set) != nil {
			return // it takes longer, then
		}
		for n := mine; n < 2*times; n += 2 {
			for word.Load() != n {
			}
			word.Store(n + 1)
		}
	}
	start := time.Now()
	go play(1, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		play(0, 0)
	}()
	<-done
	return float64(time.Since(start).Nanoseconds()) / (2 * times)
}
