package tally

import (
	"fmt"
	"github.com/auditscan/auditscan/aggregate"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// rendered counts a record in one of its renderings.
func rendered(b *Tally, form parser.Form, serial uint32, pid, nr int32) {
	addRecord(b, &parser.Record{
		Process: &parser.Process{PID: pid, Arch: 0xc000003e},
		Form:    form, NR: nr, Code: 0x7ffc0000,
		Stamp: parser.Stamp{Serial: serial, HasSerial: serial != 0},
	}, nil, 1)
}

// TestSummaryKeepsForms checks that a summary in between, as a live table and
// a saved state are made from, changes no later number where groups or numbers
// are folded after it: journald's two renderings of an event count once.
func TestSummaryKeepsForms(t *testing.T) {
	tests := []struct {
		name string
		fold func(b *Tally)
	}{
		{"nothing", func(*Tally) {}},
		{"groups", func(b *Tally) { b.counts.divide(); b.forgetNames() }},
		{"numbers, in a part", func(b *Tally) {
			part := New(nil)
			part.Begin(Source{Name: "journal"})
			for i := range int32(maxOdd + 1) {
				rendered(part, parser.FormKernel, uint32(100+i), 1, 5000+i)
			}
			b.Merge(part.Counts())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			count := func(look bool) *aggregate.Summary {
				b := New(nil)
				b.Begin(Source{Name: "journal"})
				rendered(b, parser.FormKernel, 1, 1, 0)
				rendered(b, parser.FormKernel, 2, 2, 0)
				if look {
					b.Summary()
				}
				tt.fold(b)
				rendered(b, parser.FormJournal, 0, 1, 0)
				rendered(b, parser.FormJournal, 0, 2, 0)
				return b.Summary()
			}
			got, want := count(true), count(false)
			if fmt.Sprint(got.Totals, got.Groups) != fmt.Sprint(want.Totals, want.Groups) {
				t.Errorf("%+v, want %+v", got.Totals, want.Totals)
			}
		})
	}
}
