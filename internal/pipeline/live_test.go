package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
)

// pieces gives a log in pieces of whole lines: at least one, and no more bytes
// than size if that is more.
type pieces struct {
	log  []byte
	size int
}

func (p *pieces) Trim(block []byte) []byte { return block }

func (p *pieces) Next([]byte) ([]byte, error) {
	if len(p.log) == 0 {
		return nil, io.EOF
	}
	n := bytes.LastIndexByte(p.log[:min(p.size, len(p.log))], '\n') + 1
	if n == 0 {
		n = bytes.IndexByte(p.log, '\n') + 1
	}
	if n == 0 {
		n = len(p.log)
	}
	piece := p.log[:n]
	p.log = p.log[n:]
	return piece, nil
}

// counting is one way to count a log that grows.
type counting struct {
	workers int
	size    int // of a piece
	backlog int // bytes that are there at once, whenever there is one; 0: there never is
}

// live counts a log that grows and returns its report and its events.
func (how counting) live(t *testing.T, name string, log []byte, o Options) (doc, events string) {
	t.Helper()
	var stream bytes.Buffer
	o.Workers, o.Output.Writer = how.workers, &stream
	if o.Output.Event == nil {
		o.Output.Event, o.Output.Loss = report.AppendEvent, report.AppendLoss
	}
	c := NewCounter(name, "", o)
	for in := (&pieces{log, how.size}); ; {
		if n := how.backlog; n > 0 && len(in.log) > n {
			n = bytes.IndexByte(in.log[n:], '\n') + 1 + n
			if err := c.Backlog(&pieces{in.log[:n], how.size}); err != nil {
				t.Fatal(err)
			}
			in.log = in.log[n:]
		}
		lines, err := in.Next(nil)
		if err != nil {
			break
		}
		if err := c.Lines(lines); err != nil {
			t.Fatal(err)
		}
	}
	return document(t, c.Summary()), stream.String()
}

