package profile_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/moby/profiles/seccomp"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// Docker's own profile, read and evaluated here, has the rules that Docker
// gives the runtime.
func TestEvaluateAgreesWithDocker(t *testing.T) {
	text, err := json.Marshal(seccomp.DefaultProfile())
	if err != nil {
		t.Fatal(err)
	}
	d, err := profile.Parse(text, "docker")
	if err != nil {
		t.Fatal(err)
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		t.Fatal(err)
	}
	var kernel profile.KernelVersion
	if _, err := fmt.Sscanf(unix.ByteSliceToString(uts.Release[:]), "%d.%d", &kernel.Major, &kernel.Minor); err != nil {
		t.Fatal(err)
	}
	for _, caps := range [][]string{
		nil, profile.DefaultCaps(), {"CAP_SYS_ADMIN"}, {"CAP_BPF", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE"}, {"CAP_SYS_CHROOT"}, allCaps(d),
	} {
		t.Run(strings.Join(caps, " "), func(t *testing.T) {
			p, err := d.Evaluate(profile.Environment{Arch: nativeArch(), Caps: caps, Kernel: kernel})
			if err != nil {
				t.Fatal(err)
			}
			want, err := seccomp.GetDefaultProfile(&specs.Spec{Process: &specs.Process{Capabilities: &specs.LinuxCapabilities{Bounding: caps}}})
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rules) != len(want.Syscalls) {
				t.Fatalf("%d rules, Docker has %d", len(p.Rules), len(want.Syscalls))
			}
			for i, r := range p.Rules {
				w := want.Syscalls[i]
				if !slices.Equal(r.Names, w.Names) || r.Outcome.Action.SCMP() != string(w.Action) || len(r.Args) != len(w.Args) {
					t.Errorf("rule %d: %+v, Docker has %+v", i, r, w)
				}
			}
			if len(want.Architectures) == 0 { // Docker does not run on this one; its runtime would add it
				want.Architectures = []specs.Arch{specs.Arch(nativeArch().SCMP())}
			}
			if len(p.Arches) != len(want.Architectures) {
				t.Errorf("architectures %v, Docker has %v", p.Arches, want.Architectures)
			}
			if len(p.Notes) != 1 {
				t.Errorf("notes = %q, want one, that it was evaluated", p.Notes)
			}
		})
	}
}

// What is settled answers as the profile with conditions does, and has none.
func TestSettle(t *testing.T) {
	d, _, err := profile.BuiltIn(profile.RuntimeDefaultName)
	if err != nil {
		t.Fatal(err)
	}
	d.Flags = []specs.LinuxSeccompFlag{specs.LinuxSeccompFlagLog}
	for _, env := range []profile.Environment{
		{Arch: x86_64}, {Arch: x86_64, Caps: allCaps(d)}, {Arch: x86_64, Kernel: profile.KernelVersion{Major: 4, Minor: 4}},
		{Arch: syscalltable.AArch64, Caps: profile.DefaultCaps()}, {Arch: syscalltable.S390X},
	} {
		settled, err := d.Settle(env)
		if err != nil {
			t.Fatal(err)
		}
		if settled.Conditional() || !slices.Equal(settled.Flags, d.Flags) {
			t.Errorf("%v: has conditions, or lost the flags %v", env, settled.Flags)
		}
		want, err := d.Evaluate(env)
		if err != nil {
			t.Fatal(err)
		}
		got, err := settled.Evaluate(env)
		if err != nil {
			t.Fatal(err)
		}
		for _, arch := range syscalltable.Arches() {
			for nr, name := range arch.Calls() {
				if g, w := got.Answer(arch, nr), want.Answer(arch, nr); g.String() != w.String() {
					t.Errorf("%v: %s on %s is answered with %s, want %s", env, name, arch, g, w)
				}
			}
		}
	}
}

// allCaps returns every capability that a document asks about.
func allCaps(d *profile.Document) []string {
	var caps []string
	for _, r := range d.Rules {
		caps = append(caps, slices.Concat(r.Includes.Caps, r.Excludes.Caps)...)
	}
	slices.Sort(caps)
	return slices.Compact(caps)
}

// Docker's own profile, amended, denies nothing that it has a name for: not
// for want of a rule, nor of a capability, nor of an architecture.
func TestAmendDocker(t *testing.T) {
	p := seccomp.DefaultProfile()
	p.ArchMap[0].SubArches = nil
	encoded := func() string {
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var calls []aggregate.Call
	for _, arch := range []syscalltable.Arch{x86_64, i386, x32} {
		for nr := range arch.Calls() {
			calls = append(calls, aggregate.Call{Arch: arch, NR: nr, Action: syscalltable.ActionErrno, Count: 1})
		}
	}
	s := summary("app", calls...)
	a := replay(t, s, encoded()).Amendment
	if want := "list SCMP_ARCH_X86; list SCMP_ARCH_X32; allow x86_64 "; !strings.HasPrefix(amendmentText(a), want) || len(a.Remove) == 0 {
		t.Errorf("amendment: %s", amendmentText(a))
	}
	for _, r := range a.Remove {
		var rule int
		if _, err := fmt.Sscanf(r.Rule, "syscalls[%d]", &rule); err != nil {
			t.Fatalf("%q: %v", r.Rule, err)
		}
		p.Syscalls[rule].Names = slices.DeleteFunc(p.Syscalls[rule].Names, func(name string) bool { return name == r.Name })
	}
	p.Syscalls = slices.DeleteFunc(p.Syscalls, func(rule *seccomp.Syscall) bool { return len(rule.Names) == 0 })
	for _, arch := range a.Architectures {
		p.ArchMap[0].SubArches = append(p.ArchMap[0].SubArches, specs.Arch(arch.SCMP()))
	}
	for _, n := range a.Allow {
		p.Syscalls = append(p.Syscalls, &seccomp.Syscall{LinuxSyscall: n.Rule()})
	}
	if after := replay(t, s, encoded()); after.Denied > 0 {
		t.Errorf("%d calls are denied still, such as %s: %s", after.Denied, after.Calls[0].Call.Name(), after.Calls[0].Answer.Because)
	}
}
