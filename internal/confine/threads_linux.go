//go:build !cgo

package confine

// threadsKnown reports whether a call can be made on all threads: Go's runtime
// knows its own.
func threadsKnown() bool { return true }
