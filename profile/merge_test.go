package profile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// named parses a profile under a name of its own.
func named(t *testing.T, name, text string) *profile.Document {
	t.Helper()
	d, err := profile.Parse([]byte(text), name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func write(t *testing.T, d *profile.Document, f profile.Format) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := d.Write(&out, f, profile.Meta{Name: "app"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rules returns what a document says about each call, a line each.
func rules(d *profile.Document) []string {
	var list []string
	for _, r := range d.Rules {
		for _, name := range r.Names {
			s := name + " " + r.Outcome.String()
			for _, a := range r.Args {
				s += fmt.Sprintf(" arg%d %s %d", a.Index, a.Op, a.Value)
			}
			if len(r.Includes.Caps) > 0 {
				s += " with " + strings.Join(r.Includes.Caps, ",")
			}
			if len(r.Excludes.Caps) > 0 {
				s += " without " + strings.Join(r.Excludes.Caps, ",")
			}
			list = append(list, s)
		}
	}
	return list
}

func TestMerge(t *testing.T) {
	const eq = `"args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]`
	const eq9 = `"args": [{"index": 0, "value": 9, "op": "SCMP_CMP_EQ"}]`
	profileOf := func(rules string) string {
		return `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` + rules + `]}`
	}
	for _, c := range []struct {
		name, a, b string
		want       []string
	}{
		{"union", `{"names": ["write", "read"], "action": "SCMP_ACT_ALLOW"}`, `{"names": ["read", "openat"], "action": "SCMP_ACT_ALLOW"}`,
			[]string{"openat allow", "read allow", "write allow"}},
		{"an error number is kept", `{"names": ["clone"], "action": "SCMP_ACT_ALLOW"}`, `{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}`,
			[]string{"clone allow", "clone3 errno(ENOSYS)"}},
		{"allowed beats refused", `{"names": ["clone3"], "action": "SCMP_ACT_ALLOW"}`, `{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}`,
			[]string{"clone3 allow"}},
		{"arguments are kept", `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", ` + eq + `}`, `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", ` + eq9 + `}`,
			[]string{"clone allow arg0 SCMP_CMP_EQ 8", "clone allow arg0 SCMP_CMP_EQ 9"}},
		{"any arguments beat some", `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", ` + eq + `}`, `{"names": ["clone"], "action": "SCMP_ACT_ALLOW"}`,
			[]string{"clone allow"}},
		{"some arguments beat refused", `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", ` + eq + `}`, `{"names": ["clone"], "action": "SCMP_ACT_KILL"}`,
			[]string{"clone allow arg0 SCMP_CMP_EQ 8"}},
		{"refused in two ways by arguments", `{"names": ["clone"], "action": "SCMP_ACT_KILL", ` + eq + `}`, `{"names": ["clone"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, ` + eq9 + `}`,
			[]string{"clone errno(ENOENT) arg0 SCMP_CMP_EQ 9", "clone kill_thread arg0 SCMP_CMP_EQ 8"}},
		{"logged and allowed", `{"names": ["read"], "action": "SCMP_ACT_LOG"}`, `{"names": ["read"], "action": "SCMP_ACT_ALLOW"}`,
			[]string{"read allow"}},
		{"conditions are kept", `{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}}`, `{"names": ["bpf"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "excludes": {"caps": ["CAP_BPF"]}}`,
			[]string{"bpf allow with CAP_BPF", "bpf errno(ENOENT) without CAP_BPF"}},
		{"always beats a condition", `{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}}`, `{"names": ["bpf"], "action": "SCMP_ACT_ALLOW"}`,
			[]string{"bpf allow"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := named(t, "a.json", profileOf(c.a)), named(t, "b.json", profileOf(c.b))
			for _, order := range [][]*profile.Document{{a, b}, {b, a}, {a, b, a}} {
				m, err := profile.Merge(order...)
				if err != nil {
					t.Fatal(err)
				}
				if got := rules(m); !slices.Equal(got, c.want) {
					t.Errorf("rules = %q, want %q", got, c.want)
				}
			}
		})
	}
}

func TestMergeArchitectures(t *testing.T) {
	plain := named(t, "a.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X32", "SCMP_ARCH_AARCH64"]}`)
	other := named(t, "b.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"]}`)
	mapped := named(t, "c.json", `{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}]}`)
	m, err := profile.Merge(plain, other)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.Architectures, m.ArchMap); got != "[x86_64 x32 aarch64] []" {
		t.Errorf("architectures = %s", got)
	}
	m, err = profile.Merge(plain, mapped)
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(m.Architectures, m.ArchMap); got != "[] [{x86_64 [i386 x32]} {aarch64 []}]" {
		t.Errorf("archMap = %s", got)
	}
}

func TestMergeErrors(t *testing.T) {
	const rule38 = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [` + "\n" + `{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`
	for _, c := range []struct{ name, a, b, want string }{
		{"defaults", `{"defaultAction": "SCMP_ACT_ERRNO"}`, `{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38}`,
			"b.json: answers errno(ENOSYS) by default, but a.json errno(EPERM)"},
		{"deny-list", `{"defaultAction": "SCMP_ACT_ERRNO"}`, `{"defaultAction": "SCMP_ACT_ALLOW"}`,
			"b.json: lets calls run by default (allow): only allow-lists can be merged"},
		{"error numbers", rule38, strings.Replace(rule38, "38", "2", 1),
			"a.json:2:1: syscalls[0]: clone3 is answered with errno(ENOSYS) here and with errno(ENOENT) by b.json syscalls[0] (line 2)"},
		{"listeners", `{"defaultAction": "SCMP_ACT_ERRNO", "listenerPath": "/a"}`, `{"defaultAction": "SCMP_ACT_ERRNO", "listenerPath": "/b"}`,
			`b.json: has listenerPath "/b", but a.json "/a"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := profile.Merge(named(t, "a.json", c.a), named(t, "b.json", c.b))
			if err == nil || err.Error() != c.want {
				t.Errorf("Merge = %v, %v; want %q", m, err, c.want)
			}
		})
	}
	if _, err := profile.Merge(); err == nil {
		t.Error("nothing was merged")
	}
}

