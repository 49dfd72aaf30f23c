package tally

import (
	"bytes"
	"cmp"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/parser"
)

// TestParts checks that a log counted in parts, by any number of workers and
// cut at any line ends, gives what one builder gives.
func TestParts(t *testing.T) {
	logs := corpusLines(t)
	for seed := range uint64(40) {
		logs[string(rune('A'+seed))] = newRandomLog(seed).text(300)
	}
	f := &aggregate.Filter{Comm: []string{"a", "é"}, Since: time.UnixMilli(1717243200100)}
	for name, log := range logs {
		for _, f := range []*aggregate.Filter{nil, f} {
			want := summaryOf(f, log)
			for seed := range uint64(5) {
				if got := inParts(f, log, seed); !reflect.DeepEqual(got, want) {
					t.Fatalf("%s, seed %d, filter %v:\n got %+v\nwant %+v", name, seed, f, got, want)
				}
			}
		}
	}
}

// corpusLines are the real logs whose lines stand for themselves.
func corpusLines(t *testing.T) map[string][]byte {
	t.Helper()
	logs := map[string][]byte{}
	for _, set := range corpustest.Sets() {
		for _, l := range set.Logs(t) {
			if log := set.Read(t, l.File); parser.Sniff(log) == parser.LayoutLines {
				logs[l.File] = log
			}
		}
	}
	return logs
}

// worker is a builder with its parser.
type worker struct {
	b *Tally
	p *parser.Parser
}

func newWorker(f *aggregate.Filter) worker {
	b := New(f)
	b.Begin(Source{Name: "log0"})
	return worker{b, parser.New(parser.LayoutLines)}
}

func (w worker) block(block []byte) {
	w.p.Reset(block)
	for item := w.p.Next(); item != parser.ItemEnd; item = w.p.Next() {
		add(w.b, w.p, item)
	}
	w.b.Lines(w.p.Line())
}

// inParts counts a log as the pipeline does.
func inParts(f *aggregate.Filter, log []byte, seed uint64) *aggregate.Summary {
	r := rand.New(rand.NewPCG(seed, 3))
	var part Part // used again and again
	total, twice := newWorker(f), newWorker(f)
	workers := make([]worker, 1+r.IntN(4))
	for i := range workers {
		workers[i] = newWorker(f)
	}
	before := int64(0)
	for _, block := range randomBlocks(r, log) {
		w := workers[r.IntN(len(workers))]
		w.block(block)
		w.b.Cut(&part)
		if !total.b.Append(&part) {
			twice.block(block)
			twice.b.Cut(&Part{})
			again(total, block, before)
		}
		before += int64(bytes.Count(block, []byte("\n")))
	}
	total.b.Subtract(twice.b.Counts())
	for _, w := range workers {
		total.b.Merge(w.b.Counts())
	}
	return total.b.Summary()
}

// again counts a block whose first line is the one behind before.
func again(w worker, block []byte, before int64) {
	w.p.Reset(block)
	for item := w.p.Next(); item != parser.ItemEnd; item = w.p.Next() {
		addAt(w.b, w.p, item, before+w.p.Line())
	}
	w.b.Lines(w.p.Line())
}

func randomBlocks(r *rand.Rand, log []byte) [][]byte {
	var blocks [][]byte
	start, end := 0, 0
	for line := range bytes.Lines(log) {
		end += len(line)
		if r.IntN(10) == 0 {
			blocks = append(blocks, log[start:end])
			start = end
		}
	}
	return append(blocks, log[start:])
}

