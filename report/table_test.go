package report

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// manyCalls is a summary of n rows, in groups of ten calls.
func manyCalls(n int) *aggregate.Summary {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
	for i := range n / 10 {
		g := aggregate.Group{Comm: fmt.Sprintf("worker-%d", i), Exe: "/usr/sbin/nginx", PID: int32(i + 1), Records: int64(10 * (i + 1))}
		for nr := range int32(10) {
			g.Calls = append(g.Calls, aggregate.Call{
				Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: int64(i + 1),
			})
		}
		s.Groups = append(s.Groups, g)
		s.Totals.Records += g.Records
	}
	s.Totals.Groups, s.Totals.Syscalls = n/10, 10
	return s
}

func TestLargeTable(t *testing.T) {
	out := string(render(t, manyCalls(20000), Table, Options{}))
	if n := strings.Count(out, "\n"); n != 20004 {
		t.Errorf("%d lines, want 20004", n)
	}
	const want = "worker-1999   /usr/sbin/nginx   2000   lseek     x86_64   log      2000\n"
	if !strings.Contains(out, want) {
		t.Errorf("no line %q", want)
	}
}

// TestFit: a table is made to fit a terminal in all forms, and nothing is cut
// elsewhere.
func TestFit(t *testing.T) {
	s := summarize(t, nil, "057-imx8-kauditd-suppressed.log")
	const long = "/nix/store/8bdgfy0dd4qfnx2bl3qigalcz3fws0dc-cloud-hypervisor-static-aarch64-unknown-linux-musl-26.0/bin/cloud-hypervisor"
	for _, f := range []Format{Table, Wide} {
		if out := string(render(t, s, f, Options{})); !strings.Contains(out, long) {
			t.Errorf("%s without a terminal cuts %s:\n%s", f, long, out)
		}
		for _, width := range []int{80, 100, 200} {
			if f == Wide && width < 200 {
				continue // the times of the first and last call alone take 48
			}
			for line := range strings.Lines(string(render(t, s, f, Options{Width: width}))) {
				if n := utf8.RuneCountInString(line) - 1; n > width {
					t.Errorf("%s: %d columns on a terminal of %d: %s", f, n, width, line)
				}
			}
		}
	}
}

// TestVerdictFirst: on a terminal the verdict is the first line, in colour,
// and the last again where the table would have scrolled it away.
func TestVerdictFirst(t *testing.T) {
	for _, test := range []struct {
		rows, height int
		verdict      aggregate.Verdict
		want         string
		again        bool
	}{
		{10, 24, aggregate.Complete, "\x1b[32mcomplete: no record is missing\x1b[0m\n", false},
		{10, 17, aggregate.Complete, "\x1b[32mcomplete: no record is missing\x1b[0m\n", false},
		{10, 16, aggregate.Complete, "\x1b[32mcomplete: no record is missing\x1b[0m\n", true},
		{20, 0, aggregate.Complete, "\x1b[32mcomplete: no record is missing\x1b[0m\n", true},
		{10, 0, aggregate.Incomplete, "\x1b[33mincomplete: records are missing\x1b[0m\n", false},
		{10, 0, aggregate.Unknown, "\x1b[33munknown: nobody can tell whether records are missing\x1b[0m\n", false},
	} {
		s := manyCalls(test.rows)
		s.Completeness.Verdict = test.verdict
		out := string(render(t, s, Table, Options{Width: 80, Height: test.height, Color: true}))
		if !strings.HasPrefix(out, test.want+"\nCOMM") || strings.HasSuffix(out, "\n"+test.want) != test.again {
			t.Errorf("%+v:\n%s", test, out)
		}
		if n := strings.Count(out, test.want); (n == 2) != test.again {
			t.Errorf("%+v: the verdict stands there %d times:\n%s", test, n, out)
		}
	}
}

// TestColor checks that denials are red, the verdict has its colour, and
// nothing else has any.
func TestColor(t *testing.T) {
	s := summarize(t, nil, "106-lab-enriched-all-actions.log")
	for _, f := range Formats() {
		plain := string(render(t, s, f, Options{}))
		colored := string(render(t, s, f, Options{Color: true}))
		want := plain
		if f == Table || f == Wide {
			want = ""
			for line := range strings.Lines(plain) {
				for _, action := range []string{"kill_process", "kill_thread", "trap", "errno", "trace", "unknown", "user_notif"} {
					line = strings.Replace(line, " "+action+" ", " \x1b[31m"+action+"\x1b[0m ", 1)
				}
				if verdict, ok := strings.CutSuffix(line, "\n"); ok && strings.HasPrefix(line, string(s.Completeness.Verdict)+": ") {
					line = "\x1b[32m" + verdict + "\x1b[0m\n"
				}
				want += line
			}
		}
		if colored != want {
			t.Errorf("%s: %s", f, firstDifference([]byte(colored), []byte(want)))
		}
	}
}