// Merging is associative, commutative and idempotent, and the result lets run
// what any part lets run.
func TestMergeProperties(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	merge := func(list ...*profile.Document) *profile.Document {
		m, err := profile.Merge(list...)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	same := func(what string, a, b *profile.Document) {
		t.Helper()
		if x, y := write(t, a, profile.FormatDocker), write(t, b, profile.FormatDocker); x != y {
			t.Fatalf("%s:\n%s\n%s", what, x, y)
		}
	}
	for range 300 {
		a, b, c := randomAllowList(t, random), randomAllowList(t, random), randomAllowList(t, random)
		same("commutative", merge(a, b), merge(b, a))
		same("associative", merge(merge(a, b), c), merge(a, merge(b, c)))
		same("at once", merge(merge(a, b), c), merge(a, b, c))
		ab := merge(a, b)
		same("idempotent", merge(ab, ab), ab)
		same("absorbing", merge(ab, a), ab)
		for _, part := range []*profile.Document{a, b} {
			permits(t, part, ab)
		}
	}
}

// permits checks that the union lets run whatever the part lets run.
func permits(t *testing.T, part, union *profile.Document) {
	t.Helper()
	env := profile.Environment{Arch: x86_64, Caps: []string{"CAP_BPF"}}
	p, err := part.Evaluate(env)
	if err != nil {
		t.Fatal(err)
	}
	u, err := union.Evaluate(env)
	if err != nil {
		t.Fatalf("the union contradicts itself: %v", err)
	}
	for nr := range int32(20) {
		before, after := p.Answer(x86_64, nr), u.Answer(x86_64, nr)
		if before.Effect() == profile.Runs && after.Effect() != profile.Runs || before.Effect() == profile.Depends && after.Effect() == profile.Denies {
			t.Fatalf("call %d: %s in a part, %s in the union\n%s\n%s", nr, before, after, write(t, part, profile.FormatDocker), write(t, union, profile.FormatDocker))
		}
	}
}

// randomAllowList is about the first calls of x86_64. Two of them never refuse
// a call with different numbers, which cannot be merged.
func randomAllowList(t *testing.T, random *rand.Rand) *profile.Document {
	t.Helper()
	var list []string
	seen := map[int32]bool{}
	for range random.IntN(12) {
		nr := random.Int32N(20)
		name, _ := x86_64.Name(nr)
		if seen[nr] {
			continue
		}
		seen[nr] = true
		outcome := []string{`"SCMP_ACT_ALLOW"`, `"SCMP_ACT_ALLOW"`, `"SCMP_ACT_LOG"`, fmt.Sprintf(`"SCMP_ACT_ERRNO", "errnoRet": %d`, nr+2)}[random.IntN(4)]
		rule := fmt.Sprintf(`{"names": ["%s"], "action": %s`, name, outcome)
		switch random.IntN(4) {
		case 0:
			rule += fmt.Sprintf(`, "args": [{"index": 0, "value": %d, "op": "SCMP_CMP_EQ"}]`, random.IntN(3))
		case 1:
			rule += `, "includes": {"caps": ["CAP_BPF"]}`
		}
		list = append(list, rule+"}")
	}
	arches := []string{`["SCMP_ARCH_X86_64"]`, `["SCMP_ARCH_X86", "SCMP_ARCH_X86_64"]`, `null`}[random.IntN(3)]
	return parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": `+arches+`, "syscalls": [`+strings.Join(list, ", ")+`]}`)
}

// A recording in parts, each under the profile that logs only what is not
// known yet, gives the profile of one long recording, and ever shorter logs.
func TestRecordingInParts(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	for round := range 200 {
		var all []aggregate.Call
		for range 3 {
			all = append(all, randomSummary(random).Groups[0].Calls...)
		}
		// socketcall and ipc go unlogged for what is known, and will run for it.
		kernel := host(all[0].Arch)
		all = slices.DeleteFunc(all, func(c aggregate.Call) bool {
			return host(c.Arch) != kernel || c.Name() == "" || c.Name() == "socketcall" || c.Name() == "ipc"
		})
		for i := range all {
			all[i].Action = syscalltable.ActionLog
		}
		o := profile.Options{Exact: round%2 == 0, Runtime: profile.RuntimeNone}
		whole := build(t, summary("app", unique(all)...), o)

		var base *profile.Document
		for part := range 3 {
			ran := unique(all[part*len(all)/3 : (part+1)*len(all)/3])
			if nr, ok := kernel.Number("exit_group"); ok {
				ran = unique(append(ran, aggregate.Call{Arch: kernel, NR: nr, Action: syscalltable.ActionLog, Count: 1}))
			}
			logged := loggedUnder(t, base, ran)
			if len(logged) == 0 {
				continue
			}
			part := o
			part.Base = base
			base = build(t, summary("app", logged...), part).Document
		}
		got, want := parse(t, write(t, base, profile.FormatOCI)), parse(t, write(t, whole.Document, profile.FormatOCI))
		for _, r := range [][]string{without(rules(want), rules(got)), without(rules(got), append(rules(want), "exit_group allow"))} {
			if len(r) > 0 {
				t.Fatalf("recorded in parts: %q\nin one: %q", rules(got), rules(want))
			}
		}
		if len(without(archs(want.Architectures), archs(got.Architectures))) > 0 {
			t.Fatalf("recorded in parts: %v, in one: %v", got.Architectures, want.Architectures)
		}
	}
}

// host returns the architecture of the kernel that runs another one's calls.
func host(a syscalltable.Arch) syscalltable.Arch {
	switch a {
	case i386, x32:
		return x86_64
	case syscalltable.ARM:
		return syscalltable.AArch64
	case syscalltable.S390:
		return syscalltable.S390X
	case syscalltable.MIPSEL, syscalltable.MIPSEL64N32:
		return syscalltable.MIPSEL64
	}
	return a
}

// unique adds up calls that are the same.
func unique(calls []aggregate.Call) []aggregate.Call {
	var list []aggregate.Call
	for _, c := range calls {
		if !slices.ContainsFunc(list, func(o aggregate.Call) bool { return o.Arch == c.Arch && o.NR == c.NR }) {
			list = append(list, c)
		}
	}
	return list
}

// loggedUnder returns the calls that leave a record while a base profile's
// recording profile is loaded; without a base all do.
func loggedUnder(t *testing.T, base *profile.Document, ran []aggregate.Call) []aggregate.Call {
	t.Helper()
	if base == nil {
		return ran
	}
	rec, err := base.Recording()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parse(t, write(t, rec, profile.FormatOCI)).Evaluate(profile.Environment{Arch: host(ran[0].Arch)})
	if err != nil {
		t.Fatal(err)
	}
	var logged []aggregate.Call
	for _, c := range ran {
		a := p.Answer(c.Arch, c.NR)
		if a.Effect() != profile.Runs {
			t.Fatalf("a recording profile refuses call %d of %s: %s (%s)", c.NR, c.Arch, a, a.Because)
		}
		if a.Possible[0].Action == syscalltable.ActionLog {
			logged = append(logged, c)
		}
	}
	return logged
}

// without returns the first list's elements that the second lacks.
func without(list, other []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
}

func TestRecording(t *testing.T) {
	d := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["exit_group", "read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
		{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 17, "op": "SCMP_CMP_EQ"}]}]}`)
	rec, err := d.Recording()
	if err != nil {
		t.Fatal(err)
	}
	if rec.Default.Action != syscalltable.ActionLog || fmt.Sprint(rec.Architectures) != "[x86_64 i386 x32]" {
		t.Errorf("default %s, architectures %v", rec.Default, rec.Architectures)
	}
	if got, want := rules(rec), []string{"read allow", "clone allow arg0 SCMP_CMP_EQ 17"}; !slices.Equal(got, want) {
		t.Errorf("rules = %q, want %q", got, want)
	}
	if _, err := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]}`).Recording(); err == nil {
		t.Error("a conditional profile was taken")
	}
}

