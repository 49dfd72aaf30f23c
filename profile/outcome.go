package profile

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// Outcome is what a filter does with a call.
type Outcome struct {
	Action syscalltable.Action
	// Errno is what the caller gets under ActionErrno, and the message to the
	// tracer under ActionTrace; 0 for every other action.
	Errno uint16
}

// String returns the outcome as people write it, such as "errno(EPERM)".
func (o Outcome) String() string {
	if o.Action == syscalltable.ActionErrno {
		return fmt.Sprintf("%s(%s)", o.Action, ErrnoName(o.Errno))
	}
	return o.Action.String()
}

// Effect is what an outcome means for the program.
type Effect uint8

// The effects. Depends: the call's arguments, a tracer or a supervisor decide.
const (
	Runs Effect = iota
	Depends
	Denies
)

// String returns "runs", "depends" or "denies".
func (e Effect) String() string {
	if e > Denies {
		return "unknown"
	}
	return [...]string{"runs", "depends", "denies"}[e]
}

// Effect reports whether the call runs. A call that a tracer or a supervisor is
// asked about may.
func (o Outcome) Effect() Effect {
	switch o.Action {
	case syscalltable.ActionAllow, syscalltable.ActionLog:
		return Runs
	case syscalltable.ActionTrace, syscalltable.ActionUserNotif:
		return Depends
	}
	return Denies
}

// carriesErrno reports whether the action has a number to give.
func carriesErrno(a syscalltable.Action) bool {
	return a == syscalltable.ActionErrno || a == syscalltable.ActionTrace
}

func (o Outcome) scmp() specs.LinuxSeccompAction {
	return specs.LinuxSeccompAction(o.Action.SCMP())
}

// errnoRet returns the number as OCI has it: absent where the action has none.
func (o Outcome) errnoRet() *uint {
	if !carriesErrno(o.Action) {
		return nil
	}
	n := uint(o.Errno)
	return &n
}
