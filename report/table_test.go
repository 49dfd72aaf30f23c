package report

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestLinesAreTheTable compares the two ways in which a table is written.
func TestLinesAreTheTable(t *testing.T) {
	for name, s := range samples(t) {
		if len(s.Groups) == 0 {
			continue
		}
		for _, f := range []Format{Table, Wide} {
			for _, color := range []bool{false, true} {
				g := measure(s, f)
				g.color = color
				for i := range g.widths {
					g.widths[i] = min(g.widths[i], ordinaryWidth)
				}
				var table, lines bytes.Buffer
				write(t, &table, g.writeTable)
				write(t, &lines, g.writeLines)
				if table.String() != lines.String() {
					t.Errorf("%s as %s, color %v: %s", name, f, color, firstDifference(lines.Bytes(), table.Bytes()))
				}
			}
		}
	}
}

func write(t *testing.T, buf *bytes.Buffer, f func(*bufio.Writer) error) {
	t.Helper()
	out := bufio.NewWriter(buf)
	if err := f(out); err != nil {
		t.Fatal(err)
	}
	out.Flush()
}

// manyCalls is a summary of n rows, in groups of ten calls.
func manyCalls(n int) *aggregate.Summary {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
	for i := range n / 10 {
		g := aggregate.Group{Comm: fmt.Sprintf("worker-%d", i), Exe: "/usr/sbin/nginx", PID: int32(i + 1), Records: 10}
		for nr := range int32(10) {
			g.Calls = append(g.Calls, aggregate.Call{
				Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: int64(i + 1),
			})
		}
		s.Groups = append(s.Groups, g)
	}
	s.Totals = aggregate.Totals{Records: int64(n), Groups: n / 10, Syscalls: 10}
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

// TestLongNameDoesNotWidenTheTable checks that a forged name costs its own
// line only.
func TestLongNameDoesNotWidenTheTable(t *testing.T) {
	s := manyCalls(2000)
	before := len(render(t, s, Table, Options{}))
	s.Groups[7].Exe = strings.Repeat("/long", 3000)
	if after := len(render(t, s, Table, Options{})); after > before+10*15000+2000*ordinaryWidth {
		t.Errorf("a name of 15000 bytes in 10 of 2000 rows grows the table from %d to %d bytes", before, after)
	}
}

func TestFit(t *testing.T) {
	s := summarize(t, nil, "057-imx8-kauditd-suppressed.log")
	const long = "/nix/store/8bdgfy0dd4qfnx2bl3qigalcz3fws0dc-cloud-hypervisor-static-aarch64-unknown-linux-musl-26.0/bin/cloud-hypervisor"
	for _, test := range []struct {
		format Format
		width  int
		exe    string
	}{
		{Table, 0, long},
		{Table, 1000, long},
		{Table, 100, "/nix/store/8bdgfy0dd4q….0/bin/cloud-hypervisor"},
		{Table, 80, "/nix/store/8…ud-hypervisor"},
		{Table, 20, "/nix/…rvisor"},
		{Wide, 80, long},
	} {
		out := string(render(t, s, test.format, Options{Width: test.width}))
		lines := strings.Split(out, "\n")
		if exe := strings.Fields(lines[1])[1]; exe != test.exe {
			t.Errorf("%s on %d columns: exe %q, want %q", test.format, test.width, exe, test.exe)
		}
		if test.width >= 80 && test.format == Table && width(lines[1]) > test.width {
			t.Errorf("%d columns on a terminal of %d: %q", width(lines[1]), test.width, lines[1])
		}
	}
}

func TestCut(t *testing.T) {
	for _, test := range []struct {
		in    string
		limit int
		want  string
	}{
		{"abcdefgh", 8, "abcdefgh"},
		{"abcdefgh", 7, "abc…fgh"},
		{"abcdefgh", 6, "ab…fgh"},
		{"漢字漢字漢字", 12, "漢字漢字漢字"},
		{"漢字漢字漢字", 11, "漢字…字漢字"},
		{"漢字漢字漢字", 7, "漢…漢字"},
	} {
		got := cut(test.in, test.limit)
		if got != test.want || width(got) > test.limit {
			t.Errorf("cut(%q, %d) = %q of width %d, want %q", test.in, test.limit, got, width(got), test.want)
		}
	}
}

// TestColor checks that denials, and nothing else, are red.
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
		{"none known", aggregate.DefaultKeys(), []aggregate.Group{{}}, CSV, "NODE CONTAINER CONTAINER-ID IMAGE POD NAMESPACE WORKLOAD COMM EXE PID"},
		{"by comm", keys(aggregate.ByComm), []aggregate.Group{{}}, CSV, "COMM"},
	} {
		call := map[Format]string{Table: "SYSCALL ARCH ACTION COUNT", Markdown: "SYSCALL ARCH ACTION COUNT"}
		want := test.want + " SYSCALL NR ARCH ACTION COUNT FIRST LAST"
		if short, ok := call[test.format]; ok {
			want = test.want + " " + short
		}
		var heads []string
		for _, c := range columnsOf(&aggregate.Summary{By: test.by, Groups: test.groups}, test.format) {
			heads = append(heads, c.head)
		}
		if got := strings.Join(heads, " "); got != strings.TrimLeft(want, " ") {
			t.Errorf("%s as %s: columns %q, want %q", test.name, test.format, got, want)
		}
	}
}
