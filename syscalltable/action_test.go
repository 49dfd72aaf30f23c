package syscalltable

import (
	"strings"
	"testing"
)

func TestActions(t *testing.T) {
	for _, c := range []struct {
		action            Action
		code              uint32
		name, scmp, audit string
	}{
		{ActionKillProcess, 0x80000000, "kill_process", "SCMP_ACT_KILL_PROCESS", "kill-process"},
		{ActionKillThread, 0, "kill_thread", "SCMP_ACT_KILL_THREAD", "kill-thread"},
		{ActionTrap, 0x30000, "trap", "SCMP_ACT_TRAP", "trap"},
		{ActionErrno, 0x50000, "errno", "SCMP_ACT_ERRNO", "errno"},
		{ActionUserNotif, 0x7fc00000, "user_notif", "SCMP_ACT_NOTIFY", "user-notify"},
		{ActionTrace, 0x7ff00000, "trace", "SCMP_ACT_TRACE", "trace"},
		{ActionLog, 0x7ffc0000, "log", "SCMP_ACT_LOG", "log"},
		{ActionAllow, 0x7fff0000, "allow", "SCMP_ACT_ALLOW", "allow"},
	} {
		// Kernels before 4.14 left the filter's data in the lower half.
		for _, code := range []uint32{c.code, c.code | 1, c.code | 0xffff} {
			if got := ActionOf(code); got != c.action {
				t.Errorf("ActionOf(%#x) = %v, want %v", code, got, c.action)
			}
		}
		if c.action.String() != c.name || c.action.SCMP() != c.scmp {
			t.Errorf("%d: %q %q, want %q %q", c.action, c.action.String(), c.action.SCMP(), c.name, c.scmp)
		}
		for _, name := range []string{c.name, c.scmp, c.audit} {
			if got, err := ParseAction(name); err != nil || got != c.action {
				t.Errorf("ParseAction(%q) = %v, %v; want %v", name, got, err, c.action)
			}
		}
	}
}

func TestActionsWithoutACode(t *testing.T) {
	for name, want := range map[string]Action{"unknown": ActionUnknown, "kill": ActionKill, "SCMP_ACT_KILL": ActionKillThread} {
		if got, err := ParseAction(name); err != nil || got != want {
			t.Errorf("ParseAction(%q) = %v, %v; want %v", name, got, err, want)
		}
	}
	for _, code := range []uint32{0x12340000, 0xffff0000, 0x7ffb0000, 0x10000} {
		if got := ActionOf(code); got != ActionUnknown {
			t.Errorf("ActionOf(%#x) = %v, want unknown", code, got)
		}
	}
	for _, a := range []Action{ActionUnknown, ActionKill, ActionAllow + 1, 255} {
		if a.SCMP() != "" {
			t.Errorf("%d: SCMP() = %q", a, a.SCMP())
		}
	}
	if got := (ActionAllow + 1).String(); got != "unknown" {
		t.Errorf("beyond the last action: %q", got)
	}
}

func TestParseActionRefuses(t *testing.T) {
	for _, name := range []string{"", "LOG", "SCMP_ACT_", "SCMP_ACT_NOSUCH", "kill process", "unknown-seccomp-code(0x12340000)"} {
		a, err := ParseAction(name)
		if err == nil || a != ActionUnknown || !strings.Contains(err.Error(), "user_notif") {
			t.Errorf("ParseAction(%q) = %v, %v; want an error that lists the actions", name, a, err)
		}
	}
}

// TestDenied: what ran is no denial, whatever else an action is.
func TestDenied(t *testing.T) {
	for a := ActionUnknown; a <= ActionAllow; a++ {
		if ran := a == ActionLog || a == ActionAllow; a.Denied() == ran {
			t.Errorf("%s is denied: %v", a, a.Denied())
		}
	}
}

// TestActionCode: what a filter returns for an action is that action again.
func TestActionCode(t *testing.T) {
	for a := ActionKillProcess; a <= ActionAllow; a++ {
		if a == ActionKill { // of interpreted text only
			continue
		}
		if got := ActionOf(a.Code()); got != a {
			t.Errorf("%s: code %#x is %s", a, a.Code(), got)
		}
	}
}
