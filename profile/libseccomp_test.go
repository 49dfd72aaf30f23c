package profile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
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
	r := libseccompRules{Default: code(p.DefaultAction, p.DefaultErrnoRet), Native: uint32(host), Rules: [][3]any{}}
	for _, a := range p.Architectures {
		arch, err := syscalltable.ParseArch(string(a))
		if err != nil {
			t.Fatal(err)
		}
		r.Arches = append(r.Arches, uint32(arch))
	}
	for _, s := range p.Syscalls {
		for _, name := range s.Names {
			for _, conditions := range conditionsOfRules(s.Args) {
				args := [][]any{}
				for _, a := range conditions {
					args = append(args, []any{a.Index, a.Op, a.Value, a.ValueTwo})
				}
				r.Rules = append(r.Rules, [3]any{code(s.Action, s.ErrnoRet), name, args})
			}
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

// compared is what comparing many profiles came to.
type compared struct{ profiles, refused, strays, stuck, answers, strayed int }

// TestArgumentsAgreeWithLibseccomp: the filter that a policy compiles to gives
// the answers of the one that libseccomp makes of the same profile, whatever the
// arguments, and refuses what that refuses. Of sets of rules that libseccomp itself
// gets wrong, which a note tells of, its answer is among the possible ones.
func TestArgumentsAgreeWithLibseccomp(t *testing.T) {
	profiles := 1000
	if os.Getenv("AUDITSCAN_LIBSECCOMP") != "" {
		profiles = 10000
	}
	for _, c := range []struct {
		name   string
		host   syscalltable.Arch
		arches []specs.Arch
	}{
		{"x86_64", x86_64, []specs.Arch{specs.ArchX86_64, specs.ArchX86, specs.ArchX32}},
		{"i386", i386, []specs.Arch{specs.ArchX86}},
		{"aarch64", syscalltable.AArch64, []specs.Arch{specs.ArchAARCH64}},
	} {
		t.Run(c.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(5, 7))
			var all []*specs.LinuxSeccomp
			for range profiles {
				all = append(all, randomArguments(random, c.arches...))
			}
			var sum compared
			for i, filter := range libseccompFilters(t, all, c.host) {
				sum.compare(t, random, c.host, all[i], filter)
			}
			t.Logf("%+v", sum)
			if sum.strays > sum.profiles/2 || sum.answers == 0 {
				t.Error("too few of them say anything")
			}
		})
	}
}

