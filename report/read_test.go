package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/corpustest"
)

// validUTF8 returns s as it is after a trip through JSON: JSON is text.
func validUTF8(s *aggregate.Summary) *aggregate.Summary {
	out := *s
	out.Inputs, out.Groups = slices.Clone(s.Inputs), slices.Clone(s.Groups)
	out.Completeness.Evidence = slices.Clone(s.Completeness.Evidence)
	for i := range out.Inputs {
		out.Inputs[i].Name = valid(out.Inputs[i].Name)
	}
	for i := range out.Completeness.Evidence {
		e := &out.Completeness.Evidence[i]
		e.Input, e.Detail, e.Fix = valid(e.Input), valid(e.Detail), valid(e.Fix)
	}
	for i := range out.Groups {
		g := &out.Groups[i]
		g.Node, g.Comm, g.Exe = valid(g.Node), valid(g.Comm), valid(g.Exe)
		if g.Container != nil {
			c := *g.Container
			for _, text := range []*string{&c.ID, &c.Name, &c.Image, &c.Pod, &c.Namespace, &c.Workload, &c.Runtime, &c.Via} {
				*text = valid(*text)
			}
			g.Container = &c
		}
	}
	return &out
}

// TestReadWritten checks that a report comes back as it was, and so do all of
// its renderings: for every sample and every log of the corpus.
func TestReadWritten(t *testing.T) {
	all := samples(t)
	for _, name := range corpusFiles(t) {
		all[name] = summarize(t, nil, name)
	}
	for name, s := range all {
		s = validUTF8(s)
		doc := render(t, s, JSON, Options{Tool: tool})
		got, err := Read(bytes.NewReader(doc), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(s.Groups) > 0 && !reflect.DeepEqual(got, s) {
			t.Errorf("%s: read\n%+v\nwant\n%+v", name, got, s)
		}
		for _, f := range Formats() {
			if a, b := render(t, got, f, Options{Tool: tool}), render(t, s, f, Options{Tool: tool}); !bytes.Equal(a, b) {
				t.Errorf("%s read back, as %s: %s", name, f, firstDifference(a, b))
			}
		}
	}
}

// TestReadAnyLayout checks that keys may come in any order, with or without
// blanks, in pieces of any size, with the positions that follow adds.
func TestReadAnyLayout(t *testing.T) {
	for name, s := range samples(t) {
		s := validUTF8(s)
		doc := render(t, s, JSON, Options{})
		var parsed map[string]any // marshalled with sorted keys
		dec := json.NewDecoder(bytes.NewReader(doc))
		dec.UseNumber()
		if err := dec.Decode(&parsed); err != nil {
			t.Fatal(err)
		}
		parsed["positions"] = map[string]any{"files": []any{map[string]any{"path": "/var/log/syslog", "offset": 12, "ok": true, "none": nil}}}
		sorted, err := json.Marshal(parsed)
		if err != nil {
			t.Fatal(err)
		}
		if !Sniff(sorted[:min(len(sorted), 4096)]) {
			t.Errorf("%s with sorted keys: not recognised", name)
		}
		got, err := Read(iotest.OneByteReader(bytes.NewReader(sorted)), name)
		if err != nil {
			t.Errorf("%s with sorted keys: %v", name, err)
			continue
		}
		if again := render(t, got, JSON, Options{}); !bytes.Equal(again, doc) {
			t.Errorf("%s with sorted keys: %s", name, firstDifference(again, doc))
		}
	}
}

// TestReadInPieces checks that nothing depends on where the buffer ends.
func TestReadInPieces(t *testing.T) {
	all := samples(t)
	for _, size := range []int{1, 2, 3, 7, 64} {
		for name, s := range all {
			doc := render(t, s, JSON, Options{})
			r := newJSONReader(pieces{bytes.NewReader(doc), size}, name)
			if again := render(t, r.report(), JSON, Options{}); r.Err() != nil || !bytes.Equal(again, doc) {
				t.Errorf("%s in pieces of %d bytes: %v, %s", name, size, r.Err(), firstDifference(again, doc))
			}
		}
	}
}

// pieces gives no more than a few bytes at once.
type pieces struct {
	in   io.Reader
	size int
}

func (p pieces) Read(b []byte) (int, error) { return p.in.Read(b[:min(len(b), p.size)]) }

// TestReadErrors edits a good report and asks for the error, with its place.
func TestReadErrors(t *testing.T) {
	doc := string(render(t, samples(t)["actions"], JSON, Options{Tool: tool}))
	if _, err := Read(strings.NewReader(doc), "r.json"); err != nil {
		t.Fatal(err)
	}
	const run110 = `{"arch": "x86_64", "nr": 110, "name": "getppid", "runs": 1}`
	for _, test := range []struct{ old, new, want string }{
		{`"version": 1`, `"version": 2`, `r.json:2:14: a report of version 2; this auditscan reads version 1`},
		{`"version": 1`, `"version": "1"`, `r.json:2:14: a number expected, not a string`},
		{`"version": 1`, `"version": 1.0`, `r.json:2:14: 1.0 is no whole number from -9223372036854775808 to 9223372036854775807`},
		{`"tool": "auditscan 0.1.0",`, ``, `r.json:1:1: no key "tool"`},
		{`"tool"`, `"Tool"`, `r.json:1:1: not a report of auditscan`},
		{`"inputs"`, `"Inputs"`, `r.json:5:3: unknown key "Inputs"`},
		{`"tables"`, `"tool"`, `r.json:4:3: key "tool" stands here twice`},
		{`"lines": 17`, `"lines": -17`, `r.json:9:16: -17 is no whole number from 0 to 9223372036854775807`},
		{`"lines": 17`, `"lines": 017`, `r.json:9:17: not JSON: invalid character '1' after object value (expecting ',' or '}')`},
		{`"lines": 17`, `"lines": 9223372036854775808`, `r.json:9:16: 9223372036854775808 is no whole number from 0 to 9223372036854775807`},
		{`"lines": 17`, `"lines": 17, "words": 1`, `r.json:9:20: unknown key "words"`},
		{`"lines": 17`, `"lines": 17, `, `r.json:9:20: not JSON: invalid character ',' at start of value`},
		{`"trust": "auditd"`, `"trust": "none"`, `r.json:8:16: unknown trust "none"`},
		{`"verdict": "complete"`, `"verdict": "fine"`, `r.json:27:16: unknown verdict "fine"`},
		{`"evidence": []`, `"evidence": null`, `r.json:29:17: a list expected, not null`},
		{`"evidence": []`, `"evidence": [{"kind":"magic"}]`, `r.json:29:26: unknown kind of evidence "magic"`},
		{`"arch": "x86_64"`, `"arch": "x86"`, `r.json:43:19: unknown architecture "x86"`},
		{`"arch": "x86_64"`, `"arch": "vax"`, `r.json:43:19: unknown architecture "vax"`},
		{`"nr": 110`, `"nr": 2147483648`, `r.json:44:17: 2147483648 is no whole number from -2147483648 to 2147483647`},
		{`"evidence": []`, `"evidence": [{"kind":"malformed","count":1,"input":null,"line":null,"first":null,"last":null,"detail":"","fix":""}]`,
			`r.json:26:19: the verdict is "complete" beside evidence of a loss: the report was changed`},
		{`"lost": 0`, `"lost": 264`, `r.json:26:19: the verdict is "complete" beside evidence of a loss: the report was changed`},
		{`"lines": 17,
      "records"`, `"lines": 18,
      "records"`, `r.json:17:13: 17 lines in all, where there are 18: the report was changed`},
		{`"syscalls": 5
`, `"syscalls": 6
`, `r.json:17:13: 6 syscalls in all, where there are 5: the report was changed`},
		{`"groups": 11,`, `"groups": 1,`, `r.json:17:13: 1 groups in all, where there are 11: the report was changed`},
		{`"count": 1,`, `"count": 2,`, `r.json:32:5: a group of 1 records, whose calls are 2: the report was changed`},
		{`"name": "getppid"`, `"name": "get-ppid"`, `r.json:45:19: "get-ppid" is no name of a system call`},
		{`"name": "getppid"`, `"name": "reboot"`, `r.json:42:9: call 110 of x86_64 is "reboot" there and "getppid" in the tables of this auditscan`},
		{`"groups": [`, `"runs": {"count": 2, "syscalls": [{"arch": "x86_64", "nr": 110, "name": "fork", "runs": 1}]}, "groups": [`,
			`r.json:31:37: call 110 of x86_64 is "fork" there and "getppid" in the tables of this auditscan`},
		{`"groups": [`, `"runs": {"count": 2, "syscalls": [{"arch": "x86_64", "nr": 110, "name": null, "runs": 3}]}, "groups": [`,
			`r.json:31:89: call 110 of x86_64 was seen in more runs than there were, or stands here twice`},
		{`"groups": [`, `"runs": {"count": 2, "syscalls": [` + run110 + `, ` + run110 + `]}, "groups": [`,
			`r.json:31:155: call 110 of x86_64 was seen in more runs than there were, or stands here twice`},
		{`"action": "kill_process"`, `"action": "KILL"`, `r.json:46:21: unknown action "KILL"`},
		{`"action": "kill_process"`, `"action": "SCMP_ACT_KILL_PROCESS"`, `r.json:46:21: unknown action "SCMP_ACT_KILL_PROCESS"`},
		{`"first": "2026-11-23T15:13:02.601Z"`, `"first": "2026-11-23T15:13:02Z"`, `r.json:13:16: "2026-11-23T15:13:02Z" is no time since 1970 like 2006-01-02T15:04:05.000Z`},
		{`"first": "2026-11-23T15:13:02.601Z"`, `"first": "2026-11-23T15:13:02,601Z"`, `r.json:13:16: "2026-11-23T15:13:02,601Z" is no time since 1970 like 2006-01-02T15:04:05.000Z`},
		{`"first": "2026-11-23T15:13:02.601Z"`, `"first": "1969-12-31T23:59:59.999Z"`, `r.json:13:16: "1969-12-31T23:59:59.999Z" is no time since 1970 like 2006-01-02T15:04:05.000Z`},
		{`"first": "2026-11-23T15:13:02.601Z"`, `"first": "2026-02-30T15:13:02.601Z"`, `r.json:13:16: "2026-02-30T15:13:02.601Z" is no time since 1970 like 2006-01-02T15:04:05.000Z`},
		{`"comm": "act",`, `"comm": "act", "folded": "comm",`, `r.json:32:5: a group that has many values of comm, and one: the report was changed`},
		{`"comm": "act",`, `"comm": null, "folded": "subj",`, `r.json:32:5: a group that has many values of subj, by which the groups are not told apart: the report was changed`},
		{`"comm": "act",`, `"comm": null, "folded": "pid,comm",`, `r.json:36:31: "pid,comm" is no list of keys in their order`},
		{`"comm": "act",`, `"comm": null, "folded": "none",`, `r.json:36:31: "none" is no list of keys in their order`},
		{`"comm": "act",`, ``, `r.json:53:5: a group with other keys than the first`},
		{`"comm": "act"`, `"comm": "a` + "\n" + `ct"`, `r.json:36:17: not JSON: invalid character '\n' in string (expecting non-control character)`},
		{`"comm": "act"`, `"comm": "a\x"`, "r.json:36:17: not JSON: invalid escape sequence `\\x` in string"},
		{`"comm": "act"`, "\"comm\": \"a\xff\"", `r.json:36:17: not JSON: invalid UTF-8`},
		{`"comm": "act"`, `"comm": "` + strings.Repeat("a", readLimits.Text+1) + `"`, `r.json:36:15: a value of more than 131072 bytes`},
		{`"container": null`, `"container": {"name": "web"}`, `r.json:34:20: no key "id"`},
		{`"container": null`, `"container": nul`, `r.json:34:23: not JSON: invalid character ',' in literal null (expecting 'l')`},
		{`"groups": [`, `"positions": ` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `, "groups": [`, `r.json:31:47: nested deeper than 32 values`},
	} {
		bad := strings.Replace(doc, test.old, test.new, 1)
		if bad == doc {
			t.Fatalf("the report holds no %s", test.old)
		}
		checkReadError(t, bad, test.want)
	}
	checkReadError(t, doc+"{}", `r.json:283:1: text after the end of the report`)
	checkReadError(t, doc+"\x00", `r.json:283:1: not JSON: invalid character '\x00' at start of value`)
	checkReadError(t, "\ufeff"+doc, `r.json:1:1: a byte order mark: save the file as UTF-8 without`)
	checkReadError(t, "", `r.json:1:1: not a report of auditscan`)
	checkReadError(t, "{}", `r.json:1:1: not a report of auditscan`)
	checkReadError(t, `[{"version":1}]`, `r.json:1:1: not a report of auditscan`)
}

func checkReadError(t *testing.T, doc, want string) {
	t.Helper()
	s, err := Read(strings.NewReader(doc), "r.json")
	if s != nil || err == nil || err.Error() != want {
		t.Errorf("Read = %v, error\n     %v\nwant %s", s != nil, err, want)
	}
}

// TestReadCut checks that no beginning of a report passes for a whole one.
func TestReadCut(t *testing.T) {
	doc := bytes.TrimRight(render(t, samples(t)["cut"], JSON, Options{Tool: tool}), "\n")
	for n := range doc {
		if s, err := Read(bytes.NewReader(doc[:n]), "r.json"); err == nil {
			t.Fatalf("the first %d of %d bytes are read as %+v", n, len(doc), s)
		}
	}
}

func TestReadFailure(t *testing.T) {
	doc := render(t, samples(t)["actions"], JSON, Options{})
	for _, n := range []int{0, 10, 5000} {
		in := iotest.DataErrReader(io.MultiReader(bytes.NewReader(doc[:n]), iotest.ErrReader(io.ErrUnexpectedEOF)))
		if s, err := Read(in, "r.json.gz"); s != nil || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a read error after %d bytes: %v, %v", n, s, err)
		}
	}
}

