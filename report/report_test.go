package report

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/syscalltable"
)

var update = flag.Bool("update", false, "write the goldens instead of comparing with them")

func TestMain(m *testing.M) {
	flag.Parse()
	twwidth.SetEastAsian(false) // the locale decides otherwise how wide … is
	os.Exit(m.Run())
}

const tool = "auditscan 0.1.0"

var web = container.Identity{
	ID:   "4f1c6dd1d6d7a1f0d9a3c5b0e4e8f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c",
	Name: "nginx", Image: "docker.io/library/nginx:1.27", Pod: "web-7c5ddbdf54-x2v8k", Namespace: "shop",
	Workload: "web", WorkloadGuessed: true, Runtime: "containerd", Via: container.ViaLineage,
}

// samples are the summaries that every format is tested with; all but the
// last are of real logs.
func samples(t testing.TB) map[string]*aggregate.Summary {
	fleet := summarize(t, map[int32]*container.Identity{11748: &web, 11749: {ID: "0123456789abcdef", Via: "direct"}},
		"106-lab-enriched-all-actions.log", "087-k8s-runc-init-exe-slash.log", "057-imx8-kauditd-suppressed.log")
	return map[string]*aggregate.Summary{
		"actions": summarize(t, nil, "106-lab-enriched-all-actions.log"),
		"cut":     summarize(t, nil, "091-test-actlog-syslog.log"),
		"numbers": summarize(t, nil, "108-lab-enriched-odd-numbers.log"),
		"old":     summarize(t, nil, "031-linux-mips-2013-no-arch-no-exe.log"),
		"none":    summarize(t, nil, "158-lab-journalctl-syscall-noise.log"),
		"fleet":   fleet,
		"by-exe":  fleet.Regroup([]aggregate.Key{aggregate.ByExe}),
		"by-pod":  fleet.Regroup([]aggregate.Key{aggregate.ByPod, aggregate.ByNamespace, aggregate.ByWorkload}),
		"all":     fleet.Regroup(nil),
		"merged":  aggregate.Merge(fleet, summarize(t, nil, "108-lab-enriched-odd-numbers.log")),
		"hostile": hostileSummary(),
		"folded":  foldedSummary(),
	}
}

// foldedSummary has groups that stand for many: of a program, of a user's
// containers, and of what is nested in one.
func foldedSummary() *aggregate.Summary {
	call := []aggregate.Call{{Arch: syscalltable.Arch(0xc000003e), NR: 39, Action: syscalltable.ActionLog, Count: 2}}
	owner := (&container.Identity{Manager: "user@1000.service"}).Owner()
	s := &aggregate.Summary{
		By:           aggregate.DefaultKeys(),
		Inputs:       []aggregate.Input{{Name: "audit.log", Trust: aggregate.TrustAuditd, Lines: 9, Records: 8}},
		Completeness: aggregate.Completeness{Verdict: aggregate.Complete},
		Groups: []aggregate.Group{
			{Container: &web, Exe: "/usr/sbin/nginx", Comm: "nginx", PID: 7, Calls: call},
			{Exe: "/home/m/x", Folded: aggregate.SetOf(aggregate.ByComm, aggregate.ByPID), Calls: call},
			{Container: &owner, Folded: aggregate.KeysBelow(aggregate.LevelOwner) &^ aggregate.SetOf(aggregate.BySubj), Calls: call},
			{Container: &web, Folded: aggregate.KeysBelow(aggregate.LevelContainer) &^ aggregate.SetOf(aggregate.BySubj), Calls: call},
		},
	}
	s.Groups = aggregate.Unite(s.Groups, s.By)
	s.Retotal()
	return s
}

func render(t testing.TB, s *aggregate.Summary, f Format, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, s, f, o); err != nil {
		t.Fatalf("Write as %s: %v", f, err)
	}
	return out.Bytes()
}

