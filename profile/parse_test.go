package profile_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

func parse(t *testing.T, text string) *profile.Document {
	t.Helper()
	d, err := profile.Parse([]byte(text), "p.json")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func evaluate(t *testing.T, text string, caps ...string) *profile.Policy {
	t.Helper()
	p, err := parse(t, text).Evaluate(profile.Environment{Arch: x86_64, Caps: caps})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestParseErrors(t *testing.T) {
	rule := func(s string) string { return "{\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\"syscalls\": [\n" + s + "]}" }
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "p.json: empty: no seccomp profile"},
		{"cut", "{\"defaultAction\":\n\"SCMP_ACT_ALLOW\",", "p.json:2:18: not JSON: the text ends too early"},
		{"text", "SCMP_ACT_ALLOW", "p.json:1:1: not JSON: a profile begins with {"},
		{"a log", "\ntype=SECCOMP msg=audit(1.000:1):", "p.json:2:1: not JSON: a profile begins with {"},
		{"a list", "[]", "p.json:1:1: not an object"},
		{"null", "null", "p.json:1:1: not JSON: a profile begins with {"},
		{"comment", "{\n// all calls\n}", "p.json:2:1: not JSON: a comment, which runtimes do not read: take it out"},
		{"comment of C", "{ /* all calls */}", "p.json:1:3: not JSON: a comment"},
		{"comment of a shell", "{}\n# all calls", "p.json:2:1: not JSON: a comment"},
		{"white space", " \n\t", "p.json: empty: no seccomp profile"},
		{"byte order mark", "\ufeff{}", "p.json:1:1: not JSON: a byte order mark, which runtimes do not read: save it as UTF-8 without"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "p.json:1:1: not JSON: not UTF-8, or binary: save it as UTF-8"},
		{"UTF-16 without mark", "{\x00\n\x00", "p.json:1:2: not JSON: not UTF-8"},
		{"Latin-1", "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"listenerPath\": \"/run/caf\xe9\"}", "p.json:2:26: not JSON: not UTF-8"},
		{"wrong bracket", "{\"syscalls\":[1}}", "p.json:1:15: syscalls[1]: not JSON: invalid character '}'"},
		{"comma twice", "{\"syscalls\":[1,,2]}", "p.json:1:16: syscalls[1]: not JSON: invalid character ','"},
		{"no comma", "{\"syscalls\":[1\n2]}", "p.json:2:1: syscalls[1]: not JSON: invalid character '2'"},
		{"wrong escape", "{\"syscalls\":\"\\x\"}", "p.json:1:14: syscalls: not JSON: invalid escape sequence `\\x`"},
		{"two values", "{\"defaultAction\":\"SCMP_ACT_ALLOW\"}\n{}", "p.json:2:1: text after the end of the document"},
		{"trailing comma", "{\"syscalls\":[1,]}", "p.json:1:15: syscalls[1]: not JSON: a comma before ], which runtimes do not read: take it out"},
		{"trailing comma in an object", "{\"syscalls\":[{\"action\": \"x\",\n}]}", "p.json:2:1: syscalls[0]: not JSON: a comma before }, which"},
		{"a comment first", "// ours\n{\"defaultAction\": \"SCMP_ACT_LOG\"}", "p.json:1:1: not JSON: a comment, which runtimes do not read"},
		{"another document", "{\"type\": \"SECCOMP\"}", "p.json:1:1: defaultAction is missing"},
		{"no default", "{\"syscalls\": []}", "p.json:1:1: defaultAction is missing: a runtime takes that for no profile at all"},
		{"null default", "{\"defaultAction\": null}", "p.json:1:1: defaultAction is missing"},
		{"unknown action", "{\n\"defaultAction\": \"SCMP_ACT_DENY\"}", "p.json:2:18: defaultAction: unknown action \"SCMP_ACT_DENY\""},
		{"action of a report", "{\"defaultAction\": \"errno\"}", "p.json:1:19: defaultAction: unknown action \"errno\""},
		{"number as action", "{\"defaultAction\": 5}", "p.json:1:19: defaultAction: not a string"},
		{"notify by default", "{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "p.json:1:19: defaultAction: SCMP_ACT_NOTIFY cannot be the default"},
		{"errno too large", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 4096}", "p.json:1:56: defaultErrnoRet: 4096 is not a whole number from 0 to 4094"},
		{"errno negative", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": -1}", "p.json:1:56: defaultErrnoRet: -1 is not a whole number"},
		{"errno fraction", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1.5}", "p.json:1:56: defaultErrnoRet: 1.5 is not a whole number"},
		{"errno disagrees", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 1,\n\"defaultErrno\": \"ENOSYS\"}", "p.json:2:17: defaultErrno: ENOSYS is 38, but the number beside it is 1"},
		{"misspelt key", "{\n\"defaultActions\": \"SCMP_ACT_ALLOW\"}", "p.json:2:1: defaultActions: unknown key, did you mean \"defaultAction\"?"},
		{"key twice in another case", "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"DefaultAction\": \"SCMP_ACT_ERRNO\"}", "p.json:2:1: DefaultAction: key \"defaultAction\" stands here twice: runtimes written in Go"},
		{"key twice", "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\n\"defaultAction\": \"SCMP_ACT_ERRNO\"}", "p.json:3:1: key \"defaultAction\" stands here twice"},
		{"unknown arch", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"SCMP_ARCH_X86_64\",\n\"SCMP_ARCH_FOO\"]}", "p.json:2:1: architectures[1]: unknown architecture \"SCMP_ARCH_FOO\""},
		{"arch of Go", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"amd64\"]}", "p.json:1:55: architectures[0]: unknown architecture \"amd64\""},
		{"archMap and architectures", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [],\n\"archMap\": []}", "p.json:2:12: archMap: together with architectures: Docker refuses both"},
		{"archMap empty", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{}]}", "p.json:1:49: archMap[0]: architecture is missing"},
		{"archMap sub", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"x\"]}]}", "p.json:1:107: archMap[0].subArchitectures[0]: unknown architecture \"x\""},
		{"unknown flag", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"LOG\"]}", "p.json:1:47: flags[0]: unknown flag \"LOG\" (such as SECCOMP_FILTER_FLAG_LOG)"},
		{"invented flag", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"SECCOMP_FILTER_FLAG_FAST\"]}", "p.json:1:47: flags[0]: unknown flag \"SECCOMP_FILTER_FLAG_FAST\""},
		{"rule is a string", rule(`"read"`), "p.json:3:1: syscalls[0]: not an object"},
		{"no action", rule(`{"names": ["read"]}`), "p.json:3:1: syscalls[0]: action is missing"},
		{"name and names", rule(`{"names": ["read"],` + "\n" + `"name": "write", "action": "SCMP_ACT_ALLOW"}`), "p.json:4:9: syscalls[0].name: together with names: Docker refuses both"},
		{"errno name unknown", rule(`{"names": ["read"], "action": "SCMP_ACT_ERRNO", "errno": "EFOO"}`), "p.json:3:58: syscalls[0].errno: unknown errno \"EFOO\""},
		{"arg index", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}`), "p.json:3:68: syscalls[0].args[0].index: 6 is not a whole number from 0 to 5"},
		{"arg without op", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1}]}`), "p.json:3:58: syscalls[0].args[0]: op is missing"},
		{"arg op", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "=="}]}`), "p.json:3:89: syscalls[0].args[0].op: unknown operator \"==\""},
		{"arg value", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 18446744073709551616, "op": "SCMP_CMP_EQ"}]}`), "p.json:3:80: syscalls[0].args[0].value: 18446744073709551616 is not a whole number from 0 to 18446744073709551615"},
		{"condition's arch", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd65"]}}`), "p.json:3:73: syscalls[0].excludes.arches[0]: unknown architecture \"amd65\""},
		{"kernel", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4"}}`), "p.json:3:75: syscalls[0].includes.minKernel: \"4\" is not a kernel version such as 5.19"},
		{"kernel below zero", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "-4.1"}}`), "p.json:3:75: syscalls[0].includes.minKernel: \"-4.1\" is not a kernel version such as 5.19"},
		{"kernel's patch level", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8.1"}}`), "p.json:3:75: syscalls[0].includes.minKernel: \"4.8.1\" is not"},
		{"deep", strings.Repeat(`{"a":`, 10000), "p.json:1:81: a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a: nested deeper than 16 values"},
		{"deep list", strings.Repeat("[\n", 10000), "p.json:17:1: [0]"},
		{"long number", "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": " + strings.Repeat("1", 200000) + "}", "p.json:1:56: defaultErrnoRet: " + strings.Repeat("1", 40) + " is not"},
		{"10 MB", "{\"defaultAction\": \"" + strings.Repeat("A", 10<<20) + "\"}", "p.json: larger than 256 kB: no seccomp profile"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := profile.Parse([]byte(c.text), "p.json")
			if err == nil {
				t.Fatalf("accepted: %+v", d)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("error = %q\nwant     %q", err, c.want)
			}
			var syntax *profile.SyntaxError
			if !errors.As(err, &syntax) || syntax.File != "p.json" {
				t.Errorf("%v is no SyntaxError of p.json", err)
			}
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Errorf("error has control bytes: %q", err)
			}
		})
	}
}