// What an enforced profile refused can be added to it.
func TestBuildOnBase(t *testing.T) {
	base := named(t, "app.json", `{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["read", "clone3"], "action": "SCMP_ACT_ALLOW"}]}`)
	denied := summary("app", call(t, x86_64, "ptrace", syscalltable.ActionErrno, 3))
	if _, err := profile.Build(denied, profile.Options{Base: base}); err == nil {
		t.Error("a log without LOG records was taken")
	}
	r := build(t, denied, profile.Options{Base: base, IncludeDenied: true, Exact: true})
	if got, want := rules(r.Document), []string{"clone3 allow", "ptrace allow", "read allow"}; !slices.Equal(got, want) {
		t.Errorf("rules = %q, want %q", got, want)
	}
	if r.Document.Default != base.Default {
		t.Errorf("default = %s, want that of the base, %s", r.Document.Default, base.Default)
	}
	r = build(t, summary("app", logged(t, "write", "clone")...), profile.Options{Base: base})
	for _, a := range r.Additions {
		if a.Name == "read" || a.Name == "clone3" {
			t.Errorf("added although the base has it: %+v", a)
		}
	}
	if _, err := profile.Build(denied, profile.Options{Base: base, IncludeDenied: true, Errno: 1}); err == nil {
		t.Error("another default than the base's was taken")
	}
}