// TestCarriedCallsAgreeWithLibseccomp: to socketcall and ipc, which other calls go
// through on i386, all rules for these add up, in their order.
func TestCarriedCallsAgreeWithLibseccomp(t *testing.T) {
	rule := func(name, action string, args ...string) string {
		return fmt.Sprintf(`{"names": [%q], "action": "SCMP_ACT_%s", "args": [%s]}`, name, action, strings.Join(args, ", "))
	}
	const which, third = `{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}`, `{"index": 3, "value": 1, "op": "SCMP_CMP_GE"}`
	for _, c := range []struct {
		rules []string
		err   string
	}{
		{[]string{rule("socket", "ALLOW"), rule("socket", "LOG")}, "p.json:1:169: syscalls[1]: socket, through socketcall, is answered with log here"},
		{[]string{rule("socket", "LOG", third), rule("socket", "ALLOW")}, "socket, through socketcall, is answered with allow here"},
		{[]string{rule("socket", "ALLOW"), rule("socket", "LOG", third)}, ""},
		{[]string{rule("socket", "LOG"), rule("socket", "LOG")}, ""},
		{[]string{rule("socket", "ALLOW"), rule("connect", "LOG"), rule("shmget", "LOG"), rule("shmat", "ALLOW")}, ""},
		{[]string{rule("socket", "LOG", third), rule("socketcall", "ALLOW"), rule("socket", "ALLOW")}, ""},
		{[]string{rule("socket", "LOG"), rule("socketcall", "ALLOW", which, third)}, ""},
		{[]string{rule("socketcall", "ALLOW", which, third), rule("socket", "LOG")}, "socket, through socketcall, is answered with log here"},
	} {
		p := &specs.LinuxSeccomp{}
		text := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [%s]}`, strings.Join(c.rules, ", "))
		if err := json.Unmarshal([]byte(text), p); err != nil {
			t.Fatal(err)
		}
		var sum compared
		sum.compare(t, rand.New(rand.NewPCG(5, 7)), x86_64, p, libseccompFilters(t, []*specs.LinuxSeccomp{p}, x86_64)[0])
		if _, err := evaluated([]byte(text), x86_64); (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %v, want %q", text, err, c.err)
		}
	}
}

// compare holds one profile against what libseccomp made of it.
func (sum *compared) compare(t *testing.T, random *rand.Rand, host syscalltable.Arch, p *specs.LinuxSeccomp, filter string) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	sum.profiles++
	policy, err := evaluated(text, host)
	uncertain := err == nil && isUncertain(policy)
	switch refused := strings.HasPrefix(filter, "refused"); {
	case filter == "stuck" && err == nil && !uncertain:
		t.Errorf("libseccomp does not come back from %s", text)
	case filter == "stuck":
		sum.stuck++
	case uncertain && refused:
		sum.strayed++
	case refused != (err != nil):
		t.Errorf("we say %v, libseccomp %.40s\n%s", err, filter, text)
	case refused:
		sum.refused++
	default:
		sum.ask(t, random, policy, filterVM(t, filter), uncertain, text)
	}
}

// isUncertain reports whether libseccomp may answer otherwise than a policy says,
// as one of its notes tells.
func isUncertain(p *profile.Policy) bool {
	return slices.ContainsFunc(p.Notes, func(n string) bool { return strings.Contains(n, "is not certain") })
}

func evaluated(text []byte, host syscalltable.Arch) (*profile.Policy, error) {
	d, err := profile.Parse(text, "p.json")
	if err != nil {
		return nil, err
	}
	return d.Evaluate(profile.Environment{Arch: host, NoStub: true})
}

// ask asks both filters about the calls of the rules with random arguments.
func (sum *compared) ask(t *testing.T, random *rand.Rand, policy *profile.Policy, theirs *bpf.VM, uncertain bool, text []byte) {
	t.Helper()
	filter, err := policy.Filter()
	if err != nil {
		t.Fatal(err)
	}
	if uncertain {
		sum.strays++
	}
	ours := machine(t, filter)
	for _, arch := range policy.Arches {
		for _, name := range append([]string{"socketcall", "ipc"}, argumentCalls...) {
			nr, ok := arch.Number(name)
			if !ok {
				continue
			}
			answer := policy.Answer(arch, nr)
			for range 20 {
				args := randomArgs(random)
				got, want := ask(t, ours, askedAs(arch), nr, args), ask(t, theirs, askedAs(arch), nr, args)
				sum.answers++
				if got != want && uncertain {
					sum.strayed++
				} else if got != want {
					t.Fatalf("%s on %s, %x: ours %s, libseccomp's %s\n%s", name, arch, args, got, want, text)
				}
				if !slices.ContainsFunc(answer.Possible, func(o profile.Outcome) bool { return o == want }) {
					t.Fatalf("%s on %s, %x: libseccomp's %s is not among %v\n%s", name, arch, args, want, answer.Possible, text)
				}
			}
		}
	}
}

// askedAs returns what the kernel tells of calls with: x32 is x86_64 with a bit in
// the number.
func askedAs(arch syscalltable.Arch) syscalltable.Arch {
	if arch == syscalltable.X32 {
		return x86_64
	}
	return arch
}

func randomArgs(random *rand.Rand) (args [6]uint64) {
	for i := range args {
		args[i] = randomValue(random)
	}
	if random.IntN(8) == 0 {
		args[random.IntN(6)] = ^uint64(0)
	}
	return args
}
