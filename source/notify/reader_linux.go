package notify

import (
	"math/bits"
	"runtime"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// reader writes down the calls of one container and lets them run.
type reader struct {
	calls     *descriptor
	container *container.Identity
	stop      int
	put       func(line []byte)

	threads threads
	process parser.Process
	record  parser.Record
	event   event.Event
	line    []byte
}

// run ends with an error, as [descriptor.wait] does. A call is let run when its
// event is in the queue, which is read to its end whatever comes.
func (r *reader) run() error {
	runtime.LockOSThread() // which the kernel can wake on the caller's processor
	defer runtime.UnlockOSThread()
	for {
		if err := r.calls.wait(r.stop); err != nil {
			return err
		}
		c, err := r.calls.receive()
		if err != nil {
			return err
		}
		if c == nil {
			continue
		}
		r.put(r.describe(c, time.Now()))
		if err := r.calls.proceed(c.id); err != nil {
			return err
		}
	}
}

// unknown is what is known of a thread that has ended, or is in a pid namespace
// that the listener cannot see.
var unknown = parser.Process{AUID: parser.NoID, UID: parser.NoID, GID: parser.NoID, Ses: parser.NoID}

// describe returns the event of a call, valid until the next.
func (r *reader) describe(c *call, now time.Time) []byte {
	r.process = unknown
	known := r.threads.find(r.calls, c, now)
	if known != nil {
		r.process = *known
	}
	r.process.Arch = c.arch
	r.record = parser.Record{
		Stamp: parser.Stamp{Millis: now.UnixMilli(), HasTime: true}, Process: &r.process,
		NR: c.nr, Compat: isCompat(c), IP: c.ip, Code: syscalltable.ActionLog.Code(),
	}
	r.event.Resolve(&r.record)
	r.event.Container = r.container
	if known != nil {
		r.threads.forget(c.thread, known, r.event.Name())
	}
	r.line = report.AppendEvent(r.line[:0], &r.event)
	return r.line
}

// isCompat reports whether a call is of a smaller word size than the kernel's.
func isCompat(c *call) bool {
	const wide = 0x80000000 // __AUDIT_ARCH_64BIT of linux/audit.h
	return bits.UintSize == 64 && (c.arch&wide == 0 || syscalltable.Resolve(c.arch, c.nr) == syscalltable.X32)
}
