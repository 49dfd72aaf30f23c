package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

func TestLXC(t *testing.T) {
	answers(t, "common.seccomp", []answered{
		{"1\nwhitelist\n0\n1\n", "write", nil, "allow"},
		{"1\nallowlist\n0\n", "write", nil, "kill_thread"},
		{"2\nallowlist\n[all]\nread\n# comment\n\nwrite # too\n", "write", nil, "allow"},
		{"2\nwhitelist errno 38\nread\n", "write", nil, "errno(ENOSYS)"},
		{"2\nblacklist\nread\n", "read", nil, "kill_thread"},
		{"2\nblacklist\nread\n", "write", nil, "allow"},
		{"2\ndenylist allow\nread errno 1\n", "read", nil, "errno(EPERM)"},
		{"2\ndenylist\nmknod errno 0 [1,8192,&=,61440]\n", "mknod", args{0, 0x2000 | 0o644}, "errno(0)"},
		{"2\ndenylist\nmknod errno 0 [1,8192,&=,61440]\n", "mknod", args{0, 0x6000}, "allow"},
		{"2\ndenylist\nioctl trap [0,3,==][1, 0x5412 ,SCMP_CMP_EQ]\n", "ioctl", args{3, 0x5412}, "trap"},
		{"2\ndenylist\nioctl trap [0,3,==][1,0x5412,SCMP_CMP_EQ]\n", "ioctl", args{4, 0x5412}, "allow"},
		{"2\ndenylist\nioctl [1,7,>]\n", "ioctl", args{0, 8}, "kill_thread"},
		{"2\ndenylist\nreject_force_umount\n", "umount2", args{0, 3}, "errno(EACCES)"},
		{"2\ndenylist\nreject_force_umount\n", "umount2", args{0, 2}, "allow"},
		{"2\ndenylist\n[arm64]\nread\n[x86_64]\nwrite\n", "read", nil, "allow"},
		{"2\ndenylist\n[arm64]\nread\n[x86_64]\nwrite\n", "write", nil, "kill_thread"},
		{"2\ndenylist\nnosuchcall errno 1\nread notify\n", "read", nil, "user_notif"},
	})
	d, err := profile.Read(strings.NewReader("2\ndenylist\nread\n"), "common.seccomp", profile.ReadOptions{Host: x86_64})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(d.Architectures); got != "[x86_64 i386 x32]" {
		t.Errorf("architectures %s: LXC has those of the host", got)
	}
}