// TestParseNotes: what runtimes pass over is passed over, and told with its
// place.
func TestParseNotes(t *testing.T) {
	rule := func(s string) string { return "{\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\"syscalls\": [\n" + s + "]}" }
	for _, c := range []struct{ name, text, want string }{
		{"errno without errno", "{\"defaultAction\": \"SCMP_ACT_KILL\", \"defaultErrnoRet\": 1}", "p.json:1:55: defaultErrnoRet: SCMP_ACT_KILL gives no error number"},
		{"archMap twice", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": [{\"architecture\": \"SCMP_ARCH_X86_64\"},\n{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\"]}]}", "p.json:2:18: archMap[1].architecture: SCMP_ARCH_X86_64 stands here twice: Docker takes the first alone"},
		{"no names", rule(`{"action": "SCMP_ACT_ALLOW"}`), "p.json:3:1: syscalls[0]: names is missing or empty"},
		{"empty names", rule(`{"names": [], "action": "SCMP_ACT_ALLOW"}`), "p.json:3:1: syscalls[0]: names is missing or empty"},
		{"pread", rule(`{"names": ["read",` + "\n" + `"pread"], "action": "SCMP_ACT_ALLOW"}`), "p.json:4:1: syscalls[0].names[1]: unknown system call \"pread\", did you mean \"pread64\"?"},
		{"invented name", rule(`{"names": ["syscall_1f4"], "action": "SCMP_ACT_ALLOW"}`), "p.json:3:12: syscalls[0].names[0]: unknown system call \"syscall_1f4\" (in no table of " + syscalltable.KernelVersion},
		{"capitals", rule(`{"name": "READ", "action": "SCMP_ACT_ALLOW"}`), "p.json:3:10: syscalls[0].name: unknown system call \"READ\", did you mean \"read\"?"},
		{"blank", rule(`{"names": ["read "], "action": "SCMP_ACT_ALLOW"}`), "p.json:3:12: syscalls[0].names[0]: unknown system call \"read \""},
		{"errno on allow", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "errnoRet": 1}`), "p.json:3:61: syscalls[0].errnoRet: SCMP_ACT_ALLOW gives no error number"},
		{"arg's second value", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "valueTwo": 2, "op": "SCMP_CMP_EQ"}]}`), "p.json:3:95: syscalls[0].args[0].valueTwo: has no effect beside SCMP_CMP_EQ"},
		{"invented capability", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYSADMIN"]}}`), "p.json:3:71: syscalls[0].includes.caps[0]: unknown capability \"CAP_SYSADMIN\""},
		{"capability in small letters", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["cap_kill"]}}`), "p.json:3:71: syscalls[0].excludes.caps[0]: unknown capability \"cap_kill\""},
		{"capability", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["SYS_ADMIN"]}}`), "p.json:3:71: syscalls[0].includes.caps[0]: unknown capability \"SYS_ADMIN\""},
		{"long name", rule(`{"name": "` + strings.Repeat("r", 200000) + `", "action": "SCMP_ACT_ALLOW"}`), "p.json:3:10: syscalls[0].name: unknown system call \"" + strings.Repeat("r", 40) + "\" (in no table"},
		{"unknown key", "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"tags\": []}", "p.json:2:1: tags: unknown key"},
		{"hostile key beside", "{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"\\u001b[31m\": {}}", `p.json:1:37: "\x1b[31m": unknown key`},
		{"key in another case", "{\n\"DefaultAction\": \"SCMP_ACT_ALLOW\"}", "p.json:2:1: DefaultAction: runtimes written in Go take it for \"defaultAction\", others pass over it"},
		{"rule's unknown key", rule(`{"names": ["read"], "action": "SCMP_ACT_ALLOW", "priority": 1}`), "p.json:3:49: syscalls[0].priority: unknown key"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := profile.Parse([]byte(c.text), "p.json")
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Notes) != 1 || !strings.HasPrefix(d.Notes[0].Error(), c.want) || strings.ContainsAny(d.Notes[0].Error(), "\n\x1b") {
				t.Errorf("notes = %q\nwant    %q", d.Notes, c.want)
			}
		})
	}
}

