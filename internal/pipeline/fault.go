package pipeline

import (
	"errors"
	"runtime/debug"
)

// errFault is what reading a mapped file gives where a part of it is not to be
// had: it was cut short, or its disk fails.
var errFault = errors.New("a part of it cannot be read (the kernel's log says why)")

// guarded calls f, which reads blocks, and turns a fault on a part of a mapped
// file into an error. All other panics go on.
func guarded(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = errFault
		default:
			panic(p)
		}
	}()
	f()
	return nil
}
