package profile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

const (
	x86_64 = syscalltable.X86_64
	i386   = syscalltable.I386
	x32    = syscalltable.X32
)

// call is a named call of a test's summary.
func call(t *testing.T, arch syscalltable.Arch, name string, action syscalltable.Action, count int64) aggregate.Call {
	t.Helper()
	nr, ok := arch.Number(name)
	if !ok {
		t.Fatalf("%s has no call %s", arch, name)
	}
	return aggregate.Call{Arch: arch, NR: nr, Action: action, Count: count}
}

// logged are calls of x86_64 that ran under SCMP_ACT_LOG, once each.
func logged(t *testing.T, names ...string) []aggregate.Call {
	t.Helper()
	var calls []aggregate.Call
	for _, name := range names {
		calls = append(calls, call(t, x86_64, name, syscalltable.ActionLog, 1))
	}
	return calls
}

// summary is one of a single program.
func summary(comm string, calls ...aggregate.Call) *aggregate.Summary {
	g := aggregate.Group{Comm: comm, Exe: "/bin/" + comm, Calls: calls}
	for _, c := range calls {
		g.Records += c.Count
	}
	return &aggregate.Summary{
		By:           []aggregate.Key{aggregate.ByExe, aggregate.ByComm},
		Inputs:       []aggregate.Input{{Name: "audit.log", Trust: aggregate.TrustAuditd, Records: g.Records}},
		Completeness: aggregate.Completeness{Verdict: aggregate.Complete},
		Groups:       []aggregate.Group{g},
	}
}

