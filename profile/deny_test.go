package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

func TestBuildDenyList(t *testing.T) {
	s := summary("app", append(logged(t, "read"), call(t, x86_64, "ptrace", syscalltable.ActionErrno, 3),
		call(t, x86_64, "bpf", syscalltable.ActionKillProcess, 1),
		aggregate.Call{Arch: x86_64, NR: 9999, Action: syscalltable.ActionErrno, Count: 2})...)
	d, left, err := profile.BuildDenyList(s, []string{"mount", "bpf"}, profile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := rules(d), []string{"bpf errno(EPERM)", "mount errno(EPERM)", "ptrace errno(EPERM)"}; !slices.Equal(got, want) {
		t.Errorf("rules = %q, want %q", got, want)
	}
	if len(left) != 1 || left[0].NR != 9999 || left[0].Records != 2 || left[0].Reason == "" {
		t.Errorf("left out %+v, want number 9999", left)
	}
	if d.Default.Action != syscalltable.ActionAllow || fmt.Sprint(d.Architectures) != "[x86_64 i386 x32]" {
		t.Errorf("default %s, architectures %v", d.Default, d.Architectures)
	}
	d, _, err = profile.BuildDenyList(summary("app"), []string{"mount"}, profile.Options{DefaultAction: syscalltable.ActionKillProcess})
	if err != nil || rules(d)[0] != "mount kill_process" || len(d.Architectures) == 0 {
		t.Errorf("%q on %v, %v; want mount kill_process on this host's", rules(d), d.Architectures, err)
	}
	for _, c := range []struct {
		names []string
		o     profile.Options
		want  string
	}{
		{nil, profile.Options{}, "no call to deny: none was denied in the log, and none is named"},
		{[]string{"pread"}, profile.Options{}, `unknown system call "pread"`},
		{[]string{"mount"}, profile.Options{DefaultAction: syscalltable.ActionLog}, "log refuses nothing"},
		{[]string{"mount"}, profile.Options{DefaultAction: syscalltable.ActionAllow}, "default action allow"},
	} {
		if d, _, err := profile.BuildDenyList(summary("app", logged(t, "read")...), c.names, c.o); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, %v; want %q", c.names, d, err, c.want)
		}
	}
}

func TestInspect(t *testing.T) {
	p := evaluate(t, answerProfile)
	for _, in := range p.Inspect() {
		total := 0
		for range in.Arch.Calls() {
			total++
		}
		if got := len(in.Allowed) + len(in.Logged) + len(in.Depends) + len(in.Denied); got != total {
			t.Errorf("%s: %d calls, want %d", in.Arch, got, total)
		}
		if in.Arch != x86_64 {
			continue
		}
		want := `[read write semop] [kill] [personality acct bpf]`
		if got := fmt.Sprint(in.Allowed, in.Logged, in.Depends); got != want {
			t.Errorf("x86_64: %s, want %s", got, want)
		}
	}
}