// TestGoldens compares every sample in every format with testdata, and
// testdata with them: a golden that nothing writes is an error too.
func TestGoldens(t *testing.T) {
	const dir = "testdata/golden"
	written := map[string]bool{}
	for name, s := range samples(t) {
		for _, f := range Formats() {
			file := name + "." + string(f)
			written[file] = true
			t.Run(file, func(t *testing.T) { golden(t, filepath.Join(dir, file), render(t, s, f, Options{Tool: tool})) })
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !written[e.Name()] {
			t.Errorf("%s: no test writes it", filepath.Join(dir, e.Name()))
		}
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (go test -update writes it):\n%s", path, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) string {
	g, w := bytes.SplitAfter(got, []byte("\n")), bytes.SplitAfter(want, []byte("\n"))
	for i := range max(len(g), len(w)) {
		var a, b []byte
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if !bytes.Equal(a, b) {
			return "line " + strconv.Itoa(i+1) + "\n got " + strconv.Quote(string(a)) + "\nwant " + strconv.Quote(string(b))
		}
	}
	return ""
}

func TestParseFormat(t *testing.T) {
	for _, f := range Formats() {
		if got, err := ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for _, name := range []string{"", "JSON", "xml", "table "} {
		if got, err := ParseFormat(name); err == nil {
			t.Errorf("ParseFormat(%q) = %q, want an error", name, got)
		}
	}
	if _, err := ParseFormat("xml"); err.Error() != `unknown format "xml" (one of table, wide, json, yaml, csv, markdown)` {
		t.Errorf("ParseFormat: %v", err)
	}
	if err := Write(io.Discard, &aggregate.Summary{}, "xml", Options{}); err == nil {
		t.Error("Write in an unknown format: no error")
	}
}

// brokenWriter takes some bytes and then none, as a full disk does.
type brokenWriter struct{ room int }

var errFull = errors.New("no space left")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		n := w.room
		w.room = 0
		return n, errFull
	}
	w.room -= len(p)
	return len(p), nil
}

// TestWriteError checks that no format takes a full disk for success.
func TestWriteError(t *testing.T) {
	s := hostileSummary()
	for _, f := range Formats() {
		size := len(render(t, s, f, Options{}))
		for _, room := range []int{0, 1, size / 2, size - 1} {
			if err := Write(&brokenWriter{room}, s, f, Options{}); !errors.Is(err, errFull) {
				t.Errorf("%s with room for %d of %d bytes: error %v, want %v", f, room, size, err, errFull)
			}
		}
		if err := Write(&brokenWriter{size}, s, f, Options{}); err != nil {
			t.Errorf("%s with room for all: %v", f, err)
		}
	}
}

func TestWriteVerdict(t *testing.T) {
	s := samples(t)["cut"]
	for _, test := range []struct {
		quiet bool
		want  string
	}{
		{false, `3 records, 3 syscalls, 1 group; 1 malformed
incomplete: 1 record known to be missing
incomplete: 1 record malformed (091-test-actlog-syslog.log:4: record cut after ses=), after 2021-10-01T03:51:23.576Z
  fix: read the original log: audit.log, or ` + "`ausearch --raw`, or `journalctl -o json`" + `
not tamper-proof: any local user can write such lines to 091-test-actlog-syslog.log
`},
		{true, `3 records, 3 syscalls, 1 group; 1 malformed
incomplete: 1 record known to be missing
incomplete: 1 record malformed (091-test-actlog-syslog.log:4: record cut after ses=), after 2021-10-01T03:51:23.576Z
`},
	} {
		var out bytes.Buffer
		if err := WriteVerdict(&out, s, Options{Quiet: test.quiet}); err != nil || out.String() != test.want {
			t.Errorf("WriteVerdict(quiet %v) = %v\n%s\nwant\n%s", test.quiet, err, out.String(), test.want)
		}
	}
}

// TestVerdictNames: as many names of inputs as a line has room for.
func TestVerdictNames(t *testing.T) {
	for n, want := range []string{"", "a", "a, b", "a, b, c", "a, b, c and 1 more", "a, b, c and 2 more"} {
		s := &aggregate.Summary{}
		for i := range n {
			s.Inputs = append(s.Inputs, aggregate.Input{Name: "abcde"[i : i+1], Trust: aggregate.TrustText, Records: 1})
		}
		lines := footer(s, Options{})
		if got := lines[len(lines)-1].Text; n > 0 && !strings.HasSuffix(got, " lines to "+want) || n == 0 && strings.Contains(got, "lines to") {
			t.Errorf("%d inputs: %q", n, got)
		}
	}
}

// TestVerdictWords pins how each kind of evidence is told.
func TestVerdictWords(t *testing.T) {
	at := time.UnixMilli(1662053996821)
	e := func(e aggregate.Evidence) aggregate.Completeness {
		return aggregate.Completeness{Verdict: aggregate.Incomplete, Evidence: []aggregate.Evidence{e}}
	}
	many := aggregate.Completeness{Verdict: aggregate.Incomplete, Lost: 25}
	for i := range 25 {
		many.Evidence = append(many.Evidence, aggregate.Evidence{Kind: aggregate.Malformed, Count: 1, Input: "syslog." + strconv.Itoa(i), Fix: "f"})
	}
	for _, test := range []struct {
		c    aggregate.Completeness
		want string // the last line
		n    int    // lines in all, with the totals
	}{
		{aggregate.Completeness{Verdict: aggregate.Complete}, "complete: no record is missing", 2},
		{aggregate.Completeness{Verdict: aggregate.Unknown, Reason: "this kind of log cannot show whether records are missing"}, "unknown: this kind of log cannot show whether records are missing", 2},
		{e(aggregate.Evidence{Kind: aggregate.SerialGap, Count: 2, First: at, Last: at.Add(time.Second)}),
			"incomplete: 2 serials missing, from 2022-09-01T17:39:56.821Z to 2022-09-01T17:39:57.821Z", 2},
		{e(aggregate.Evidence{Kind: aggregate.Suppressed, Count: 1, Input: "-", Line: 7, First: at, Last: at}),
			"incomplete: 1 message suppressed (standard input:7), at 2022-09-01T17:39:56.821Z", 2},
		{e(aggregate.Evidence{Kind: aggregate.Backlog, First: at}), "incomplete: some records dropped at the backlog limit, after 2022-09-01T17:39:56.821Z", 2},
		{e(aggregate.Evidence{Kind: aggregate.Backlog, Last: at}), "incomplete: some records dropped at the backlog limit, before 2022-09-01T17:39:56.821Z", 2},
		{e(aggregate.Evidence{Kind: aggregate.RateLimit, Count: 3, Detail: "d"}), "incomplete: 3 records dropped at the rate limit (d)", 2},
		{e(aggregate.Evidence{Kind: aggregate.LostCounter, Count: 3, Fix: "auditctl -b 8192"}), "  fix: auditctl -b 8192", 3},
		{e(aggregate.Evidence{Kind: aggregate.Overrun}), "incomplete: some records overrun", 2},
		{e(aggregate.Evidence{Kind: aggregate.Malformed, Count: 1, Input: "a\nb", Line: 3, Detail: "cut\x1b"}), `incomplete: 1 record malformed (a\x0ab:3: cut\x1b)`, 2},
		{e(aggregate.Evidence{Kind: aggregate.Unresolved, Count: 9}), "incomplete: 9 records without a name", 2},
		{e(aggregate.Evidence{Kind: aggregate.Legacy, Count: 9}), "incomplete: 9 records of an old kernel", 2},
		{e(aggregate.Evidence{Kind: aggregate.TruncatedInput, Count: 1, Input: "a.gz"}), "incomplete: 1 input cut short (a.gz)", 2},
		{e(aggregate.Evidence{Kind: aggregate.DroppedByCollector, Count: 4}), "incomplete: 4 messages dropped", 2},
		{e(aggregate.Evidence{Kind: aggregate.RotationGap}), "incomplete: some records rotated away", 2},
		{many, "incomplete: 5 more like these; JSON has them all", 24},
	} {
		lines := footer(&aggregate.Summary{Completeness: test.c}, Options{})
		if got := lines[len(lines)-1].Text; got != test.want || len(lines) != test.n {
			t.Errorf("%d lines, the last %q, want %d and %q", len(lines), got, test.n, test.want)
		}
	}
}

// TestWriteCounts: the calls of each program, the most frequent first, with
// their shares.
func TestWriteCounts(t *testing.T) {
	call := func(nr int32, count int64) aggregate.Call {
		return aggregate.Call{Arch: syscalltable.S390X, NR: nr, Action: syscalltable.ActionLog, Count: count}
	}
	s := &aggregate.Summary{Groups: []aggregate.Group{{Comm: "a\x1b", Calls: []aggregate.Call{call(3, 1), call(4, 1200)}}, {Comm: "b", Calls: []aggregate.Call{call(9999, 799)}}}}
	s.Totals.Records = 2000
	var out bytes.Buffer
	if err := WriteCounts(&out, s, table.Style{}); err != nil {
		t.Fatal(err)
	}
	want := `SHARE   CALLS   SYSCALL         PROGRAM
60.0%   1200    write (s390x)   a\x1b
0.1%    1       read (s390x)    a\x1b
40.0%   799     #9999 (s390x)   b
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", &out, want)
	}
}
