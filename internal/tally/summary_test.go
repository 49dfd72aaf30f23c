package tally

import (
	"fmt"
	"github.com/auditscan/auditscan/aggregate"
	"reflect"
	"testing"
	"unsafe"

	"github.com/auditscan/auditscan/parser"
)

// TestSummaryStays checks that a summary does not change when its builder goes
// on, although it holds the builder's own counts, and that the next one holds
// all records: in one rendering and in two.
func TestSummaryStays(t *testing.T) {
	for name, forms := range map[string][]parser.Form{
		"one rendering": {parser.FormAuditd}, "two renderings": {parser.FormKernel, parser.FormJournal},
	} {
		t.Run(name, func(t *testing.T) {
			const calls = 3 * fewCalls
			b := New(nil)
			b.Begin(Source{Name: "log"})
			count := func(form parser.Form, nr int32) {
				r := parser.Record{Form: form, Process: &parser.Process{Arch: 0xc000003e}, NR: nr, Code: 0x7ffc0000}
				addRecord(b, &r, nil, 1)
			}
			// What a summary should hold grows by one call, and by one record of
			// each call before it.
			for n := range int32(calls) {
				for nr := range n + 1 {
					for _, form := range forms {
						count(form, n-nr)
					}
				}
				s := b.Summary()
				before := fmt.Sprintf("%+v", s.Groups)
				if g := s.Groups[0]; len(g.Calls) != int(n+1) || g.Calls[0].Count != int64(n+1) || g.Calls[n].Count != 1 {
					t.Fatalf("after %d rounds: %+v", n+1, g)
				}
				again := b.Summary()
				if !reflect.DeepEqual(s, again) {
					t.Fatalf("summed up again: %+v, then %+v", s, again)
				}
				count(forms[0], n)
				if after := fmt.Sprintf("%+v", s.Groups); after != before {
					t.Fatalf("changed from %s to %s", before, after)
				}
				b.Subtract(last(forms[0], n).Counts())
			}
		})
	}
}

// last is a builder that has counted one record.
func last(form parser.Form, nr int32) *Tally {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	addRecord(b, &parser.Record{Form: form, Process: &parser.Process{Arch: 0xc000003e}, NR: nr, Code: 0x7ffc0000}, nil, 1)
	return b
}

// TestCallIsSmall checks that two calls fill a line of the cache, and that their
// times are whole.
func TestCallIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(aggregate.Call{}); n != 32 {
		t.Errorf("a call takes %d bytes", n)
	}
	for _, m := range []aggregate.Millis{0, 1, 1<<16 - 1, 1 << 16, 1717243200123, 1 << 47, 1<<48 - 1} {
		if got := m.Instant().Millis(); got != m {
			t.Errorf("%d becomes %d", m, got)
		}
	}
}