func document(t *testing.T, s *aggregate.Summary) string {
	t.Helper()
	var text bytes.Buffer
	if err := report.Write(&text, s, report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// ways are some with blocks that are shorter than any line, and that are cut
// anywhere.
var ways = []counting{
	{workers: 1, size: 64 << 10},
	{workers: 1, size: 1 << 20, backlog: 3 << 20},
	{workers: 2, size: 1, backlog: 100_000},
	{workers: 3, size: 200, backlog: 10_000},
	{workers: 2, size: 5_000, backlog: 300_000},
	{workers: 7, size: 70_000, backlog: 900_000},
}

// rough writes a log of many blocks to which everything happens.
func rough(t *testing.T, size int64) string {
	t.Helper()
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Rough, size, 5); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "rough.log")
	if err := os.WriteFile(name, log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLiveAsSaved checks that a log that grows comes to the same report and
// events as when it is saved, in whatever pieces and by how many workers it is
// counted.
func TestLiveAsSaved(t *testing.T) {
	for _, name := range append(logs(t), rough(t, 3<<20)) {
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if parser.Sniff(log[:min(len(log), 4<<10)]) != parser.LayoutLines {
			continue // no log that is followed
		}
		doc, events := read(t, Options{Workers: 1, BlockSize: 4 << 20}, name)
		for _, how := range ways {
			d, e := how.live(t, name, log, Options{})
			if d != doc {
				t.Errorf("%s: %+v: another report", name, how)
			}
			if e != events {
				t.Errorf("%s: %+v: other events", name, how)
			}
		}
	}
}

// TestLiveText checks that lines for people are the same ones, too, and that
// losses are not among them.
func TestLiveText(t *testing.T) {
	name := rough(t, 3<<20)
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, events := read(t, Options{}, name)
	_, want := ways[0].live(t, name, log, Options{Output: Output{Event: report.LineIn(nil)}})
	if got, events := strings.Count(want, "\n"), strings.Count(events, "\n")-strings.Count(events, `{"loss":`); got != events {
		t.Errorf("%d lines of text for %d events", got, events)
	}
	for _, how := range ways[1:] {
		if _, got := how.live(t, name, log, Options{Output: Output{Event: report.LineIn(nil)}}); got != want {
			t.Errorf("%+v: other lines", how)
		}
	}
}

// TestLiveOnlyNew checks that of each group, call and action the first event
// is shown, and no other.
func TestLiveOnlyNew(t *testing.T) {
	name := rough(t, 3<<20)
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	_, all := read(t, Options{}, name)
	want := onlyNew(t, all)
	if strings.Count(want, "\n") > strings.Count(all, "\n")/2 {
		t.Fatal("nearly all are new: the test proves nothing")
	}
	for _, how := range ways {
		if _, got := how.live(t, name, log, Options{Output: Output{OnlyNew: true}}); got != want {
			t.Errorf("%+v: other events", how)
		}
	}
}

// onlyNew leaves out the events of calls that were shown before.
func onlyNew(t *testing.T, events string) string {
	t.Helper()
	var out strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(events) {
		var e struct {
			Node, Comm, Exe, Arch, Action, Loss any
			PID, NR                             int
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		key := fmt.Sprintf("%+v", e)
		if e.Loss == nil && seen[key] {
			continue
		}
		seen[key] = true
		out.WriteString(line)
	}
	return out.String()
}

// fickle says something else of a process whenever it is asked, and often
// that it does not know yet.
type fickle struct {
	mu   sync.Mutex
	rnd  *rand.Rand
	held []Held
}

func (f *fickle) find(int32, int64, int64) (*container.Identity, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &container.Identity{ID: strings.Repeat("abcdef"[f.rnd.IntN(6):][:1], 64)}, f.rnd.IntN(5) > 0
}

// TestLiveHeld checks that each record counts once, whatever is found out
// about its container meanwhile: also where a block is counted again.
func TestLiveHeld(t *testing.T) {
	name := rough(t, 3<<20)
	log, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := Read(t.Context(), named(name), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := untold(t, saved)
	_, events := read(t, Options{}, name)
	for seed, how := range ways {
		f := &fickle{rnd: rand.New(rand.NewPCG(uint64(seed), 1))}
		var stream bytes.Buffer
		c := NewCounter(name, "", Options{
			Workers: how.workers, Output: asEvents(&stream),
			Containers: func() Find { return f.find },
			Hold:       func(h Held) { f.held = append(f.held, h) },
		})
		if err := c.Backlog(&pieces{log, how.size}); err != nil {
			t.Fatal(err)
		}
		if len(f.held) < 1000 {
			t.Fatalf("only %d records are held: the test proves nothing", len(f.held))
		}
		for _, h := range f.held {
			c.Record(h, nil)
		}
		if err := c.Write(); err != nil {
			t.Fatal(err)
		}
		if got := untold(t, c.Summary()); got != want {
			t.Errorf("%+v: another report:\n%s", how, firstDifference(got, want))
		}
		if got := stream.String(); !slices.Equal(serials(t, got), serials(t, events)) {
			t.Errorf("%+v: other events", how)
		}
	}
}

// untold is a report without containers, and without the times of losses that
// only the records around them tell: those that are held come later.
func untold(t *testing.T, s *aggregate.Summary) string {
	t.Helper()
	s = s.Regroup([]aggregate.Key{aggregate.ByNode, aggregate.ByExe, aggregate.ByComm, aggregate.ByPID})
	for i := range s.Completeness.Evidence {
		e := &s.Completeness.Evidence[i]
		e.First, e.Last = time.Time{}, time.Time{}
	}
	return document(t, s)
}

// firstDifference is where two texts part.
func firstDifference(got, want string) string {
	i := 0
	for i < min(len(got), len(want)) && got[i] == want[i] {
		i++
	}
	return fmt.Sprintf("%.200q\nwant\n%.200q", got[max(0, i-50):], want[max(0, i-50):])
}

// serials are those of events, sorted.
func serials(t *testing.T, events string) (all []int) {
	t.Helper()
	for line := range strings.Lines(events) {
		var e struct{ Serial int }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Serial)
	}
	slices.Sort(all)
	return all
}

// TestLiveHeldPlace checks that a record keeps its line while it is held.
func TestLiveHeldPlace(t *testing.T) {
	legacy := `[ 1.0] type=1701 audit(1717243200.123:77): auid=1 uid=2 gid=3 ses=4 pid=5 comm="a" reason="seccomp" sig=0 syscall=4 compat=0 ip=0x1 code=0x50000` + "\n"
	log := strings.Repeat("dull\n", 1000) + legacy
	var held []Held
	c := NewCounter("log", "", Options{
		Containers: func() Find {
			return func(int32, int64, int64) (*container.Identity, bool) { return nil, false }
		},
		Hold: func(h Held) { held = append(held, h) },
	})
	if err := c.Backlog(&pieces{[]byte(log), 100}); err != nil || len(held) != 1 {
		t.Fatalf("%d records are held, %v; want 1", len(held), err)
	}
	c.Record(held[0], nil)
	if e := c.Summary().Completeness.Evidence; len(e) != 1 || e[0].Kind != aggregate.Legacy || e[0].Line != 1001 {
		t.Errorf("evidence %+v, want that of line 1001", e)
	}
}

// TestLiveLoss checks that what a source notices is shown, and is evidence with
// the source's own words: what prevents all losses of its kind stands in only
// where it has none.
func TestLiveLoss(t *testing.T) {
	var shown bytes.Buffer
	c := NewCounter("log", "", Options{Output: Output{Writer: &shown, Event: report.AppendEvent, Loss: report.AppendLoss}})
	now := time.UnixMilli(1717243200123).UTC()
	c.Loss(aggregate.RotationGap, 3, now, "a file is gone", "raise rotate")
	c.Loss(aggregate.Overrun, 0, now, "the socket overran", "")
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	if got := shown.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "rotation-gap") || !strings.Contains(got, "overrun") {
		t.Errorf("shown: %s", got)
	}
	got := c.Summary().Completeness.Evidence
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	overrun, rotation := got[0], got[1]
	if want := (aggregate.Evidence{Kind: aggregate.RotationGap, Count: 3, Input: "log", First: now, Last: now, Detail: "a file is gone", Fix: "raise rotate"}); rotation != want {
		t.Errorf("%+v\nwant %+v", rotation, want)
	}
	if overrun.Kind != aggregate.Overrun || overrun.Count != 0 || overrun.Detail != "the socket overran" || !strings.Contains(overrun.Fix, "auditctl -b") {
		t.Errorf("%+v", overrun)
	}
}

// TestBeside: logs that grow beside each other come to what they come to one
// after the other, in whatever turns, by lines or by blocks; what is in two of
// them counts once.
func TestBeside(t *testing.T) {
	var logs [3][]byte
	for i, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog30, loggen.Audit} {
		var log bytes.Buffer
		if err := loggen.Write(&log, kind, 200<<10, uint64(1+i%2)); err != nil {
			t.Fatal(err)
		}
		logs[i] = log.Bytes()
	}
	count := func(turns func(open [3]*pieces) (next int)) string {
		first := NewCounter("0", "", Options{})
		counters := []*Counter{first, first.Beside("1", ""), first.Beside("2", "")}
		var open [3]*pieces
		for i := range open {
			open[i] = &pieces{logs[i], 10 << 10}
		}
		for n := 0; len(open[0].log)+len(open[1].log)+len(open[2].log) > 0; n++ {
			i := turns(open)
			piece, err := open[i].Next(nil)
			if err == nil && n%3 == 0 {
				err = counters[i].Backlog(&pieces{piece, 1 << 10})
			} else if err == nil {
				err = counters[i].Lines(piece)
			}
			if err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		text, err := json.Marshal(first.Summary())
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := count(func(open [3]*pieces) int { // one after the other
		return slices.IndexFunc(open[:], func(p *pieces) bool { return len(p.log) > 0 })
	})
	var whole aggregate.Summary
	if err := json.Unmarshal([]byte(want), &whole); err != nil {
		t.Fatal(err)
	}
	if twice := whole.Totals.Duplicates; twice == 0 || twice == whole.Totals.Records {
		t.Fatalf("%d of %d records are in two logs", twice, whole.Totals.Records)
	}
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 1))
		got := count(func([3]*pieces) int { return random.IntN(3) })
		// Which of two logs a record counts for is a matter of who came first.
		if a, b := withoutInputs(t, got), withoutInputs(t, want); a != b {
			t.Errorf("in turns %d:\n%.2000s\none after the other:\n%.2000s", seed, a, b)
		}
	}
}

// withoutInputs leaves out of a summary what each input holds.
func withoutInputs(t *testing.T, text string) string {
	t.Helper()
	var s aggregate.Summary
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	s.Inputs = nil
	out, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
