package tally

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
)

// call is a record in the making.
type call struct {
	pid       int32
	comm, exe string
	nr        int32
	uid       uint32
	in        *container.Identity
}

func (c call) count(b *Tally) {
	addRecord(b, &parser.Record{
		Process: &parser.Process{
			PID: c.pid, Comm: parser.Text{Bytes: []byte(c.comm), Enc: parser.EncQuoted}, Exe: parser.Text{Bytes: []byte(c.exe), Enc: parser.EncQuoted},
			Arch: 0xc000003e, AUID: parser.NoID, UID: c.uid,
		},
		NR: c.nr, Code: 0x7ffc0000,
	}, c.in, 1)
}

// few is the room for groups in tests of folding.
const few = 512

// newSmall returns a tally with little room for groups.
func newSmall() *Tally {
	b := New(nil)
	b.counts.room = few
	return b
}

func summarize(all []call) *aggregate.Summary {
	b := newSmall()
	b.Begin(Source{Name: "log"})
	for _, c := range all {
		c.count(b)
	}
	return b.Summary()
}

// TestFolding checks that whoever has too many groups loses the detail of his
// own, that others lose none, and that this depends on the records alone: not on
// their order or on how they come in parts.
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
	// in has the calls made in a container, or by a user outside.
	in := func(id *container.Identity, uid uint32, all []call) []call {
		for i := range all {
			all[i].in, all[i].uid = id, uid
		}
		return all
	}
	docker := func(i int) *container.Identity {
		return &container.Identity{ID: fmt.Sprintf("%064d", i), Name: name(i), Runtime: "docker"}
	}
	web, evil := docker(1), docker(2)
	rootless := many(few, pids)
	for i := range rootless {
		rootless[i].in = &container.Identity{ID: fmt.Sprintf("%064d", i), Name: "web", Manager: "user@1000.service", Runtime: "podman"}
	}
	nested := many(few, pids)
	for i := range nested {
		nested[i].in = &container.Identity{ID: evil.ID, Name: evil.Name, Runtime: "docker", Nested: name(i)}
	}
	pods := many(few, pids)
	for i := range pods {
		pods[i].in = &container.Identity{ID: fmt.Sprintf("%064d", i), Pod: name(i), Namespace: "sandbox"}
	}
	victim := func() []call { return in(web, 33, many(40, exes)) }
	for _, tt := range []struct {
		name   string
		all    []call
		groups int
		folded string // "whose: what", of each that is folded
	}{
		{"as many pids as fit", many(few, pids), few, ""},
		{"one pid more", many(few+1, pids), 1, " /a a: pid"},
		{"as many comms as fit, and more pids", append(many(few-1, comms), many(2, pids)...), few, " /a a: pid"},
		{"one exe more", many(few+1, exes), 1, ": exe comm pid"},
		{"pids of one program beside another", append(many(few, pids), call{pid: 1, comm: "b", exe: "/b"}), 2, " /a a: pid"},
		{"comms of one program beside another", append(many(few, comms), call{pid: 1, comm: "b", exe: "/b"}), 2, " /a: comm pid"},
		{"a user's, beside another's", append(in(nil, 1000, many(few, exes)), in(nil, 33, many(50, exes))...), 51, ": exe comm pid"},
		{"a container's, beside another", append(in(evil, 0, many(few, exes)), victim()...), 41, "n2: exe comm pid"},
		{"a program's in a container, beside another there", append(in(web, 0, many(few, comms)), victim()...), 41, "n1 /a: comm pid"},
		{"a user's rootless containers", append(rootless, victim()...), 41, "manager user@1000.service: node container nested pod workload exe comm pid"},
		{"what is nested in a container", append(nested, victim()...), 41, "n2: node nested exe comm pid"},
		{"the pods of a namespace", append(pods, victim()...), 41, "namespace sandbox: node container nested pod workload exe comm pid"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := summarize(tt.all)
			if !reflect.DeepEqual(want.By, aggregate.DefaultKeys()) || want.Totals.Records != int64(len(tt.all)) || len(want.Groups) != tt.groups {
				t.Errorf("by %v: %+v of %d records", want.By, want.Totals, len(tt.all))
			}
			if got := foldedGroups(want); got != tt.folded {
				t.Fatalf("folded %q, want %q", got, tt.folded)
			}
			r := rand.New(rand.NewPCG(1, 1))
			r.Shuffle(len(tt.all), func(i, j int) { tt.all[i], tt.all[j] = tt.all[j], tt.all[i] })
			if got := summarize(tt.all); !reflect.DeepEqual(got, want) {
				t.Errorf("in another order: folded %q, %+v, want %+v", foldedGroups(got), got.Totals, want.Totals)
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
				if got := mergedParts(next, tt.all); !reflect.DeepEqual(got.Groups, want.Groups) {
					t.Errorf("%s: folded %q, %+v, want %+v", name, foldedGroups(got), got.Totals, want.Totals)
				}
			}
		})
	}
}

