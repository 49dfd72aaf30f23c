package profile_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/profile"
)

// formatProfile has what every format can say, and more is added below.
const formatProfile = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
  "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}%s]}`

func formatted(t *testing.T, more string) *profile.Document {
	t.Helper()
	if more != "" {
		more = ", " + more
	}
	return named(t, "app.json", fmt.Sprintf(formatProfile, more))
}

const (
	clone3Rule = `{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}`
	argsRule   = `{"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]}`
	condRule   = `{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "comment": "for tracing", "includes": {"caps": ["CAP_BPF"], "arches": ["amd64", "s390x", "x86"], "minKernel": "5.8"}}`
)

// What is written is read back as the same.
func TestFormatsRoundTrip(t *testing.T) {
	for _, c := range []struct {
		format profile.Format
		more   string
	}{
		{profile.FormatOCI, clone3Rule + "," + argsRule},
		{profile.FormatDocker, clone3Rule + "," + argsRule + "," + condRule},
	} {
		d := formatted(t, c.more)
		text := write(t, d, c.format)
		again := named(t, "app.json", text)
		if got, want := fmt.Sprintf("%v %q", again.Default, rules(again)), fmt.Sprintf("%v %q", d.Default, rules(d)); got != want {
			t.Errorf("%s: %s, want %s", c.format, got, want)
		}
		if second := write(t, again, c.format); second != text {
			t.Errorf("%s: written again:\n%s\nfirst:\n%s", c.format, second, text)
		}
		for _, r := range again.Rules {
			if r.Names[0] == "bpf" && (r.Comment != "for tracing" || fmt.Sprint(r.Includes) != "{[CAP_BPF] [x86_64 s390x i386] 5.8}") {
				t.Errorf("condition is now %+v, comment %q", r.Includes, r.Comment)
			}
		}
	}
}

func TestDockerArchMap(t *testing.T) {
	text := write(t, formatted(t, ""), profile.FormatDocker)
	var doc any
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"archMap.0.architecture": "SCMP_ARCH_X86_64", "archMap.0.subArchitectures.0": "SCMP_ARCH_X86",
		"archMap.0.subArchitectures.1": "SCMP_ARCH_X32", "architectures": nil, "syscalls.0.action": "SCMP_ACT_ALLOW",
	} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

func TestSPO(t *testing.T) {
	var out bytes.Buffer
	meta := profile.Meta{Name: "nginx-1.25", Coverage: &profile.Coverage{Total: 3, Syscalls: map[string]int{"read": 3, "write": 1}}}
	if _, err := formatted(t, clone3Rule+","+argsRule).Write(&out, profile.FormatSPO, meta); err != nil {
		t.Fatal(err)
	}
	const want = `apiVersion: security-profiles-operator.x-k8s.io/v1
kind: SeccompProfile
metadata:
  name: nginx-1.25
  annotations:
    spo.x-k8s.io/syscall-coverage: '{"syscalls":{"read":3,"write":1},"total":3,"version":"v1"}'
spec:
  defaultAction: SCMP_ACT_ERRNO
  architectures:
    - SCMP_ARCH_X86_64
    - SCMP_ARCH_X86
    - SCMP_ARCH_X32
  syscalls:
    - action: SCMP_ACT_ALLOW
      names:
        - read
        - write
    - action: SCMP_ACT_ERRNO
      errnoRet: 38
      names:
        - clone3
    - action: SCMP_ACT_ALLOW
      names:
        - personality
      args:
        - index: 0
          value: 8
          op: SCMP_CMP_EQ
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
	var doc any
	if err := yaml.Unmarshal(out.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	validate(t, "testdata/seccompprofile.schema.json", text)
}

func TestSystemd(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"allow-list", fmt.Sprintf(formatProfile, ""), `[Service]
SystemCallFilter=
SystemCallFilter=@default
SystemCallFilter=~@default
SystemCallFilter=execve read write
SystemCallErrorNumber=EPERM
SystemCallArchitectures=
SystemCallArchitectures=x86-64 x86 x32
`},
		{"clone3", fmt.Sprintf(formatProfile, ", "+clone3Rule), `[Service]
SystemCallFilter=
SystemCallFilter=@default
SystemCallFilter=~@default
SystemCallFilter=execve read write
SystemCallFilter=~clone3:ENOSYS
SystemCallErrorNumber=EPERM
SystemCallArchitectures=
SystemCallArchitectures=x86-64 x86 x32
`},
		{"kill", `{"defaultAction": "SCMP_ACT_KILL_PROCESS", "syscalls": [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}, {"names": ["write"], "action": "SCMP_ACT_LOG"}]}`, `[Service]