func build(t *testing.T, s *aggregate.Summary, o profile.Options) *profile.Result {
	t.Helper()
	r, err := profile.Build(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func encode(t *testing.T, p *specs.LinuxSeccomp) string {
	t.Helper()
	var out bytes.Buffer
	if err := profile.Encode(&out, p); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestBuildExact(t *testing.T) {
	s := summary("app", append(logged(t, "write", "pread64", "read", "clone"),
		call(t, x86_64, "ptrace", syscalltable.ActionErrno, 3))...)
	const want = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": [
    {
      "names": [
        "clone",
        "pread64",
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
`
	r := build(t, s, profile.Options{Exact: true})
	if got := encode(t, r.Profile); got != want {
		t.Errorf("profile:\n%s\nwant:\n%s", got, want)
	}
	if r.Additions != nil || r.Startup != "" || r.Widened != nil || r.Unresolved != nil {
		t.Errorf("exact result has more than was observed: %+v", r)
	}
	if len(r.Denied) != 1 || r.Denied[0].Name != "ptrace" || r.Denied[0].Records != 3 {
		t.Errorf("denied = %+v, want ptrace 3 times", r.Denied)
	}
}

func TestBuildDefault(t *testing.T) {
	for _, c := range []struct {
		name   string
		o      profile.Options
		action specs.LinuxSeccompAction
		errno  uint // 0: none
	}{
		{"zero", profile.Options{}, specs.ActErrno, 1},
		{"enosys", profile.Options{Errno: profile.ENOSYS}, specs.ActErrno, 38},
		{"errno", profile.Options{DefaultAction: syscalltable.ActionErrno, Errno: 13}, specs.ActErrno, 13},
		{"kill process", profile.Options{DefaultAction: syscalltable.ActionKillProcess}, specs.ActKillProcess, 0},
		{"kill thread", profile.Options{DefaultAction: syscalltable.ActionKillThread}, specs.ActKillThread, 0},
		{"trap", profile.Options{DefaultAction: syscalltable.ActionTrap}, specs.ActTrap, 0},
		{"log", profile.Options{DefaultAction: syscalltable.ActionLog}, specs.ActLog, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := build(t, summary("app", logged(t, "read", "clone")...), c.o).Profile
			var errno uint
			if p.DefaultErrnoRet != nil {
				errno = *p.DefaultErrnoRet
			}
			if p.DefaultAction != c.action || errno != c.errno {
				t.Errorf("default = %s %d, want %s %d", p.DefaultAction, errno, c.action, c.errno)
			}
			// clone3 has a rule of its own unless the default says the same or lets it run.
			rules := 2
			if c.errno == 38 || c.action == specs.ActLog {
				rules = 1
			}
			if len(p.Syscalls) != rules {
				t.Errorf("%d rules, want %d: %+v", len(p.Syscalls), rules, p.Syscalls)
			}
		})
	}
	for _, o := range []profile.Options{
		{DefaultAction: syscalltable.ActionAllow}, {DefaultAction: syscalltable.ActionTrace},
		{DefaultAction: syscalltable.ActionUserNotif}, {Errno: 4096},
	} {
		if _, err := profile.Build(summary("app", logged(t, "read")...), o); err == nil {
			t.Errorf("options %+v were accepted", o)
		}
	}
}

func TestBuildArchitectures(t *testing.T) {
	s := summary("app",
		call(t, x32, "read", syscalltable.ActionLog, 2),
		call(t, i386, "read", syscalltable.ActionLog, 1),
		call(t, i386, "_llseek", syscalltable.ActionLog, 1),
		call(t, x86_64, "write", syscalltable.ActionLog, 1),
		aggregate.Call{Arch: syscalltable.AArch64, NR: 100000, Action: syscalltable.ActionLog, Count: 1},
	)
	r := build(t, s, profile.Options{Exact: true})
	want := []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32}
	if !slices.Equal(r.Profile.Architectures, want) {
		t.Errorf("architectures = %v, want %v", r.Profile.Architectures, want)
	}
	var widened []string
	for _, w := range r.Widened {
		widened = append(widened, w.Name+" "+strings.Join(archs(w.Seen), ",")+" also "+strings.Join(archs(w.Also), ","))
	}
	wantWide := []string{"read i386,x32 also x86_64", "write x86_64 also i386,x32"}
	if !slices.Equal(widened, wantWide) {
		t.Errorf("widened = %q, want %q", widened, wantWide)
	}
}

func archs(list []syscalltable.Arch) []string {
	var s []string
	for _, a := range list {
		s = append(s, a.String())
	}
	return s
}

func TestBuildUnresolved(t *testing.T) {
	unknown := func(arch syscalltable.Arch, nr int32) aggregate.Call {
		return aggregate.Call{Arch: arch, NR: nr, Action: syscalltable.ActionLog, Count: 5}
	}
	s := summary("app", append(logged(t, "read"),
		unknown(x86_64, 99999),
		unknown(x86_64, -1),
		unknown(x86_64, 17),
		unknown(x86_64, 5000),
		unknown(syscalltable.NoArch, 1),  // kernels before 3.16
		unknown(0xc0009026, 1),           // alpha
		unknown(syscalltable.SPARC64, 3), // known here, but not to libseccomp
		unknown(0x12345678, 3),
	)...)
	r := build(t, s, profile.Options{Exact: true})
	if got := r.Profile.Syscalls[0].Names; !slices.Equal(got, []string{"pread64", "read"}) {
		t.Errorf("names = %q", got)
	}
	var got []string
	for _, u := range r.Unresolved {
		if u.Records != 5 {
			t.Errorf("%+v: want 5 records", u)
		}
		got = append(got, u.Arch.String()+": "+u.Reason)
	}
	want := []string{
		"x86_64: the number is not in the table of " + syscalltable.KernelVersion,
		"x86_64: the number is not in the table of " + syscalltable.KernelVersion,
		"x86_64: the number is not in the table of " + syscalltable.KernelVersion,
		"sparc64: libseccomp does not know this architecture",
		": the record has no architecture",
		"0x12345678: no table of calls for this architecture",
		"alpha: no table of calls for this architecture",
	}
	if !slices.Equal(got, want) {
		t.Errorf("unresolved = %q\nwant %q", got, want)
	}
	if len(r.Profile.Architectures) != 1 {
		t.Errorf("architectures = %v, want x86_64 alone", r.Profile.Architectures)
	}
}

func TestBuildNoLog(t *testing.T) {
	for _, c := range []struct {
		name string
		s    *aggregate.Summary
		want string
	}{
		{"empty", &aggregate.Summary{}, "no record with action log: no record at all; run the workload under SCMP_ACT_LOG first"},
		{"denials", summary("app",
			call(t, x86_64, "ptrace", syscalltable.ActionErrno, 12),
			call(t, x86_64, "read", syscalltable.ActionKillProcess, 3)),
			"no record with action log: 3 kill_process, 12 errno; run the workload under SCMP_ACT_LOG first"},
		{"unknown number", summary("app", aggregate.Call{Arch: x86_64, NR: 99999, Action: syscalltable.ActionLog, Count: 4}),
			"no record with action log that names a known call: 4 of unknown number or architecture"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, o := range []profile.Options{{}, {Exact: true}, {IncludeDenied: true}} {
				r, err := profile.Build(c.s, o)
				if !errors.Is(err, profile.ErrNoLog) || err.Error() != c.want || r != nil {
					t.Errorf("%+v: %v, %v; want %q", o, r, err, c.want)
				}
			}
		})
	}
}

// added returns the names and sources of a result's additions.
func added(r *profile.Result) map[string]profile.Source {
	m := map[string]profile.Source{}
	for _, a := range r.Additions {
		m[a.Name] = a.Source
	}
	return m
}

func TestAdditions(t *testing.T) {
	none := profile.Options{Runtime: profile.RuntimeNone}
	t.Run("kernel and vdso", func(t *testing.T) {
		got := added(build(t, summary("app", logged(t, "read", "exit_group")...), none))
		want := map[string]profile.Source{
			"exit": profile.SourceKernel, "restart_syscall": profile.SourceKernel, "rt_sigreturn": profile.SourceKernel,
			"clock_getres": profile.SourceVDSO, "clock_gettime": profile.SourceVDSO, "getcpu": profile.SourceVDSO,
			"gettimeofday": profile.SourceVDSO, "time": profile.SourceVDSO,
		}
		if !maps.Equal(got, want) {
			t.Errorf("additions = %v, want %v", got, want)
		}
	})
	t.Run("32 bit", func(t *testing.T) {
		got := added(build(t, summary("app", call(t, i386, "read", syscalltable.ActionLog, 1)), none))
		for _, name := range []string{"sigreturn", "clock_gettime64", "clock_getres_time64"} {
			if _, ok := got[name]; !ok {
				t.Errorf("%s was not added: %v", name, got)
			}
		}
	})
	t.Run("aarch64 has no time", func(t *testing.T) {
		got := added(build(t, summary("app", call(t, syscalltable.AArch64, "read", syscalltable.ActionLog, 1)), none))
		if _, ok := got["time"]; ok {
			t.Error("time was added, which aarch64 does not have")
		}
	})
	t.Run("denied", func(t *testing.T) {
		calls := append(logged(t, "read"), call(t, x86_64, "ptrace", syscalltable.ActionErrno, 3), call(t, i386, "mount", syscalltable.ActionErrno, 1))
		for _, exact := range []bool{true, false} {
			r := build(t, summary("app", calls...), profile.Options{IncludeDenied: true, Exact: exact})
			if r.Additions[0].Name != "ptrace" || r.Additions[0].Source != profile.SourceDenied || r.Additions[0].Reason != "refused with errno 3 times in the log, added on request" {
				t.Errorf("exact %v: first addition = %+v", exact, r.Additions[0])
			}
			if _, ok := added(r)["mount"]; ok {
				t.Error("mount was added, which was refused on an architecture that is not in the profile")
			}
		}
	})
	t.Run("every addition has a reason", func(t *testing.T) {
		r := build(t, summary("app", logged(t, "read", "open", "clone")...), profile.Options{Variants: true})
		for _, a := range r.Additions {
			if a.Reason == "" || a.Source == "" || a.Outcome == "" {
				t.Errorf("addition without reason: %+v", a)
			}
		}
	})
}

func TestClone3(t *testing.T) {
	for _, c := range []struct {
		name  string
		calls []string
		want  string // the rule for clone3
	}{
		{"clone alone", []string{"clone"}, "SCMP_ACT_ERRNO 38"},
		{"clone3 seen", []string{"clone", "clone3"}, "SCMP_ACT_ALLOW"},
		{"neither", []string{"read"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := build(t, summary("app", logged(t, c.calls...)...), profile.Options{Runtime: profile.RuntimeNone})
			if got := ruleOf(r.Profile, "clone3"); got != c.want {
				t.Errorf("clone3: %q, want %q", got, c.want)
			}
		})
	}
	r := build(t, summary("app", call(t, syscalltable.MIPS, "clone", syscalltable.ActionLog, 1)), profile.Options{Runtime: profile.RuntimeNone})
	if got := ruleOf(r.Profile, "clone3"); got != "SCMP_ACT_ERRNO 89" {
		t.Errorf("clone3 on mips: %q, want ENOSYS of mips, 89", got)
	}
}

// ruleOf returns the action, with its errno, of the rules that name a call.
func ruleOf(p *specs.LinuxSeccomp, name string) string {
	var found []string
	for _, rule := range p.Syscalls {
		if slices.Contains(rule.Names, name) {
			s := string(rule.Action)
			if rule.ErrnoRet != nil {
				n, _ := json.Marshal(*rule.ErrnoRet)
				s += " " + string(n)
			}
			found = append(found, s)
		}
	}
	return strings.Join(found, "; ")
}

func TestVariants(t *testing.T) {
	r := build(t, summary("app", logged(t, "openat", "poll", "fork")...), profile.Options{Variants: true, Runtime: profile.RuntimeNone})
	got := added(r)
	for name, want := range map[string]bool{
		"open": true, "creat": true, "openat2": true, "ppoll": true, "select": true, "vfork": true, "clone": true,
		"clone3":     true,  // as fallback
		"_newselect": false, // not on x86_64
		"stat":       false, "pipe": false,
	} {
		if _, ok := got[name]; ok != want {
			t.Errorf("%s added: %v, want %v", name, ok, want)
		}
	}
	if got["clone3"] != profile.SourceFallback {
		t.Errorf("clone3 comes from %q, want a refusal", got["clone3"])
	}
}

func TestRuntimeChoice(t *testing.T) {
	lossy := aggregate.Completeness{Verdict: aggregate.Incomplete}
	for _, c := range []struct {
		name    string
		comm    string
		calls   []string
		runtime profile.Runtime
		verdict *aggregate.Completeness
		why     string
		has     []string
		hasNot  []string
	}{
		{name: "nothing seen", comm: "nginx", calls: []string{"read"},
			why: "no runtime's start-up is in the log: that of every known runtime was added",
			has: []string{"execve", "capset", "openat2", "nanosleep", "setresuid"}},
		{name: "runc late", comm: "runc:[2:INIT]", calls: []string{"execve", "openat", "close"},
			why: "runc, as seen in the log, no_new_privs on",
			has: []string{"futex", "rt_sigreturn", "openat2", "nanosleep"}, hasNot: []string{"capset", "setuid", "setresuid"}},
		{name: "runc early", comm: "runc:[2:INIT]", calls: []string{"execve", "capset"},
			why: "runc, as seen in the log, no_new_privs off",
			has: []string{"setuid", "setgroups", "tgkill"}, hasNot: []string{"setresuid"}},
		{name: "runc, lossy", comm: "runc:[2:INIT]", calls: []string{"execve"}, verdict: &lossy,
			why: "runc, as seen in the log, which is incomplete: with and without no_new_privs",
			has: []string{"capset"}},
		{name: "crun", comm: "crun", calls: []string{"execve", "close"},
			why: "crun, as seen in the log, no_new_privs on", hasNot: []string{"futex", "setresuid", "openat"}},
		{name: "asked for", comm: "nginx", calls: []string{"read"}, runtime: profile.RuntimeCrun,
			why: "crun, not seen in the log, with and without no_new_privs",
			has: []string{"setresuid"}, hasNot: []string{"futex"}},
		{name: "none", comm: "runc:[2:INIT]", calls: []string{"execve"}, runtime: profile.RuntimeNone, hasNot: []string{"futex", "openat"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := summary(c.comm, logged(t, c.calls...)...)
			if c.verdict != nil {
				s.Completeness = *c.verdict
			}
			r := build(t, s, profile.Options{Runtime: c.runtime})
			if r.Startup != c.why {
				t.Errorf("startup = %q, want %q", r.Startup, c.why)
			}
			names := strings.Fields(strings.Join(r.Profile.Syscalls[0].Names, " "))
			for _, name := range c.has {
				if !slices.Contains(names, name) {
					t.Errorf("%s is missing", name)
				}
			}
			for _, name := range c.hasNot {
				if slices.Contains(names, name) {
					t.Errorf("%s was added", name)
				}
			}
		})
	}
}

// A 32-bit program is started by a 64-bit runtime, whose calls are other ones.
func TestStartupOfHostArchitecture(t *testing.T) {
	s := summary("runc:[2:INIT]", call(t, i386, "read", syscalltable.ActionLog, 1))
	r := build(t, s, profile.Options{Runtime: profile.RuntimeRunc})
	if !slices.Contains(r.Profile.Syscalls[0].Names, "newfstatat") {
		t.Error("newfstatat is missing: runc makes it on x86_64, i386 does not have it")
	}
	if !slices.Equal(r.Profile.Architectures, []specs.Arch{specs.ArchX86}) {
		t.Errorf("architectures = %v, want what was seen", r.Profile.Architectures)
	}
}

func TestBuildIsDeterministic(t *testing.T) {
	s := summary("app", logged(t, "read", "write", "clone", "openat", "futex", "poll")...)
	first := encode(t, build(t, s, profile.Options{Variants: true}).Profile)
	for range 20 {
		if again := encode(t, build(t, s, profile.Options{Variants: true}).Profile); again != first {
			t.Fatalf("two builds differ:\n%s\n%s", first, again)
		}
	}
}

func TestParseErrno(t *testing.T) {
	for in, want := range map[string]uint16{"EPERM": 1, "enosys": 38, "EACCES": 13, "22": 22, "4094": 4094} {
		if got, err := profile.ParseErrno(in); err != nil || got != want {
			t.Errorf("ParseErrno(%q) = %d, %v; want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", "0", "4095", "-1", "EFOO", "1e1", "65537"} {
		if got, err := profile.ParseErrno(in); err == nil {
			t.Errorf("ParseErrno(%q) = %d, want an error", in, got)
		}
	}
	if got := fmt.Sprint(profile.Outcome{Action: syscalltable.ActionErrno, Errno: 38}, profile.Outcome{Action: syscalltable.ActionErrno, Errno: 200}); got != "errno(ENOSYS) errno(200)" {
		t.Errorf("names = %q", got)
	}
}