// TestSniff checks that of all that auditscan reads only its own JSON is
// taken for that.
func TestSniff(t *testing.T) {
	for _, name := range corpusFiles(t) {
		if Sniff(corpustest.Corpus.Read(t, name)) {
			t.Errorf("%s is taken for our own", name)
		}
	}
	for _, events := range [][]byte{
		eventsOf(t, nil, AppendEvent, "106-lab-enriched-all-actions.log"), AppendLoss(nil, aggregate.Loss{Kind: aggregate.Suppressed, Count: 29}),
	} {
		if Sniff(events) {
			t.Errorf("%.100q is a log and taken for a report", events)
		}
	}
	for _, other := range []string{
		``, `{`, `{}`, `[]`, `null`, `{"version": 1`, `{"version":1,"profile":"p.json","records":0,"denied":0}`,
		`{"defaultAction":"SCMP_ACT_LOG","architectures":["SCMP_ARCH_X86_64"]}`,
		`{"time":"2026-11-23T14:57:44.581940Z","log":"x","stream":"stdout"}`,
		`{"time":"2026-11-23T14:57:44Z","pid":1,"level":"info","arch":"x"}`,
		`{"time":"2026-11-23T14:57:44Z"}`, "\x1f\x8b\x08\x00",
	} {
		if Sniff([]byte(other)) {
			t.Errorf("%q is taken for our own", other)
		}
	}
	report := render(t, samples(t)["fleet"], JSON, Options{Tool: tool})
	for _, ours := range [][]byte{report, report[:100], append([]byte("\n  "), report...)} {
		if !Sniff(ours) {
			t.Errorf("not recognised: %.100q", ours)
		}
	}
}

