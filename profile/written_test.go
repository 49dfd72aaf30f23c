package profile_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// randomAnswers is one of x86_64 in OCI's form: some calls are answered by their
// arguments, and some by several rules.
func randomAnswers(r *rand.Rand) string {
	actions := []string{
		`"action": "SCMP_ACT_ALLOW"`, `"action": "SCMP_ACT_ALLOW"`, `"action": "SCMP_ACT_LOG"`, `"action": "SCMP_ACT_ERRNO", "errnoRet": 38`, `"action": "SCMP_ACT_ERRNO", "errnoRet": 13`,
		`"action": "SCMP_ACT_KILL_PROCESS"`, `"action": "SCMP_ACT_KILL_THREAD"`, `"action": "SCMP_ACT_TRAP"`, `"action": "SCMP_ACT_TRACE"`, `"action": "SCMP_ACT_NOTIFY"`,
	}
	if r.IntN(2) == 0 {
		actions = actions[:6] // what most forms can say
	}
	defaults := []string{`ERRNO", "defaultErrnoRet": 38, "comment": "`, "ERRNO", "KILL_PROCESS", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ALLOW", "LOG"}
	ops := []string{"EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"}
	var rules []string
	for _, name := range writtenCalls {
		for range r.IntN(3) + r.IntN(2)*r.IntN(2) {
			args := ""
			if r.IntN(3) == 0 {
				args = fmt.Sprintf(`, "args": [{"index": %d, "value": %d, "valueTwo": %d, "op": "SCMP_CMP_%s"}]`, r.IntN(3), r.IntN(8), r.IntN(8), ops[r.IntN(len(ops))])
			}
			rules = append(rules, fmt.Sprintf(`{"names": [%q], %s%s}`, name, actions[r.IntN(len(actions))], args))
		}
	}
	arches := []string{``, `"architectures": [], `, `"architectures": ["SCMP_ARCH_X86_64"], `, `"architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], `, `"architectures": ["SCMP_ARCH_LOONGARCH64"], `}
	return fmt.Sprintf(`{"defaultAction": "SCMP_ACT_%s", %s"syscalls": [%s]}`, defaults[r.IntN(len(defaults))], arches[r.IntN(len(arches))], strings.Join(rules, ",\n"))
}

// writtenCalls are those that are asked about: some of @default of systemd.
var writtenCalls = []string{"read", "write", "execve", "mmap", "brk", "ptrace", "prctl", "clone3", "mount", "ioctl", "socket", "kill", "exit_group", "getpid"}

// loaded is the filter of a document as it is written, without runc's stub.
func loaded(t *testing.T, d *profile.Document) *bpf.VM {
	t.Helper()
	p, err := d.Evaluate(profile.Environment{Arch: x86_64, NoStub: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Filter()
	if err != nil {
		t.Fatal(err)
	}
	return machine(t, f)
}

// A profile that is written in any form and read again answers the same, unless
// it is said what could not be said; then nothing runs that was denied before.
func TestWrittenNeverAllowsMore(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	written, exact := map[profile.Format]int{}, map[profile.Format]int{}
	for range 600 {
		text := randomAnswers(r)
		d, err := profile.Parse([]byte(text), "p.json")
		if err != nil {
			continue
		}
		if _, err := d.Evaluate(profile.Environment{Arch: x86_64}); err != nil {
			continue
		}
		before := loaded(t, d)
		for _, f := range profile.Formats() {
			var out bytes.Buffer
			unsaid, err := d.Write(&out, f, profile.Meta{Name: "app"})
			if err != nil {
				continue
			}
			again, err := profile.Read(&out, "again", profile.ReadOptions{Host: x86_64})
			if err != nil && unsaid != nil && strings.Contains(err.Error(), "profiles of runtimes cannot say that") {
				continue // with another default
			}
			if err != nil {
				t.Errorf("%s: %v\n%s\n%s", f, err, text, writeText(t, d, f))
				continue
			}
			if len(again.Notes) > 0 {
				t.Fatalf("%s: %v", f, again.Notes)
			}
			written[f]++
			if unsaid == nil {
				exact[f]++
			}
			after := loaded(t, again)
			for range 60 {
				name, arch := writtenCalls[r.IntN(len(writtenCalls))], []syscalltable.Arch{x86_64, i386}[r.IntN(2)]
				nr, _ := arch.Number(name)
				args := [6]uint64{r.Uint64N(9), r.Uint64N(9), r.Uint64N(9)}
				was, is := ask(t, before, arch, nr, args), ask(t, after, arch, nr, args)
				// systemd starts no service without execve, which is said.
				forced := f == profile.FormatSystemd && name == "execve" && slices.ContainsFunc(unsaid, func(s string) bool { return strings.HasPrefix(s, "execve is allowed") })
				switch {
				case unsaid == nil && was != is, was.Effect() != profile.Runs && is.Effect() == profile.Runs && !forced:
					t.Fatalf("%s answers %s%x of %s with %s, was %s (unsaid: %q):\n%s\n%s", f, name, args[:3], arch, is, was, unsaid, text, writeText(t, d, f))
				}
			}
		}
	}
	for _, f := range profile.Formats() {
		if written[f] < 20 || exact[f] < 3 {
			t.Errorf("%s: %d of 400 were written, %d exactly", f, written[f], exact[f])
		}
	}
}

func writeText(t *testing.T, d *profile.Document, f profile.Format) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := d.Write(&out, f, profile.Meta{Name: "app"}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
