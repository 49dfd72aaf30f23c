package profile_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// amendmentText is an amendment in a line.
func amendmentText(a *profile.Amendment) string {
	var list []string
	for _, arch := range a.Architectures {
		list = append(list, "list "+arch.SCMP())
	}
	for _, n := range a.Allow {
		list = append(list, fmt.Sprintf("allow %s %s", n.Arch, strings.Join(n.Names, " ")))
	}
	for _, r := range a.Remove {
		list = append(list, fmt.Sprintf("take %s out of %s", r.Name, r.Rule))
	}
	for _, u := range a.Impossible {
		list = append(list, fmt.Sprintf("not %d of %s, %d times: %s", u.NR, u.Arch, u.Records, u.Reason))
	}
	return strings.Join(list, "; ")
}

func TestAmendment(t *testing.T) {
	const denied = syscalltable.ActionErrno
	on := func(arch syscalltable.Arch, names ...string) (calls []aggregate.Call) {
		for _, name := range names {
			calls = append(calls, call(t, arch, name, denied, 1))
		}
		return calls
	}
	nameless := aggregate.Call{Arch: x86_64, NR: 99999, Action: denied, Count: 3}
	for _, c := range []struct {
		name, profile string
		calls         []aggregate.Call
		want          string
	}{
		{"nothing denied", answerProfile, on(x86_64, "read", "personality"), ""},
		{"no rule", answerProfile, on(x86_64, "openat", "mkdirat"), "allow x86_64 mkdirat openat"},
		{"libseccomp's names", answerProfile, on(x86_64, "pread64", "newfstatat"), "allow x86_64 newfstatat pread64"},
		{"each name once", answerProfile, append(on(i386, "openat", "socketcall"), on(x86_64, "openat")...), "allow x86_64 openat; allow i386 socketcall"},
		{"a rule in the way", answerProfile, append(on(x86_64, "ptrace"), on(i386, "ptrace")...), "allow x86_64 ptrace; take ptrace out of syscalls[3] (line 8)"},
		{"a rule like the default", answerProfile, on(x86_64, "setns"), "allow x86_64 setns; take setns out of syscalls[7] (line 12)"},
		{"a rule with arguments", answerProfile, on(x86_64, "socket"), "allow x86_64 socket; take socket out of syscalls[10] (line 15)"},
		{"a rule behind it allows", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
			{"names": ["setns"], "action": "SCMP_ACT_KILL", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}, {"names": ["setns"], "action": "SCMP_ACT_ALLOW"}]}`,
			on(x86_64, "setns"), "take setns out of syscalls[0] (line 2)"},
		{"a rule behind it allows some", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [
			{"names": ["setns"], "action": "SCMP_ACT_KILL", "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
			{"names": ["setns"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 1, "value": 0, "op": "SCMP_CMP_EQ"}]}]}`,
			on(x86_64, "setns"), "allow x86_64 setns; take setns out of syscalls[0] (line 2)"},
		{"another architecture", answerProfile, on(x32, "read", "openat"), "list SCMP_ARCH_X32; allow x32 openat"},
		{"only the architecture", `{"defaultAction": "SCMP_ACT_ALLOW"}`, on(i386, "read"), "list SCMP_ARCH_X86"},
		{"deny-list", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_KILL"}]}`, on(x86_64, "ptrace"),
			"take ptrace out of syscalls[0] (line 1)"},
		{"no name", answerProfile, append(on(x86_64, "mkdirat"), nameless, nameless),
			"allow x86_64 mkdirat; not 99999 of x86_64, 6 times: the number is not in the table of " + syscalltable.KernelVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := replay(t, summary("app", c.calls...), c.profile)
			if got := amendmentText(r.Amendment); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if r.Amendment.Empty() != (c.want == "") {
				t.Errorf("Empty is %t", r.Amendment.Empty())
			}
			var out bytes.Buffer
			if err := r.WriteJSON(&out); err != nil {
				t.Fatal(err)
			}
			validate(t, "schema/check.schema.json", out.Bytes())
		})
	}
}

