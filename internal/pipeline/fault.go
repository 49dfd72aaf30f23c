package pipeline

import (
	"errors"
	"runtime/debug"
)

// errCut is what reading a mapped file gives that has become shorter.
var errCut = errors.New("the file was cut short while it was read: read it again, or follow it")

// guarded calls f, which reads blocks, and turns a fault on a part of a mapped
// file that is not there any more into an error. All other panics go on.
func guarded(f func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }:
			err = errCut
		default:
			panic(p)
		}
	}()
	f()
	return nil
}
