package tally

import (
	"github.com/auditscan/auditscan/aggregate"
	"testing"
	"time"

	"github.com/auditscan/auditscan/parser"
)

// TestResume: what is missing between two runs shows in the second.
func TestResume(t *testing.T) {
	at := time.UnixMilli(1795446783000).UTC()
	tests := []struct {
		name    string
		trust   aggregate.Trust
		next    uint32
		later   time.Duration
		lost    int64
		verdict aggregate.Verdict
	}{
		{"no gap", aggregate.TrustKernel, 2101, time.Second, 0, aggregate.Complete},
		{"the same event has more records", aggregate.TrustKernel, 2100, 0, 0, aggregate.Complete},
		{"gap", aggregate.TrustKernel, 2111, time.Second, 10, aggregate.Incomplete},
		{"gap of hours", aggregate.TrustKernel, 7101, 5 * time.Hour, 5000, aggregate.Incomplete},
		{"booted since", aggregate.TrustKernel, 3, time.Hour, 0, aggregate.Complete},
		{"an extract", aggregate.TrustAuditd, 2111, time.Second, 0, aggregate.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := New(nil)
			b.Begin(Source{Name: "audit:", Trust: tt.trust})
			b.Resume([]aggregate.Seen{{Time: at, Serial: 2100}})
			for n := range uint32(3) {
				r := &parser.Record{Stamp: parser.Stamp{Millis: at.Add(tt.later).UnixMilli(), Serial: tt.next + n, HasTime: true, HasSerial: true}, Process: &parser.Process{Arch: 0xc000003e}, Code: 0x7ffc0000, Form: parser.FormAuditd}
				addRecord(b, r, nil, int64(n))
			}
			s := b.Summary()
			if c := s.Completeness; c.Lost != tt.lost || c.Verdict != tt.verdict {
				t.Errorf("%s, %d lost; want %s, %d", c.Verdict, c.Lost, tt.verdict, tt.lost)
			}
			want := aggregate.Seen{Time: at.Add(tt.later), Serial: tt.next + 2}
			if got := b.Newest(); got[0] != want {
				t.Errorf("newest %+v, want %+v", got[0], want)
			}
		})
	}
}

// TestContinueWithNothing: a run that read nothing leaves the verdict alone.
func TestContinueWithNothing(t *testing.T) {
	full, empty := New(nil), New(nil)
	for _, b := range []*Tally{full, empty} {
		b.Begin(Source{Name: "audit:", Trust: aggregate.TrustKernel})
	}
	full.Lines(1)
	addRecord(full, &parser.Record{Stamp: parser.Stamp{Millis: 1795446783000, Serial: 1, HasTime: true, HasSerial: true}, Process: &parser.Process{Arch: 0xc000003e}, Code: 0x7ffc0000, Form: parser.FormAuditd}, nil, 1)
	f, e := full.Summary(), empty.Summary()
	for _, got := range []*aggregate.Summary{aggregate.Continue(f, e), aggregate.Continue(e, f)} {
		if got.Completeness.Verdict != aggregate.Complete || got.Totals.Records != 1 {
			t.Errorf("%s, %d records; want complete, 1", got.Completeness.Verdict, got.Totals.Records)
		}
	}
}

// TestContinueTimes: what has no time in the run that it is the first or the
// last of has none in both together.
func TestContinueTimes(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(1795446783+s, 0).UTC() }
	run := func(first, last time.Time) *aggregate.Summary {
		return &aggregate.Summary{By: aggregate.DefaultKeys(), Completeness: aggregate.Completeness{
			Verdict: aggregate.Incomplete, Evidence: []aggregate.Evidence{{Kind: aggregate.Suppressed, Count: 1, Input: "syslog", First: first, Last: last}}}}
	}
	for _, tt := range []struct{ before, now, want aggregate.Evidence }{
		{aggregate.Evidence{First: at(1), Last: at(2)}, aggregate.Evidence{First: at(3), Last: at(4)}, aggregate.Evidence{First: at(1), Last: at(4)}},
		{aggregate.Evidence{First: at(1)}, aggregate.Evidence{Last: at(4)}, aggregate.Evidence{First: at(1), Last: at(4)}},
		{aggregate.Evidence{Last: at(2)}, aggregate.Evidence{First: at(3)}, aggregate.Evidence{}},
		{aggregate.Evidence{First: at(2), Last: at(5)}, aggregate.Evidence{First: at(1), Last: at(4)}, aggregate.Evidence{First: at(1), Last: at(5)}},
	} {
		got := aggregate.Continue(run(tt.before.First, tt.before.Last), run(tt.now.First, tt.now.Last)).Completeness.Evidence
		if len(got) != 1 || got[0].Count != 2 || got[0].First != tt.want.First || got[0].Last != tt.want.Last {
			t.Errorf("%v to %v, then %v to %v: %+v", tt.before.First, tt.before.Last, tt.now.First, tt.now.Last, got)
		}
	}
}