// TestColumns pins which columns are shown when.
func TestColumns(t *testing.T) {
	bare := &container.Identity{ID: web.ID}
	keys := func(names ...aggregate.Key) []aggregate.Key { return names }
	for _, test := range []struct {
		name   string
		by     []aggregate.Key
		groups []aggregate.Group
		format Format
		want   string
	}{
		{"one node", aggregate.DefaultKeys(), []aggregate.Group{{Node: "a", Comm: "x", Exe: "/x", PID: 1}, {Node: "a"}}, Table, "COMM EXE PID"},
		{"one node", aggregate.DefaultKeys(), []aggregate.Group{{Node: "a", Comm: "x", Exe: "/x", PID: 1}, {Node: "a"}}, Wide, "NODE COMM EXE PID"},
		{"two nodes", keys(aggregate.ByNode), []aggregate.Group{{Node: "a"}, {Node: "b"}}, Table, "NODE"},
		{"a node and none", keys(aggregate.ByNode), []aggregate.Group{{Node: "a"}, {}}, Table, "NODE"},
		{"no node", keys(aggregate.ByNode), []aggregate.Group{{}, {}}, Wide, ""},
		{"a pod", keys(aggregate.ByContainer), []aggregate.Group{{Container: &web}, {}}, Table, "CONTAINER POD"},
		{"a pod", keys(aggregate.ByContainer), []aggregate.Group{{Container: &web}, {}}, Markdown, "CONTAINER POD"},
		{"a pod", keys(aggregate.ByContainer), []aggregate.Group{{Container: &web}, {}}, Wide, "CONTAINER CONTAINER-ID IMAGE POD NAMESPACE WORKLOAD"},
		{"an id", keys(aggregate.ByContainer), []aggregate.Group{{Container: bare}, {}}, Wide, "CONTAINER CONTAINER-ID"},
		{"no container", keys(aggregate.ByContainer, aggregate.ByComm), []aggregate.Group{{Comm: "x"}}, Wide, "COMM"},
		{"by namespace", keys(aggregate.ByNamespace), []aggregate.Group{{Namespace: "shop"}}, Table, "NAMESPACE"},
		{"no exe", keys(aggregate.ByExe, aggregate.ByComm), []aggregate.Group{{Comm: "x"}}, Table, "COMM"},
		{"none known", aggregate.DefaultKeys(), []aggregate.Group{{}}, CSV, "NODE CONTAINER CONTAINER-ID IMAGE POD NAMESPACE WORKLOAD NESTED MANAGER COMM EXE PID"},
		{"by comm", keys(aggregate.ByComm), []aggregate.Group{{}}, CSV, "COMM"},
	} {
		call := map[Format]string{Table: "SYSCALL ARCH ACTION COUNT", Markdown: "SYSCALL ARCH ACTION COUNT"}
		want := test.want + " SYSCALL NR ARCH ACTION COUNT FIRST LAST"
		if short, ok := call[test.format]; ok {
			want = test.want + " " + short
		}
		var heads []string
		for _, c := range columnsOf(&aggregate.Summary{By: test.by, Groups: test.groups}, test.format, nil) {
			heads = append(heads, c.head)
		}
		if got := strings.Join(heads, " "); got != strings.TrimLeft(want, " ") {
			t.Errorf("%s as %s: columns %q, want %q", test.name, test.format, got, want)
		}
	}
}

// TestZone: times are those of the zone that is asked for, with its offset,
// in what people read, and of UTC in what programs do.
func TestZone(t *testing.T) {
	s := samples(t)["fleet"]
	o := Options{Zone: time.FixedZone("", 5*3600+1800)}
	for f, local := range map[Format]bool{Wide: true, Table: true, Markdown: true, CSV: false, JSON: false, YAML: false} {
		in := string(render(t, s, f, o))
		if strings.Contains(in, "+05:30") != local {
			t.Errorf("%s: local times are wanted: %v\n%s", f, local, in)
		}
		if f == Wide && strings.Contains(in, "Z ") {
			t.Errorf("%s tells some times in UTC\n%s", f, in)
		}
	}
}
