package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// modest is what a run should take at most, beside the program's own pages:
// it shares the machine with what it watches.
const modest = 48 << 20

// saveMemory lets the garbage collector run when memory would grow beyond
// modest, and hardly before. If so much is in use that it would do nothing
// else, it gets more. GOGC and GOMEMLIMIT are honoured.
func saveMemory() {
	const hardlyBefore = 400 // percent of what is in use
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(hardlyBefore)
		debug.SetMemoryLimit(modest)
		afterCollection()
	}
}

// afterCollection sets the limit anew, now and after each collection, by what
// is in use.
func afterCollection() {
	const runtimeItself = 8 << 20
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	limit := max(modest, int64(live[0].Value.Uint64())/4*5+runtimeItself)
	if limit != debug.SetMemoryLimit(-1) {
		debug.SetMemoryLimit(limit)
	}
	runtime.SetFinalizer(new([16]byte), func(*[16]byte) { afterCollection() })
}
