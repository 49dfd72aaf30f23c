package profile_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// answerProfile has every kind of rule.
const answerProfile = `{
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
  "syscalls": [
    {"names": ["read", "write", "semop"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["read"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["kill"], "action": "SCMP_ACT_LOG"},
    {"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"},
    {"names": ["mount"], "action": "SCMP_ACT_KILL_PROCESS"},
    {"names": ["bpf"], "action": "SCMP_ACT_NOTIFY"},
    {"names": ["acct"], "action": "SCMP_ACT_TRACE", "errnoRet": 7},
    {"names": ["setns"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]},
    {"names": ["personality"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5, "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "errnoRet": 97, "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]},
    {"names": ["sync"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_EQ"}]}
  ]}`

func TestAnswer(t *testing.T) {
	p := evaluate(t, answerProfile)
	nr := func(arch syscalltable.Arch, name string) int32 {
		return call(t, arch, name, syscalltable.ActionLog, 1).NR
	}
	for _, c := range []struct {
		what   string
		arch   syscalltable.Arch
		nr     int32
		want   string
		effect profile.Effect
	}{
		{"read", x86_64, nr(x86_64, "read"), "allow", profile.Runs},
		{"read", i386, nr(i386, "read"), "allow", profile.Runs},
		{"kill", x86_64, nr(x86_64, "kill"), "log", profile.Runs},
		{"ptrace", x86_64, nr(x86_64, "ptrace"), "errno(EPERM)", profile.Denies},
		{"mount", x86_64, nr(x86_64, "mount"), "kill_process", profile.Denies},
		{"bpf", x86_64, nr(x86_64, "bpf"), "user_notif", profile.Depends},
		{"acct", x86_64, nr(x86_64, "acct"), "trace", profile.Depends},
		{"a rule like the default", x86_64, nr(x86_64, "setns"), "errno(ENOSYS)", profile.Denies},
		{"no rule", x86_64, nr(x86_64, "openat"), "errno(ENOSYS)", profile.Denies},
		{"arguments decide", x86_64, nr(x86_64, "personality"), "allow or errno(EIO) or errno(ENOSYS)", profile.Depends},
		{"arguments choose the error", x86_64, nr(x86_64, "socket"), "errno(ENOSYS) or errno(EAFNOSUPPORT)", profile.Denies},
		{"arguments without effect", x86_64, nr(x86_64, "sync"), "errno(ENOSYS)", profile.Denies},
		{"socket through socketcall", i386, nr(i386, "socketcall"), "errno(ENOSYS) or errno(EAFNOSUPPORT)", profile.Denies},
		{"semop through ipc", i386, nr(i386, "ipc"), "allow or errno(ENOSYS)", profile.Depends},
		{"no name", x86_64, 99999, "errno(ENOSYS)", profile.Denies},
		{"-1", x86_64, -1, "errno(ENOSYS)", profile.Denies},
		{"another arch", syscalltable.AArch64, nr(syscalltable.AArch64, "read"), "kill_thread", profile.Denies},
		{"x32 is not x86_64", x32, nr(x32, "read"), "kill_thread", profile.Denies},
		{"beyond x32", x86_64, 0x7fffffff, "kill_thread", profile.Denies},
	} {
		a := p.Answer(c.arch, c.nr)
		if a.String() != c.want || a.Effect() != c.effect || a.Because == "" {
			t.Errorf("%s: %s (%d, %q), want %s (%d)", c.what, a, a.Effect(), a.Because, c.want, c.effect)
		}
	}
}

