package aggregate_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// run is the report of a run that made some calls, two of each.
func run(calls ...int32) *aggregate.Summary {
	g := aggregate.Group{Comm: "app"}
	for _, nr := range calls {
		g.Calls = append(g.Calls, aggregate.Call{Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog, Count: 2})
	}
	return &aggregate.Summary{By: aggregate.DefaultKeys(), Groups: []aggregate.Group{g}}
}

// TestRuns checks in how many runs each call was seen, however the reports
// are united.
func TestRuns(t *testing.T) {
	a, b, c := run(0, 1, 2), run(0, 1), run(0, 3)
	want := &aggregate.Runs{Count: 3, Calls: []aggregate.CallRuns{
		{Arch: syscalltable.X86_64, NR: 0, Runs: 3}, {Arch: syscalltable.X86_64, NR: 1, Runs: 2},
		{Arch: syscalltable.X86_64, NR: 2, Runs: 1}, {Arch: syscalltable.X86_64, NR: 3, Runs: 1},
	}}
	for how, s := range map[string]*aggregate.Summary{
		"at once": aggregate.Merge(a, b, c), "first two": aggregate.Merge(aggregate.Merge(a, b), c),
		"last two": aggregate.Merge(a, aggregate.Merge(c, b)),
	} {
		if !reflect.DeepEqual(s.Runs, want) {
			t.Errorf("%s: %+v, want %+v", how, s.Runs, want)
		}
	}
	if r := aggregate.Merge(a).Runs; r != nil {
		t.Errorf("one report is %+v", r)
	}
	if once, all := want.SeenIn(1), want.SeenIn(3); once != 2 || all != 1 {
		t.Errorf("%d calls in one run, %d in all; want 2 and 1", once, all)
	}
}

// TestRunsOf checks that a part of a report keeps the runs of its own calls.
func TestRunsOf(t *testing.T) {
	r := aggregate.Merge(run(0, 1, 2), run(0, 1), run(0, 3)).Runs
	want := &aggregate.Runs{Count: 3, Calls: []aggregate.CallRuns{
		{Arch: syscalltable.X86_64, NR: 1, Runs: 2}, {Arch: syscalltable.X86_64, NR: 3, Runs: 1},
	}}
	if got := r.OfGroups(run(3, 1, 7).Groups); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (*aggregate.Runs)(nil).OfGroups(run(1).Groups); got != nil {
		t.Errorf("of one run: %+v", got)
	}
}

// TestRunsNew checks the averages against all orders of the runs, counted by
// hand: of the calls 0 1 2, 0 1 and 0 3 the first run shows 3, 2 or 2.
func TestRunsNew(t *testing.T) {
	r := aggregate.Merge(run(0, 1, 2), run(0, 1), run(0, 3)).Runs
	sum := 0.0
	for k, want := range []float64{7.0 / 3, 1, 2.0 / 3} {
		got := r.NewCalls(k + 1)
		sum += got
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("run %d shows %v new calls, want %v", k+1, got, want)
		}
	}
	if math.Abs(sum-4) > 1e-9 {
		t.Errorf("all runs show %v calls, want 4", sum)
	}
	if got, want := r.NextNew(), 1-math.Exp(-2.0/3); math.Abs(got-want) > 1e-9 {
		t.Errorf("a further run shows a new call with %v, want %v", got, want)
	}
	if got := aggregate.Merge(run(0, 1), run(0, 1)).Runs.NextNew(); got != 0 {
		t.Errorf("where none was seen once: %v", got)
	}
}

// TestRunsFiltered checks that runs of what a filter leaves out are not told.
func TestRunsFiltered(t *testing.T) {
	s := aggregate.Merge(run(0, 1), run(0))
	if got := (&aggregate.Filter{Syscall: []string{"read"}}).Apply(s); got.Runs != nil {
		t.Errorf("filtered: %+v", got.Runs)
	}
	if got := (*aggregate.Filter)(nil).Apply(s); got.Runs == nil {
		t.Error("not filtered: no runs")
	}
}
