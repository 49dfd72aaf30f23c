package syscalltable

import (
	"fmt"
	"strings"
)

// Action is what a filter decided about a call.
type Action uint8

// The actions of linux/seccomp.h, by severity. ActionKill is an interpreted
// text's "kill", which does not tell process from thread; ActionUnknown is a
// code that no kernel defines (the kernel then kills the process).
const (
	ActionUnknown Action = iota
	ActionKillProcess
	ActionKillThread
	ActionKill
	ActionTrap
	ActionErrno
	ActionUserNotif
	ActionTrace
	ActionLog
	ActionAllow
)

// actions names each action: in reports (as in the sysctl
// kernel.seccomp.actions_logged), for libseccomp, and for ausearch -i where
// it differs from the first.
var actions = [...]struct{ name, scmp, audit string }{
	ActionUnknown:     {name: "unknown"},
	ActionKillProcess: {"kill_process", "SCMP_ACT_KILL_PROCESS", "kill-process"},
	ActionKillThread:  {"kill_thread", "SCMP_ACT_KILL_THREAD", "kill-thread"},
	ActionKill:        {name: "kill"},
	ActionTrap:        {name: "trap", scmp: "SCMP_ACT_TRAP"},
	ActionErrno:       {name: "errno", scmp: "SCMP_ACT_ERRNO"},
	ActionUserNotif:   {"user_notif", "SCMP_ACT_NOTIFY", "user-notify"},
	ActionTrace:       {name: "trace", scmp: "SCMP_ACT_TRACE"},
	ActionLog:         {name: "log", scmp: "SCMP_ACT_LOG"},
	ActionAllow:       {name: "allow", scmp: "SCMP_ACT_ALLOW"},
}

// String returns the name used in reports and in the sysctl
// kernel.seccomp.actions_logged.
func (a Action) String() string {
	if int(a) < len(actions) {
		return actions[a].name
	}
	return actions[ActionUnknown].name
}

// Denied reports whether the filter kept the call from running as it was: it
// answered an error, killed, or left the call to a signal, a tracer or a
// supervisor. A record of [ActionLog] or [ActionAllow] is of a call that ran.
func (a Action) Denied() bool { return a != ActionLog && a != ActionAllow }

// SCMP returns libseccomp's name, as it stands in OCI profiles; "" for
// [ActionUnknown] and [ActionKill], which no profile can ask for.
func (a Action) SCMP() string {
	if int(a) < len(actions) {
		return actions[a].scmp
	}
	return ""
}

// ParseAction returns the action of a report's name (kill_process),
// libseccomp's (SCMP_ACT_KILL_PROCESS) or that of ausearch -i (kill-process).
// SCMP_ACT_KILL is libseccomp's old name of SCMP_ACT_KILL_THREAD.
func ParseAction(name string) (Action, error) {
	if name == "SCMP_ACT_KILL" {
		return ActionKillThread, nil
	}
	for a, known := range actions {
		if name != "" && (name == known.name || name == known.scmp || name == known.audit) {
			return Action(a), nil
		}
	}
	return ActionUnknown, fmt.Errorf("unknown action %q: use one of %s; or libseccomp's SCMP_ACT_ name of it", name, actionList())
}

func actionList() string {
	var names []string
	for _, a := range actions {
		names = append(names, a.name)
	}
	return strings.Join(names, ", ")
}

// ActionOf returns the action of a record's code=. Only the upper half
// decides: kernels before 4.14 left errno or trap data in the lower one.
func ActionOf(code uint32) Action {
	switch code & 0xffff0000 {
	case 0x80000000:
		return ActionKillProcess
	case 0x00000000:
		return ActionKillThread
	case 0x00030000:
		return ActionTrap
	case 0x00050000:
		return ActionErrno
	case 0x7fc00000:
		return ActionUserNotif
	case 0x7ff00000:
		return ActionTrace
	case 0x7ffc0000:
		return ActionLog
	case 0x7fff0000:
		return ActionAllow
	}
	return ActionUnknown
}

// Code returns what a filter returns for the action, without errno or data;
// that of ActionKillThread for those that no filter can return.
func (a Action) Code() uint32 {
	switch a {
	case ActionKillProcess:
		return 0x80000000
	case ActionTrap:
		return 0x00030000
	case ActionErrno:
		return 0x00050000
	case ActionUserNotif:
		return 0x7fc00000
	case ActionTrace:
		return 0x7ff00000
	case ActionLog:
		return 0x7ffc0000
	case ActionAllow:
		return 0x7fff0000
	}
	return 0
}
