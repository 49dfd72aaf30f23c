package explain

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

var env = profile.Environment{Arch: syscalltable.X86_64, Caps: profile.DefaultCaps()}

func at(second int) aggregate.Instant {
	return aggregate.Millis(time.Date(2026, 11, 30, 12, 0, second, 0, time.UTC).UnixMilli()).Instant()
}

// summary is of two programs; one makes read on two architectures, and write is
// denied to the other.
func summary() *aggregate.Summary {
	call := func(arch syscalltable.Arch, nr int32, action syscalltable.Action, count int64, first, last int) aggregate.Call {
		return aggregate.Call{Arch: arch, NR: nr, Action: action, Count: count, First: at(first), Last: at(last)}
	}
	return &aggregate.Summary{
		By: aggregate.DefaultKeys(), Totals: aggregate.Totals{Records: 117},
		Runs: &aggregate.Runs{Count: 3, Calls: []aggregate.CallRuns{{Arch: syscalltable.I386, NR: 3, Runs: 1}, {Arch: syscalltable.X86_64, NR: 0, Runs: 2}}},
		Groups: []aggregate.Group{
			{Comm: "one", Exe: "/one", PID: 1, Calls: []aggregate.Call{
				call(syscalltable.I386, 3, syscalltable.ActionLog, 2, 30, 40), call(syscalltable.X86_64, 0, syscalltable.ActionLog, 5, 10, 20),
			}},
			{Comm: "one", Exe: "/one", PID: 2, Calls: []aggregate.Call{call(syscalltable.X86_64, 0, syscalltable.ActionLog, 10, 15, 25)}},
			{Comm: "two\x1b", Exe: "/two", PID: 3, Calls: []aggregate.Call{call(syscalltable.X86_64, 1, syscalltable.ActionErrno, 100, 1, 2)}},
		},
	}
}

func ask(t *testing.T, name, text string) *Answer {
	t.Helper()
	q := Question{Name: name, Summary: summary(), Env: env}
	if text != "" {
		var err error
		if q.Profile, err = profile.Parse([]byte(text), "p.json"); err != nil {
			t.Fatal(err)
		}
	}
	a, err := Ask(q)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// written is all that is told of a call.
func written(t *testing.T, a *Answer) string {
	t.Helper()
	var text bytes.Buffer
	style := table.Style{}
	notes := []table.Note{a.Headline(nil)}
	if err := style.WriteNotes(&text, notes...); err != nil {
		t.Fatal(err)
	}
	if tab, _ := a.Table(nil); tab != nil {
		if err := tab.Write(&text, style); err != nil {
			t.Fatal(err)
		}
	}
	if err := style.WriteNotes(&text, a.Notes()...); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestAsk(t *testing.T) {
	const (
		both = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
		one  = `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}`
	)
	for _, tt := range []struct{ name, profile, want string }{
		{"read", "", `read: 17 records, first 2026-11-30T12:00:10.000Z, last 2026-11-30T12:00:40.000Z, in 2 of 3 runs
EXE    COMM   ARCH     ACTION   COUNT   FIRST                 LAST
/one   one    x86_64   log      15      2026-11-30 12:00:10   2026-11-30 12:00:25
/one   one    i386     log      2       2026-11-30 12:00:30   2026-11-30 12:00:40
what it is for: read from a descriptor (since Linux 1.0)
runtime/default allows it: most containers may make it
what allows it: {"names":["read"],"action":"SCMP_ACT_ALLOW"}
what denies it: an allow-list without that rule
`},
		{"write", both, `write: 100 records, first 2026-11-30T12:00:01.000Z, last 2026-11-30T12:00:02.000Z, in 0 of 3 runs
EXE    COMM      ARCH     ACTION   COUNT   FIRST                 LAST
/two   two\x1b   x86_64   errno    100     2026-11-30 12:00:01   2026-11-30 12:00:02
what it is for: write to a descriptor (since Linux 1.0)
runtime/default allows it: most containers may make it
p.json on x86_64: errno(ENOSYS) (above the highest number that the profile lists: runc's stub)
to let run what it denies (a denial is often intended):
  add to "syscalls", for x86_64: {"names":["write"],"action":"SCMP_ACT_ALLOW"}
`},
		{"execve", one, `execve: not seen in 117 records
what it is for: replace the process by another program (since Linux 1.0)
runtime/default allows it: most containers may make it
a profile of this log has it though it was not seen: allow: `},
		{"mount_setattr", "", `mount_setattr: not seen in 117 records
what it is for: change attributes of mounts (since Linux 5.12, libseccomp 2.5.3)
risk: needs CAP_SYS_ADMIN in runtime/default
`},
	} {
		if got := written(t, ask(t, tt.name, tt.profile)); !strings.HasPrefix(got, tt.want) {
			t.Errorf("%s:\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
	// Each architecture that it was seen on has an answer of its own.
	for text, want := range map[string]string{
		both: "p.json on i386: allow (syscalls[0] (line 1))\np.json on x86_64: allow (syscalls[0] (line 1))\nto deny it: take read out of syscalls[0] (line 1); it gets errno(EPERM) then, as would have 17 records here\n",
		one:  "p.json on i386: kill_thread (",
	} {
		if got := written(t, ask(t, "read", text)); !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

// TestMakersBounded: a log of many programs makes no endless table.
func TestMakersBounded(t *testing.T) {
	s := summary()
	for range 200 {
		g := s.Groups[0]
		g.Comm += strings.Repeat("x", len(s.Groups))
		s.Groups = append(s.Groups, g)
	}
	a, err := Ask(Question{Name: "read", Summary: s, Env: env})
	if err != nil {
		t.Fatal(err)
	}
	tab, left := a.Table(nil)
	rows := 0
	for range tab.Rows {
		rows++
	}
	if rows != mostMakers || left != len(a.makers())-mostMakers || left < 300 {
		t.Errorf("%d rows, %d left out of %d", rows, left, len(a.makers()))
	}
}