func TestAnswerOfDenyList(t *testing.T) {
	p := evaluate(t, `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"},
		{"names": ["clone"], "action": "SCMP_ACT_KILL", "args": [{"index": 0, "value": 268435456, "valueTwo": 268435456, "op": "SCMP_CMP_MASKED_EQ"}]}]}`)
	for name, want := range map[string]string{"read": "allow", "ptrace": "errno(EPERM)", "clone": "allow or kill_thread"} {
		if got := p.Answer(x86_64, call(t, x86_64, name, syscalltable.ActionLog, 1).NR).String(); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	// Without architectures only the host's own is known.
	if got := p.Answer(i386, 3).String(); got != "kill_thread" {
		t.Errorf("read on i386: %s, want kill_thread", got)
	}
}

// In Docker's form an outcome like the default leaves room for the next rule.
func TestAnswerSkipsRulesLikeTheDefault(t *testing.T) {
	p := evaluate(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
		{"names": ["setns"], "action": "SCMP_ACT_ERRNO", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
		{"names": ["setns"], "action": "SCMP_ACT_ALLOW"}]}`)
	if got := p.Answer(x86_64, 308).String(); got != "allow" {
		t.Errorf("setns: %s, want allow", got)
	}
}

func TestCheck(t *testing.T) {
	s := &aggregate.Summary{
		By: []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByComm},
		Groups: []aggregate.Group{
			{Node: "n1", Comm: "a", Container: &container.Identity{ID: "abc", Name: "web"}, Calls: append(logged(t, "read", "openat"),
				call(t, x86_64, "personality", syscalltable.ActionLog, 2),
				aggregate.Call{Arch: syscalltable.NoArch, NR: 3, Action: syscalltable.ActionKillThread, Count: 4})},
			{Node: "n1", Comm: "b\x1b", Calls: []aggregate.Call{
				call(t, i386, "read", syscalltable.ActionLog, 10),
				call(t, x32, "read", syscalltable.ActionErrno, 20),
				call(t, syscalltable.AArch64, "mount", syscalltable.ActionLog, 40)}},
		},
	}
	when := time.Date(2022, 9, 1, 18, 46, 36, 821e6, time.UTC)
	s.Groups[0].Calls[1].First = aggregate.MillisOf(when).Instant()
	r, err := profile.Check(s, parse(t, answerProfile), profile.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Records != 78 || r.Denied != 61 || r.Depends != 2 || r.Unanswered != 4 {
		t.Errorf("records %d, denied %d, depends %d, unanswered %d; want 78, 61, 2, 4", r.Records, r.Denied, r.Depends, r.Unanswered)
	}
	var got []string
	for i := range r.Calls {
		c := &r.Calls[i]
		got = append(got, fmt.Sprintf("%q %s %s %s %d", c.Group.Comm, c.Call.Arch, c.Call.Name(), c.Verdict(), c.Call.Count))
	}
	want := []string{
		`"a" x86_64 openat errno 1`, `"a" x86_64 personality depends 2`, `"a"   unknown 4`,
		// aarch64 is its own host, which a filter always knows.
		`"b\x1b" x32 read kill_thread 20`, `"b\x1b" aarch64 mount kill_process 40`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls = %q\nwant    %q", got, want)
	}

	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	doc := validate(t, "schema/check.schema.json", out.Bytes())
	for path, want := range map[string]any{
		"profile": "p.json", "denied": 61.0, "unanswered": 4.0,
		"calls.0.node": "n1", "calls.0.container.name": "web", "calls.0.exe": nil, "calls.0.name": "openat",
		"calls.0.verdict": "errno", "calls.0.possible.0": "errno(ENOSYS)", "calls.0.because": "no rule: the default",
		"calls.0.first": "2022-09-01T18:46:36.821Z", "calls.0.last": nil,
		"calls.1.possible.2": "errno(ENOSYS)", "calls.1.because": "syscalls[8] (line 13), syscalls[9] (line 14)",
		"calls.2.arch": nil, "calls.2.action": "kill_thread", "calls.2.verdict": "unknown",
		"calls.3.container": nil, "calls.3.because": "x32 is not among the profile's architectures",
	} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

// TestCheckHost: a call of 32 bits is answered as the host of 64 bits would
// that runs such programs, unless the host is known to be one of 32 bits; and a
// call that it cannot run, as its own host would.
func TestCheckHost(t *testing.T) {
	d := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["x86"]}}]}`)
	for _, tt := range []struct {
		host, arch syscalltable.Arch
		name, want string // verdict; "": it runs
	}{
		{x86_64, x86_64, "read", ""},
		{x86_64, i386, "read", "kill_thread"}, // not listed, and not the host's own
		{x86_64, x32, "read", "kill_thread"},
		{i386, i386, "read", ""},
		{i386, i386, "mount", ""},
		{i386, x86_64, "mount", "errno"},
		{syscalltable.AArch64, i386, "read", "kill_thread"},
		{syscalltable.AArch64, x86_64, "read", ""},
		{syscalltable.ARM, syscalltable.ARM, "read", ""},
		{syscalltable.ARM, i386, "read", "kill_thread"},
	} {
		s := summary("a", call(t, tt.arch, tt.name, syscalltable.ActionLog, 1))
		r, err := profile.Check(s, d, profile.Environment{Arch: tt.host})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(r.Calls) > 0 {
			got = r.Calls[0].Verdict()
		}
		if got != tt.want {
			t.Errorf("%s of %s on %s: %q, want %q", tt.name, tt.arch, tt.host, got, tt.want)
		}
	}
}

