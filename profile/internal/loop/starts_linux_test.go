package loop

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/internal/lab"
)

// TestStartsAsRuntimesDo: whether a container starts under a profile that denies
// a call of its runtime is what the runtime itself shows.
func TestStartsAsRuntimesDo(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			needRuntime(t, runtime)
			prepare(t, runtime)
			b, program, err := lab.BusyboxBundle(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			random, started := rand.New(rand.NewPCG(1, 9)), map[bool]int{}
			for i := range 24 {
				c := lab.Container{Runtime: runtime, Args: []string{"/" + program, "true"}, NoNewPrivileges: i%2 == 0}
				want := startOf(t, runtime, c.NoNewPrivileges, func(calls []string) json.RawMessage {
					c.Seccomp = oneOf(t, random, calls)
					return c.Seccomp
				})
				ctx, cancel := context.WithTimeout(context.Background(), patience)
				_, err := b.Run(ctx, c)
				cancel()
				if starts := err == nil; starts != want {
					t.Errorf("no_new_privs %v: starts %v, said %v: %v\n%s", c.NoNewPrivileges, starts, want, err, c.Seccomp)
				}
				started[want]++
			}
			if started[true] < 2 || started[false] < 2 {
				t.Errorf("%v: too few of a kind", started)
			}
		})
	}
}

// startOf asks for a profile of some of the calls that the installed version of a
// runtime makes, and reports whether it is said to start containers.
func startOf(t *testing.T, runtime string, noNewPrivs bool, of func(calls []string) json.RawMessage) bool {
	t.Helper()
	version := installed(t, runtime)
	judge := func(text []byte) profile.Start {
		d, err := profile.Parse(text, "some.json")
		if err != nil {
			t.Fatal(err)
		}
		starts, err := d.Starts()
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(starts, func(s profile.Start) bool {
			return string(s.Runtime) == runtime && s.NoNewPrivileges == noNewPrivs && slices.Contains(s.Versions, version)
		})
		if i < 0 {
			t.Skipf("%s %s was not measured: go run ./profile/internal/lab/measure %s", runtime, version, runtime)
		}
		return starts[i]
	}
	all := judge([]byte(`{"defaultAction":"SCMP_ACT_KILL_PROCESS","architectures":["SCMP_ARCH_X86_64"]}`))
	return len(judge(of(all.Lacks)).Lacks) == 0
}

// oneOf returns a profile that answers one of the calls with an error, kills its
// caller, or lets it run, as all the others.
func oneOf(t *testing.T, random *rand.Rand, calls []string) json.RawMessage {
	t.Helper()
	actions := []specs.LinuxSeccompAction{specs.ActErrno, specs.ActKillProcess, specs.ActLog}
	p := specs.LinuxSeccomp{DefaultAction: specs.ActAllow, Architectures: []specs.Arch{specs.ArchX86_64}, Syscalls: []specs.LinuxSyscall{
		{Names: []string{calls[random.IntN(len(calls))]}, Action: actions[random.IntN(len(actions))]},
	}}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// installed returns a runtime's version, without what a distribution adds.
func installed(t *testing.T, runtime string) string {
	t.Helper()
	out, err := exec.Command(runtime, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`version ([0-9.]+)`).FindSubmatch(out)
	if version == nil {
		t.Fatal(fmt.Errorf("%s --version: not understood: %s", runtime, out))
	}
	return string(version[1])
}
