package pipeline

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/report"
)

// wholeStream is the lines of a stream of three events and a loss that auditd's
// log gave, and the end of it.
func wholeStream(t *testing.T) []string {
	t.Helper()
	var out bytes.Buffer
	w := report.NewEventWriter(&out)
	io.WriteString(w, eventLine+strings.ReplaceAll(eventLine, "272", "273"))
	io.WriteString(w, strings.Replace(strings.ReplaceAll(eventLine, "272", "274"), `"container":null`, `"container":{"id":"a1","name":"web","image":null,"pod":null,"namespace":null,"workload":null,"runtime":"docker","via":"direct"}`, 1))
	end := aggregate.Summary{Inputs: []aggregate.Input{{Trust: aggregate.TrustAuditd}}, Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
	if err := w.End(&end); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(strings.Lines(out.String()))
}

// eachLine returns what puts every line into something: a pattern whose $0 is
// the line.
func eachLine(pattern string) func(lines []string) string {
	line := regexp.MustCompile(`(?m)^.+$`)
	return func(lines []string) string { return line.ReplaceAllString(strings.Join(lines, ""), pattern) }
}

// asText puts lines into a text of JSON.
func asText(put func([]string) string) func([]string) string {
	return func(lines []string) string {
		var quoted []string
		for _, line := range lines {
			text, _ := json.Marshal(line)
			quoted = append(quoted, string(text[1:len(text)-1])+"\n")
		}
		return put(quoted)
	}
}

// changed prints the objects in another way.
func changed(change func(out *bytes.Buffer, line string)) func(lines []string) string {
	return func(lines []string) string {
		var out bytes.Buffer
		for _, line := range lines {
			change(&out, line)
			out.WriteByte('\n')
		}
		return out.String()
	}
}

var streamWrappers = map[string]func(lines []string) string{
	"as it is": eachLine(`$0`),
	"CRI":      eachLine(`2024-06-01T12:00:00.5Z stdout F $0`),
	"blanks":   eachLine(`  $0`),
	"kubectl":  eachLine(`[pod/auditscan-x7/auditscan] $0`),
	"rg":       eachLine(`run.json:7:$0`),
	"array":    func(lines []string) string { return "[" + strings.Join(lines, ",\n") + "]\n" },
	"one line": func(lines []string) string {
		return "[" + strings.ReplaceAll(strings.Join(lines, ","), "\n", "") + "]\n"
	},
	"jq .":       changed(func(out *bytes.Buffer, line string) { json.Indent(out, []byte(line), "", "  ") }),
	"jq --tab":   changed(func(out *bytes.Buffer, line string) { json.Indent(out, []byte(line), "", "\t") }),
	"jq -S":      changed(func(out *bytes.Buffer, line string) { json.Indent(out, sortedKeys(line), "", "  ") }),
	"jq -c -S":   changed(func(out *bytes.Buffer, line string) { out.Write(sortedKeys(line)) }),
	"Docker":     asText(eachLine(`{"log":"$0","stream":"stdout","time":"2024-06-01T12:00:00.123456789Z"}`)),
	"Fluent Bit": asText(eachLine(`{"date":1717243200.1,"log":"$0","kubernetes":{"pod_name":"x","host":"worker"}}`)),
	"member":     eachLine(`{"@timestamp":"2024-06-01T12:00:00.123Z","json":$0,"agent":{"name":"fb"}}`),
	"journal":    asText(eachLine(`{"_TRANSPORT":"stdout","SYSLOG_IDENTIFIER":"auditscan","_HOSTNAME":"worker","MESSAGE":"$0"}`)),
}

func sortedKeys(line string) []byte {
	var v map[string]any
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	d.Decode(&v)
	text, _ := json.Marshal(v)
	return text
}

// TestWrappedStream checks that a stream of events proves itself in whatever
// holds it: whole, it keeps its verdict; a line that is left out shows, and so
// does the end; without the numbers it is unknown.
func TestWrappedStream(t *testing.T) {
	whole := wholeStream(t)
	var unnumbered, others []string
	for _, line := range whole {
		unnumbered = append(unnumbered, regexp.MustCompile(`"n":\d+,`).ReplaceAllString(line, ""))
		others = append(others, strings.Replace(line, `"serial":27`, `"serial":37`, 1))
	}
	groups := readEvents(t, strings.Join(whole, ""), Options{}).Groups
	missing := func(n string) string { return n + ": cut out, or left out by another tool" }
	for _, tt := range []struct {
		name    string
		lines   []string
		verdict aggregate.Verdict
		detail  string
	}{
		{"whole", whole, aggregate.Complete, ""},
		{"without the first", whole[1:], aggregate.Incomplete, missing("event 1")},
		{"without the second", slices.Concat(whole[:1], whole[2:]), aggregate.Incomplete, missing("event 2")},
		{"filtered", slices.Concat(whole[:1], whole[3:]), aggregate.Incomplete, missing("events 2 to 3")},
		{"without its end", whole[:3], aggregate.Incomplete, "the stream of events has no end behind event 3: it was cut, or is still written"},
		{"another cut one behind it", slices.Concat(whole, others[1:]), aggregate.Incomplete, missing("event 1")},
		{"without numbers", unnumbered, aggregate.Unknown, ""},
		{"an event without a number behind it", slices.Concat(others, unnumbered[:1]), aggregate.Unknown, ""},
	} {
		for wrapper, wrap := range streamWrappers {
			s := readEvents(t, wrap(tt.lines), Options{})
			c := s.Completeness
			if c.Verdict != tt.verdict || tt.detail != "" && (len(c.Evidence) != 1 || c.Evidence[0].Detail != tt.detail) {
				t.Errorf("%s, %s: %+v, want %s %s", tt.name, wrapper, c, tt.verdict, tt.detail)
			}
			if tt.name == "whole" && !sameCalls(s.Groups, groups) {
				t.Errorf("%s: groups %+v, want %+v", wrapper, s.Groups, groups)
			}
		}
	}
}

// sameCalls reports whether groups have the same calls of the same containers;
// what holds a stream may name another node.
func sameCalls(a, b []aggregate.Group) bool {
	return slices.EqualFunc(a, b, func(a, b aggregate.Group) bool {
		return a.Records == b.Records && reflect.DeepEqual(a.Calls, b.Calls) && reflect.DeepEqual(a.Container, b.Container)
	})
}

// TestStreamEndAndRecord checks that what ends a stream hides no event that
// stands in the same object.
func TestStreamEndAndRecord(t *testing.T) {
	end := `"end":{"format":2,"trust":"auditd","records":1,"completeness":{"verdict":"complete","lost":0,"evidence":[]}},`
	for _, at := range []string{`"time"`, `"container"`} {
		both := `{"n":1,` + strings.Replace(eventLine, at, end+at, 1)[1:]
		if s := readEvents(t, both, Options{}); s.Totals.Records != 1 || s.Completeness.Verdict == aggregate.Complete {
			t.Errorf("%s: %+v %+v", both, s.Totals, s.Completeness)
		}
	}
}