SystemCallFilter=
SystemCallFilter=@default
SystemCallFilter=~@default
SystemCallFilter=execve read write
SystemCallLog=
SystemCallLog=write
SystemCallArchitectures=
SystemCallArchitectures=native
`},
		{"deny-list", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace", "bpf"], "action": "SCMP_ACT_ERRNO"}, {"names": ["mount"], "action": "SCMP_ACT_KILL_PROCESS"}, {"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`, `[Service]
SystemCallFilter=
SystemCallFilter=~bpf:EPERM mount:kill ptrace:EPERM
SystemCallArchitectures=
SystemCallArchitectures=native
`},
		{"complain", `{"defaultAction": "SCMP_ACT_LOG", "syscalls": [{"names": ["read", "write"], "action": "SCMP_ACT_ALLOW"}, {"names": ["mount"], "action": "SCMP_ACT_ERRNO"}]}`, `[Service]
SystemCallFilter=
SystemCallFilter=~mount:EPERM
SystemCallLog=
SystemCallLog=~read write
SystemCallArchitectures=
SystemCallArchitectures=native
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := write(t, named(t, "app.json", c.text), profile.FormatSystemd)
			verifyUnit(t, got)
			if got != c.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, c.want)
			}
		})
	}
}

// denying is an allow-all but for ptrace, with more in its rule.
func denying(t *testing.T, more string) *profile.Document {
	t.Helper()
	if !strings.Contains(more, "action") {
		more += `, "action": "SCMP_ACT_ERRNO"`
	}
	return named(t, "app.json", `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"], `+more+`}]}`)
}

// What a format cannot say is left out where the profile is stricter without, and
// is named.
func TestUnsaid(t *testing.T) {
	with := func(old, new string) *profile.Document {
		return named(t, "app.json", strings.Replace(fmt.Sprintf(formatProfile, ""), old, new, 1))
	}
	settings := with(`"defaultAction"`, `"flags": ["SECCOMP_FILTER_FLAG_LOG"], "listenerPath": "/run/l", "defaultAction"`)
	trap := formatted(t, `{"names": ["bpf"], "action": "SCMP_ACT_TRAP"}`)
	for _, c := range []struct {
		d      *profile.Document
		format profile.Format
		want   string
	}{
		{formatted(t, argsRule), profile.FormatSystemd, "personality is answered by its arguments, which systemd does not look at: it is denied"},
		{formatted(t, `{"names": ["bpf"], "action": "SCMP_ACT_NOTIFY"}`), profile.FormatSystemd, "bpf is answered with user_notif, which systemd does not know: it is denied"},
		{trap, profile.FormatSystemd, "bpf is answered with trap: systemd kills the process"},
		{formatted(t, strings.Replace(clone3Rule, "38", "0", 1)), profile.FormatSystemd, "clone3 is answered with error 0: systemd has no such number, and EPERM is written"},
		{settings, profile.FormatSystemd, "systemd has no SECCOMP_FILTER_FLAG_LOG, listenerPath"},
		{settings, profile.FormatMinijail, "minijail has no SECCOMP_FILTER_FLAG_LOG, listenerPath"},
		{formatted(t, ""), profile.FormatSystemd, "execve is allowed: without it systemd starts no service"},
		{with(`"SCMP_ARCH_X32"`, `"SCMP_ARCH_SH"`), profile.FormatSystemd, "systemd does not know shel: its calls are denied"},
		{formatted(t, ""), profile.FormatMinijail, "its default is errno(EPERM), but minijail's cannot be an error number: the process is killed"},
		{formatted(t, ""), profile.FormatMinijail, "a policy is for one architecture, that it is compiled for: calls of others are denied"},
		{denying(t, `"action": "SCMP_ACT_KILL_PROCESS"`), profile.FormatMinijail, "ptrace is answered with kill_process, but a deny-list of minijail knows error numbers alone: EPERM is written"},
		{with(`"SCMP_ACT_ERRNO"`, `"SCMP_ACT_ERRNO", "defaultErrnoRet": 38`), profile.FormatSPO, "its default is errno(ENOSYS), but a SeccompProfile has no defaultErrnoRet: EPERM is answered"},
		{with(`"SCMP_ARCH_X32"`, `"SCMP_ARCH_LOONGARCH64"`), profile.FormatSPO, "a SeccompProfile does not know SCMP_ARCH_LOONGARCH64: its calls are denied"},
		{formatted(t, strings.Replace(clone3Rule, "38", "0", 1)), profile.FormatSPO, "errnoRet 0 of clone3 is taken for EPERM"},
	} {
		unsaid, err := c.d.Write(io.Discard, c.format, profile.Meta{Name: "app"})
		if err != nil || !slices.Contains(unsaid, c.want) {
			t.Errorf("%s: %v, unsaid: %q, want %q", c.format, err, unsaid, c.want)
		}
	}
	for _, f := range profile.Formats() {
		d := named(t, "app.json", `{"defaultAction": "SCMP_ACT_KILL_PROCESS", "architectures": ["SCMP_ARCH_X86_64"],
			"syscalls": [{"names": ["read", "execve"], "action": "SCMP_ACT_ALLOW"}, `+clone3Rule+`]}`)
		if unsaid, err := d.Write(io.Discard, f, profile.Meta{Name: "app"}); err != nil || unsaid != nil {
			t.Errorf("%s: %v, unsaid: %q of what every format can say", f, err, unsaid)
		}
	}
}

