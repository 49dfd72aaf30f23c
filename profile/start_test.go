package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

// TestStarts: what lacks is what a start cannot do without, by how it is denied:
// an error is borne for some calls, if what is done instead is allowed.
func TestStarts(t *testing.T) {
	withNNP := "close execve fstatfs getdents64 openat write"
	without := withNNP + " capget capset chdir fstat getcwd getppid newfstatat prctl read setgid setgroups setuid"
	kill, errno := "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_ERRNO"
	for _, tt := range []struct {
		who, action, allowed string
		lacks                string
	}{
		{"crun 1.28 with", errno, "execve", ""},
		{"crun 1.28 with", kill, "execve", "close"}, // close_range is above the highest number: runc's stub, and crun's like it
		{"crun 1.8.1 with", kill, "execve close", ""},
		{"crun 1.8.1 with", errno, "close", "execve"},
		{"runc 1.1.5 with", errno, withNNP, ""},
		{"runc 1.1.5 with", errno, "close execve openat write", "fstatfs getdents64"},
		{"runc 1.1.5 with", kill, withNNP, "epoll_ctl getpid"},
		{"runc 1.1.5 without", errno, without, "faccessat2"},
		{"runc 1.1.5 without", errno, without + " faccessat getegid geteuid getgid getuid", ""},
		{"runc 1.1.5 without", errno, without + " faccessat2", ""},
		{"runc 1.5.2 with", errno, withNNP, "fstat openat2 statx"},
		{"runc 1.5.2 with", errno, withNNP + " fstat statx readlinkat", ""},
	} {
		d := named(t, "p.json", fmt.Sprintf(`{"defaultAction": %q, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}]}`,
			tt.action, strings.ReplaceAll(tt.allowed, " ", `","`)))
		starts, err := d.Starts()
		if err != nil {
			t.Fatal(err)
		}
		who := strings.Fields(tt.who)
		i := slices.IndexFunc(starts, func(s profile.Start) bool {
			return string(s.Runtime) == who[0] && slices.Contains(s.Versions, who[1]) && s.NoNewPrivileges == (who[2] == "with")
		})
		if i < 0 {
			t.Fatalf("%s: not judged", tt.who)
		}
		if got := strings.Join(starts[i].Lacks, " "); got != tt.lacks {
			t.Errorf("%s, %s, %s allowed: lacks %q, want %q", tt.who, tt.action, tt.allowed, got, tt.lacks)
		}
	}
}
