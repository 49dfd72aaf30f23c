package container

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// day is the day of the tests' pid maps.
const day = "2026-11-23T"

func clock(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, day+s+"Z")
	if err != nil {
		t.Fatal(err)
	}
	return at
}

const savedMap = `{"pid":7,"start":"2026-11-23T10:00:00.000Z","end":"2026-11-23T10:00:05.000Z","container":{"id":"a","name":"web","via":"direct"}}
{"pid":7,"start":"2026-11-23T10:00:06.000Z","end":null,"container":{"id":"b"}}

{"pid":8,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a","name":"web","via":"lineage"}}
{"pid":7,"start":"2026-11-23T10:00:06.000Z","end":"2026-11-23T10:00:08.000Z","container":{"id":"b"}}
{"pid":7,"start":"2026-11-23T10:00:08.005Z","end":null,"container":{"id":"a"}}
{"pid":7,"start":"2026-11-23T12:00:00.000+01:00","end":null,"container":{"id":"b"}}
{"pid":9,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a"}}
{"pid":9,"start":"2026-11-23T10:00:00.000Z","end":null,"container":null}
{"pid":10,"start":"2026-11-23T10:00:00.004Z","end":"2026-11-23T10:00:04.000Z","container":{"id":"a"}}
{"pid":10,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a"}}
{"pid":11,"start":"2026-11-23T10:00:00.000Z","end":"2026-11-23T10:00:00.000Z","container":{"id":"a"}}`

func TestMapLookup(t *testing.T) {
	m, bad, err := ReadMap(t.Context(), strings.NewReader(savedMap), "map")
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	for _, test := range []struct {
		pid  int32
		at   string
		want string // "": not told
	}{
		{7, "09:59:59.890", ""},
		{7, "09:59:59.898", ""},
		{7, "09:59:59.899", "a"},
		{7, "09:59:59.900", "a"}, // the record's clock is behind
		{7, "10:00:00.000", "a"},
		{7, "10:00:05.001", "a"},
		{7, "10:00:05.010", ""},
		{7, "10:00:07.000", "b"},
		{7, "10:00:07.900", "b"},
		{7, "10:00:08.001", ""}, // one or the other
		{7, "10:00:08.010", "a"},
		{7, "10:59:00.000", "a"}, // no end: until the pid is used again
		{7, "11:00:00.500", "b"},
		{7, "23:00:00.000", "b"},
		{8, "23:00:00.000", "a"},
		{9, "10:00:01.000", ""}, // taken back
		{10, "10:00:00.000", "a"},
		{10, "23:00:00.000", "a"}, // one process by two clocks: it still lives
		{11, "10:00:00.000", "a"},
		{11, "10:00:00.500", ""},
		{12, "10:00:00.000", ""},
	} {
		id, ok := m.Lookup(test.pid, clock(t, test.at))
		got := ""
		if id != nil {
			got = id.ID
			if id.Via != ViaPidmap {
				t.Errorf("via %q", id.Via)
			}
		}
		if got != test.want || ok != (got != "") {
			t.Errorf("pid %d at %s: %q, %v; want %q", test.pid, test.at, got, ok, test.want)
		}
	}
	if id, ok := m.Lookup(8, time.Time{}); ok {
		t.Errorf("a record without time went to %v", id)
	}
	one, _ := m.Lookup(7, clock(t, "10:00:00.000"))
	two, _ := m.Lookup(8, clock(t, "10:00:00.000"))
	if one != two || one.Name != "web" {
		t.Errorf("one container, two identities: %v, %v", one, two)
	}
}

