package profile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// asked returns what a document's filter answers.
func asked(t *testing.T, d *profile.Document) func(name string, args ...uint64) string {
	t.Helper()
	p, err := d.Evaluate(profile.Environment{Arch: x86_64, NoStub: true})
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Filter()
	if err != nil {
		t.Fatal(err)
	}
	vm := machine(t, f)
	return func(name string, args ...uint64) string {
		nr, ok := x86_64.Number(name)
		if !ok {
			t.Fatalf("no call %s", name)
		}
		var all [6]uint64
		copy(all[:], args)
		return ask(t, vm, x86_64, nr, all).String()
	}
}

// answered is a document of some form, and what its filter answers to a call.
type answered struct {
	text string
	call string
	args args
	want string
}

type args = []uint64

// answers reads documents and asks each about its call.
func answers(t *testing.T, name string, cases []answered) {
	t.Helper()
	for _, c := range cases {
		d, err := profile.Read(strings.NewReader(c.text), name, profile.ReadOptions{Host: x86_64})
		if err != nil {
			t.Errorf("%v\n%s", err, c.text)
			continue
		}
		if got := asked(t, d)(c.call, c.args...); got != c.want {
			t.Errorf("%s%x under\n%s\nis %s, want %s", c.call, c.args, c.text, got, c.want)
		}
	}
}

func TestMinijail(t *testing.T) {
	answers(t, "app.policy", []answered{
		{"read: 1", "read", nil, "allow"},
		{"read: allow", "write", nil, "kill_process"},
		{"@default kill-thread\nread: 1", "write", nil, "kill_thread"},
		{"read: 1\n@default trap", "write", nil, "trap"}, // wherever it stands
		{"# only\n\n  read : 1 # all\n", "read", nil, "allow"},
		{"{read, write}: return EAGAIN", "write", nil, "errno(EAGAIN)"},
		{"read: return 95", "read", nil, "errno(EOPNOTSUPP)"},
		{"read: log", "read", nil, "log"},
		{"read: kill-thread", "read", nil, "kill_thread"},
		{"read: trace", "read", nil, "trace"},
		{"read: user-notify", "read", nil, "user_notif"},
		{"kill: 1", "kill", nil, "allow"}, // also the word for an action
		{"socket: arg0 == AF_UNIX", "socket", args{1}, "allow"},
		{"socket: arg0 == AF_UNIX", "socket", args{2}, "kill_process"},
		{"socket: arg0 == 0x1 || \\\n  arg0 == 012", "socket", args{10}, "allow"},
		{"socket: arg0 == 1 && arg1 == 2 || arg0 == 16", "socket", args{1, 3}, "kill_process"},
		{"socket: arg0 == 1 && arg1 == 2 || arg0 == 16", "socket", args{16, 3}, "allow"},
		{"mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap", args{0, 0, 3}, "allow"},
		{"mmap: arg2 in ~PROT_EXEC || arg2 in ~PROT_WRITE", "mmap", args{0, 0, 7}, "kill_process"},
		{"mmap: arg2 in PROT_READ|PROT_WRITE", "mmap", args{0, 0, 1 << 40}, "kill_process"},
		{"mmap: arg2 in (PROT_READ|PROT_WRITE)", "mmap", args{0, 0, 2}, "allow"},
		{"clone: arg0 & CLONE_THREAD|CLONE_VM", "clone", args{0x100}, "allow"},
		{"clone: arg0 & CLONE_THREAD|CLONE_VM", "clone", args{0x200}, "kill_process"},
		{"clone: arg0 & CLONE_VM && arg0 in CLONE_VM|CLONE_FS", "clone", args{0x300}, "allow"},
		{"clone: arg0 & CLONE_VM && arg0 in CLONE_VM|CLONE_FS", "clone", args{0x200}, "kill_process"},
		{"clone: arg0 & CLONE_VM && arg0 in CLONE_VM|CLONE_FS", "clone", args{0x500}, "kill_process"},
		{"clone: arg0 == 5 && arg0 in 7", "clone", args{5}, "allow"},
		{"fcntl: arg1 >= 3 && arg2 < 9 && arg3 != -1", "fcntl", args{0, 3, 8, 0}, "allow"},
		{"fcntl: arg1 >= 3 && arg2 < 9 && arg3 != -1", "fcntl", args{0, 3, 8, ^uint64(0)}, "kill_process"},
		{"fcntl: arg1 > 3 || arg1 <= 1", "fcntl", args{0, 2}, "kill_process"},
		{"ioctl: arg1 == TCGETS; return ENOTTY", "ioctl", args{0, 0x5401}, "allow"}, // as libminijail has it
		{"ioctl: arg1 == TCGETS; return ENOTTY", "ioctl", args{0, 7}, "errno(ENOTTY)"},
		{"ioctl: { arg1 == TCGETS; return ENOTTY }", "ioctl", args{0, 0x5401}, "errno(ENOTTY)"},
		{"ioctl: { arg1 == TCGETS; return ENOTTY }", "ioctl", args{0, 7}, "kill_process"},
		{"ioctl: arg1 == TCGETS; log", "ioctl", args{0, 0x5401}, "log"}, // which libminijail does not have
		{"ioctl: { arg1 == 1; log, arg1 == 2; trap, arg0 == 9 && arg2 == 3; 1, return EIO }", "ioctl", args{9, 2, 3}, "trap"},
		{"ioctl: { arg1 == 1; log, arg1 == 2; trap, return EIO }", "ioctl", args{9, 3}, "errno(EIO)"},
		{"ioctl: { arg2 < 0x100000000; log, return EIO }", "ioctl", args{0, 0, 1 << 32}, "errno(EIO)"},
		{"ioctl: { arg2 < 5; log, arg2 >= 5; trap }", "ioctl", args{0, 0, 5}, "trap"},
		{"ioctl: { arg1 == 1; log, arg1 in -1; trap }", "ioctl", args{0, 1}, "log"},
		{"ioctl: { arg1 == 1; log, arg1 in -1; trap }", "ioctl", args{0, 2}, "trap"},
		{"kill: { arg1 == SIGKILL; kill, allow }", "kill", args{0, 9}, "kill_process"},
		{"kill: { arg1 == SIGKILL; kill, allow }", "kill", args{0, 1}, "allow"},
		{"ioctl: arg1 == 1\nioctl: arg1 == 2; log\nioctl: trap", "ioctl", args{0, 2}, "log"}, // lines of a call add up
		{"ioctl: arg1 == 1\nioctl: trap", "ioctl", args{0, 2}, "trap"},
		{"@denylist\nptrace: return EPERM\nioctl: arg1 == TIOCSTI; return EACCES", "ioctl", args{0, 0x5412}, "errno(EACCES)"},
		{"@denylist\nptrace: return EPERM\nioctl: arg1 == TIOCSTI; return EACCES", "ioctl", args{0, 0x5413}, "allow"},
		{"@denylist\nptrace: return EPERM", "ptrace", nil, "errno(EPERM)"},
		{"open[arch=arm,x86_64]: 1", "open", nil, "allow"},
		{"open[arch=arm64]: 1\nread: 1", "open", nil, "kill_process"},
		{"@frequency ./app.frequency\nread: 1", "read", nil, "allow"},
		{"nosuchcall: 1\nread: 1", "read", nil, "allow"},
	})
}

func TestMinijailErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"read: 1\nread write", `app.policy:2:6: "write" where ":" has to be`},
		{"read: 1\nread: 1", "app.policy:2:1: read is answered already by line 1, whatever its arguments"},
		{"read: maybe", "app.policy:1:7: unknown action \"maybe\" (such as allow, kill-process, return EPERM)"},
		{"read: \t2", `app.policy:1:8: unknown action "2"`},
		{"read: return", "app.policy:1:13: the end of the line is no number"},
		{"read: return ENOSUCH", `app.policy:1:14: "ENOSUCH" is no number`},
		{"read: return 4095", "app.policy:1:14: 4095 is not an error number from 0 to 4094"},
		{"read: arg6 == 1", `app.policy:1:7: "arg6" where arg0 to arg5 has to be`},
		{"read: arg0 = 1", `app.policy:1:12: unknown comparison "="`},
		{"read: arg0 == NOSUCH", `app.policy:1:15: "NOSUCH" is no number and no name of one that is known here: write the number`},
		{"read: arg0 == (1", `app.policy:1:17: the end of the line where ")" has to be`},
		{"read: arg0 == 1 &&", "app.policy:1:19: the end of the line where arg0"},
		{"read: arg0 == 1 extra", `app.policy:1:17: "extra" where the line has to end`},
		{"read: {arg0 == 1; log", `app.policy:1:22: the end of the line where "}" has to be`},
		{"read: arg0 >= 1 && arg0 <= 5", "app.policy:1:20: two conditions on arg0 that have to hold together: profiles of runtimes cannot say that"},
		{"read: { arg0 >= 1; log, arg0 == 2; 1 }", "app.policy:1:25: read is answered by the first condition that holds here (line 1 comes before)"},
		{"read: { arg0 in 3; kill, 1 }", "app.policy:1:26: read is answered by the first"},
		{"read: { arg0 <= 0x100000001; log, arg2 <= 3; 1, arg2 in -1; kill }", "app.policy:1:9: read has an answer where no condition on arg0 holds"},
		{"read: { arg1 <= 0x100000001; log, arg2 <= 3; 1, arg2 in -1; kill }", "app.policy:1:35: read is answered by the first"},
		{"read: { arg0 >= 0 || arg0 < 2; 1 }", "app.policy:1:9: read has an answer where no condition on arg0 holds"},
		{"@default allow\nread: 1", "app.policy:1:10: allow cannot be minijail's default"},
		{"@unclude ./x\nread: 1", "app.policy:1:1: @include"},
		{"read: 1\n@nothing", "app.policy:2:1: unknown statement @nothing"},
		{"read: 1\n$", `app.policy:2:1: "$" is nothing that a policy of minijail can have`},
		{"read: arg0 == " + strings.Repeat("(", 20) + "1", "more than 16 parentheses in each other"},
		{"clone: arg0 & ~0 && arg1 & ~0", "app.policy:1:21: the conditions come to more than 256 rules"},
	} {
		_, err := profile.Read(strings.NewReader(c.text), "app.policy", profile.ReadOptions{Host: x86_64})
		if c.want == "app.policy:1:1: @include" {
			c.want = "app.policy:1:1: not JSON" // not a policy at first sight
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
	if _, err := profile.Read(strings.NewReader("openat: arg2 == O_CREAT"), "app.policy", profile.ReadOptions{Host: syscalltable.AArch64}); err == nil || !strings.Contains(err.Error(), "O_CREAT differs between architectures") {
		t.Errorf("a constant of x86_64 for another machine: %v", err)
	}
}

func TestMinijailIncludes(t *testing.T) {
	deep := fstest.MapFS{
		"dir/app.policy":   {Data: []byte("@include ./lib/a.policy\nwrite: 1\n")},
		"dir/lib/a.policy": {Data: []byte("read: 1\n@include ./b.policy\n")},
		"dir/lib/b.policy": {Data: []byte("close: maybe\n")},
		"dir/loop.policy":  {Data: []byte("@include ./loop.policy\n")},
		"dir/far.policy":   {Data: []byte("@include far\n")},
		"dir/big.policy":   {Data: []byte(strings.Repeat("@include ./fat.policy\n", 20))},
		"dir/fat.policy":   {Data: []byte(strings.Repeat("# fat\n", 3000))},
	}
	read := func(name string) (*profile.Document, error) {
		return profile.Read(bytes.NewReader(deep[name].Data), name, profile.ReadOptions{Host: x86_64, Include: func(name string) (io.ReadCloser, error) {
			return deep.Open(path.Clean(name))
		}})
	}
	for name, want := range map[string]string{
		"dir/app.policy":  "dir/lib/b.policy:1:8: unknown action \"maybe\"",
		"dir/loop.policy": "dir/loop.policy:1:1: policies include each other more than 10 deep",
		"dir/far.policy":  "dir/far.policy:1:10: \"far\" is no path: it has to begin with / or ./",
		"dir/big.policy":  "dir/big.policy:15:1: what is included is larger than 256 kB",
	} {
		if _, err := read(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	deep["dir/lib/b.policy"].Data = []byte("close: 1\n")
	d, err := read("dir/app.policy")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"read", "close", "write"} {
		if got := asked(t, d)(name); got != "allow" {
			t.Errorf("%s: %s", name, got)
		}
	}
	if _, err := profile.Parse([]byte("@include ./x.policy\n"), "app.policy"); err == nil || !strings.Contains(err.Error(), "app.policy:1:1: other files are not read here") {
		t.Errorf("an include where none may be: %v", err)
	}
}

// randomFilters are what minijail tries one after the other for a call, as text
// and as the answer to arguments.
func randomFilters(r *rand.Rand) (text string, answer func(args [6]uint64) string) {
	values := []uint64{0, 1, 2, 3, 5, 1 << 32, 1<<32 | 1, ^uint64(0)}
	ops := map[string]func(a, v uint64) bool{
		"==": func(a, v uint64) bool { return a == v }, "!=": func(a, v uint64) bool { return a != v },
		"<": func(a, v uint64) bool { return a < v }, "<=": func(a, v uint64) bool { return a <= v },
		">": func(a, v uint64) bool { return a > v }, ">=": func(a, v uint64) bool { return a >= v },
		"&": func(a, v uint64) bool { return a&v != 0 }, "in": func(a, v uint64) bool { return a&^v == 0 },
	}
	names := []string{"==", "!=", "<", "<=", ">", ">=", "&", "in"}
	actions := [][2]string{{"1", "allow"}, {"return EIO", "errno(EIO)"}, {"log", "log"}, {"kill", "kill_process"}}
	type filter struct {
		clauses [][]func(args [6]uint64) bool
		result  string
	}
	var filters []filter
	var texts []string
	for range 1 + r.IntN(3) {
		var f filter
		var clauses []string
		for range 1 + r.IntN(3) {
			var clause []func([6]uint64) bool
			var atoms []string
			for range 1 + r.IntN(2) {
				arg, op, v := r.IntN(3), names[r.IntN(len(names))], values[r.IntN(len(values))]
				holds := ops[op]
				clause = append(clause, func(args [6]uint64) bool { return holds(args[arg], v) })
				atoms = append(atoms, fmt.Sprintf("arg%d %s %#x", arg, op, v))
			}
			f.clauses = append(f.clauses, clause)
			clauses = append(clauses, strings.Join(atoms, " && "))
		}
		action := actions[r.IntN(len(actions))]
		f.result = action[1]
		filters = append(filters, f)
		texts = append(texts, strings.Join(clauses, " || ")+"; "+action[0])
	}
	last := "kill_process"
	if r.IntN(2) == 0 {
		action := actions[r.IntN(len(actions))]
		last = action[1]
		texts = append(texts, action[0])
	}
	return "{ " + strings.Join(texts, ", ") + " }", func(args [6]uint64) string {
		for _, f := range filters {
			for _, clause := range f.clauses {
				if !slices.ContainsFunc(clause, func(holds func([6]uint64) bool) bool { return !holds(args) }) {
					return f.result
				}
			}
		}
		return last
	}
}

// Random policies are refused or answer as minijail tries their conditions: read,
// written as a policy and read again, and, by libseccomp, as a profile.
func TestMinijailRandom(t *testing.T) {
	policies := 400
	if os.Getenv("AUDITSCAN_LIBSECCOMP") != "" {
		policies = 12000
	}
	r := rand.New(rand.NewPCG(1, 2))
	var all []randomPolicy
	var profiles []*specs.LinuxSeccomp
	unread := 0
	for range policies {
		text, answer := randomFilters(r)
		p, err := settled("prctl: " + text + "\n")
		if err != nil {
			continue
		}
		p.answer = answer
		p.agree(t, r, asked(t, p.document))
		written := write(t, p.document, profile.FormatMinijail)
		if again, err := settled(written); err == nil {
			p.agree(t, r, asked(t, again.document))
		} else {
			unread++ // conditions that can never hold may hide that others can be told apart
		}
		oci, err := p.document.OCI()
		if err != nil {
			t.Fatal(err)
		}
		all, profiles = append(all, p), append(profiles, oci)
	}
	certain := 0
	for i, vm := range libseccompMachines(t, profiles) {
		switch p := all[i]; {
		case isUncertain(p.policy):
		case vm == nil:
			t.Errorf("%slibseccomp does not come back from it as a profile", p.text)
		default:
			certain++
			p.agree(t, r, func(_ string, args ...uint64) string { return ask(t, vm, x86_64, 157, [6]uint64(args)).String() })
		}
	}
	t.Logf("%d policies, %d not read again, %d held against libseccomp", len(all), unread, certain)
	if len(all) < policies/4 || certain < len(all)/2 || unread > len(all)/100 {
		t.Error("too few of them say anything")
	}
}

// randomPolicy is a policy of minijail that was read and settled.
type randomPolicy struct {
	text     string
	answer   func(args [6]uint64) string
	document *profile.Document
	policy   *profile.Policy
}

func settled(text string) (p randomPolicy, err error) {
	p.text = text
	if p.document, err = profile.Read(strings.NewReader(text), "app.policy", profile.ReadOptions{Host: x86_64}); err != nil {
		return p, err
	}
	p.policy, err = p.document.Evaluate(profile.Environment{Arch: x86_64, NoStub: true})
	return p, err
}

// agree asks about random arguments.
func (p *randomPolicy) agree(t *testing.T, r *rand.Rand, asked func(name string, args ...uint64) string) {
	t.Helper()
	values := []uint64{0, 1, 2, 3, 4, 5, 6, 7, 1 << 32, 1<<32 | 1, 1<<32 | 2, 1 << 33, ^uint64(0), ^uint64(0) - 1}
	for range 40 {
		args := [6]uint64{values[r.IntN(len(values))], values[r.IntN(len(values))], values[r.IntN(len(values))]}
		if got, want := asked("prctl", args[:]...), p.answer(args); got != want {
			t.Fatalf("%sprctl%x is %s, want %s", p.text, args[:3], got, want)
		}
	}
}

// libseccompMachines run the filters that libseccomp makes; nil: of a profile
// that its version does not come back from.
func libseccompMachines(t *testing.T, profiles []*specs.LinuxSeccomp) []*bpf.VM {
	t.Helper()
	var list []*bpf.VM
	for i, text := range libseccompFilters(t, profiles, x86_64) {
		if text == "stuck" {
			list = append(list, nil)
			continue
		}
		if strings.HasPrefix(text, "refused") {
			t.Fatalf("profile %d: %s: %+v", i, text, profiles[i].Syscalls)
		}
		list = append(list, filterVM(t, text))
	}
	return list
}
