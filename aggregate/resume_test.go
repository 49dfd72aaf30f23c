package aggregate

import (
	"testing"
	"time"

	"github.com/auditscan/auditscan/parser"
)

// TestGoOn: what is missing between two runs shows in the second.
func TestGoOn(t *testing.T) {
	at := time.UnixMilli(1795446783000).UTC()
	tests := []struct {
		name    string
		trust   Trust
		next    uint32
		later   time.Duration
		lost    int64
		verdict Verdict
	}{
		{"no gap", TrustKernel, 2101, time.Second, 0, Complete},
		{"the same event has more records", TrustKernel, 2100, 0, 0, Complete},
		{"gap", TrustKernel, 2111, time.Second, 10, Incomplete},
		{"gap of hours", TrustKernel, 7101, 5 * time.Hour, 5000, Incomplete},
		{"booted since", TrustKernel, 3, time.Hour, 0, Complete},
		{"an extract", TrustAuditd, 2111, time.Second, 0, Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := NewBuilder(nil)
			b.Input("audit:", tt.trust)
			b.GoOn([]Seen{{Time: at, Serial: 2100}})
			for n := range uint32(3) {
				r := &parser.Record{Stamp: parser.Stamp{Millis: at.Add(tt.later).UnixMilli(), Serial: tt.next + n, HasTime: true, HasSerial: true}, Process: &parser.Process{Arch: 0xc000003e}, Code: 0x7ffc0000, Form: parser.FormAuditd}
				b.Record(r, nil, int64(n))
			}
			s := b.Summary()
			if c := s.Completeness; c.Lost != tt.lost || c.Verdict != tt.verdict {
				t.Errorf("%s, %d lost; want %s, %d", c.Verdict, c.Lost, tt.verdict, tt.lost)
			}
			want := Seen{Time: at.Add(tt.later), Serial: tt.next + 2}
			if got := b.Newest(); got[0] != want {
				t.Errorf("newest %+v, want %+v", got[0], want)
			}
		})
	}
}

// TestContinueWithNothing: a run that read nothing leaves the verdict alone.
func TestContinueWithNothing(t *testing.T) {
	full, empty := NewBuilder(nil), NewBuilder(nil)
	for _, b := range []*Builder{full, empty} {
		b.Input("audit:", TrustKernel)
	}
	full.Lines(1)
	full.Record(&parser.Record{Stamp: parser.Stamp{Millis: 1795446783000, Serial: 1, HasTime: true, HasSerial: true}, Process: &parser.Process{Arch: 0xc000003e}, Code: 0x7ffc0000, Form: parser.FormAuditd}, nil, 1)
	f, e := full.Summary(), empty.Summary()
	for _, got := range []*Summary{Continue(f, e), Continue(e, f)} {
		if got.Completeness.Verdict != Complete || got.Totals.Records != 1 {
			t.Errorf("%s, %d records; want complete, 1", got.Completeness.Verdict, got.Totals.Records)
		}
	}
}

// TestContinueTimes: what has no time in the run that it is the first or the
// last of has none in both together.
func TestContinueTimes(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(1795446783+s, 0).UTC() }
	run := func(first, last time.Time) *Summary {
		return &Summary{By: DefaultKeys(), Completeness: Completeness{
			Verdict: Incomplete, Evidence: []Evidence{{Kind: Suppressed, Count: 1, Input: "syslog", First: first, Last: last}}}}
	}
	for _, tt := range []struct{ before, now, want Evidence }{
		{Evidence{First: at(1), Last: at(2)}, Evidence{First: at(3), Last: at(4)}, Evidence{First: at(1), Last: at(4)}},
		{Evidence{First: at(1)}, Evidence{Last: at(4)}, Evidence{First: at(1), Last: at(4)}},
		{Evidence{Last: at(2)}, Evidence{First: at(3)}, Evidence{}},
		{Evidence{First: at(2), Last: at(5)}, Evidence{First: at(1), Last: at(4)}, Evidence{First: at(1), Last: at(5)}},
	} {
		got := Continue(run(tt.before.First, tt.before.Last), run(tt.now.First, tt.now.Last)).Completeness.Evidence
		if len(got) != 1 || got[0].Count != 2 || got[0].First != tt.want.First || got[0].Last != tt.want.Last {
			t.Errorf("%v to %v, then %v to %v: %+v", tt.before.First, tt.before.Last, tt.now.First, tt.now.Last, got)
		}
	}
}
