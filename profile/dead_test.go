package profile_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile"
)

func TestDeadRules(t *testing.T) {
	arg := func(index int, op string, value uint64, more ...uint64) string {
		two := uint64(0)
		if len(more) > 0 {
			two = more[0]
		}
		return fmt.Sprintf(`{"index": %d, "op": "SCMP_CMP_%s", "value": %d, "valueTwo": %d}`, index, op, value, two)
	}
	allow := func(args ...string) string {
		return `{"names": ["prctl"], "action": "SCMP_ACT_ALLOW", "args": [` + strings.Join(args, ", ") + "]}"
	}
	trap := func(args ...string) string { return strings.Replace(allow(args...), "ALLOW", "TRAP", 1) }
	for _, c := range []struct {
		rules []string
		want  string
	}{
		{[]string{allow(arg(0, "EQ", 1)), trap(arg(0, "EQ", 2))}, ""},
		{[]string{allow(arg(0, "LT", 0))}, "syscalls[0] (line 1): prctl if arg0 < 0x0 never holds: no argument is so"},
		{[]string{allow(arg(0, "GT", 1<<64-1))}, "never holds: no argument is so"},
		{[]string{allow(arg(0, "GT", 1<<32-1))}, ""},
		{[]string{allow(arg(0, "NE", 5)), trap(arg(0, "EQ", 3))}, "syscalls[1] (line 1): prctl if arg0 == 0x3 never holds: allow if arg0 != 0x5 by syscalls[0] (line 1) comes before"},
		{[]string{allow(arg(0, "NE", 5)), trap(arg(0, "EQ", 5))}, ""},
		{[]string{allow(arg(0, "LE", 5)), trap(arg(0, "LE", 3))}, ""}, // the smaller one is tried first
		{[]string{allow(arg(1, "MASKED_EQ", 1, 1)), trap(arg(0, "EQ", 3), arg(1, "EQ", 3))}, "prctl if arg0 == 0x3 and arg1 == 0x3 never holds: allow if arg1 & 0x1 == 0x1"},
		{[]string{allow(arg(1, "MASKED_EQ", 1, 1)), trap(arg(0, "EQ", 3), arg(1, "EQ", 2))}, ""},
		{[]string{`{"names": ["stat64", "ugetrlimit"], "action": "SCMP_ACT_ALLOW"}`}, "syscalls[0] (line 1): never reached: no architecture of the profile (x86_64) has stat64 ugetrlimit"},
		{[]string{`{"names": ["stat64", "stat"], "action": "SCMP_ACT_ALLOW"}`}, ""},
	} {
		p := evaluate(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [`+strings.Join(c.rules, ", ")+"]}")
		got := strings.Join(p.DeadRules(), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s:\n%q\nwant %q", c.rules, got, c.want)
		}
	}
}

// A rule that is told to be dead can be left out: no call is answered otherwise.
func TestDeadRulesAreDead(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	dead := 0
	for range 400 {
		p := randomArguments(random, specs.ArchX86_64)
		text := encode(t, p)
		d, err := profile.Parse([]byte(text), "p.json")
		if err != nil {
			continue // libseccomp takes no such rules
		}
		policy, err := d.Evaluate(profile.Environment{Arch: x86_64})
		if err != nil {
			continue
		}
		whole := asked(t, d)
		for _, told := range policy.DeadRules() {
			var number int
			if _, err := fmt.Sscanf(told, "syscalls[%d]", &number); err != nil {
				t.Fatal(told, err)
			}
			if len(conditionsOfRules(p.Syscalls[number].Args)) > 1 {
				continue // made into several, of which one is dead
			}
			dead++
			without := *p
			without.Syscalls = append(append([]specs.LinuxSyscall{}, p.Syscalls[:number]...), p.Syscalls[number+1:]...)
			rest, err := profile.Parse([]byte(encode(t, &without)), "p.json")
			if err != nil {
				t.Fatal(err)
			}
			other := asked(t, rest)
			name := p.Syscalls[number].Names[0]
			for range 200 {
				args := []uint64{random.Uint64N(20), random.Uint64N(20), random.Uint64N(20), random.Uint64N(20), random.Uint64N(20), random.Uint64N(20)}
				if got, want := other(name, args...), whole(name, args...); got != want {
					t.Fatalf("%s\nwithout it %s%x is %s, with it %s:\n%s", told, name, args, got, want, text)
				}
			}
		}
	}
	if dead < 5 {
		t.Errorf("only %d dead rules were tried", dead)
	}
}