func TestSniff(t *testing.T) {
	for head, want := range map[string]bool{
		"{\n  \"defaultAction\": \"SCMP_ACT": true, `{"archMap":`: true, `{"syscalls"`: true, "\ufeff{\"architectures\": []": true,
		"": false, "{": false, "{}": false, `["defaultAction"]`: false, `"defaultAction"`: false, `{"version": 1, "defaultAction": 2}`: false,
		`{"MESSAGE": "defaultAction"}`: false, "type=SECCOMP msg=audit(1.000:1): \"defaultAction\"": false, "defaultAction: x": false,
	} {
		if profile.Sniff([]byte(head)) != want {
			t.Errorf("%q: is a profile: %v", head, !want)
		}
	}
}

// TestDoubles: of several rules for one call that hold is told which libseccomp
// takes, wherever the profile is used; what it refuses is an error.
func TestDoubles(t *testing.T) {
	const head = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\n"
	rule := func(name, action, more string) string {
		return fmt.Sprintf(`{"names": [%q], "action": "SCMP_ACT_%s"%s}`, name, action, more)
	}
	arg := func(values ...int) string {
		var list []string
		for i, v := range values {
			list = append(list, fmt.Sprintf(`{"index": %d, "value": %d, "op": "SCMP_CMP_EQ"}`, i, v))
		}
		return `, "args": [` + strings.Join(list, ", ") + "]"
	}
	const swapped = `, "args": [{"index": 1, "value": 2, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]`
	const refused = ": only one can hold, and runtimes refuse the profile"
	for _, c := range []struct{ name, first, second, want, answer string }{
		{"two outcomes", rule("clone", "ALLOW", ""), rule("clone", "KILL", ""), "clone is answered with kill_thread here and with allow by syscalls[0] (line 2): that one holds, since it comes first", "allow"},
		{"the same outcome", rule("clone", "ALLOW", ""), rule("clone", "ALLOW", ""), "", "allow"},
		{"the default's outcome", rule("clone", "ALLOW", ""), rule("clone", "ERRNO", ""), "clone is answered with errno(EPERM) here, as by default: runtimes leave that out, and syscalls[0] (line 2) holds", "allow"},
		{"the default's outcome first", rule("clone", "ERRNO", ""), rule("clone", "ALLOW", ""), "p.json:2:1: syscalls[0]: clone is answered with errno(EPERM) here, as by default: runtimes leave that out, and syscalls[1] (line 3) holds", "allow"},
		{"the default's outcome beside arguments", rule("clone", "ERRNO", ""), rule("clone", "ALLOW", arg(8)), "p.json:2:1: syscalls[0]: clone is answered with errno(EPERM) here, as by default: runtimes leave that out, and syscalls[1] (line 3) holds", "allow or errno(EPERM)"},
		{"two numbers", rule("clone", "ERRNO", `, "errnoRet": 2`), rule("clone", "ERRNO", `, "errnoRet": 3`), "clone is answered with errno(ESRCH) here and with errno(ENOENT) by syscalls[0] (line 2): that one holds, since it comes first", "errno(ENOENT)"},
		{"arguments second", rule("clone", "ALLOW", ""), rule("clone", "KILL", arg(8)), "clone is answered with kill_thread here and with allow by syscalls[0] (line 2): that one holds, since it has fewer arguments", "allow"},
		{"arguments first", rule("clone", "KILL", arg(8)), rule("clone", "ALLOW", ""), "clone is answered with allow here and with kill_thread by syscalls[0] (line 2): this one holds, since it has no arguments", "allow"},
		{"the same arguments", rule("clone", "ALLOW", arg(8, 2)), rule("clone", "KILL", swapped), "clone is answered with kill_thread here and with allow by syscalls[0] (line 2)" + refused, ""},
		{"fewer arguments first", rule("clone", "ALLOW", arg(8)), rule("clone", "KILL", arg(8, 2)), "clone is answered with kill_thread here and with allow by syscalls[0] (line 2): that one holds, since it has fewer arguments", "allow or errno(EPERM)"},
		{"fewer arguments second", rule("clone", "KILL", arg(8, 2)), rule("clone", "ALLOW", arg(8)), "clone is answered with allow here and with kill_thread by syscalls[0] (line 2)" + refused, ""},
		{"other arguments", rule("clone", "KILL", arg(8)), rule("clone", "ALLOW", arg(9)), "", "allow or errno(EPERM) or kill_thread"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := head + c.first + ",\n" + c.second + "]}"
			if c.want != "" && !strings.HasPrefix(c.want, "p.json") {
				c.want = "p.json:3:1: syscalls[1]: " + c.want
			}
			d, err := profile.Parse([]byte(text), "p.json")
			if c.answer == "" {
				if err == nil || err.Error() != c.want {
					t.Errorf("error = %v\nwant    %s", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := noteText(d.Notes); got != c.want {
				t.Errorf("notes %q\nwant  %q", got, c.want)
			}
			clone, _ := x86_64.Number("clone")
			check := func(d *profile.Document) {
				t.Helper()
				p, err := d.Evaluate(profile.Environment{Arch: x86_64})
				if err != nil {
					t.Fatal(err)
				}
				if got := p.Answer(x86_64, clone).String(); got != c.answer {
					t.Errorf("answer %s, want %s", got, c.answer)
				}
			}
			check(d)
			union, err := profile.Merge(d, d)
			if err != nil {
				t.Fatal(err)
			}
			check(union)
		})
	}
	// Where conditions decide whether both rules are there, so does Evaluate.
	text := head + rule("clone", "ALLOW", arg(8, 2)) + ",\n" + rule("clone", "KILL", arg(8, 2)+`, "excludes": {"caps": ["CAP_KILL"]}`) + "]}"
	d := parse(t, text)
	if _, err := d.Evaluate(profile.Environment{Arch: x86_64, Caps: []string{"CAP_KILL"}}); err != nil {
		t.Error(err)
	}
	if _, err := d.Evaluate(profile.Environment{Arch: x86_64}); err == nil || !strings.HasSuffix(err.Error(), refused) {
		t.Errorf("rules that contradict each other where both hold: %v", err)
	}
}

// noteText joins notes by newlines.
func noteText(notes []*profile.SyntaxError) string {
	var lines []string
	for _, n := range notes {
		lines = append(lines, n.Error())
	}
	return strings.Join(lines, "\n")
}

func TestEvaluateNotes(t *testing.T) {
	const head = "{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [\n"
	for _, c := range []struct {
		name, text string
		caps       []string
		want       []string
	}{
		{"nothing to tell", head + `{"names": ["read", "read"], "action": "SCMP_ACT_ALLOW"}, {"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`, nil, nil},
		// As setns in the profile that containers-common ships.
		{"conditional overlap", head + `{"names": ["setns"], "action": "SCMP_ACT_ALLOW"}, {"names": ["setns"], "action": "SCMP_ACT_KILL", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}`, nil,
			[]string{
				"syscalls[1] (line 2): setns is answered with kill_thread here and with allow by syscalls[0] (line 2): that one holds, since it comes first",
				"evaluated for x86_64, Linux newest, with 0 capabilities: 2 of 2 rules apply",
			}},
		{"conditions that exclude each other", head + `{"names": ["setns"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}}, {"names": ["setns"], "action": "SCMP_ACT_KILL", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}]}`,
			[]string{"CAP_SYS_ADMIN"}, []string{"evaluated for x86_64, Linux newest, with 1 capabilities: 1 of 2 rules apply"}},
		{"one argument twice", head + `{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_GE"}, {"index": 0, "value": 9, "op": "SCMP_CMP_LE"}]}]}`, nil,
			[]string{"syscalls[0] (line 2): several conditions on one argument: runtimes let any of them do"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := evaluate(t, c.text, c.caps...).Notes; strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("notes = %q\nwant    %q", got, c.want)
			}
		})
	}
}

func TestConditions(t *testing.T) {
	const text = `{"defaultAction": "SCMP_ACT_ERRNO", "archMap": [
		{"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
		{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
		"syscalls": [{"name": "read", "action": "SCMP_ACT_ALLOW", "args": null, "comment": "", "errno": "", "includes": %s, "excludes": %s}]}`
	for _, c := range []struct {
		name, includes, excludes string
		env                      profile.Environment
		want                     string
	}{
		{"none", `{}`, `{}`, profile.Environment{Arch: x86_64}, "allow"},
		{"null", `null`, `null`, profile.Environment{Arch: x86_64}, "allow"},
		{"one of two caps", `{"caps": ["CAP_KILL", "CAP_CHOWN"]}`, `{}`, profile.Environment{Arch: x86_64, Caps: []string{"CAP_KILL"}}, "errno(EPERM)"},
		{"both caps", `{"caps": ["CAP_KILL", "CAP_CHOWN"]}`, `{}`, profile.Environment{Arch: x86_64, Caps: []string{"CAP_CHOWN", "CAP_KILL"}}, "allow"},
		{"excluded by one cap", `{}`, `{"caps": ["CAP_KILL", "CAP_CHOWN"]}`, profile.Environment{Arch: x86_64, Caps: []string{"CAP_CHOWN"}}, "errno(EPERM)"},
		{"not excluded", `{}`, `{"caps": ["CAP_KILL", "CAP_CHOWN"]}`, profile.Environment{Arch: x86_64}, "allow"},
		{"this arch", `{"arches": ["arm64", "amd64"]}`, `{}`, profile.Environment{Arch: x86_64}, "allow"},
		{"another arch", `{"arches": ["arm64", "x86"]}`, `{}`, profile.Environment{Arch: x86_64}, "errno(EPERM)"},
		{"excluded arch", `{}`, `{"arches": ["amd64"]}`, profile.Environment{Arch: x86_64}, "errno(EPERM)"},
		{"newest kernel", `{"minKernel": "5.19"}`, `{}`, profile.Environment{Arch: x86_64}, "allow"},
		{"that kernel", `{"minKernel": "5.19"}`, `{}`, profile.Environment{Arch: x86_64, Kernel: profile.KernelVersion{Major: 5, Minor: 19}}, "allow"},
		{"older kernel", `{"minKernel": "5.19"}`, `{}`, profile.Environment{Arch: x86_64, Kernel: profile.KernelVersion{Major: 5, Minor: 4}}, "errno(EPERM)"},
		{"next major", `{"minKernel": "5.19"}`, `{}`, profile.Environment{Arch: x86_64, Kernel: profile.KernelVersion{Major: 6, Minor: 1}}, "allow"},
		{"excluded kernel", `{}`, `{"minKernel": "5.19"}`, profile.Environment{Arch: x86_64, Kernel: profile.KernelVersion{Major: 6, Minor: 1}}, "errno(EPERM)"},
		{"excluded newer kernel", `{}`, `{"minKernel": "5.19"}`, profile.Environment{Arch: x86_64, Kernel: profile.KernelVersion{Major: 4, Minor: 18}}, "allow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := parse(t, fmt.Sprintf(text, c.includes, c.excludes)).Evaluate(c.env)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.Answer(x86_64, 0).String(); got != c.want {
				t.Errorf("read: %s, want %s", got, c.want)
			}
			if got := fmt.Sprint(p.Arches); got != "[x86_64 i386]" {
				t.Errorf("architectures %s, want those of archMap for the host", got)
			}
		})
	}
}

