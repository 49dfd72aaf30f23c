package profile_test

import (
	"testing"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestNotifyRecording: on each architecture of the host a call waits for the
// listener, but those that runc makes
// before, and what is known whatever its arguments; that a process
// ends is told in any case. What no table has does not run.
func TestNotifyRecording(t *testing.T) {
	base := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["read", "exit_group"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["openat"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 2, "value": 0, "op": "SCMP_CMP_EQ"}]},
		{"names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS"}]}`)
	for _, tt := range []struct {
		base  *profile.Document
		quiet map[string]bool
	}{
		{nil, map[string]bool{"write": true}},
		{base, map[string]bool{"write": true, "read": true}},
	} {
		for _, name := range []string{"futex", "getpid", "madvise", "mmap", "munmap", "nanosleep", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "tgkill"} {
			tt.quiet[name] = true
		}
		d, err := profile.NotifyRecording(tt.base, syscalltable.X86_64, "/run/s")
		if err != nil {
			t.Fatal(err)
		}
		policy, err := d.Evaluate(profile.Environment{Arch: syscalltable.X86_64})
		if err != nil || d.ListenerPath != "/run/s" {
			t.Fatal(err, d.ListenerPath)
		}
		for _, arch := range []syscalltable.Arch{syscalltable.X86_64, syscalltable.I386, syscalltable.X32} {
			for nr, name := range arch.Calls() {
				want := "user_notif"
				if tt.quiet[name] {
					want = "allow"
				}
				if got := policy.Answer(arch, nr).Possible; len(got) != 1 || got[0].String() != want {
					t.Errorf("%s on %s: %v, want %s", name, arch, got, want)
				}
			}
			if got := policy.Answer(arch, 0x3fff).Possible; len(got) != 1 || got[0].String() != "errno(ENOSYS)" {
				t.Errorf("a call of no table on %s: %v", arch, got)
			}
		}
	}
	if _, err := profile.NotifyRecording(parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}`), syscalltable.X86_64, "/run/s"); err == nil {
		t.Error("a profile with conditions is taken")
	}
}

// TestUnheard: write is in the profile of a container that was recorded by
// notification, and in no other's without a word.
func TestUnheard(t *testing.T) {
	for via, want := range map[string]bool{"runtime": true, "direct": false} {
		s := summary("sh", logged(t, "brk")...)
		s.Groups[0].Container = &container.Identity{ID: "demo", Via: via}
		r := build(t, s, profile.Options{Runtime: profile.RuntimeNone})
		found := false
		for _, a := range r.Additions {
			found = found || a.Name == "write" && a.Source == profile.SourceUnheard
		}
		if found != want {
			t.Errorf("via %s: write added: %v", via, found)
		}
	}
}