// Without the profile, what ran counts as allowed, and an architecture that
// is not a host's own may have to be listed.
func TestAmendDenied(t *testing.T) {
	s := summary("app", logged(t, "read")...)
	s.Groups = append(s.Groups, summary("other",
		call(t, x86_64, "mkdirat", syscalltable.ActionErrno, 1), call(t, x86_64, "read", syscalltable.ActionAllow, 1),
		call(t, x86_64, "mkdirat", syscalltable.ActionKillProcess, 1), call(t, i386, "socketcall", syscalltable.ActionTrap, 1),
		call(t, x32, "mkdirat", syscalltable.ActionUserNotif, 1), call(t, syscalltable.AArch64, "fchmod", syscalltable.ActionTrace, 1),
		aggregate.Call{Arch: syscalltable.NoArch, NR: 3, Action: syscalltable.ActionUnknown, Count: 4}).Groups...)
	const want = "list SCMP_ARCH_X86; list SCMP_ARCH_X32; allow x86_64 mkdirat; allow i386 socketcall; allow aarch64 fchmod; not 3 of , 4 times: the record has no architecture"
	if got := amendmentText(profile.AmendDenied(s)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAmendmentRequires(t *testing.T) {
	for name, want := range map[string]profile.LibseccompVersion{"mkdirat": {}, "listns": {Major: 2, Minor: 6, Patch: 1}} {
		s := summary("app", call(t, x86_64, name, syscalltable.ActionErrno, 1), call(t, i386, "read", syscalltable.ActionErrno, 1))
		if got := profile.AmendDenied(s).Requires().Libseccomp; got != want {
			t.Errorf("%s: libseccomp %s, want %s", name, got, want)
		}
	}
}

// amended applies an amendment to a profile.
func amended(t *testing.T, text string, a *profile.Amendment) string {
	t.Helper()
	var p specs.LinuxSeccomp
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	for _, r := range a.Remove {
		var rule, line int
		if _, err := fmt.Sscanf(r.Rule, "syscalls[%d] (line %d)", &rule, &line); err != nil {
			t.Fatalf("%q: %v", r.Rule, err)
		}
		names := &p.Syscalls[rule].Names
		*names = slices.DeleteFunc(*names, func(name string) bool { return name == r.Name })
	}
	for _, arch := range a.Architectures {
		p.Architectures = append(p.Architectures, specs.Arch(arch.SCMP()))
	}
	for _, n := range a.Allow {
		p.Syscalls = append(p.Syscalls, n.Rule())
	}
	p.Syscalls = slices.DeleteFunc(p.Syscalls, func(rule specs.LinuxSyscall) bool { return len(rule.Names) == 0 })
	out, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// randomDenials is a profile that has rules of every kind for some of a summary's names.
func randomDenials(random *rand.Rand, s *aggregate.Summary) string {
	pick := func(list ...specs.LinuxSeccompAction) specs.LinuxSeccompAction { return list[random.IntN(len(list))] }
	p := specs.LinuxSeccomp{DefaultAction: pick(specs.ActErrno, specs.ActKillProcess, specs.ActAllow)}
	ruled := map[string]bool{}
	for _, c := range s.Groups[0].Calls {
		if random.IntN(3) == 0 {
			p.Architectures = append(p.Architectures, specs.Arch(c.Arch.SCMP()))
		}
		if random.IntN(2) == 0 || c.Name() == "" || ruled[c.Name()] {
			continue
		}
		ruled[c.Name()] = true
		rule := specs.LinuxSyscall{Names: []string{c.Name()}, Action: pick(specs.ActErrno, specs.ActKillProcess, specs.ActAllow, specs.ActTrap)}
		if random.IntN(4) == 0 && !strings.Contains("ipc socketcall", c.Name()) {
			rule.Args = []specs.LinuxSeccompArg{{Index: 0, Value: 8, Op: specs.OpEqualTo}}
		}
		p.Syscalls = append(p.Syscalls, rule)
	}
	slices.Sort(p.Architectures)
	p.Architectures = slices.Compact(p.Architectures)
	text, _ := json.MarshalIndent(p, "", " ")
	return string(text)
}

// Amended, a profile denies nothing of the log but what is impossible; with a
// name less, the call of that name.
func TestAmendedProfileFits(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	less := 0
	for range 300 {
		s := randomSummary(random)
		text := randomDenials(random, s)
		a := replay(t, s, text).Amendment
		after := replay(t, s, amended(t, text, a))
		for i := range after.Calls {
			if c := &after.Calls[i]; c.Call.Name() != "" && c.Answer.Effect() == profile.Denies {
				t.Fatalf("%s of %s gets %s (%s) for all of %q, added to\n%s", c.Call.Name(), c.Call.Arch, c.Answer, c.Answer.Because, amendmentText(a), text)
			}
		}
		if len(a.Allow) == 0 {
			continue
		}
		gone := a.Allow[0].Names[0]
		a.Allow[0].Names = a.Allow[0].Names[1:]
		again := replay(t, s, amended(t, text, a))
		if !slices.ContainsFunc(again.Calls, func(c profile.CheckedCall) bool { return c.Call.Name() == gone && c.Answer.Effect() == profile.Denies }) {
			t.Fatalf("%s need not be added:\n%s", gone, text)
		}
		less++
	}
	if less < 100 {
		t.Errorf("only %d profiles lacked a name", less)
	}
}
