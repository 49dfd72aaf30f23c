package container

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// readBoth reads a map as it is, and with a blank in each line, which makes
// the reader use the general way.
func readBoth(t *testing.T, text string) (fast, general *Map) {
	t.Helper()
	fast, _, err := ReadMap(t.Context(), strings.NewReader(text), "map")
	if err != nil {
		t.Fatal(err)
	}
	general, _, err = ReadMap(t.Context(), strings.NewReader(strings.ReplaceAll("\n"+text, "\n{", "\n {")), "map")
	if err != nil {
		t.Fatal(err)
	}
	return fast, general
}

// The fast way takes nothing that the general way refuses, and all the same.
func FuzzParseLine(f *testing.F) {
	for line := range strings.Lines(savedMap) {
		f.Add([]byte(strings.TrimSuffix(line, "\n")))
	}
	for _, text := range []string{
		`{"pid":7,"start":"2026-02-30T10:00:00.000Z","end":null,"container":{"id":"a"}}`,
		`{"pid":7,"start":"2026-02-28T24:00:00.000Z","end":null,"container":{"id":"a"}}`,
		`{"pid":7,"start":"2026-02-28T23:59:60.000Z","end":null,"container":null}`,
		`{"pid":07,"start":"2026-02-28T23:59:59.999Z","end":null,"container":null}`,
		`{"pid":7,"start":"2026-02-28T23:59:59.999Z","end":"2026-02-28T23:59:59.998Z","container":null}`,
		`{"pid":4294967303,"start":"2026-02-28T23:59:59.999Z","end":null,"container":null}`,
		`{"pid":7,"start":"2026-02-28T23:59:59.999Z","end":null,"container":{"id":"a"},"pid":8}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return
		}
		var dates dateCache
		s, text, ok := dates.parseLine(line)
		if !ok || !json.Valid(text) {
			return
		}
		var p Process
		if err := json.Unmarshal(line, &p); err != nil {
			if json.Unmarshal(text, &p.Container) == nil && p.Container.check() == nil {
				t.Fatalf("%s is taken, but: %v", line, err)
			}
			return
		}
		end := int64(living)
		if !p.End.IsZero() {
			end = p.End.UnixMilli()
		}
		if s.pid != p.PID || s.start != p.Start.UnixMilli() || s.end != end {
			t.Fatalf("%s: %+v, want %+v", line, s, p)
		}
		// A container that is known by its text is the one of the text.
		fast, general := readBoth(t, string(line)+"\n"+strings.Replace(string(line), `"pid":`, `"pid":1`, 1)+"\n")
		if a, b := describeMap(fast), describeMap(general); a != b {
			t.Fatalf("%s:\n%s\nwant\n%s", line, a, b)
		}
	})
}

func describeMap(m *Map) string {
	var b strings.Builder
	for _, s := range m.stays {
		fmt.Fprintln(&b, s.pid, s.start, s.end, m.identity(s.id))
	}
	return b.String()
}

// randomMap writes a map of random processes in random order of lines, and
// returns what is true of them.
func randomMap(rnd *rand.Rand, n int) (text []byte, all []Process) {
	base := time.UnixMilli(1_796_000_000_000).UTC()
	var lines [][]byte
	for i := range n {
		p := Process{PID: int32(i%500 + 1), Start: base.Add(time.Duration(i) * 700 * time.Millisecond)}
		p.Container = &Identity{ID: fmt.Sprint("c", rnd.IntN(40)), Via: ViaDirect}
		line, _ := json.Marshal(p)
		lines = append(lines, line)
		if rnd.IntN(10) > 0 {
			p.End = p.Start.Add(time.Duration(1+rnd.IntN(5000)) * time.Millisecond)
			line, _ := json.Marshal(p)
			lines = append(lines, line)
		}
		all = append(all, p)
	}
	return append(bytes.Join(lines, []byte("\n")), '\n'), all
}

// TestCompactMap: of those that are kept the map tells the truth, and of the
// others nothing: no earlier process takes their place.
func TestCompactMap(t *testing.T) {
	rnd := rand.New(rand.NewPCG(14, 13))
	text, all := randomMap(rnd, 3000)
	for _, limits := range []struct {
		stays int
		size  int64
		kept  int // at least
	}{{1 << 20, 1 << 30, 3000}, {1000, 1 << 30, 750}, {1 << 20, 20_000, 100}, {1, 1, 0}} {
		var out bytes.Buffer
		forgotten, err := CompactMap(t.Context(), &out, bytes.NewReader(text), "map", limits.stays, limits.size)
		if err != nil {
			t.Fatal(err)
		}
		kept := bytes.Count(out.Bytes(), []byte("\n"))
		if kept+int(forgotten) != len(all) || kept < limits.kept || kept > limits.stays || int64(out.Len()) > limits.size+200 {
			t.Errorf("%+v: %d kept in %d bytes, %d forgotten of %d", limits, kept, out.Len(), forgotten, len(all))
		}
		after, problems, err := ReadMap(t.Context(), bytes.NewReader(out.Bytes()), "map")
		if err != nil || len(problems) > 0 {
			t.Fatal(err, problems)
		}
		wrong, same := 0, 0
		for _, p := range all {
			if id, known := after.Lookup(p.PID, p.Start.Add(time.Millisecond)); known && id.ID != p.Container.ID {
				wrong++
			} else if known {
				same++
			}
		}
		if wrong > 0 || same < kept*9/10 {
			t.Errorf("%+v: %d of %d answers kept, %d wrong", limits, same, kept, wrong)
		}
	}
}

// What ended first goes first; who lives stays.
func TestCompactMapForgetsTheOldest(t *testing.T) {
	var text, out bytes.Buffer
	base := time.UnixMilli(1_796_000_000_000)
	for i := range 100 {
		p := Process{PID: int32(i + 1), Start: base.Add(time.Duration(i) * time.Second), Container: &Identity{ID: "a"}}
		if i != 3 {
			p.End = p.Start.Add(time.Second)
		}
		line, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	forgotten, err := CompactMap(t.Context(), &out, &text, "map", 50, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := ReadMap(t.Context(), &out, "map")
	if err != nil {
		t.Fatal(err)
	}
	first := int(forgotten) + 1 // but for the one that lives
	for i := range 100 {
		_, known := m.Lookup(int32(i+1), base.Add(time.Duration(i)*time.Second))
		if want := i == 3 || i >= first; known != want {
			t.Errorf("process %d of %d, %d forgotten: known %v, want %v", i, 100, forgotten, known, want)
		}
	}
}

// A reader's limit is kept to at its edge, and said.
func TestReadMapIsBounded(t *testing.T) {
	text, _ := randomMap(rand.New(rand.NewPCG(1, 1)), 1000)
	for _, tt := range []struct{ limit, forgotten, kept int }{{1000, 0, 1000}, {999, 250, 750}} {
		m, err := readMap(t.Context(), bytes.NewReader(text), "map", tt.limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(m.stays) != tt.kept || int(m.forgotten) != tt.forgotten {
			t.Errorf("limit %d: %d kept, %d forgotten; want %d and %d", tt.limit, len(m.stays), m.forgotten, tt.kept, tt.forgotten)
		}
	}
	var many bytes.Buffer
	for i := range maxIdentities + 5 {
		fmt.Fprintf(&many, `{"pid":%d,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"c%d"}}`+"\n", i+1, i)
	}
	m, problems, err := ReadMap(t.Context(), &many, "map")
	if err != nil || len(m.identities) != maxIdentities || len(problems) != 5 || problems[0].Detail != tooManyContainers {
		t.Errorf("%d containers, problems %v, %v", len(m.identities), problems, err)
	}
}

// More processes that live than there is room for: the newest are kept.
func TestReadMapForgetsTheLivingLast(t *testing.T) {
	var text bytes.Buffer
	for i := range 200 {
		end := `null`
		if i%2 == 0 {
			end = `"2026-11-23T11:00:00.000Z"`
		}
		fmt.Fprintf(&text, `{"pid":%d,"start":"2026-11-23T10:00:00.000Z","end":%s,"container":{"id":"a"}}`+"\n", i+1, end)
	}
	m, err := readMap(t.Context(), &text, "map", 100)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.stays); n < 75 || n > 100 || m.stays[n-1].pid != 200 || n+int(m.forgotten) != 200 {
		t.Errorf("%d kept up to pid %d, %d forgotten", n, m.stays[n-1].pid, m.forgotten)
	}
	for _, s := range m.stays[:len(m.stays)/2] {
		if s.end != living {
			t.Errorf("pid %d had ended and is kept, earlier ones that live are not", s.pid)
		}
	}
}

// endless is a line without end, as a sparse file or /dev/zero has it.
type endless struct {
	reads int
	then  func(reads int)
}

func (e *endless) Read(b []byte) (int, error) {
	e.reads++
	e.then(e.reads)
	return len(b), nil
}

func TestReadMapEndsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	e := &endless{then: func(reads int) {
		if reads == 100 {
			cancel()
		}
	}}
	if _, _, err := ReadMap(ctx, e, "pids"); err == nil || !strings.Contains(err.Error(), "pids") || e.reads > 101 {
		t.Errorf("%v after %d reads", err, e.reads)
	}
	text, _ := randomMap(rand.New(rand.NewPCG(1, 1)), 1000)
	if _, _, err := ReadMap(ctx, bytes.NewReader(text), "pids"); err == nil {
		t.Error("read on after the end was told")
	}
	if _, err := CompactMap(ctx, &bytes.Buffer{}, bytes.NewReader(text), "pids", 10, 10); err == nil {
		t.Error("compacted after the end was told")
	}
}

// The figures of a large map: 500,000 processes, two lines each.
func BenchmarkReadMap(b *testing.B) {
	text, _ := randomMap(rand.New(rand.NewPCG(1, 1)), 500_000)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, _, err := ReadMap(b.Context(), bytes.NewReader(text), "map"); err != nil {
			b.Fatal(err)
		}
	}
}

// failing takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestCompactMapError(t *testing.T) {
	text := `{"pid":7,"start":"2026-11-23T10:00:00.000Z","end":null,"container":{"id":"a"}}`
	if _, err := CompactMap(t.Context(), failing{}, strings.NewReader(text), "map", 10, 1000); err == nil {
		t.Error("a full disk went unnoticed")
	}
}

// What was taken back is not in the compacted map.
func TestCompactMapTakenBack(t *testing.T) {
	var out bytes.Buffer
	if _, err := CompactMap(t.Context(), &out, strings.NewReader(savedMap), "map", 100, 1<<20); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), `"pid":9,`) || !strings.Contains(out.String(), `"pid":8,`) {
		t.Errorf("compacted to\n%s", out.String())
	}
}

// A text that was seen once stands for no more than itself.
func TestKnownTextIsOneValue(t *testing.T) {
	const form = `{"pid":%d,"start":"2026-02-28T23:59:59.999Z","end":null,"container":{"id":"a"},"pid":8}` + "\n"
	fast, general := readBoth(t, fmt.Sprintf(form+form, 7, 9))
	if a, b := describeMap(fast), describeMap(general); a != b {
		t.Errorf("%s\nwant\n%s", a, b)
	}
}

// One process by two clocks is one; a user's container is not the host's.
func TestSameProcess(t *testing.T) {
	m := &Map{identities: []*Identity{{ID: "a"}, {ID: "a", Manager: "user@1000.service"}}}
	s := stay{pid: 7, id: 1, start: 1000}
	for _, tt := range []struct {
		later stay
		want  bool
	}{
		{stay{pid: 7, id: 1, start: 1025}, true}, {stay{pid: 7, id: 1, start: 1026}, false}, {stay{pid: 7, id: 2, start: 1025}, false},
		{stay{pid: 7, id: 2, start: 1000}, true}, {stay{pid: 8, id: 1, start: 1000}, false},
	} {
		if got := m.sameProcess(s, tt.later); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.later, got, tt.want)
		}
	}
}
