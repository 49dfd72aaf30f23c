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

// TestDescribeStarts: a line tells what a runtime's versions lack, each call once
// for all that lack it.
func TestDescribeStarts(t *testing.T) {
	start := func(runtime profile.Runtime, nnp bool, versions, lacks, rare string) profile.Start {
		return profile.Start{Runtime: runtime, NoNewPrivileges: nnp, Versions: strings.Fields(versions), Lacks: strings.Fields(lacks), Rare: strings.Fields(rare)}
	}
	for _, tt := range []struct {
		name   string
		starts []profile.Start
		want   []string
	}{
		{"all fine", []profile.Start{start("runc", true, "1 2", "", ""), start("runc", false, "1 2", "", "")},
			[]string{"containers start under it: runc 1, 2 with and without no_new_privs"}},
		{"fine in most starts", []profile.Start{start("runc", true, "1", "", "mmap"), start("runc", false, "1", "", "")},
			[]string{"containers start under it: runc 1 with no_new_privs, but for the few in which it calls mmap; runc 1 without no_new_privs"}},
		{"one mode", []profile.Start{start("runc", true, "1 2", "", ""), start("runc", false, "1", "read", "futex"), start("runc", false, "2", "read statx", "")},
			[]string{"containers start under it: runc 1, 2 with no_new_privs", "no container starts under it: runc 1, 2 without no_new_privs lacks read; 2 also statx; some starts also futex"}},
		{"one version", []profile.Start{start("runc", true, "1.9", "", ""), start("runc", true, "1.10", "statx", ""), start("runc", false, "1.9", "", ""), start("runc", false, "1.10", "statx", "")},
			[]string{"containers start under it: runc 1.9 with and without no_new_privs", "no container starts under it: runc 1.10 lacks statx"}},
		{"different ones", []profile.Start{start("runc", true, "1", "read", ""), start("runc", false, "1", "write", ""), start("crun", true, "1", "execve", ""), start("crun", false, "1", "capset execve", "")},
			[]string{"no container starts under it: crun 1 lacks execve; without no_new_privs also capset",
				"no container starts under it: runc 1: with no_new_privs lacks read; without no_new_privs lacks write"}},
		{"not known", []profile.Start{{Runtime: "runc", NoNewPrivileges: true, Versions: []string{"1"}, Unsure: []string{"openat"}}},
			[]string{"containers start under it: runc 1 with no_new_privs, if it gets by with how it is answered openat"}},
		{"refused", []profile.Start{
			{Runtime: "runc", NoNewPrivileges: true, Versions: []string{"1"}, Lacks: []string{"read"}, Refuses: []string{"F"}}, {Runtime: "runc", Versions: []string{"1"}, Refuses: []string{"F"}},
			start("runc", true, "2", "", ""), start("runc", false, "2", "", "")},
			[]string{"containers start under it: runc 2 with and without no_new_privs", "no container starts under it: runc 1 refuses the flag F"}},
	} {
		if got := profile.DescribeStarts(tt.starts); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

// TestStartsUnsure: what was not measured, and flags that a version does not take.
func TestStartsUnsure(t *testing.T) {
	for _, tt := range []struct {
		name, more string
		want       string // runc 1.1.5 and 1.2.9, with no_new_privs
	}{
		{"another error", `"syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}]`,
			"lacks [], unsure [getpid], refuses []; lacks [], unsure [getpid], refuses []"},
		{"the measured error", `"syscalls": [{"names": ["getpid"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1}]`,
			"lacks [], unsure [], refuses []; lacks [], unsure [], refuses []"},
		{"an argument", `"syscalls": [{"names": ["openat"], "action": "SCMP_ACT_KILL", "args": [{"index": 1, "value": 7, "op": "SCMP_CMP_EQ"}]}]`,
			"lacks [], unsure [openat], refuses []; lacks [], unsure [openat], refuses []"},
		{"a tracer", `"syscalls": [{"names": ["execve"], "action": "SCMP_ACT_TRACE"}]`,
			"lacks [], unsure [execve], refuses []; lacks [], unsure [execve], refuses []"},
		{"a flag", `"flags": ["SECCOMP_FILTER_FLAG_LOG"]`,
			"lacks [], unsure [], refuses [SECCOMP_FILTER_FLAG_LOG]; lacks [], unsure [], refuses []"},
	} {
		starts, err := named(t, "p.json", `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], `+tt.more+`}`).Starts()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, version := range []string{"1.1.5", "1.2.9"} {
			i := slices.IndexFunc(starts, func(s profile.Start) bool {
				return s.Runtime == "runc" && s.NoNewPrivileges && slices.Contains(s.Versions, version)
			})
			got = append(got, fmt.Sprintf("lacks %v, unsure %v, refuses %v", starts[i].Lacks, starts[i].Unsure, starts[i].Refuses))
		}
		if got := strings.Join(got, "; "); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// TestNeverStarts: that one version starts says nothing of another one.
func TestNeverStarts(t *testing.T) {
	starts := []profile.Start{
		{Runtime: "runc", Versions: []string{"1"}, NoNewPrivileges: true},
		{Runtime: "runc", Versions: []string{"2"}, NoNewPrivileges: true, Lacks: []string{"statx"}},
		{Runtime: "runc", Versions: []string{"1", "2"}, Lacks: []string{"chdir"}},
	}
	if got, want := fmt.Sprint(profile.NeverStarts(starts)), "[runc 2 with no_new_privs runc 2 without no_new_privs]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if len(starts[2].Versions) != 2 {
		t.Error("the starts themselves were changed")
	}
}
