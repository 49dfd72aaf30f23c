// Package event is a SECCOMP record with what it means: its call, what the
// filter decided, and the container it belongs to. It is what everything after
// the parser works on: counting, rendering, filters.
//
//	e, ok := event.Of(record)
//	fmt.Println(e.Name(), e.Action)
package event

import (
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// Event is a record with what was found out about it. Its Arch and NR are the
// call's; those of the record are as printed.
type Event struct {
	*parser.Record
	Arch      syscalltable.Arch // NoArch: the record has none
	NR        int32             // x32 calls have bit 30 set
	Action    syscalltable.Action
	Container *container.Identity // nil: none, or not known
}

// Of resolves the call of a record, by number: its name is looked up once per
// call, not per record. It is not ok where an interpreted record (ausearch -i)
// names an architecture or a call that no table has: there is no number then.
// The event holds the record itself, whose texts may be valid only until the
// parser goes on; see [Event.Clone].
func Of(r *parser.Record) (e Event, ok bool) {
	if r.SyscallName != nil {
		return ofNames(r)
	}
	arch := uint32(0)
	if r.Process != nil {
		arch = r.Process.Arch
	}
	return Event{Record: r, Arch: syscalltable.Resolve(arch, r.NR), NR: r.NR, Action: syscalltable.ActionOf(r.Code)}, true
}

// ofNames is Of for a record whose arch and call are names.
func ofNames(r *parser.Record) (e Event, ok bool) {
	arch, err := syscalltable.ParseArch(string(r.ArchName))
	if err != nil {
		return Event{}, false
	}
	e = Event{Record: r}
	if e.Action, err = syscalltable.ParseAction(string(r.CodeName)); err != nil {
		e.Action = syscalltable.ActionUnknown
	}
	if e.NR, ok = parser.UnknownSyscall(r.SyscallName); !ok {
		e.NR, ok = arch.NumberAudit(string(r.SyscallName))
	}
	e.Arch = syscalltable.Resolve(uint32(arch), e.NR)
	return e, ok
}

// Name returns the call's name; "" where the number is in no table.
func (e *Event) Name() string {
	name, _ := e.Arch.Name(e.NR)
	return name
}

// Call returns the call's name, or "#" and its number where it has none.
func (e *Event) Call() string { return e.Arch.CallName(e.NR) }

// Time is when the call was made, as the kernel's coarse clock told it; zero
// where the record does not say.
func (e *Event) Time() time.Time {
	if e.Record == nil {
		return time.Time{}
	}
	return e.Record.Time()
}

// Clone returns a copy that stays valid when the parser goes on.
func (e *Event) Clone() Event {
	c := *e
	if e.Record != nil {
		c.Record = e.Record.Clone()
	}
	return c
}
