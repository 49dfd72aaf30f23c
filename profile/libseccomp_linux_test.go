package profile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// libseccompRules is a profile as testdata/libseccomp.py takes it.
type libseccompRules struct {
	Default uint32   `json:"default"`
	Native  uint32   `json:"native"`
	Arches  []uint32 `json:"arches"`
	Rules   [][3]any `json:"rules"`
}

// libseccompFilters has libseccomp make filters, in hex.
func libseccompFilters(t *testing.T, policies []*specs.LinuxSeccomp, host syscalltable.Arch) []string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	var in bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, p := range policies {
		if err := enc.Encode(forLibseccomp(t, p, host)); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(python, "testdata/libseccomp.py")
	cmd.Stdin = &in
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil && strings.Contains(stderr.String(), "cannot open shared object") {
		t.Skip("libseccomp.so.2 is not installed")
	}
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	list := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(list) != len(policies) {
		t.Fatalf("%d filters of %d profiles", len(list), len(policies))
	}
	return list
}

// forLibseccomp writes a profile in numbers. Runtimes make a rule of each of
// several conditions on one argument.
func forLibseccomp(t *testing.T, p *specs.LinuxSeccomp, host syscalltable.Arch) libseccompRules {
	t.Helper()
	code := func(action specs.LinuxSeccompAction, errno *uint) uint32 {
		a, err := syscalltable.ParseAction(string(action))
		if err != nil {
			t.Fatal(err)
		}
		n := uint32(0)
		if errno != nil {
			n = uint32(*errno)
		} else if action == specs.ActErrno || action == specs.ActTrace {
			n = 1
		}
		return a.Code() | n
	}
	r := libseccompRules{Default: code(p.DefaultAction, p.DefaultErrnoRet), Native: uint32(host)}
	for _, a := range p.Architectures {
		arch, err := syscalltable.ParseArch(string(a))
		if err != nil {
			t.Fatal(err)
		}
		r.Arches = append(r.Arches, uint32(arch))
	}
	for _, s := range p.Syscalls {
		args := [][]any{}
		for _, a := range s.Args {
			args = append(args, []any{a.Index, a.Op, a.Value, a.ValueTwo})
		}
		for _, name := range s.Names {
			r.Rules = append(r.Rules, [3]any{code(s.Action, s.ErrnoRet), name, args})
		}
	}
	return r
}

// filterVM makes a machine of a filter in hex.
func filterVM(t *testing.T, text string) *bpf.VM {
	t.Helper()
	raw, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	var f []bpf.RawInstruction
	for ; len(raw) > 0; raw = raw[8:] {
		f = append(f, bpf.RawInstruction{Op: binary.NativeEndian.Uint16(raw), Jt: raw[2], Jf: raw[3], K: binary.NativeEndian.Uint32(raw[4:])})
	}
	return machine(t, f)
}

// argumentCalls are on all three architectures. Of i386's two ways to socket
// and shmget only the direct one has arguments that a filter can see.
var argumentCalls = []string{"personality", "prctl", "getpriority", "setpriority", "clone", "ioctl", "fcntl", "mprotect", "madvise", "kill", "socket", "shmget"}

// randomArguments makes a profile whose rules with arguments overlap.
func randomArguments(random *rand.Rand, arches ...specs.Arch) *specs.LinuxSeccomp {
	actions := []specs.LinuxSeccompAction{specs.ActErrno, specs.ActKillProcess, specs.ActLog, specs.ActAllow, specs.ActTrap}
	p := &specs.LinuxSeccomp{DefaultAction: actions[random.IntN(4)], Architectures: arches}
	several := random.IntN(2) == 0 // conditions in a rule
	for range 1 + random.IntN(12) {
		rule := specs.LinuxSyscall{Names: []string{argumentCalls[random.IntN(3+random.IntN(9))]}, Action: actions[random.IntN(len(actions))]}
		if rule.Action == specs.ActErrno {
			rule.ErrnoRet = errnoRet(random)
		}
		free := random.Perm(6)
		n := random.IntN(2)
		if several {
			n = random.IntN(4)
		}
		for i := range n {
			rule.Args = append(rule.Args, randomArgument(random, uint(free[i]), several))
		}
		p.Syscalls = append(p.Syscalls, rule)
	}
	return p
}

