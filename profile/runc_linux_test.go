package profile_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/seccompstate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/internal/lab"
)

var runcProfiles = flag.Int("runc", 20, "under how many profiles runc starts a container")

// TestRuncHasTheLastWord: under profiles of shapes that are odd and that runc
// takes, a container starts where that is said and not where it is not; where
// calls are said to lack, it starts with these added; and the filter that the
// kernel then holds answers every call as the policy does.
func TestRuncHasTheLastWord(t *testing.T) {
	needContainers(t, "runc")
	if nativeArch() != x86_64 {
		t.Skip("needs x86_64, whose calls the profiles are made of")
	}
	b, err := lab.HoldBundle(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	word := runcWord{bundle: b, version: runcVersion(t)}
	started := map[bool]int{}
	for i := range *runcProfiles {
		random := rand.New(rand.NewPCG(15, uint64(i)))
		odd := randomOdd(random)
		if word.version != "1.1.5" && !slices.Contains(odd.whole.Architectures, specs.ArchX86_64) { // whose stub from 1.1.15 on is not modelled
			odd.whole.Architectures = []specs.Arch{specs.ArchX86_64}
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) { started[word.judge(t, random, odd)]++ })
	}
	if t.Logf("started, not started: %d, %d", started[true], started[false]); started[true] < *runcProfiles/5 || started[false] < *runcProfiles/5 {
		t.Errorf("too few of a kind")
	}
}

// runcWord has runc say what a profile does.
type runcWord struct {
	bundle  *lab.Bundle
	version string
}

