package aggregate_test

import (
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestFilterContainer: an id is known by its first eight digits, no fewer.
func TestFilterContainer(t *testing.T) {
	g := &aggregate.Group{Container: &container.Identity{ID: "0123456789abcdef", Name: "web"}}
	for want, passes := range map[string]bool{
		"web": true, "we": false, "w*": true, "0123456789abcdef": true,
		"0123456": false, "01234567": true, "012345678": true, "12345678": false, "0123456789abcdef0": false, "": false,
	} {
		if f := (aggregate.Filter{Container: []string{want}}); f.MatchesGroup(g) != passes {
			t.Errorf("%q: %v, want %v", want, !passes, passes)
		}
	}
}

// TestFilterTime: since is inclusive, until is not, for records as for whole
// calls, of which a part may lie outside.
func TestFilterTime(t *testing.T) {
	for _, tt := range []struct {
		since, until int64 // seconds; 0: no limit
		first, last  int64 // of a call; 0: it has no times
		passes       bool
	}{
		{0, 0, 0, 0, true},
		{10, 0, 0, 0, false},
		{0, 20, 0, 0, false},
		{10, 0, 5, 9, false},
		{10, 0, 5, 10, true},
		{10, 0, 10, 10, true},
		{0, 20, 20, 25, false},
		{0, 20, 19, 25, true},
		{10, 20, 5, 25, true},
		{10, 20, 20, 20, false},
	} {
		var f aggregate.Filter
		if tt.since != 0 {
			f.Since = at(tt.since)
		}
		if tt.until != 0 {
			f.Until = at(tt.until)
		}
		s := run(1)
		if tt.first != 0 {
			s.Groups[0].Calls[0].Widen(aggregate.MillisOf(at(tt.first)), aggregate.MillisOf(at(tt.last)))
		}
		if passes := len(f.Apply(s).Groups) == 1; passes != tt.passes {
			t.Errorf("%+v: a call passes: %v", tt, passes)
		}
		if tt.first == tt.last {
			var m aggregate.Millis
			if tt.first != 0 {
				m = aggregate.MillisOf(at(tt.first))
			}
			if passes := f.MatchesTime(m); passes != tt.passes {
				t.Errorf("%+v: a record passes: %v", tt, passes)
			}
		}
	}
}

// TestFilterRuns: who made a call in which run is not known, so runs are told
// only of what was not filtered.
func TestFilterRuns(t *testing.T) {
	s := aggregate.Merge(run(0, 1), run(0, 2))
	if got := (&aggregate.Filter{Comm: []string{"app"}}).Apply(s); got.Runs == nil || got.Totals.Records != 8 {
		t.Errorf("all passes: %+v", got)
	}
	if got := (&aggregate.Filter{Syscall: []string{"read"}}).Apply(s); got.Runs != nil || got.Totals.Records != 4 {
		t.Errorf("a part passes: runs %+v, totals %+v", got.Runs, got.Totals)
	}
}

// TestFilterUnattributed: records that may be of the container that is asked
// for make what is left incomplete; those that another key rules out do not.
func TestFilterUnattributed(t *testing.T) {
	s := run(0)
	s.Groups[0].Container = &container.Identity{ID: "0123456789abcdef", Name: "web"}
	s.Groups = append(s.Groups, run(0, 1).Groups...)
	s.Completeness = aggregate.Completeness{Verdict: aggregate.Unknown, Reason: "an extract"}
	got := (&aggregate.Filter{Container: []string{"web"}}).Apply(s)
	if c := got.Completeness; got.Totals.Records != 2 || c.Verdict != aggregate.Incomplete || c.Reason != "" ||
		len(c.Evidence) != 1 || c.Evidence[0].Kind != aggregate.Unattributed || c.Evidence[0].Count != 4 {
		t.Errorf("%+v of %d records", c, got.Totals.Records)
	}
	got = (&aggregate.Filter{Container: []string{"web"}, Syscall: []string{"write"}}).Apply(s)
	if c := got.Completeness; len(c.Evidence) != 1 || c.Evidence[0].Count != 2 {
		t.Errorf("of one call: %+v", c)
	}
	got = (&aggregate.Filter{Container: []string{"web"}, Comm: []string{"other"}}).Apply(s)
	if c := got.Completeness; c.Verdict != aggregate.Unknown || len(c.Evidence) != 0 {
		t.Errorf("of another program: %+v", c)
	}
	if s.Completeness.Verdict != aggregate.Unknown || len(s.Completeness.Evidence) != 0 {
		t.Errorf("the summary itself has changed: %+v", s.Completeness)
	}
}

// TestInstant: a time that a call keeps comes back to the millisecond.
func TestInstant(t *testing.T) {
	for _, m := range []aggregate.Millis{0, 1, 1<<16 - 1, 1 << 16, 1 << 31, 1 << 32, 1717243200123, 1<<48 - 1} {
		if got := m.Instant().Millis(); got != m {
			t.Errorf("%d comes back as %d", m, got)
		}
	}
	if !aggregate.Millis(0).Time().IsZero() || aggregate.MillisOf(time.Time{}) != 0 {
		t.Error("no time has one")
	}
}

// TestCallAdd: counts add up and times widen, in any order.
func TestCallAdd(t *testing.T) {
	call := func(n int64, from, to aggregate.Millis) aggregate.Call {
		return aggregate.Call{Arch: syscalltable.X86_64, Count: n, First: from.Instant(), Last: to.Instant()}
	}
	a, b, none := call(1, 20, 30), call(10, 10, 40), call(100, 0, 0)
	for _, order := range [][]aggregate.Call{{a, b, none}, {b, none, a}, {none, a, b}} {
		sum := order[0]
		sum.Add(&order[1])
		sum.Add(&order[2])
		if sum != call(111, 10, 40) {
			t.Errorf("%+v: %+v", order, sum)
		}
	}
}
