package findings

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// checked asks a profile about a report of another package's tests.
func checked(t *testing.T, name, text string) *Check {
	t.Helper()
	f, err := os.Open("../../report/testdata/golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s, err := report.Read(f, name)
	if err != nil {
		t.Fatal(err)
	}
	return checkOf(t, s, text)
}

func checkOf(t *testing.T, s *aggregate.Summary, text string) *Check {
	t.Helper()
	const path = "profiles/a b.json"
	d, err := profile.Read(strings.NewReader(text), path, profile.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := profile.Check(s, d, profile.Environment{Arch: syscalltable.X86_64, Caps: profile.DefaultCaps()})
	if err != nil {
		t.Fatal(err)
	}
	return &Check{Result: r, Path: path, Version: "1.2.3"}
}

const conditional = `{
  "defaultAction": "SCMP_ACT_ERRNO",
  "architectures": ["SCMP_ARCH_X86_64"],
  "syscalls": [
    {"names": ["getppid"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 1, "op": "SCMP_CMP_EQ"}]},
    {"names": ["execve", "nanosleep"], "action": "SCMP_ACT_ALLOW"}
  ]
}`

func render(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sarif is the shape that SARIF 2.1.0 demands of what is written here, with
// null for what lacks.
type sarif struct {
	Schema  string `json:"$schema"`
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct{ ID string }
			}
		}
		Invocations []struct{ ExecutionSuccessful *bool }
		Results     []struct {
			RuleID       string
			RuleIndex    *int
			Level        string
			Message      struct{ Text string }
			Fingerprints map[string]string `json:"partialFingerprints"`
			Locations    []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI string }
					Region           struct{ StartLine int }
				}
			}
		}
	}
}

// readSARIF reads a log as the standard demands it, and what the forges need.
func readSARIF(t *testing.T, text []byte) sarif {
	t.Helper()
	var log sarif
	if err := json.Unmarshal(text, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" || log.Runs[0].Results == nil {
		t.Fatalf("version, runs, tool.driver.name or results lack in\n%s", text)
	}
	if u, err := url.Parse(log.Schema); err != nil || !u.IsAbs() {
		t.Errorf("$schema is %q", log.Schema)
	}
	run := log.Runs[0]
	if len(run.Invocations) != 1 || run.Invocations[0].ExecutionSuccessful == nil {
		t.Error("an invocation lacks executionSuccessful")
	}
	seen := map[string]bool{}
	for _, r := range run.Results {
		if r.RuleIndex == nil || *r.RuleIndex >= len(run.Tool.Driver.Rules) || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID {
			t.Errorf("%+v: ruleId and ruleIndex do not agree", r)
		}
		if !slices.Contains([]string{"none", "note", "warning", "error"}, r.Level) || r.Message.Text == "" || len(r.Locations) != 1 {
			t.Errorf("%+v lacks a level, a text or a location", r)
			continue
		}
		place := r.Locations[0].PhysicalLocation
		if u, err := url.Parse(place.ArtifactLocation.URI); err != nil || u.IsAbs() || u.Path != "profiles/a b.json" || place.Region.StartLine < 1 {
			t.Errorf("%+v: no place in the profile", place)
		}
		print := r.Fingerprints["call/v1"]
		if print == "" || seen[print] && r.RuleID != "conditional-syscall" {
			t.Errorf("%q is no fingerprint", print)
		}
		seen[print] = true
	}
	return log
}

func TestSARIF(t *testing.T) {
	run := readSARIF(t, render(t, checked(t, "actions.json", conditional).WriteSARIF)).Runs[0]
	byRule, lines := map[string]int{}, map[string]int{}
	for _, r := range run.Results {
		byRule[r.RuleID+" "+r.Level]++
		lines[r.RuleID] = r.Locations[0].PhysicalLocation.Region.StartLine
	}
	// getppid on x86_64, and three calls of i386.
	if len(run.Results) != 4 || byRule["denied-syscall error"] != 3 || byRule["conditional-syscall warning"] != 1 {
		t.Errorf("results: %v", byRule)
	}
	if lines["conditional-syscall"] != 5 || lines["denied-syscall"] != 1 {
		t.Errorf("lines: %v; want that of the rule, or the first", lines)
	}
	c := checked(t, "fleet.json", conditional)
	c.Strict = true
	run = readSARIF(t, render(t, c.WriteSARIF)).Runs[0]
	last := run.Results[len(run.Results)-1]
	if last.RuleID != "incomplete-log" || last.Level != "error" {
		t.Errorf("the last result is %+v, want the incomplete log", last)
	}
	if got := readSARIF(t, render(t, checkOf(t, &aggregate.Summary{}, conditional).WriteSARIF)).Runs[0].Results; len(got) != 1 || got[0].RuleID != "nothing-checked" {
		t.Errorf("an empty log: %+v", got)
	}
}