func runcVersion(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("runc", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	version := regexp.MustCompile(`version ([0-9.]+)`).FindSubmatch(out)
	if version == nil {
		t.Fatalf("runc --version: %s", out)
	}
	return string(version[1])
}

// judge compares what is said of a profile with what runc does, and reports
// whether a container started.
func (w *runcWord) judge(t *testing.T, random *rand.Rand, odd oddProfile) bool {
	t.Helper()
	start := w.said(t, odd)
	err := w.try(t, random, odd, patience)
	if err != nil && !start.Fails() { // as it may for a busy machine
		err = w.try(t, random, odd, 6*patience)
	}
	switch {
	case start.Fails() && err == nil:
		t.Errorf("it is said not to start (lacks %v, refuses %v), and does\n%s", start.Lacks, start.Refuses, odd.text(t))
	case !start.Fails() && len(start.Rare)+len(start.Unsure) == 0 && err != nil:
		t.Errorf("it is said to start, and does not: %v\n%s", err, odd.text(t))
	case !start.Fails() || len(start.Refuses) > 0:
		return err == nil
	}
	odd.allow(slices.Concat(start.Lacks, start.Rare, start.Unsure))
	if again := w.said(t, odd); len(again.Lacks)+len(again.Rare)+len(again.Unsure) > 0 {
		t.Errorf("with all allowed that lacks, there still lacks %v %v %v", again.Lacks, again.Rare, again.Unsure)
	}
	if err := w.try(t, random, odd, 6*patience); err != nil {
		t.Errorf("with %v allowed it does not start, either: %v\n%s", start, err, odd.text(t))
	}
	return err == nil
}

// said is what a profile is said to do under the installed runc.
func (w *runcWord) said(t *testing.T, odd oddProfile) profile.Start {
	t.Helper()
	starts, err := parse(t, odd.text(t)).Starts()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(starts, func(s profile.Start) bool {
		return s.Runtime == profile.RuntimeRunc && s.NoNewPrivileges == odd.noNewPrivs && slices.Contains(s.Versions, w.version)
	})
	if i < 0 {
		t.Skipf("runc %s was not measured: go run ./profile/internal/lab/measure runc", w.version)
	}
	return starts[i]
}

// patience is how long runc may take: where a filter kills one of its threads, it
// waits for ever.
const patience = 3 * time.Second

// try starts a container, and compares the answers of the filter that it has then.
func (w *runcWord) try(t *testing.T, random *rand.Rand, odd oddProfile, limit time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	text := odd.text(t)
	held, err := w.bundle.Hold(ctx, lab.Container{Runtime: "runc", NoNewPrivileges: odd.noNewPrivs, Seccomp: json.RawMessage(text)})
	if err != nil {
		return err
	}
	defer func() {
		if err := held.Remove(); err != nil {
			t.Error(err)
		}
	}()
	filters, err := seccompstate.Filters(held.PID)
	if err != nil {
		t.Fatal(err)
	}
	doc := parse(t, text)
	policy, err := doc.Evaluate(profile.Environment{Arch: x86_64})
	if err != nil {
		t.Fatal(err)
	}
	compareAnswers(t, random, policy, doc, machine(t, filters[0]))
	return nil
}

// oddProfile is a profile of a shape that runc takes, odd as it is.
type oddProfile struct {
	whole      *specs.LinuxSeccomp
	noNewPrivs bool
	odd        []func(profile, rule map[string]any) // what is done to each
}

// randomOdd makes one. Some deny calls that runc needs.
func randomOdd(random *rand.Rand) oddProfile {
	p := randomProfile(random)
	needed := p.Syscalls[0].Names
	random.Shuffle(len(needed), func(i, j int) { needed[i], needed[j] = needed[j], needed[i] })
	if random.IntN(4) > 0 {
		needed = append(needed, identityCalls...)
	}
	cut := 1 + random.IntN(len(needed)-1)
	p.Syscalls[0].Names = needed[:cut]
	rest := specs.LinuxSyscall{Names: needed[cut:], Action: specs.ActAllow}
	p.Syscalls = slices.Insert(p.Syscalls, random.IntN(len(p.Syscalls)+1), rest)
	if random.IntN(2) == 0 {
		startup := startupCalls()
		denied := specs.LinuxSyscall{Action: []specs.LinuxSeccompAction{specs.ActErrno, specs.ActKill, specs.ActKillProcess, specs.ActTrap}[random.IntN(4)]}
		for range 1 + random.IntN(2) {
			denied.Names = append(denied.Names, startup[random.IntN(len(startup))])
		}
		p.Syscalls = slices.Insert(p.Syscalls, 0, denied) // the first holds
	}
	o := oddProfile{whole: p, noNewPrivs: random.IntN(2) == 0}
	for _, odd := range oddities {
		if random.IntN(3) == 0 {
			o.odd = append(o.odd, odd)
		}
	}
	if random.IntN(8) == 0 { // some versions start nothing with these
		o.odd = append(o.odd, flagged)
	}
	return o
}

// identityCalls are those that runc makes besides where it loads the filter before
// it gives up rights.
var identityCalls = []string{"capget", "capset", "chdir", "faccessat2", "fchown", "getppid", "newfstatat", "prctl", "setgid", "setgroups", "setuid", "getcwd"}

// oddities are what people and their tools write that runc passes over, or reads
// as something else.
var oddities = []func(profile, rule map[string]any){
	func(profile, rule map[string]any) { profile["comment"], rule["comment"] = "generated", "by a tool" },
	func(profile, rule map[string]any) { rule["names"] = append(rule["names"].([]any), "frobnicate") },
	func(profile, rule map[string]any) {
		rule["names"] = append(rule["names"].([]any), rule["names"].([]any)...)
	},
	func(_, rule map[string]any) {
		if rule["action"] != "SCMP_ACT_ERRNO" && rule["action"] != "SCMP_ACT_TRACE" {
			rule["errnoRet"] = 38
		}
	},
	func(_, rule map[string]any) {
		if rule["args"] == nil {
			rule["args"] = []any{}
		}
	},
	func(_, rule map[string]any) {
		args, _ := rule["args"].([]any)
		for _, a := range args {
			if a := a.(map[string]any); a["op"] != "SCMP_CMP_MASKED_EQ" {
				a["valueTwo"] = 7
			}
		}
	},
	func(profile, _ map[string]any) { profile["flags"] = []any{} },
	func(profile, rule map[string]any) {
		if action, ok := profile["defaultAction"]; ok { // Go's reader does not tell the case
			profile["DEFAULTACTION"] = action
			delete(profile, "defaultAction")
		}
		rule["Names"] = rule["names"]
		delete(rule, "names") // the last oddity: others look for it
	},
}

func flagged(profile, _ map[string]any) {
	profile["flags"] = []any{"SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW"}
}

// allow has calls run whatever other rules say.
func (o oddProfile) allow(names []string) {
	p := o.whole
	for i := range p.Syscalls {
		p.Syscalls[i].Names = slices.DeleteFunc(p.Syscalls[i].Names, func(name string) bool { return slices.Contains(names, name) })
	}
	p.Syscalls = slices.DeleteFunc(p.Syscalls, func(rule specs.LinuxSyscall) bool { return len(rule.Names) == 0 })
	p.Syscalls = append(p.Syscalls, specs.LinuxSyscall{Names: names, Action: specs.ActAllow})
}

// text writes the profile.
func (o oddProfile) text(t *testing.T) string {
	t.Helper()
	plain, err := json.Marshal(o.whole)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(plain, &doc); err != nil {
		t.Fatal(err)
	}
	for _, odd := range o.odd {
		for _, rule := range doc["syscalls"].([]any) {
			odd(doc, rule.(map[string]any))
		}
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