// randomValue is small, or has a small high word.
func randomValue(random *rand.Rand) uint64 {
	v := random.Uint64N(4)
	if random.IntN(4) == 0 {
		v |= random.Uint64N(3) << 32
	}
	return v
}

// randomArgument makes a condition, and where rules have several one of
// equality: of other comparisons in one rule, or of one that is part of a longer
// rule, libseccomp 2.5.4 drops some, or does not come back from them.
func randomArgument(random *rand.Rand, index uint, several bool) specs.LinuxSeccompArg {
	ops := []specs.LinuxSeccompOperator{specs.OpEqualTo, specs.OpMaskedEqual, specs.OpNotEqual, specs.OpLessThan, specs.OpLessEqual, specs.OpGreaterThan, specs.OpGreaterEqual}
	if several {
		ops = ops[:2]
	}
	a := specs.LinuxSeccompArg{Index: index, Op: ops[random.IntN(len(ops))], Value: randomValue(random)}
	if !slices.Contains(ops[:3], a.Op) { // of high words in orders it makes something else, too
		a.Value = uint64(uint32(a.Value))
	}
	if a.Op == specs.OpMaskedEqual {
		a.Value, a.ValueTwo = 1+random.Uint64N(3), random.Uint64N(8)
	}
	return a
}

// TestArgumentsAgreeWithLibseccomp: the filter that a policy compiles to gives
// the answers of the one that libseccomp makes of the same profile, whatever
// the arguments, and refuses what that refuses.
func TestArgumentsAgreeWithLibseccomp(t *testing.T) {
	const profiles = 300
	for _, c := range []struct {
		name   string
		host   syscalltable.Arch
		arches []specs.Arch
	}{
		{"x86_64", x86_64, []specs.Arch{specs.ArchX86_64, specs.ArchX86}},
		{"aarch64", syscalltable.AArch64, []specs.Arch{specs.ArchAARCH64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 7))
			var all []*specs.LinuxSeccomp
			for range profiles {
				all = append(all, randomArguments(random, c.arches...))
			}
			theirs := libseccompFilters(t, all, c.host)
			asked, stuck := 0, 0
			for i, p := range all {
				text, err := json.Marshal(p)
				if err != nil {
					t.Fatal(err)
				}
				ours, err := filterOf(text, c.host)
				if theirs[i] == "stuck" {
					stuck++
					continue
				}
				if refused := strings.HasPrefix(theirs[i], "refused"); refused != (err != nil) {
					t.Fatalf("profile %d: we say %v, libseccomp %.40s\n%s", i, err, theirs[i], text)
				}
				if err == nil {
					asked += compareFilters(t, random, c.host, machine(t, ours), filterVM(t, theirs[i]), text)
				}
			}
			t.Logf("%d answers; %d profiles that libseccomp does not come back from", asked, stuck)
		})
	}
}

func filterOf(text []byte, host syscalltable.Arch) ([]bpf.RawInstruction, error) {
	d, err := profile.Parse(text, "p.json")
	if err != nil {
		return nil, err
	}
	policy, err := d.Evaluate(profile.Environment{Arch: host, NoStub: true})
	if err != nil {
		return nil, err
	}
	return policy.Filter()
}

// compareFilters asks both about the calls of the rules with random arguments.
func compareFilters(t *testing.T, random *rand.Rand, host syscalltable.Arch, ours, theirs *bpf.VM, text []byte) (asked int) {
	t.Helper()
	for _, arch := range []syscalltable.Arch{host, i386} {
		if arch == i386 && host != x86_64 {
			continue
		}
		for _, name := range append([]string{"socketcall", "ipc"}, argumentCalls...) {
			nr, ok := arch.Number(name)
			if !ok {
				continue
			}
			for range 40 {
				var args [6]uint64
				for i := range args {
					args[i] = randomValue(random)
				}
				if random.IntN(8) == 0 {
					args[random.IntN(6)] = ^uint64(0)
				}
				asked++
				got, want := ask(t, ours, arch, nr, args), ask(t, theirs, arch, nr, args)
				if got != want {
					t.Fatalf("%s on %s, %x: ours %s, libseccomp's %s\n%s", name, arch, args, got, want, text)
				}
			}
		}
	}
	return asked
}