// TestBuildOnBaseStarts: what a base lacks for a container to start is added: for
// starts without no_new_privs only where the base does not show that it is for
// starts with it.
func TestBuildOnBaseStarts(t *testing.T) {
	starts := func(d *profile.Document, nnp bool) (lacks []string) {
		p, err := d.Evaluate(profile.Environment{Arch: x86_64})
		if err != nil {
			t.Fatal(err)
		}
		list, err := p.Starts()
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.NoNewPrivileges == nnp {
				lacks = append(append(lacks, s.Lacks...), s.Rare...)
			}
		}
		return lacks
	}
	text := func(names ...string) string {
		return fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["%s"], "action": "SCMP_ACT_ALLOW"}]}`, strings.Join(names, `","`))
	}
	little := named(t, "little.json", text("read", "write", "close", "execve"))
	if lacks := starts(little, true); !slices.Contains(lacks, "fstatfs") || !slices.Contains(lacks, "getdents64") {
		t.Fatalf("a profile that starts nothing lacks %q", lacks)
	}
	s := summary("app", logged(t, "getpid")...)
	r := build(t, s, profile.Options{Base: little})
	if lacks := append(starts(r.Document, true), starts(r.Document, false)...); len(lacks) > 0 {
		t.Errorf("on a base for nothing in particular: lacks %q", lacks)
	}
	// As runc 1.1.5 needs it.
	forNNP := named(t, "nnp.json", text("close", "epoll_ctl", "execve", "fcntl", "fstatfs", "futex", "getdents64", "getpid", "openat", "rt_sigreturn", "write", "sched_yield"))
	r = build(t, s, profile.Options{Base: forNNP})
	if lacks := starts(r.Document, true); len(lacks) > 0 {
		t.Errorf("on a base for no_new_privs: lacks %q with it", lacks)
	}
	if slices.Contains(rules(r.Document), "setuid allow") {
		t.Error("on a base for no_new_privs the calls for starts without it were added")
	}
	if r = build(t, s, profile.Options{Base: little, Runtime: profile.RuntimeNone}); slices.Contains(rules(r.Document), "fstatfs allow") {
		t.Error("a container's start-up was added for none")
	}
}

// TestBaseKeepsDenying: what a base refuses by name stays refused, unless the
// caller has it otherwise; ENOSYS, by which programs fall back, refuses nothing.
func TestBaseKeepsDenying(t *testing.T) {
	base := named(t, "base.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
		{"names": ["read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["mkdir"], "action": "SCMP_ACT_KILL_PROCESS"},
		{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}]}`)
	s := summary("app", logged(t, "mkdir", "clone3", "rmdir")...)
	r := build(t, s, profile.Options{Base: base, Exact: true})
	if got, want := rules(r.Document), []string{"clone3 allow", "read allow", "rmdir allow", "mkdir kill_process"}; !slices.Equal(got, want) {
		t.Errorf("rules %q, want %q", got, want)
	}
	if want := []profile.Blocked{{Name: "mkdir", Outcome: "kill_process"}}; !slices.Equal(r.Blocked, want) {
		t.Errorf("blocked %v, want %v", r.Blocked, want)
	}
	r = build(t, s, profile.Options{Base: base, Exact: true, OverrideBase: true})
	if !slices.Contains(rules(r.Document), "mkdir allow") || len(r.Blocked) != 1 {
		t.Errorf("overridden: rules %q, blocked %v", rules(r.Document), r.Blocked)
	}
}