// TestSARIFSchema: all that is written is valid by the published schema, and the
// schema refuses what is not.
func TestSARIFSchema(t *testing.T) {
	const path = "testdata/sarif-2.1.0.schema.json"
	schema, err := jsonschema.NewCompiler().Compile(path)
	if err != nil {
		t.Fatal(err)
	}
	valid := func(text []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(doc)
	}
	strict := checked(t, "fleet.json", conditional)
	strict.Strict = true
	for name, c := range map[string]*Check{
		"denied": checked(t, "actions.json", conditional), "incomplete": checked(t, "fleet.json", conditional), "strict": strict,
		"nothing": checkOf(t, &aggregate.Summary{}, conditional), "numbers": checked(t, "numbers.json", conditional), "hostile": checked(t, "hostile.json", conditional),
	} {
		text := render(t, c.WriteSARIF)
		if err := valid(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, broken := range [][2]string{{`"version": "2.1.0"`, `"version": "2.0"`}, {`"level": "error"`, `"level": "fatal"`}, {`"startLine": 1`, `"startLine": 0`}, {`"text": `, `"txt": `}} {
			if wrong := bytes.Replace(text, []byte(broken[0]), []byte(broken[1]), 1); !bytes.Equal(wrong, text) && valid(wrong) == nil {
				t.Errorf("%s: valid with %s, too", name, broken[1])
			}
		}
	}
}

// TestSARIFText: a name from a log is neither a link nor a place for an
// argument.
func TestSARIFText(t *testing.T) {
	const name = `[click](http://x/){0}\`
	if got, want := escapeSARIF(name), `\[click\](http://x/){{0}}\\`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for in, want := range map[string]string{"a b.json": "a%20b.json", "./a:b.json": "./a:b.json", "/etc/p.json": "file:///etc/p.json", "d/../p.json": "p.json"} {
		if got := uri(in); got != want {
			t.Errorf("uri(%q) = %q, want %q", in, got, want)
		}
	}
}

// readJUnit reads a document and compares its counts to its tests.
func readJUnit(t *testing.T, text []byte) junitSuites {
	t.Helper()
	var doc junitSuites
	if err := xml.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	var counts junitSuite
	for _, test := range doc.Suites[0].Cases {
		if test.Name == "" || test.Class == "" {
			t.Errorf("%+v has no name", test)
		}
		counts.add(test)
	}
	if counts.junitCounts != doc.junitCounts || counts.junitCounts != doc.Suites[0].junitCounts {
		t.Errorf("%+v and %+v are told of %+v", doc.junitCounts, doc.Suites[0].junitCounts, counts.junitCounts)
	}
	return doc
}

func TestJUnit(t *testing.T) {
	incomplete := checked(t, "fleet.json", conditional)
	strict := *incomplete
	strict.Strict = true
	allow := `{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]}`
	for _, tt := range []struct {
		name string
		c    *Check
		want junitCounts
	}{
		{"denied", checked(t, "actions.json", conditional), junitCounts{Tests: 5, Failures: 3, Skipped: 1}},
		{"allowed", checked(t, "actions.json", allow), junitCounts{Tests: 1}},
		{"incomplete", incomplete, junitCounts{Tests: 9, Failures: 6, Skipped: 2}},
		{"strict", &strict, junitCounts{Tests: 9, Failures: 7, Skipped: 1}},
		{"empty", checkOf(t, &aggregate.Summary{}, allow), junitCounts{Tests: 2, Errors: 1}},
	} {
		text := render(t, tt.c.WriteJUnit)
		if got := readJUnit(t, text).junitCounts; got != tt.want {
			t.Errorf("%s: %+v, want %+v\n%s", tt.name, got, tt.want, text)
		}
	}
}

// TestHostile: whatever a name holds, it stays text.
func TestHostile(t *testing.T) {
	c := checked(t, "hostile.json", `{"defaultAction": "SCMP_ACT_ERRNO", "architectures": ["SCMP_ARCH_X86_64"]}`)
	if len(c.findings()) < 2 {
		t.Fatal("nothing was found")
	}
	readJUnit(t, render(t, c.WriteJUnit))
	readSARIF(t, render(t, c.WriteSARIF))
	for name, write := range map[string]func(io.Writer) error{"markdown": c.WriteMarkdown, "junit": c.WriteJUnit, "sarif": c.WriteSARIF} {
		text := string(render(t, write))
		if i := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f || r == 0x202e }); i >= 0 {
			t.Errorf("%s has %q", name, text[i:min(i+20, len(text))])
		}
		if name != "sarif" && strings.Contains(text, "<script>") {
			t.Errorf("%s has an element of the log", name)
		}
	}
}

func TestMarkdown(t *testing.T) {
	got := string(render(t, checked(t, "actions.json", conditional).WriteMarkdown))
	for _, want := range []string{
		"- profiles/a b.json denies 3 of 13 records, 9 depend on arguments\n\n| ",
		"| depends on arguments: allow or errno(EPERM) |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if got := string(render(t, checked(t, "fleet.json", conditional).WriteMarkdown)); !strings.Contains(got, "\n- Records are missing: ") {
		t.Errorf("the log's faults are not told:\n%s", got)
	}
}
