package profile_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

const diffReference = `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [
	{"names": ["read", "write", "sync"], "action": "SCMP_ACT_ALLOW"},
	{"names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"]}},
	{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT", "CAP_BPF"]}},
	{"names": ["s390_sthyi"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390x"]}},
	{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
	{"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2}]}`

func diffOf(t *testing.T, old, new string) *profile.DiffResult {
	t.Helper()
	env := profile.Environment{Arch: x86_64, Caps: []string{"CAP_SYS_CHROOT"}}
	policy := func(rules string) *profile.Policy {
		p, err := parse(t, rules).Evaluate(env)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	return profile.Diff(policy(old), policy(new), named(t, "runtime/default", diffReference))
}

func differences(list []profile.Difference) string {
	var lines []string
	for _, d := range list {
		lines = append(lines, fmt.Sprintf("%s: %s -> %s [%s]", d.Name, d.Old, d.New, d.Risk))
	}
	return strings.Join(lines, "\n")
}

func TestDiff(t *testing.T) {
	const old = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X32"], "syscalls": [
		{"names": ["read", "mount", "openat"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2},
		{"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}]}`
	const new = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [
		{"names": ["read", "write", "chroot", "bpf", "clone", "acct", "s390_sthyi"], "action": "SCMP_ACT_ALLOW"},
		{"names": ["openat"], "action": "SCMP_ACT_LOG"},
		{"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 9, "op": "SCMP_CMP_EQ"}]}]}`
	r := diffOf(t, old, new)
	wantAdded := `acct: errno(EPERM) -> allow [not in runtime/default]
bpf: errno(EPERM) -> allow [needs CAP_BPF in runtime/default]
chroot: errno(EPERM) -> allow []
clone: errno(EPERM) -> allow [restricted by arguments in runtime/default]
write: errno(EPERM) -> allow []`
	if got := differences(r.Added); got != wantAdded {
		t.Errorf("added:\n%s\nwant:\n%s", got, wantAdded)
	}
	if got, want := differences(r.Removed), "mount: allow -> errno(EPERM) []"; got != want {
		t.Errorf("removed:\n%s\nwant:\n%s", got, want)
	}
	wantChanged := `openat: allow -> log [not in runtime/default]
personality: allow if arg0 == 0x8, else errno(EPERM) -> allow if arg0 == 0x9, else errno(EPERM) [not in runtime/default]
ptrace: errno(ENOENT) -> errno(EPERM) []`
	if got := differences(r.Changed); got != wantChanged {
		t.Errorf("changed:\n%s\nwant:\n%s", got, wantChanged)
	}
	if got := fmt.Sprint(r.ArchesAdded, r.ArchesRemoved); got != "[i386] [x32]" {
		t.Errorf("architectures: %s", got)
	}
	if r.Same() {
		t.Error("said to be the same")
	}

	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	doc := validate(t, "schema/diff.schema.json", out.Bytes())
	for path, want := range map[string]any{
		"default": nil, "architectures.added.0": "i386", "added.1.name": "bpf", "added.1.risk": "needs CAP_BPF in runtime/default",
		"removed.0.new": "errno(EPERM)", "changed.0.new": "log",
	} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

// Without a reference nobody can tell that a call is harmless.
func TestDiffWithoutReference(t *testing.T) {
	policy := func(call string) *profile.Policy {
		return evaluate(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["`+call+`"], "action": "SCMP_ACT_ALLOW"}]}`)
	}
	r := profile.Diff(policy("read"), policy("write"), nil)
	if got, want := differences(r.Added), "write: errno(EPERM) -> allow [unknown]"; got != want {
		t.Errorf("added %s, want %s", got, want)
	}
	if got, want := differences(r.Removed), "read: allow -> errno(EPERM) []"; got != want {
		t.Errorf("removed %s, want %s", got, want)
	}
}

func TestDiffOfDefaults(t *testing.T) {
	const list = `"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
	r := diffOf(t, `{"defaultAction": "SCMP_ACT_ERRNO", `+list, `{"defaultAction": "SCMP_ACT_KILL_PROCESS", `+list)
	if len(r.Added)+len(r.Removed)+len(r.Changed) > 0 || r.Same() {
		t.Errorf("another refusal by default: %+v, want that alone", r)
	}
	var out bytes.Buffer
	if err := r.WriteJSON(&out); err != nil {
		t.Fatal(err)
	}
	if got := at(t, validate(t, "schema/diff.schema.json", out.Bytes()), "default.new"); got != "kill_process" {
		t.Errorf("default.new = %v", got)
	}

	r = diffOf(t, `{"defaultAction": "SCMP_ACT_ALLOW", `+list, `{"defaultAction": "SCMP_ACT_ERRNO", `+list)
	if len(r.Added) > 0 || len(r.Removed) < 300 || slices.ContainsFunc(r.Removed, func(d profile.Difference) bool { return d.Name == "read" }) {
		t.Errorf("from deny-list to allow-list: %d added, %d removed", len(r.Added), len(r.Removed))
	}
	if r := diffOf(t, diffReference, diffReference); !r.Same() {
		t.Errorf("a profile differs from itself: %+v", r)
	}
}

// TestDiffValues: values that an argument may have are told in ranges, in whatever
// order and number of rules they stand.
func TestDiffValues(t *testing.T) {
	one := func(value uint64) string {
		return fmt.Sprintf(`{"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "op": "SCMP_CMP_EQ", "value": %d}]}`, value)
	}
	policy := func(values ...uint64) *profile.Policy {
		var rules []string
		for _, v := range values {
			rules = append(rules, one(v))
		}
		return evaluate(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [`+strings.Join(rules, ", ")+"]}")
	}
	for _, tt := range []struct {
		values []uint64
		want   string
	}{
		{[]uint64{7}, "allow if arg0 == 0x7, else errno(EPERM)"},
		{[]uint64{3, 1, 2}, "allow if arg0 in 0x1-0x3, else errno(EPERM)"},
		{[]uint64{1<<64 - 1, 9, 2, 1<<64 - 2}, "allow if arg0 in 0x2 0x9 0xfffffffffffffffe-0xffffffffffffffff, else errno(EPERM)"},
	} {
		for range 2 {
			r := profile.Diff(policy(), policy(tt.values...), nil)
			if got := append(r.Added, r.Changed...)[0].New; got != tt.want {
				t.Errorf("%v: %s, want %s", tt.values, got, tt.want)
			}
			slices.Reverse(tt.values)
		}
	}
}