// verifyUnit asks systemd what it makes of a drop-in.
func verifyUnit(t *testing.T, dropIn string) {
	t.Helper()
	for _, complaint := range complaints(t, dropIn) {
		t.Error("systemd-analyze: " + complaint)
	}
}

// complaints are what systemd does not understand of a drop-in.
func complaints(t *testing.T, dropIn string) (lines []string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skipf("needs systemd-analyze: %v", err)
	}
	unit := filepath.Join(t.TempDir(), "app.service")
	if err := os.WriteFile(unit, []byte(dropIn+"Type=exec\nExecStart=/bin/true\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput() // which ends with 0 for most complaints
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, unit+":") { // others are about this host's units
			lines = append(lines, line)
		}
	}
	return lines
}

// systemd-analyze sees what is wrong in each line of a drop-in.
func TestSystemdComplains(t *testing.T) {
	got := complaints(t, "[Service]\nSystemCallFilter=read pread\nSystemCallErrorNumber=EFOO\nSystemCallArchitectures=x86-64 amd64\nSystemCallFilters=read\n")
	for _, what := range []string{"pread", "EFOO", "amd64", "SystemCallFilters"} {
		if !slices.ContainsFunc(got, func(line string) bool { return strings.Contains(line, what) }) {
			t.Errorf("no complaint about %s in %q", what, got)
		}
	}
}

func TestFormatErrors(t *testing.T) {
	with := func(old, new string) *profile.Document {
		return named(t, "app.json", strings.Replace(fmt.Sprintf(formatProfile, ""), old, new, 1))
	}
	for _, c := range []struct {
		name   string
		d      *profile.Document
		format profile.Format
		want   string
	}{
		{"conditions", formatted(t, condRule), profile.FormatOCI, "it has conditions (archMap, includes, excludes); docker can"},
		{"conditions", formatted(t, condRule), profile.FormatSPO, "it has conditions"},
		{"conditions", formatted(t, condRule), profile.FormatSystemd, "it has conditions"},
		{"conditions", formatted(t, condRule), profile.FormatMinijail, "it has conditions"},
		{"large argument", formatted(t, strings.Replace(argsRule, "8", "18446744073709551615", 1)), profile.FormatSPO, "an argument's value does not fit into 63 bits"},
		{"default trace", with(`"SCMP_ACT_ERRNO"`, `"SCMP_ACT_TRACE"`), profile.FormatSystemd, "its default is trace"},
		{"default log", with(`"SCMP_ACT_ERRNO"`, `"SCMP_ACT_LOG"`), profile.FormatMinijail, "its default is log"},
		{"denied by arguments", denying(t, `"args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]`), profile.FormatSystemd, "ptrace is answered by its arguments, and without them it could only run"},
		{"asked for", denying(t, `"action": "SCMP_ACT_TRACE"`), profile.FormatSystemd, "ptrace is answered with trace, and without that it could only run"},
		{"logged in a deny-list", denying(t, `"action": "SCMP_ACT_LOG"`), profile.FormatMinijail, "ptrace is answered with log, and a deny-list knows error numbers alone"},
		{"unknown format", formatted(t, ""), "xml", `unknown format "xml"`},
	} {
		t.Run(c.name+" as "+string(c.format), func(t *testing.T) {
			var out bytes.Buffer
			_, err := c.d.Write(&out, c.format, profile.Meta{Name: "app"})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error = %v, want %q", err, c.want)
			}
			if out.Len() > 0 {
				t.Errorf("half-written: %q", out.String())
			}
		})
	}
	for _, name := range []string{"", "App", "-a", "a/b", "a b", strings.Repeat("a", 254)} {
		if _, err := formatted(t, "").Write(&bytes.Buffer{}, profile.FormatSPO, profile.Meta{Name: name}); err == nil {
			t.Errorf("object name %q was taken", name)
		}
	}
	if _, err := profile.ParseFormat("xml"); err == nil {
		t.Error("format xml was taken")
	}
}