// TestMergeLaws checks that reports unite in any order and grouping to the
// same numbers, and that uniting a report with itself adds no name.
func TestMergeLaws(t *testing.T) {
	var all []*aggregate.Summary
	for seed := range uint64(6) {
		all = append(all, summaryOf(nil, newRandomLog(seed).text(200)))
	}
	for _, log := range corpusLines(t) {
		all = append(all, summaryOf(nil, log))
	}
	want := numbers(aggregate.Merge(all...))
	r := rand.New(rand.NewPCG(1, 1))
	for range 10 {
		shuffled := slices.Clone(all)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for len(shuffled) > 1 { // unite any two neighbours
			i := r.IntN(len(shuffled) - 1)
			shuffled[i] = aggregate.Merge(shuffled[i], shuffled[i+1])
			shuffled = slices.Delete(shuffled, i+1, i+2)
		}
		if got := numbers(shuffled[0]); !reflect.DeepEqual(got, want) {
			t.Fatalf("\n got %+v\nwant %+v", got, want)
		}
	}
	for _, s := range all {
		twice := aggregate.Merge(s, s)
		if twice.Totals.Syscalls != s.Totals.Syscalls || twice.Totals.Groups != s.Totals.Groups || twice.Totals.Records != 2*s.Totals.Records {
			t.Errorf("twice: %+v, once %+v", twice.Totals, s.Totals)
		}
		if once := aggregate.Merge(s); !reflect.DeepEqual(numbers(once), numbers(s)) {
			t.Errorf("alone: %+v, want %+v", numbers(once), numbers(s))
		}
	}
}

// merged is what does not depend on the order of uniting.
type merged struct {
	totals   aggregate.Totals
	groups   []aggregate.Group
	verdict  aggregate.Verdict
	lost     int64
	evidence map[aggregate.EvidenceKind]int64
}

func numbers(s *aggregate.Summary) merged {
	m := merged{s.Totals, s.Groups, s.Completeness.Verdict, s.Completeness.Lost, map[aggregate.EvidenceKind]int64{}}
	for _, e := range s.Completeness.Evidence {
		m.evidence[e.Kind] += e.Count
	}
	return m
}

// TestMergeEqualsOneBuilder checks that the reports of two logs that share no
// event unite to the report of both.
func TestMergeEqualsOneBuilder(t *testing.T) {
	a, b := newRandomLog(1), newRandomLog(2)
	b.millis += 1e9
	logA, logB := a.text(300), b.text(300)
	got := aggregate.Merge(summaryOf(nil, logA), summaryOf(nil, logB))
	want := summaryOf(nil, logA, logB)
	if !reflect.DeepEqual(got.Groups, want.Groups) || got.Totals != want.Totals {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
}

func TestRegroup(t *testing.T) {
	s := summaryOf(nil, newRandomLog(3).text(500))
	for _, by := range [][]aggregate.Key{
		{aggregate.ByExe}, {aggregate.ByComm, aggregate.ByPID}, {aggregate.ByNode}, {}, aggregate.DefaultKeys(),
	} {
		got := s.Regroup(by)
		if got.Totals.Records != s.Totals.Records || got.Totals.Syscalls != s.Totals.Syscalls || got.Totals.Unresolved != s.Totals.Unresolved {
			t.Errorf("by %v: %+v, want the sums of %+v", by, got.Totals, s.Totals)
		}
		for i, g := range got.Groups {
			if g.Records == 0 || len(g.Calls) == 0 || g.First.After(g.Last) {
				t.Errorf("by %v: %+v", by, g)
			}
			if i > 0 && !less(got.Groups[i-1], g) {
				t.Errorf("by %v: %+v is not after the group before it", by, g)
			}
			if !slices.Contains(by, aggregate.ByExe) && g.Exe != "" || !slices.Contains(by, aggregate.ByComm) && g.Comm != "" ||
				!slices.Contains(by, aggregate.ByPID) && g.PID != 0 || !slices.Contains(by, aggregate.ByNode) && g.Node != "" {
				t.Errorf("by %v: %+v has another key", by, g)
			}
		}
	}
	if again := s.Regroup(aggregate.DefaultKeys()); !reflect.DeepEqual(again.Groups, s.Groups) {
		t.Errorf("regrouped by the same keys:\n got %+v\nwant %+v", again.Groups, s.Groups)
	}
}

// less orders groups as a summary has them, none twice.
func less(a, b aggregate.Group) bool {
	return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Exe, b.Exe), cmp.Compare(a.Comm, b.Comm), cmp.Compare(a.PID, b.PID)) < 0
}