// foldedGroups tells whose groups are folded, and by which keys.
func foldedGroups(s *aggregate.Summary) string {
	var all []string
	for _, g := range s.Groups {
		if g.Folded == 0 {
			continue
		}
		whose := ""
		if g.Container != nil {
			whose = cmp.Or(g.Container.Name, g.Container.ID)
		}
		for _, name := range []string{g.Exe, g.Comm} {
			if name != "" {
				whose += " " + name
			}
		}
		var keys []string
		for _, k := range g.Folded.Keys() {
			keys = append(keys, string(k))
		}
		all = append(all, whose+": "+strings.Join(keys, " "))
	}
	return strings.Join(all, "; ")
}

// TestFoldingAnyHow checks with random calls of many owners, some of whom have
// far too many groups, that the result is the same in any order and any parts.
func TestFoldingAnyHow(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 7))
		name := func(n int) string { return fmt.Sprint(r.IntN(n)) }
		var all []call
		for owner := range 1 + r.IntN(30) {
			exes, comms, pids := 1+r.IntN(20), 1+r.IntN(20), 1+r.IntN(20)
			if r.IntN(3) == 0 {
				exes *= 100
			}
			for range 1 + r.IntN(1+r.IntN(400)) {
				c := call{pid: int32(r.IntN(pids)), comm: name(comms), exe: name(exes), nr: int32(r.IntN(3)), uid: uint32(owner)}
				if owner%2 == 0 {
					c.in = &container.Identity{ID: fmt.Sprint(owner, r.IntN(1+owner)), Namespace: fmt.Sprint(owner % 5), Nested: name(1 + owner%3), Runtime: "docker"}
				}
				all = append(all, c)
			}
		}
		want := summarize(all)
		if len(want.Groups) > few || want.Totals.Records != int64(len(all)) {
			t.Fatalf("seed %d: %d groups, %+v of %d records", seed, len(want.Groups), want.Totals, len(all))
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := mergedParts(func(left int) int { return 1 + r.IntN(left) }, all); !reflect.DeepEqual(got.Groups, want.Groups) {
			t.Errorf("seed %d: %d groups, want %d", seed, len(got.Groups), len(want.Groups))
		}
	}
}

// mergedParts counts records in tallies of their own, and merges those.
func mergedParts(next func(left int) int, all []call) *aggregate.Summary {
	total := newSmall()
	total.Begin(Source{Name: "log"})
	for len(all) > 0 {
		n := next(len(all))
		part := newSmall()
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
		"uid":  func(b *Tally, i int) { call{pid: 1, comm: "a", exe: "/a", uid: uint32(i)}.count(b) },
		"container": func(b *Tally, i int) {
			call{pid: 1, comm: "a", exe: "/a", in: &container.Identity{ID: fmt.Sprintf("%064d", i), Name: "web", Runtime: "docker"}}.count(b)
		},
		"rootless container": func(b *Tally, i int) {
			call{pid: 1, comm: "a", exe: "/a", in: &container.Identity{ID: fmt.Sprintf("%064d", i), Manager: "user@1000.service"}}.count(b)
		},
		"nested": func(b *Tally, i int) {
			call{pid: 1, comm: "a", exe: "/a", in: &container.Identity{ID: "a", Runtime: "docker", Nested: fmt.Sprintf("%0100d", i)}}.count(b)
		},
		"namespace": func(b *Tally, i int) {
			call{pid: 1, comm: "a", exe: "/a", in: &container.Identity{ID: fmt.Sprintf("%064d", i), Namespace: fmt.Sprint(i)}}.count(b)
		},
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
