package profile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/audittest"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/internal/lab"
	"github.com/auditscan/auditscan/syscalltable"
)

const logEverything = `{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32"]}`

func listen(t *testing.T) *lab.Listener {
	t.Helper()
	audittest.Need(t)
	l, err := lab.Listen()
	if err != nil {
		t.Skipf("needs the kernel's audit records (CAP_AUDIT_READ): %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// record runs a container under a filter that logs everything and returns the
// summary of what it and the runtime did.
func record(t *testing.T, l *lab.Listener, b *lab.Bundle, c lab.Container) *aggregate.Summary {
	t.Helper()
	if _, err := l.Drain(); err != nil {
		t.Fatal(err)
	}
	c.Seccomp = []byte(logEverything)
	if _, err := b.Run(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	records, err := l.Drain()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Base(c.Args[0])
	groups := map[string]map[aggregate.Call]int64{}
	for _, r := range lab.OfProgram(records, program) {
		call := aggregate.Call{Arch: syscalltable.Resolve(r.Arch, r.NR), NR: r.NR, Action: syscalltable.ActionOf(r.Code)}
		if groups[r.Comm] == nil {
			groups[r.Comm] = map[aggregate.Call]int64{}
		}
		groups[r.Comm][call]++
	}
	if len(groups) != 2 {
		t.Skipf("needs SECCOMP audit records: got those of %v, want those of the runtime and %s (audit=0?)", slices.Sorted(maps.Keys(groups)), program)
	}
	s := &aggregate.Summary{Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
	for comm, calls := range groups {
		g := aggregate.Group{Comm: comm}
		for call, n := range calls {
			call.Count = n
			g.Calls = append(g.Calls, call)
		}
		s.Groups = append(s.Groups, g)
	}
	return s
}

// Learned from one run, enforced in many: the list of the runtime's start-up
// calls makes up for those that one run does not show.
func TestOneRunIsEnough(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			needContainers(t, runtime)
			if runtime == "crun" {
				if err := lab.PrivateCgroup2(); err != nil {
					t.Skipf("needs a mount namespace with cgroup v2: %v", err)
				}
			}
			l := listen(t)
			b, end := busybox(t)
			for _, c := range []lab.Container{{NoNewPrivileges: true}, {NoNewPrivileges: false}, {NoNewPrivileges: false, UID: 1000}} {
				c.Runtime, c.Args = runtime, end
				r := build(t, record(t, l, b, c), profile.Options{})
				wantHow := map[bool]string{true: "no_new_privs on", false: "no_new_privs off"}[c.NoNewPrivileges]
				if want := runtime + ", as seen in the log, " + wantHow; r.Startup != want {
					t.Errorf("startup = %q, want %q", r.Startup, want)
				}
				c.Seccomp = []byte(encode(t, r.Profile))
				for i := range 10 {
					if _, err := b.Run(context.Background(), c); err != nil {
						t.Fatalf("start %d of %+v: %v", i, c.NoNewPrivileges, err)
					}
				}
				if err := b.CreateAndStart(context.Background(), c, 100*time.Millisecond); err != nil {
					t.Fatalf("created and started: %v", err)
				}
			}
		})
	}
}

// What a start makes after loading the filter is on the list: a version of
// the runtime that makes other calls needs a measurement of its own.
func TestStartupListKnowsThisRuntime(t *testing.T) {
	needContainers(t, "runc")
	l := listen(t)
	b, end := busybox(t)
	listed := added(build(t, summary("app", logged(t, "sync")...), profile.Options{Runtime: profile.RuntimeRunc}))
	for _, noNewPrivs := range []bool{true, false} {
		s := record(t, l, b, lab.Container{Runtime: "runc", Args: end, NoNewPrivileges: noNewPrivs})
		for _, g := range s.Groups {
			for _, c := range g.Calls {
				name, _ := c.Arch.Name(c.NR)
				if _, ok := listed[name]; !ok && "/"+g.Comm != end[0] {
					t.Errorf("runc makes %s, which is not on its list: measure it, see profile/internal/lab/measure", name)
				}
			}
		}
	}
}

// probe builds the program of testdata/probe and a bundle that has it under a
// name of its own.
func probe(t *testing.T) (b *lab.Bundle, program string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe")
	cmd := exec.Command("go", "build", "-o", path, "./testdata/probe")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("needs the go command to build the probe: %v\n%s", err, out)
	}
	program = fmt.Sprintf("probe-%d", os.Getpid())
	b, err := lab.NewBundle(t.TempDir(), map[string]string{program: path})
	if err != nil {
		t.Fatal(err)
	}
	return b, "/" + program
}

// The whole circle in the kernel: a program is recorded, runs under its
// profile, and further rules are answered as the policy says, arguments and
// foreign architectures included.
func TestKernelAnswersAsThePolicy(t *testing.T) {
	needContainers(t, "runc")
	if nativeArch() != x86_64 {
		t.Skip("needs x86_64, whose calls the probe makes")
	}
	l := listen(t)
	b, program := probe(t)
	c := lab.Container{Runtime: "runc", NoNewPrivileges: true, Args: []string{program, `[[39]]`}}
	p := build(t, record(t, l, b, c), profile.Options{}).Profile
	eq := func(index uint, value uint64) specs.LinuxSeccompArg {
		return specs.LinuxSeccompArg{Index: index, Value: value, Op: specs.OpEqualTo}
	}
	marked := func(n uint, args []specs.LinuxSeccompArg, names ...string) specs.LinuxSyscall {
		return specs.LinuxSyscall{Names: names, Action: specs.ActErrno, ErrnoRet: &n, Args: args}
	}
	p.Syscalls = append(p.Syscalls,
		specs.LinuxSyscall{Names: []string{"sched_yield", "futex_waitv"}, Action: specs.ActAllow},
		specs.LinuxSyscall{Names: []string{"getpgrp"}, Action: specs.ActLog},
		specs.LinuxSyscall{Names: []string{"sync"}, Action: specs.ActKillProcess},
		specs.LinuxSyscall{Names: []string{"syncfs"}, Action: specs.ActTrap},
		specs.LinuxSyscall{Names: []string{"personality"}, Action: specs.ActAllow, Args: []specs.LinuxSeccompArg{eq(0, 0xffffffff)}},
		marked(2001, nil, "getppid", "umask"),
		marked(2002, []specs.LinuxSeccompArg{eq(0, 8)}, "personality"),
		marked(2003, []specs.LinuxSeccompArg{eq(0, 1), eq(1, 2)}, "alarm"),
	)
	c.Seccomp = []byte(encode(t, p))
	policy := evaluate(t, string(c.Seccomp))

	number := func(name string) uint64 { return uint64(call(t, x86_64, name, syscalltable.ActionLog, 1).NR) }
	calls := [][]uint64{
		{number("sched_yield")}, {number("getpgrp")}, {number("getppid")}, {number("umask")}, {number("sync")}, {number("syncfs"), 0},
		{number("personality"), 0xffffffff}, {number("personality"), 8}, {number("personality"), 9},
		{number("alarm"), 1, 2}, {number("alarm"), 1, 3}, {number("acct"), 0}, {number("kexec_load")},
		{number("getpid") | 0x40000000}, {number("getpid") | 0x40000000 | 0x8000}, {440}, {0xffffffffffffffff},
	}
	text, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	c.Args = []string{program, string(text)}
	out, err := b.Run(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	if err := json.Unmarshal(out, &results); err != nil || len(results) != len(calls) {
		t.Fatalf("probe said %q: %v", out, err)
	}
	for i, got := range results {
		answer := policy.Answer(syscalltable.Resolve(uint32(x86_64), int32(calls[i][0])), int32(calls[i][0]))
		if !slices.ContainsFunc(answer.Possible, func(o profile.Outcome) bool { return consistent(o, got) }) {
			t.Errorf("call %v: the kernel did %s, the policy says %s (%s)", calls[i], got, answer, answer.Because)
		}
	}
	// What the arguments decide, the kernel decided in every way.
	if want := []string{"errno 0", "errno 2002", "errno 1"}; !slices.Equal(results[6:9], want) {
		t.Errorf("personality: %q, want %q", results[6:9], want)
	}
	if want := []string{"errno 2003", "errno 1"}; !slices.Equal(results[9:11], want) {
		t.Errorf("alarm: %q, want %q", results[9:11], want)
	}
}

// consistent reports whether an outcome explains what became of a call. Errors
// of its own the kernel numbers far below 2000; EPERM of the default is told
// from them by the call having no reason for it.
func consistent(o profile.Outcome, got string) bool {
	switch o.Action {
	case syscalltable.ActionAllow, syscalltable.ActionLog:
		return got == "errno 0"
	case syscalltable.ActionErrno:
		return got == fmt.Sprintf("errno %d", o.Errno)
	}
	return got == "signal 31" // SIGSYS
}

// Rules that contradict each other mean to runc and libseccomp what the
// policy makes of them. Its conditions keep Evaluate from refusing them; runc
// passes over these.
func TestContradictionsAsRuncHasThem(t *testing.T) {
	needContainers(t, "runc")
	if nativeArch() != x86_64 {
		t.Skip("needs x86_64, whose calls the profiles are made of")
	}
	const never = `"excludes": {"caps": ["CAP_BPF"]}`
	rule := func(action string, args ...int) string {
		var list []string
		for i, v := range args {
			list = append(list, fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_EQ"}`, i, v))
		}
		return fmt.Sprintf(`{"names": ["personality"], "action": "SCMP_ACT_%s", "args": [%s], %s}`, action, strings.Join(list, ", "), never)
	}
	b, end := busybox(t)
	for _, c := range []struct {
		name, def string
		rules     []string
		want      string // "": refused by both
	}{
		{"the first of two", "ALLOW", []string{rule("KILL"), rule("ERRNO")}, "kill_thread"},
		{"the first of two, swapped", "ALLOW", []string{rule("ERRNO"), rule("KILL")}, "errno(EPERM)"},
		{"without arguments first", "ALLOW", []string{rule("ERRNO"), rule("KILL", 0)}, "errno(EPERM)"},
		{"without arguments last", "ALLOW", []string{rule("KILL", 0), rule("ERRNO")}, "errno(EPERM)"},
		{"like the default first", "ALLOW", []string{rule("ALLOW"), rule("ERRNO")}, "errno(EPERM)"},
		{"like the default beside arguments", "ALLOW", []string{rule("ALLOW"), rule("ERRNO", 0)}, "allow or errno(EPERM)"},
		{"the same arguments", "ALLOW", []string{rule("KILL", 0), rule("ERRNO", 0)}, ""},
		{"longer chain first", "ALLOW", []string{rule("KILL", 0, 1), rule("ERRNO", 0)}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_%s", "syscalls": [%s]}`, c.def, strings.Join(c.rules, ", "))
			d := parse(t, text)
			p, err := d.Evaluate(profile.Environment{Arch: x86_64})
			if c.want == "" {
				if _, runErr := b.Run(context.Background(), lab.Container{Runtime: "runc", Args: end, Seccomp: []byte(text)}); err == nil || runErr == nil {
					t.Fatalf("Evaluate: %v, runc: %v; want both to refuse", err, runErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Answer(x86_64, 135).String(); got != c.want {
				t.Errorf("policy: %s, want %s", got, c.want)
			}
			f := kernelFilter(t, b, []byte(text))
			seen := map[string]bool{}
			for _, arg := range []uint64{0, 1} {
				seen[ask(t, f, x86_64, 135, [6]uint64{arg}).String()] = true
			}
			if got := strings.Join(slices.Sorted(maps.Keys(seen)), " or "); got != c.want {
				t.Errorf("kernel: %s, want %s", got, c.want)
			}
		})
	}
}
