package profile_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestErrnoLimit: the largest number that libseccomp takes, and one more.
func TestErrnoLimit(t *testing.T) {
	for errno, ok := range map[uint16]bool{0: true, 1: true, 4094: true, 4095: false, 65535: false} {
		if err := (profile.Options{Errno: errno}).Check(); (err == nil) != ok {
			t.Errorf("a default of errno %d: %v", errno, err)
		}
		text := fmt.Sprintf(`{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": %d}`, errno)
		if _, err := profile.Parse([]byte(text), "p.json"); (err == nil) != ok {
			t.Errorf("a profile's errno %d: %v", errno, err)
		}
	}
}

// TestStillDenied: a call that was denied is told of unless the profile allows
// it where it was made, whatever its arguments.
func TestStillDenied(t *testing.T) {
	s := summary("a", append(logged(t, "read", "write"),
		call(t, x86_64, "read", syscalltable.ActionErrno, 1), call(t, x86_64, "ptrace", syscalltable.ActionErrno, 1),
		call(t, i386, "read", syscalltable.ActionErrno, 1))...)
	var got []string
	for _, d := range build(t, s, profile.Options{Exact: true}).StillDenied() {
		got = append(got, d.Name+" "+d.Arch.String())
	}
	if strings.Join(got, ", ") != "ptrace x86_64, read i386" {
		t.Errorf("%q", got)
	}
}

// TestNumbersKept: the message to a tracer, like an error's number, is written
// as it was read; other actions have none.
func TestNumbersKept(t *testing.T) {
	const text = `{"defaultAction": "SCMP_ACT_TRACE", "defaultErrnoRet": 9, "syscalls": [
		{"names": ["read"], "action": "SCMP_ACT_TRACE", "errnoRet": 7}, {"names": ["write"], "action": "SCMP_ACT_ERRNO", "errnoRet": 5},
		{"names": ["close"], "action": "SCMP_ACT_ALLOW"}]}`
	var out bytes.Buffer
	if _, err := parse(t, text).Write(&out, profile.FormatOCI, profile.Meta{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"defaultErrnoRet": 9`, `"errnoRet": 7`, `"errnoRet": 5`} {
		if strings.Count(out.String(), want) != 1 {
			t.Errorf("no %s in\n%s", want, &out)
		}
	}
	if n := strings.Count(strings.ToLower(out.String()), "errnoret"); n != 3 {
		t.Errorf("%d numbers, want 3:\n%s", n, &out)
	}
	p := parse(t, text)
	if o := p.Default; o.Action != syscalltable.ActionTrace || o.Errno != 9 {
		t.Errorf("%+v", o)
	}
}

// TestAmendmentCounts: calls that no profile can allow are counted over all
// groups.
func TestAmendmentCounts(t *testing.T) {
	odd := aggregate.Call{Arch: x86_64, NR: 9999, Action: syscalltable.ActionErrno, Count: 3}
	s := &aggregate.Summary{By: []aggregate.Key{aggregate.ByComm}, Groups: []aggregate.Group{
		{Comm: "a", Records: 3, Calls: []aggregate.Call{odd}}, {Comm: "b", Records: 3, Calls: []aggregate.Call{odd}},
	}}
	r, err := profile.Check(s, parse(t, answerProfile), profile.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if list := r.Amendment.Impossible; len(list) != 1 || list[0].Records != 6 || list[0].NR != 9999 {
		t.Errorf("%+v", list)
	}
}

// TestAmendDenyList: where all else runs, a call that is refused needs no rule
// that allows it, only one less that does not.
func TestAmendDenyList(t *testing.T) {
	d := parse(t, `{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}]}`)
	r, err := profile.Check(summary("a", call(t, x86_64, "ptrace", syscalltable.ActionErrno, 1)), d, profile.Environment{})
	if err != nil {
		t.Fatal(err)
	}
	if a := r.Amendment; len(a.Allow) != 0 || len(a.Remove) != 1 || a.Remove[0].Name != "ptrace" {
		t.Errorf("%+v", a)
	}
}

// TestSplitUnattributed: all records without a value of the key are counted.
func TestSplitUnattributed(t *testing.T) {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{
		{Comm: "a", Records: 2, Calls: logged(t, "read")}, {Comm: "b", Records: 30, Calls: logged(t, "read")},
	}}
	if parts, n := profile.Split(s, aggregate.ByContainer); len(parts) != 0 || n != 32 {
		t.Errorf("%d parts, %d records in none", len(parts), n)
	}
}

// TestMergeDefaults: only what refuses by default is an allow-list.
func TestMergeDefaults(t *testing.T) {
	for action, ok := range map[string]bool{
		"ERRNO": true, "KILL_PROCESS": true, "KILL_THREAD": true, "TRAP": true,
		"ALLOW": false, "LOG": false, "TRACE": false,
	} {
		d := parse(t, `{"defaultAction": "SCMP_ACT_`+action+`", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`)
		if _, err := profile.Merge(d, d); (err == nil) != ok {
			t.Errorf("%s: %v", action, err)
		}
	}
}

// TestLacksAlwaysOrRarely: what a runtime calls in every start is told apart from
// what it calls in some.
func TestLacksAlwaysOrRarely(t *testing.T) {
	starts, err := evaluate(t, `{"defaultAction": "SCMP_ACT_KILL_PROCESS"}`).Starts()
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, s := range starts {
		if !slices.Contains(s.Lacks, "execve") || slices.Contains(s.Rare, "execve") {
			t.Errorf("%s: execve is called in every start", s)
		}
		if s.Runtime == profile.RuntimeRunc {
			seen++
			if !slices.Contains(s.Rare, "futex") || slices.Contains(s.Lacks, "futex") {
				t.Errorf("%s: futex is called in some starts", s)
			}
		}
	}
	if seen < 4 {
		t.Errorf("%d starts of runc", seen)
	}
}

// TestRecordingLogsNews: of the rules of a profile a recording keeps those that
// let a call run unlogged, without the one call that shows that a program ran.
func TestRecordingLogsNews(t *testing.T) {
	rec, err := parse(t, `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86"], "syscalls": [
		{"names": ["read", "exit_group"], "action": "SCMP_ACT_ALLOW"}, {"names": ["write"], "action": "SCMP_ACT_LOG"},
		{"names": ["ptrace"], "action": "SCMP_ACT_KILL_PROCESS"}]}`).Recording()
	if err != nil {
		t.Fatal(err)
	}
	if len(rec.Rules) != 1 || !slices.Equal(rec.Rules[0].Names, []string{"read"}) || rec.Default.Action != syscalltable.ActionLog {
		t.Errorf("%+v", rec)
	}
	if want := []syscalltable.Arch{x86_64, i386, x32}; !slices.Equal(rec.Architectures, want) {
		t.Errorf("%v, want %v", rec.Architectures, want)
	}
}