// TestJQ has jq print a report and its events again: it finds nothing else in
// them and would write them the same.
func TestJQ(t *testing.T) {
	jq, err := exec.LookPath("jq")
	if err != nil {
		t.Skip("jq is not installed")
	}
	for _, test := range []struct {
		doc  []byte
		args []string
	}{
		{render(t, samples(t)["fleet"], JSON, Options{Tool: tool}), []string{"."}},
		{eventsOf(t, nil, AppendEvent, corpusFiles(t)...), []string{"-c", "."}},
	} {
		cmd := exec.Command(jq, test.args...)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(test.doc), os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out, test.doc) {
			t.Errorf("jq %q: %s", test.args, firstDifference(test.doc, out))
		}
	}
}

// FuzzRead checks that what is read is JSON, and that it is the same when it
// is written and read again.
func FuzzRead(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(render(f, s, JSON, Options{Tool: tool}))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		s, err := Read(bytes.NewReader(doc), "fuzz")
		if err != nil {
			return
		}
		dec := json.NewDecoder(bytes.NewReader(doc))
		for dec.More() {
			var v any
			if err := dec.Decode(&v); err != nil {
				t.Fatalf("read, but no JSON: %v", err)
			}
		}
		first := render(t, s, JSON, Options{})
		again, err := Read(bytes.NewReader(first), "again")
		if err != nil {
			t.Fatal(err)
		}
		if second := render(t, again, JSON, Options{}); !bytes.Equal(first, second) {
			t.Error(firstDifference(second, first))
		}
	})
}
