package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// hostile is what a process, a container or a file may be called.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\a", "=cmd|calc!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "'quoted",
	"<script>alert(1)</script>", "two\nlines", "a|b", "a\\|b", "`code`", "[link](http://example.org)", "**bold**", "_it_",
	"~~no~~", "back\\slash\\", "\u202egnp.exe", "\u2066x\u2069", "\u009b31m", "\\\u202e", "nul\x00", "del\x7f",
	"not utf-8 \xff\xfe", "quote\"d", "a,b;c", " blanks ", "null", "no", "1e3", "12:30", "- item", "# head", "&amp;",
	"漢字", "👩\U000e0041", "\u2028\u2029\ufeff", "%s%d", "${x}", "../../etc/cron.d/x", strings.Repeat("long", 15),
}

// hostileSummary has a hostile text in every place that takes one, and every
// number as large as it gets.
func hostileSummary() *aggregate.Summary {
	first, last := time.UnixMilli(1).UTC(), time.UnixMilli(253402300799999).UTC()
	s := &aggregate.Summary{By: aggregate.DefaultKeys()}
	for i, text := range hostile {
		s.Inputs = append(s.Inputs, aggregate.Input{
			Name: text, Trust: aggregate.TrustText, Lines: math.MaxInt64, Records: 1, Duplicates: 2, Malformed: 3, First: first, Last: last,
		})
		s.Completeness.Evidence = append(s.Completeness.Evidence, aggregate.Evidence{
			Kind: aggregate.Malformed, Count: math.MaxInt64, Input: text, Line: int64(i + 1), First: first, Last: last, Detail: text, Fix: text,
		})
		s.Groups = append(s.Groups, aggregate.Group{
			Node: text, Exe: text, Comm: text, PID: math.MaxInt32, Records: math.MaxInt64, First: first, Last: last,
			Container: &container.Identity{
				ID: text, Name: text, Image: text, Pod: text, Namespace: text, Workload: text, Runtime: text, Via: text, WorkloadGuessed: true,
			},
			Calls: []aggregate.Call{
				{Arch: syscalltable.X86_64, NR: 59, Action: syscalltable.ActionErrno, Count: math.MaxInt64, First: aggregate.MillisOf(first).Instant(), Last: aggregate.MillisOf(last).Instant()},
				{Arch: 0xdeadbeef, NR: math.MinInt32, Action: syscalltable.ActionUnknown, Count: 1},
				{Arch: syscalltable.NoArch, NR: -1, Action: syscalltable.ActionKill, Count: 1, Folded: true},
			},
		})
	}
	s.Completeness.Verdict = aggregate.Incomplete
	s.Completeness.Lost = math.MaxInt64
	s.Retotal()
	return s
}

// TestAttackControlCharacters checks that hostile text does nothing to a terminal
// or an editor in any format.
func TestAttackControlCharacters(t *testing.T) {
	s := hostileSummary()
	for _, f := range Formats() {
		out := string(render(t, s, f, Options{Width: 80}))
		for i, r := range out {
			if r != '\n' && unicode.In(r, unicode.C, unicode.Zl, unicode.Zp) {
				t.Errorf("%s: %q in %.60q", f, r, out[max(0, i-20):])
				break
			}
		}
	}
}

// TestAttackOneLineARow checks that no text makes a line or a column of its own.
func TestAttackOneLineARow(t *testing.T) {
	s := hostileSummary()
	rows := 3 * len(hostile)
	for _, f := range []Format{Table, Wide} {
		table, _, _ := strings.Cut(string(render(t, s, f, Options{})), "\n\n")
		if n := strings.Count(table, "\n"); n != rows {
			t.Errorf("%s: %d lines below the heads, want %d", f, n, rows)
		}
	}
	table, _, _ := strings.Cut(string(render(t, s, Markdown, Options{})), "\n\n")
	separator := regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\|`)
	for i, line := range strings.Split(table, "\n") {
		if n := len(separator.FindAllString(line, -1)); n != 11 {
			t.Errorf("markdown line %d has %d separators, want 11: %.200s", i+1, n, line)
		}
	}
}

func TestCSV(t *testing.T) {
	s := hostileSummary()
	records, err := csv.NewReader(bytes.NewReader(render(t, s, CSV, Options{}))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 3*len(hostile); len(records) != want {
		t.Fatalf("%d records, want %d", len(records), want)
	}
	heads := records[0]
	for i, record := range records[1:] {
		for j, cell := range record {
			number := heads[j] == "nr" || heads[j] == "count" || heads[j] == "pid"
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && !number {
				t.Errorf("record %d: %s is a formula: %q", i+1, heads[j], cell)
			}
		}
	}
	if got := records[7][slices.Index(heads, "comm")]; got != "'=cmd|calc!A0" {
		t.Errorf("comm = %q, want the formula as text", got)
	}
}

// TestSameDocument checks that YAML holds what JSON holds, in the same order.
func TestSameDocument(t *testing.T) {
	for name, s := range samples(t) {
		var n yaml.Node
		if err := yaml.Unmarshal(render(t, s, YAML, Options{Tool: tool}), &n); err != nil {
			t.Fatal(err)
		}
		fromYAML := flattenYAML(n.Content[0])
		if fromJSON := flattenJSON(t, render(t, s, JSON, Options{Tool: tool})); !slices.Equal(fromJSON, fromYAML) {
			t.Errorf("%s: JSON and YAML differ:\n%q\n%q", name, fromJSON, fromYAML)
		}
	}
}

// flattenYAML lists the kinds and values of a document in order.
func flattenYAML(n *yaml.Node) []string {
	if n.Kind == yaml.ScalarNode {
		return []string{n.ShortTag() + " " + n.Value}
	}
	all := []string{n.ShortTag()}
	for _, c := range n.Content {
		all = append(all, flattenYAML(c)...)
	}
	return append(all, "end")
}

func flattenJSON(t *testing.T, doc []byte) (all []string) {
	dec := json.NewDecoder(bytes.NewReader(doc))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch v := token.(type) {
		case nil:
			all = append(all, "!!null null")
		case string:
			all = append(all, "!!str "+v)
		case json.Number:
			all = append(all, "!!int "+v.String())
		case bool:
			all = append(all, fmt.Sprintf("!!bool %v", v))
		case json.Delim:
			all = append(all, map[json.Delim]string{'{': "!!map", '[': "!!seq", '}': "end", ']': "end"}[v])
		}
	}
}

func TestAttackFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "-x": "'-x", "@x": "'@x", "a=b": "a=b", `a";=1+1`: `a";'=1+1`, "a;b": "a;b", "a\t+1": "a\t'+1", ";;=1": ";;'=1", "": "",
	} {
		if got := quoteFormulas(in); got != want {
			t.Errorf("quoteFormulas(%q) = %q, want %q", in, got, want)
		}
	}
}
