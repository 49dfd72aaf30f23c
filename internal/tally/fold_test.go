package tally

import (
	"fmt"
	"github.com/auditscan/auditscan/aggregate"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// call is a record in the making.
type call struct {
	pid       int32
	comm, exe string
	nr        int32
}

func (c call) count(b *Tally) {
	addRecord(b, &parser.Record{
		Process: &parser.Process{
			PID: c.pid, Comm: parser.Text{Bytes: []byte(c.comm), Enc: parser.EncQuoted}, Exe: parser.Text{Bytes: []byte(c.exe), Enc: parser.EncQuoted},
			Arch: 0xc000003e,
		},
		NR: c.nr, Code: 0x7ffc0000,
	}, nil, 1)
}

func summarize(all []call) *aggregate.Summary {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	for _, c := range all {
		c.count(b)
	}
	return b.Summary()
}

// TestFolding checks that which keys are left out depends on the records
// alone: on their number, not on their order or on how they come in parts.
func TestFolding(t *testing.T) {
	many := func(n int, f func(i int) call) (all []call) {
		for i := range n {
			all = append(all, f(i))
		}
		return all
	}
	name := func(i int) string { return fmt.Sprintf("n%d", i) }
	pids := func(i int) call { return call{pid: int32(1 + i), comm: "a", exe: "/a", nr: int32(i % 300)} }
	comms := func(i int) call {
		return call{pid: int32(1 + i%7), comm: name(i), exe: "/a", nr: int32(i % 300)}
	}
	exes := func(i int) call {
		return call{pid: int32(1 + i%7), comm: name(i % 3), exe: name(i), nr: int32(i % 300)}
	}
	for _, tt := range []struct {
		name string
		all  []call
		by   []aggregate.Key
	}{
		{"as many pids as fit", many(MaxGroups, pids), aggregate.DefaultKeys()},
		{"one pid more", many(MaxGroups+1, pids), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByExe, aggregate.ByComm}},
		{"as many comms as fit, and more pids", append(many(MaxGroups-1, comms), many(2, pids)...), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByExe, aggregate.ByComm}},
		{"one comm more", many(MaxGroups+1, comms), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByExe}},
		{"as many exes as fit, and more comms", append(many(MaxGroups-1, exes), many(5, comms)...), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByExe}},
		{"one exe more", many(MaxGroups+1, exes), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer}},
		{"pids and comms", append(many(MaxGroups, pids), many(MaxGroups/2, comms)...), []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByExe, aggregate.ByComm}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := summarize(tt.all)
			if !reflect.DeepEqual(want.By, tt.by) {
				t.Fatalf("by %v, want %v", want.By, tt.by)
			}
			if want.Totals.Records != int64(len(tt.all)) || want.Totals.Groups > MaxGroups {
				t.Fatalf("%+v of %d records", want.Totals, len(tt.all))
			}
			r := rand.New(rand.NewPCG(1, 1))
			r.Shuffle(len(tt.all), func(i, j int) { tt.all[i], tt.all[j] = tt.all[j], tt.all[i] })
			if got := summarize(tt.all); !reflect.DeepEqual(got, want) {
				t.Errorf("in another order: by %v, %+v, want by %v, %+v", got.By, got.Totals, want.By, want.Totals)
			}
			for name, next := range map[string]func(left int) int{
				"in parts": func(left int) int { return 1 + r.IntN(left) },
				// Only the second part has too many.
				"in a small part and a large one": func(left int) int {
					if left == len(tt.all) {
						return 1
					}
					return left
				},
			} {
				if got := mergedParts(next, tt.all); !reflect.DeepEqual(got.Groups, want.Groups) || !reflect.DeepEqual(got.By, want.By) {
					t.Errorf("%s: by %v, %+v, want by %v, %+v", name, got.By, got.Totals, want.By, want.Totals)
				}
			}
		})
	}
}

// mergedParts counts records in tallies of their own, and merges those.
func mergedParts(next func(left int) int, all []call) *aggregate.Summary {
	total := New(nil)
	total.Begin(Source{Name: "log"})
	for len(all) > 0 {
		n := next(len(all))
		part := New(nil)
		part.Begin(Source{Name: "log"})
		for _, c := range all[:n] {
			c.count(part)
		}
		total.Merge(part.Counts())
		all = all[n:]
	}
	return total.Summary()
}

// TestOddNumbers checks that a program that makes up numbers fills neither
// memory nor the report: beyond maxOdd they are one call, with their sum.
func TestOddNumbers(t *testing.T) {
	odd := func(n int) (all []call) {
		for i := range n {
			all = append(all, call{pid: 1, comm: "a", exe: "/a", nr: int32(10000 + i)}, call{pid: 1, comm: "a", exe: "/a", nr: 39})
		}
		return all
	}
	for _, tt := range []struct {
		n, calls int
		folded   bool
	}{{maxOdd, maxOdd + 1, false}, {maxOdd + 1, 2, true}, {20000, 2, true}} {
		all := odd(tt.n)
		want := summarize(all)
		g := want.Groups[0]
		if len(g.Calls) != tt.calls || g.Calls[0].Folded != tt.folded || g.Records != int64(len(all)) || want.Totals.Unresolved != int64(tt.n) {
			t.Errorf("%d numbers: %d calls, first %+v, totals %+v", tt.n, len(g.Calls), g.Calls[0], want.Totals)
		}
		r := rand.New(rand.NewPCG(2, 1))
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := summarize(all); !reflect.DeepEqual(got, want) {
			t.Errorf("%d numbers in another order: %+v, want %+v", tt.n, got, want)
		}
		if got := mergedParts(func(left int) int { return 1 + r.IntN(left) }, all); !reflect.DeepEqual(got.Groups, want.Groups) {
			t.Errorf("%d numbers in parts: %+v, want %+v", tt.n, got.Groups, want.Groups)
		}
	}
}

// TestMemory checks that a log that was written to fill memory does not: with
// names, nodes and serials of a quarter of a million kinds.
func TestMemory(t *testing.T) {
	const n = 1 << 18
	for name, record := range map[string]func(b *Tally, i int){
		"comm": func(b *Tally, i int) { call{pid: 1, comm: fmt.Sprintf("%x", i), exe: "/a"}.count(b) },
		"exe":  func(b *Tally, i int) { call{pid: 1, comm: "a", exe: fmt.Sprintf("/%0100x", i)}.count(b) },
		"pid":  func(b *Tally, i int) { call{pid: int32(i), comm: "a", exe: "/a"}.count(b) },
		"node": func(b *Tally, i int) {
			r := parser.Record{Node: fmt.Appendf(nil, "%x", i), Stamp: parser.Stamp{Millis: 1, Serial: uint32(i), HasTime: true, HasSerial: true}, Process: &parser.Process{}}
			addRecord(b, &r, nil, 1)
		},
		"serial": func(b *Tally, i int) {
			r := parser.Record{Stamp: parser.Stamp{Millis: int64(1 + i), Serial: uint32(i) * 3000017, HasTime: true, HasSerial: true}, Process: &parser.Process{}}
			addRecord(b, &r, nil, 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := New(nil)
			b.Begin(Source{Name: "log"})
			before := heap()
			for i := range n {
				record(b, i)
			}
			if used := heap() - before; used > 24<<20 {
				t.Errorf("%d MB", used>>20)
			}
			if got := b.Summary().Totals.Records; got != n {
				t.Errorf("%d records, want %d", got, n)
			}
		})
	}
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