func TestReadMapCountsBadLines(t *testing.T) {
	good := `{"pid":7,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a"}}`
	lines := []struct{ text, problem string }{
		{good, ""},
		{`{"pid":7,"start":"2026-11-23T10:0`, "unexpected end of JSON"},
		{`[` + good + `]`, "cannot unmarshal array"},
		{`{"pid":0,"start":"2026-11-23T10:00:00.000Z","container":{"id":"a"}}`, "no pid"},
		{`{"pid":99999999999,"start":"2026-11-23T10:00:00.000Z","container":{"id":"a"}}`, "cannot unmarshal number"},
		{`{"pid":7,"start":"yesterday","container":{"id":"a"}}`, "start is no RFC 3339 time"},
		{`{"pid":7,"start":"2026-11-23T10:00:00.000Z","end":"2026-11-23T09:00:00.000Z","container":{"id":"a"}}`, "end is no RFC 3339 time after start"},
		{`{"pid":7,"start":"2026-11-23T10:00:00.000Z","container":{"name":"a"}}`, "a container without id"},
		{`{"pid":7,"start":"2026-11-23T10:00:00.000Z","container":{"id":"` + strings.Repeat("a", 1000) + `"}}`, "a name of 1000 bytes"},
		{`{"pid":7,"start":"2026-11-23T10:00:00.000Z","container":{"id":"` + strings.Repeat("a", 513) + `"}}`, "a name of 513 bytes"},
		{`{"pid":9,"start":"2026-11-23T10:00:00.000Z","container":{"id":"` + strings.Repeat("a", 512) + `"}}`, ""},
		{`{"x":"` + strings.Repeat("x", 200_000) + `"}`, "longer than 64 KiB"},
		{"\x00\xff", "invalid character"},
		{strings.ReplaceAll(good, "7", "8"), ""},
		{good[:20], "unexpected end of JSON"}, // cut by a crash
	}
	var text []string
	for _, l := range lines {
		text = append(text, l.text)
	}
	for name, read := range map[string]func(string) (*Map, []Problem, error){
		"at once": func(s string) (*Map, []Problem, error) {
			return ReadMap(t.Context(), strings.NewReader(s), "pids")
		},
		"in letters": func(s string) (*Map, []Problem, error) {
			return ReadMap(t.Context(), iotest.OneByteReader(strings.NewReader(s)), "pids")
		},
	} {
		m, bad, err := read(strings.Join(text, "\n"))
		if err != nil {
			t.Fatal(err)
		}
		if len(m.stays) != 3 {
			t.Errorf("%s: %d pids, want the 3 good lines", name, len(m.stays))
		}
		for i, l := range lines {
			if l.problem == "" {
				continue
			}
			if len(bad) == 0 {
				t.Errorf("%s: line %d: no problem, want %q", name, i+1, l.problem)
				continue
			}
			if p := bad[0]; p.Name != "pids" || p.Line != int64(i+1) || !strings.Contains(p.Detail, l.problem) {
				t.Errorf("%s: %v, want line %d: %s", name, p, i+1, l.problem)
			}
			bad = bad[1:]
		}
		if len(bad) > 0 {
			t.Errorf("%s: problems left over: %v", name, bad)
		}
	}
}

func TestReadMapError(t *testing.T) {
	broken := errors.New("broken")
	_, _, err := ReadMap(t.Context(), iotest.ErrReader(broken), "pids")
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "pids") {
		t.Errorf("%v", err)
	}
}

// What is written reads the same, to the millisecond.
func FuzzProcessJSON(f *testing.F) {
	for line := range strings.Lines(savedMap) {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var p, again Process
		if json.Unmarshal(line, &p) != nil {
			return
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		ms := func(at time.Time) time.Time { return at.Truncate(time.Millisecond).UTC() }
		if again.PID != p.PID || !again.Start.Equal(ms(p.Start)) || !again.End.Equal(ms(p.End)) && !p.End.IsZero() {
			t.Fatalf("%s became %+v, was %+v", text, again, p)
		}
		if (p.Container == nil) != (again.Container == nil) || p.Container != nil && *p.Container != *again.Container {
			t.Fatalf("%s became %+v, was %+v", text, again.Container, p.Container)
		}
	})
}
