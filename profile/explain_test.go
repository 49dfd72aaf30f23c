package profile_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

func TestExplain(t *testing.T) {
	when := time.Date(2022, 9, 1, 18, 46, 36, 821e6, time.UTC)
	s := summary("app", append(logged(t, "read", "clone"),
		call(t, i386, "read", syscalltable.ActionLog, 2),
		call(t, x86_64, "ptrace", syscalltable.ActionErrno, 3),
		aggregate.Call{Arch: syscalltable.NoArch, NR: 4, Action: syscalltable.ActionLog, Count: 1})...)
	s.Groups[0].Calls[0].First, s.Groups[0].Calls[0].Last = aggregate.MillisOf(when).Instant(), aggregate.MillisOf(when.Add(time.Second)).Instant()
	for i := range 12 {
		s.Groups = append(s.Groups, aggregate.Group{Comm: "other\x1b", Exe: strings.Repeat("x", i+1),
			Container: &container.Identity{ID: "abc"}, Calls: logged(t, "read")})
	}
	s.Inputs = append(s.Inputs, aggregate.Input{Name: "syslog", Trust: aggregate.TrustText, First: when})
	s.Completeness = aggregate.Completeness{Verdict: aggregate.Incomplete, Lost: 7, Evidence: []aggregate.Evidence{
		{Kind: aggregate.Suppressed, Count: 7, Input: "syslog", Line: 3, Detail: "callbacks suppressed", Fix: "start auditd"}}}

	doc := explain(t, build(t, s, profile.Options{Variants: true}), s)
	for path, want := range map[string]any{
		"trust":             "text",
		"startup":           "no runtime's start-up is in the log: that of every known runtime was added",
		"completeness.lost": 7.0, "completeness.evidence.0.kind": "suppressed",
		"calls.0.name": "clone", "calls.1.name": "read", "calls.1.records": 15.0,
		"calls.1.first": "2022-09-01T18:46:36.821Z", "calls.0.first": nil,
		"calls.1.by.0.comm": "app", "calls.1.by.0.records": 3.0, "calls.1.by.1.container": "abc", "calls.1.others": 3.0,
		"widened.0.name": "clone", "denied.0.name": "ptrace", "denied.0.records": 3.0,
		"unresolved.0.arch": nil, "unresolved.0.reason": "the record has no architecture",
		"inputs.1.trust": "text", "inputs.1.first": "2022-09-01T18:46:36.821Z",
	} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

// Of several runs it is told in how many of them each call was seen; of one
// there is nothing to tell.
func TestExplainRuns(t *testing.T) {
	one, other := summary("app", logged(t, "read", "clone")...), summary("app", append(logged(t, "read"), call(t, i386, "clone", syscalltable.ActionLog, 1))...)
	s := aggregate.Merge(one, other, summary("app", logged(t, "read")...))
	doc := explain(t, build(t, s, profile.Options{Exact: true}), s)
	for path, want := range map[string]any{"runs": 3.0, "calls.0.name": "clone", "calls.0.runs": 1.0, "calls.1.name": "read", "calls.1.runs": 3.0} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
	doc = explain(t, build(t, one, profile.Options{Exact: true}), one)
	if at(t, doc, "runs") != nil || at(t, doc, "calls.0.runs") != nil {
		t.Error("one run is counted")
	}
}

// A profile that was united with one in Docker's form is shown in that form.
func TestExplainBase(t *testing.T) {
	base := named(t, "base.json", `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}}]}`)
	s := summary("app", call(t, x86_64, "read", syscalltable.ActionErrno, 3))
	doc := explain(t, build(t, s, profile.Options{Base: base, IncludeDenied: true}), s)
	for path, want := range map[string]any{"base": "base.json", "profile.syscalls.1.includes.caps.0": "CAP_BPF", "additions.0.source": "denied"} {
		if got := at(t, doc, path); got != want {
			t.Errorf("%s = %v, want %v", path, got, want)
		}
	}
}

// TestExplainRequires: what knows every call, and nothing where anything does.
func TestExplainRequires(t *testing.T) {
	for _, tt := range []struct {
		calls              []string
		libseccomp, kernel any
	}{
		{[]string{"read"}, nil, nil},
		{[]string{"read", "openat2"}, nil, "5.6"},
		{[]string{"openat2", "close_range", "cachestat"}, "2.5.5", "6.5"},
	} {
		s := summary("app", logged(t, tt.calls...)...)
		got, _ := at(t, explain(t, build(t, s, profile.Options{Exact: true}), s), "requires").(map[string]any)
		if got["libseccomp"] != tt.libseccomp || got["kernel"] != tt.kernel {
			t.Errorf("%v requires %v, want libseccomp %v and Linux %v", tt.calls, got, tt.libseccomp, tt.kernel)
		}
	}
}

func TestLeastTrust(t *testing.T) {
	kernel, auditd, text := aggregate.Input{Trust: aggregate.TrustKernel}, aggregate.Input{Trust: aggregate.TrustAuditd}, aggregate.Input{Trust: aggregate.TrustText}
	for _, c := range []struct {
		in   []aggregate.Input
		want aggregate.Trust
	}{
		{[]aggregate.Input{kernel, kernel}, aggregate.TrustKernel},
		{[]aggregate.Input{auditd, kernel}, aggregate.TrustAuditd},
		{[]aggregate.Input{kernel, text, auditd}, aggregate.TrustText},
		{[]aggregate.Input{{Trust: "made up"}}, aggregate.TrustText},
		{nil, aggregate.TrustText},
	} {
		if got := profile.LeastTrust(&aggregate.Summary{Inputs: c.in}); got != c.want {
			t.Errorf("LeastTrust(%v) = %s, want %s", c.in, got, c.want)
		}
	}
}

// explain writes the explanation, holds it against its schema and decodes it.
func explain(t *testing.T, r *profile.Result, s *aggregate.Summary) any {
	t.Helper()
	var out bytes.Buffer
	if err := profile.WriteExplain(&out, r, s); err != nil {
		t.Fatal(err)
	}
	return validate(t, "schema/explain.schema.json", out.Bytes())
}

func validate(t *testing.T, schema string, data []byte) any {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schema)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(doc); err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	var plain any
	if err := json.Unmarshal(data, &plain); err != nil {
		t.Fatal(err)
	}
	return plain
}

// at returns a value of decoded JSON by its path, such as "calls.0.name".
func at(t *testing.T, doc any, path string) any {
	t.Helper()
	for key := range strings.SplitSeq(path, ".") {
		switch v := doc.(type) {
		case map[string]any:
			doc = v[key]
		case []any:
			var i int
			if err := json.Unmarshal([]byte(key), &i); err != nil || i >= len(v) {
				t.Fatalf("%s: no element %s", path, key)
			}
			doc = v[i]
		default:
			t.Fatalf("%s: nothing at %s", path, key)
		}
	}
	return doc
}