// TestLineForms: what is wrong is told with its place, and so is what is passed over.
func TestLineForms(t *testing.T) {
	for _, c := range []struct{ text, err, note string }{
		{text: "3\nallowlist\n", err: `p:1:1: "3" is no version of LXC's lists: 1 or 2`},
		{text: "2\n", err: "p:1:1: the list ends before its kind: allowlist or denylist"},
		{text: "2\nlist\n", err: `p:2:1: "list" is no kind of list: allowlist or denylist`},
		{text: "1\ndenylist\n", err: "p:2:1: version 1 knows allow-lists alone"},
		{text: "1\nallowlist\nread\n", err: `p:3:1: "read" is not the number of a call`},
		{text: "2\ndenylist\n[vax]\n", err: `p:3:1: unknown architecture "[vax]" (such as [all], [x86_64], [arm64])`},
		{text: "2\ndenylist\nread errno\n", err: "p:3:6: errno without a number from 0 to 4094"},
		{text: "2\ndenylist\nread maybe\n", err: `p:3:6: unknown action "maybe" (kill, errno NUMBER, allow, trap or notify)`},
		{text: "2\ndenylist\nread [7,1,==]\n", err: `p:3:1: "[7,1,==]" is no condition such as [0,8,==] or [1,1,&=,1]`},
		{text: "2\ndenylist\nread [0,1,=]\n", err: `p:3:1: "[0,1,=]" is no condition`},
		{text: "2\ndenylist\nread [0,1,>][0,9,<]\n", err: "p:3:1: several conditions on one argument"},
		{text: "2\ndenylist\n" + strings.Repeat("read [0,1,==]\n", 3000), err: "p:2051:1: more than 2048 rules with conditions"},
		{text: strings.Repeat("read: arg0 == 1\n", 3000), err: "p:2049:1: more than 2048 rules with conditions"},
		{text: "1\nallowlist\n0\n9999\n", note: "p:4:1: number 9999 is in no table of Linux 7.2 for x86_64: passed over"},
		{text: "2\ndenylist\n[s390x]\nread\n", note: "p:3:1: calls of another architecture than x86_64: passed over"},
		{text: "2\ndenylist\nnosuchcall errno 1\n", note: `p:3:1: unknown system call "nosuchcall"`},

		{text: "[Unit]\nSystemCallFilter=read\n[Service]\nExecStart=/bin/true\n", err: "p:1:1: no SystemCallFilter= and the like in it: nothing is said about calls"},
		{text: "[Service]\nSystemCallFilter=read pread\n", note: `p:2:23: unknown system call "pread", did you mean "pread64"?`},
		{text: "[Service]\nSystemCallFilter=@nosuch\n", note: `p:2:18: unknown set "@nosuch" (systemd 257 has none): systemd passes over it`},
		{text: "[Service]\nSystemCallFilter=read \\\n\twrite:EPERM\n", note: `p:3:2: "write:EPERM": a call that is allowed has no error number: systemd passes over it`},
		{text: "[Service]\nSystemCallFilter=~ read:EFOO\n", note: `p:2:20: "read:EFOO": unknown errno "EFOO"`},
		{text: "[Service]\nSystemCallFilter=~read\nSystemCallErrorNumber=EFOO\n", note: `p:3:23: unknown errno "EFOO"`},
		{text: "[Service]\nSystemCallArchitectures=native amd64\n", note: `p:2:32: unknown architecture "amd64" (such as native, x86-64, arm64): systemd passes over it`},
		{text: "[Service]\nSystemCallFilter=~read\n  RestrictNamespaces = yes\n", note: "p:3:3: RestrictNamespaces= makes systemd load another filter, which is not read here"},
	} {
		d, err := profile.Read(strings.NewReader(c.text), "p", profile.ReadOptions{Host: x86_64})
		switch {
		case c.err != "" && (err == nil || !strings.HasPrefix(err.Error(), c.err)):
			t.Errorf("%q: error %v, want %s", c.text, err, c.err)
		case c.err == "" && (err != nil || len(d.Notes) != 1 || !strings.HasPrefix(d.Notes[0].Error(), c.note)):
			t.Errorf("%q: %v %v, want the note %s", c.text, err, d, c.note)
		}
	}
	for _, quiet := range []string{
		"[Service]\nSystemCallFilter=~read\nRestrictRealtime=no\nPrivateDevices=\n[Install]\nSystemCallFilter=nosuch\n",
		"; a comment\n\nSystemCallFilter=@system-service\n",
		"2\nallowlist\n[all]\nread\n",
		"@frequency ./x\nread: 1\n",
	} {
		if d, err := profile.Parse([]byte(quiet), "p"); err != nil || len(d.Notes) > 0 {
			t.Errorf("%q: %v, notes %v", quiet, err, d)
		}
	}
}

// TestSystemdHost: what a unit leaves to the host is that of the host it is read for.
func TestSystemdHost(t *testing.T) {
	for text, want := range map[string]string{
		"[Service]\nSystemCallFilter=read\n":                                                           "[aarch64 arm]",
		"[Service]\nSystemCallFilter=read\nSystemCallArchitectures=native\n":                           "[aarch64]",
		"[Service]\nSystemCallArchitectures=x86-64 riscv64\n":                                          "[x86_64 riscv64]",
		"[Service]\nSystemCallArchitectures=x86-64\nSystemCallArchitectures=\nSystemCallFilter=read\n": "[aarch64 arm]",
	} {
		d, err := profile.Read(strings.NewReader(text), "p", profile.ReadOptions{Host: syscalltable.AArch64})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(d.Architectures); got != want {
			t.Errorf("%q: architectures %s, want %s", text, got, want)
		}
	}
}

// TestSystemdVersion: sets are those of the version that a unit is for, as far as
// one is known.
func TestSystemdVersion(t *testing.T) {
	for version, want := range map[int]string{0: "systemd 257 allow", 257: "systemd 257 allow", 300: "systemd 257 allow", 252: "systemd 252 kill_process", 255: "systemd 252 kill_process", 240: "systemd 252 kill_process"} {
		d, err := profile.Read(strings.NewReader("[Service]\nSystemCallFilter=read\nSystemCallArchitectures=native\n"), "p", profile.ReadOptions{Host: x86_64, Systemd: version})
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Sets + " " + asked(t, d)("landlock_create_ruleset"); got != want {
			t.Errorf("for systemd %d: %s, want %s", version, got, want)
		}
	}
}