// FuzzParse: what is accepted is evaluated and answers every call, or is
// refused with a place; nothing panics, and no error spans lines.
func FuzzParse(f *testing.F) {
	f.Add(`{"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86_64"],"syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]}`)
	f.Add(`{"defaultAction":"SCMP_ACT_ALLOW","archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":null}],"syscalls":[{"name":"clone","action":"SCMP_ACT_ERRNO","errno":"ENOSYS","errnoRet":38,"args":[{"index":0,"value":1,"valueTwo":2,"op":"SCMP_CMP_MASKED_EQ"}],"includes":{"caps":["CAP_KILL"],"arches":["amd64"],"minKernel":"4.8"}}]}`)
	f.Add(`{"defaultAction":"SCMP_ACT_KILL","syscalls":[{"names":["socket"],"action":"SCMP_ACT_LOG"},{"names":["socket"],"action":"SCMP_ACT_TRACE"}]}`)
	shapes, err := filepath.Glob("testdata/shapes/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range shapes {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := profile.Parse([]byte(text), "p.json")
		if err == nil {
			for _, note := range d.Notes {
				wantLine(t, note)
			}
			for _, form := range profile.Formats() {
				d.Write(io.Discard, form, profile.Meta{Name: "app"}) // or an error
			}
			var p *profile.Policy
			if p, err = d.Evaluate(profile.Environment{Arch: x86_64}); err == nil {
				for nr := range int32(500) {
					if len(p.Answer(i386, nr).Possible) == 0 {
						t.Fatalf("no answer to %d", nr)
					}
				}
				p.DeadRules()
				return
			}
		}
		wantLine(t, err)
	})
}

// wantLine wants one line of printable text with the name of the file.
func wantLine(t *testing.T, err error) {
	t.Helper()
	if !strings.HasPrefix(err.Error(), "p.json") || strings.ContainsAny(err.Error(), "\n\r\x1b") {
		t.Errorf("not one line with a place: %q", err)
	}
}

// Keys that are passed over may be anything: what is told of them is one line of
// printable text.
func TestHostileKeys(t *testing.T) {
	for key, want := range map[string]string{
		`\u001b[31m`:             `p.json:1:37: "\x1b[31m": unknown key`,
		strings.Repeat("k", 200): `p.json:1:37: "` + strings.Repeat("k", 40) + `": unknown key`,
	} {
		d := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "`+key+`": 1}`)
		if len(d.Notes) != 1 || d.Notes[0].Error() != want {
			t.Errorf("notes %v, want %s", d.Notes, want)
		}
	}
}
