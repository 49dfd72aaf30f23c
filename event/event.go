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
// call, not per record. It is not ok where a record that has names (ausearch -i,
// events) names an architecture or a call that no table has, or a call that has
// another number than the one beside it. The event holds the record itself,
// whose texts may be valid only until the parser goes on; see [Event.Clone].
//
// Whose a record is it does not say: Container is for the caller to set, where
// the record is an event by [container.ParseIdentity] of its own Container.
func Of(r *parser.Record) (e Event, ok bool) {
	ok = e.Resolve(r)
	return e, ok
}

// Resolve makes e the event of a record as [Of] does, in place: what is copied
// as soon as it has been written makes the processor wait, a tenth of a report's
// time.
func (e *Event) Resolve(r *parser.Record) (ok bool) {
	e.Record, e.Container = r, nil
	if r.ArchName != nil {
		return e.resolveNames(r)
	}
	arch := uint32(0)
	if r.Process != nil {
		arch = r.Process.Arch
	}
	e.Arch, e.NR, e.Action = syscalltable.Resolve(arch, r.NR), r.NR, syscalltable.ActionOf(r.Code)
	return true
}

// resolveNames is Resolve for a record whose arch is a name, and its call a name
// or both.
func (e *Event) resolveNames(r *parser.Record) (ok bool) {
	arch, err := syscalltable.ParseArch(string(r.ArchName))
	if err != nil {
		return false
	}
	if e.Action, err = syscalltable.ParseAction(string(r.CodeName)); err != nil {
		e.Action = syscalltable.ActionUnknown
	}
	if r.Numbered {
		e.NR, ok = r.NR, agrees(arch, r.NR, r.SyscallName)
	} else {
		e.NR, ok = numberOf(arch, r.SyscallName)
	}
	e.Arch = syscalltable.Resolve(uint32(arch), e.NR)
	return ok
}

// numberOf returns the number of a call, by its name or as auparse and others
// print one without a name.
func numberOf(arch syscalltable.Arch, name []byte) (nr int32, ok bool) {
	if nr, ok = parser.UnknownSyscall(name); ok {
		return nr, true
	}
	return arch.NumberAudit(string(name))
}

// agrees reports whether a number and the name beside it are not of two calls.
// A name that no table has may be newer than the tables.
func agrees(arch syscalltable.Arch, nr int32, name []byte) bool {
	if known, ok := arch.Name(nr); ok && known == string(name) {
		return true
	}
	other, ok := numberOf(arch, name)
	return !ok || other == nr
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