// A profile of a log, replayed against it, refuses nothing of it; without one
// of its names it refuses exactly the records of that.
func TestProfileFitsItsLog(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		s := randomSummary(random)
		o := profile.Options{
			Exact: random.IntN(2) == 0, Variants: random.IntN(2) == 0, IncludeDenied: random.IntN(2) == 0,
			DefaultAction: []syscalltable.Action{syscalltable.ActionErrno, syscalltable.ActionKillProcess, syscalltable.ActionTrap}[random.IntN(3)],
			Errno:         []uint16{0, profile.ENOSYS}[random.IntN(2)],
		}
		r := build(t, s, o)
		checked := replay(t, s, encode(t, r.Profile))
		for i := range checked.Calls {
			if c := &checked.Calls[i]; c.Call.Action == syscalltable.ActionLog && !unresolved(r, c.Call) {
				t.Fatalf("%+v: %s of %s would get %s (%s)", o, c.Call.Name(), c.Call.Arch, c.Answer, c.Answer.Because)
			}
		}

		gone := r.Observed[random.IntN(len(r.Observed))]
		allow := &r.Profile.Syscalls[0]
		allow.Names = slices.DeleteFunc(allow.Names, func(name string) bool { return name == gone.Name })
		if len(allow.Names) == 0 {
			continue
		}
		var missed int64
		tighter := replay(t, s, encode(t, r.Profile))
		for i := range tighter.Calls {
			if c := &tighter.Calls[i]; c.Call.Action == syscalltable.ActionLog && c.Call.Name() == gone.Name {
				missed += c.Call.Count
			}
		}
		if missed != gone.Records {
			t.Fatalf("without %s: %d records refused, want %d", gone.Name, missed, gone.Records)
		}
	}
}

func replay(t *testing.T, s *aggregate.Summary, text string) *profile.CheckResult {
	t.Helper()
	d, err := profile.Parse([]byte(text), "p.json")
	if err != nil {
		t.Fatalf("own profile is refused: %v\n%s", err, text)
	}
	r, err := profile.Check(s, d, profile.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func unresolved(r *profile.Result, c aggregate.Call) bool {
	return slices.ContainsFunc(r.Unresolved, func(u profile.Unresolved) bool { return u.Arch == c.Arch && u.NR == c.NR })
}

// randomSummary has calls of one host's architectures under all actions, at
// least one of them logged; some are in no table.
func randomSummary(random *rand.Rand) *aggregate.Summary {
	hosts := [][]syscalltable.Arch{
		{x86_64, i386, x32}, {syscalltable.AArch64, syscalltable.ARM}, {syscalltable.S390X, syscalltable.S390},
		{syscalltable.MIPSEL64, syscalltable.MIPSEL64N32, syscalltable.MIPSEL}, {syscalltable.RISCV64}, {syscalltable.PPC64LE},
	}
	arches := hosts[random.IntN(len(hosts))]
	seen := map[string]bool{}
	g := aggregate.Group{Comm: "app"}
	add := func(action syscalltable.Action) {
		arch := arches[random.IntN(len(arches))]
		var numbers []int32
		for nr := range arch.Calls() {
			numbers = append(numbers, nr)
		}
		nr := numbers[random.IntN(len(numbers))]
		if len(g.Calls) > 0 && random.IntN(20) == 0 {
			nr = 100000
		}
		if key := fmt.Sprint(arch, nr, action); !seen[key] {
			seen[key] = true
			g.Calls = append(g.Calls, aggregate.Call{Arch: arch, NR: nr, Action: action, Count: 1 + random.Int64N(9)})
		}
	}
	add(syscalltable.ActionLog)
	for range random.IntN(60) {
		add([]syscalltable.Action{syscalltable.ActionLog, syscalltable.ActionLog, syscalltable.ActionErrno, syscalltable.ActionKillProcess}[random.IntN(4)])
	}
	return &aggregate.Summary{Groups: []aggregate.Group{g}, Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
}

// TestCheckForgedCounts checks that denials do not add up to none, whatever
// numbers a report has.
func TestCheckForgedCounts(t *testing.T) {
	s := &aggregate.Summary{By: []aggregate.Key{aggregate.ByPID}}
	for pid := range int32(4) {
		c := call(t, syscalltable.X86_64, "ptrace", syscalltable.ActionLog, 1<<62)
		s.Groups = append(s.Groups, aggregate.Group{PID: pid, Records: c.Count, Calls: []aggregate.Call{c}})
	}
	r, err := profile.Check(s, parse(t, answerProfile), profile.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Denied != math.MaxInt64 || r.Records != math.MaxInt64 {
		t.Errorf("denied %d of %d", r.Denied, r.Records)
	}
}