// Whatever is built can be written in every form.
func TestBuiltProfileInEveryFormat(t *testing.T) {
	r := build(t, summary("app", logged(t, "read", "clone")...), profile.Options{})
	for _, f := range profile.Formats() {
		t.Run(string(f), func(t *testing.T) {
			out := write(t, r.Document, f)
			if !strings.Contains(out, "clone") {
				t.Error(out)
			}
			if f == profile.FormatSystemd {
				verifyUnit(t, out)
			}
		})
	}
	if got, want := write(t, r.Document, profile.FormatOCI), encode(t, r.Profile); got != want {
		t.Errorf("Document and Profile differ:\n%s\n%s", got, want)
	}
}

func TestRequires(t *testing.T) {
	for _, c := range []struct {
		names string
		want  profile.Requirements
	}{
		{`"read"`, profile.Requirements{}},
		{`"read", "openat2"`, profile.Requirements{Kernel: profile.KernelVersion{Major: 5, Minor: 6}}},
		{`"futex_waitv", "close_range"`, profile.Requirements{Libseccomp: profile.LibseccompVersion{Major: 2, Minor: 5, Patch: 4}, Kernel: profile.KernelVersion{Major: 5, Minor: 16}}},
		{`"riscv_hwprobe", "cachestat"`, profile.Requirements{Libseccomp: profile.LibseccompVersion{Major: 2, Minor: 5, Patch: 6}, Kernel: profile.KernelVersion{Major: 6, Minor: 5}}},
		{`"listns"`, profile.Requirements{Libseccomp: profile.LibseccompVersion{Major: 2, Minor: 6, Patch: 1}, Kernel: profile.KernelVersion{Major: 6, Minor: 19}}},
	} {
		d := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": [`+c.names+`], "action": "SCMP_ACT_ALLOW"}]}`)
		if got := d.Requires(); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.names, got, c.want)
		}
	}
}

func TestLibseccompVersion(t *testing.T) {
	sorted := []profile.LibseccompVersion{{}, {2, 5, 6}, {2, 6, 0}, {2, 9, 1}, {2, 10, 0}, {3, 0, 0}}
	for i, a := range sorted {
		for j, b := range sorted {
			if a.Compare(b) != cmp.Compare(i, j) {
				t.Errorf("%s compared with %s: %d", a, b, a.Compare(b))
			}
		}
	}
	if got := sorted[4].String(); got != "2.10.0" {
		t.Errorf("%q, want 2.10.0", got)
	}
}

// Every call above the highest number of libseccomp 2.5.2's kernel says what
// it requires.
func TestRequiresKnowsNewCalls(t *testing.T) {
	for nr, name := range x86_64.Calls() {
		if nr < 436 || name == "openat2" || name == "pidfd_getfd" || name == "faccessat2" {
			continue
		}
		d := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["`+name+`"], "action": "SCMP_ACT_ALLOW"}]}`)
		if d.Requires().Libseccomp == (profile.LibseccompVersion{}) {
			t.Errorf("%s: nothing is known of the libseccomp it requires", name)
		}
	}
}
