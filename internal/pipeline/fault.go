package pipeline

import (
	"errors"
	"runtime/debug"
)

// errFault is the error of a mapped file of which a part cannot be read,
// because it was cut short or its disk fails.
var errFault = errors.New("a part of it cannot be read (the kernel's log says why)")

// guarded calls f, which reads blocks, and turns a memory fault in a mapped
// file into an error. It passes on all other panics.
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
