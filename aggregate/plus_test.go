package aggregate

import (
	"math"
	"testing"

	"github.com/auditscan/auditscan/syscalltable"
)

// TestForgedCounts checks that the largest numbers that a report can have do
// not add up to nothing, or less, with others: in groups, inputs and evidence.
func TestForgedCounts(t *testing.T) {
	report := func(comm string, n int64) *Summary {
		call := Call{Arch: syscalltable.X86_64, NR: 1, Action: syscalltable.ActionLog, Count: n}
		return &Summary{
			By:           []Key{ByComm},
			Inputs:       []Input{{Name: "log", Trust: TrustText, Lines: n, Records: n, Duplicates: n, Malformed: n}},
			Completeness: Completeness{Verdict: Incomplete, Lost: n, Evidence: []Evidence{{Kind: Suppressed, Input: "log", Count: n}}},
			Groups:       []Group{{Comm: comm, Records: n, Calls: []Call{call}}},
			Totals:       Totals{Lines: n, Records: n},
		}
	}
	all := []*Summary{report("a", 1<<62), report("a", 1<<62), report("b", 1<<62), report("b", 1<<62), report("c", math.MaxInt64)}
	merged, continued := Merge(all...), all[0]
	for _, s := range all[1:] {
		continued = Continue(continued, s)
	}
	for how, s := range map[string]*Summary{"merged": merged, "continued": continued, "in one group": merged.Regroup(nil)} {
		in, n := s.Inputs[0], s.Totals
		for what, count := range map[string]int64{
			"records": n.Records, "lines": n.Lines, "duplicates": n.Duplicates, "malformed": n.Malformed, "lost": s.Completeness.Lost,
			"a group's records": s.Groups[0].Records, "a call's": s.Groups[0].Calls[0].Count,
		} {
			if count != math.MaxInt64 {
				t.Errorf("%s: %s: %d", how, what, count)
			}
		}
		if how == "continued" && (in.Lines != math.MaxInt64 || s.Completeness.Evidence[0].Count != math.MaxInt64) {
			t.Errorf("%s: input %+v, evidence %+v", how, in, s.Completeness.Evidence)
		}
	}
	for _, tt := range [][3]int64{
		{3, -4, -1}, {maxCount - 1, 1, maxCount}, {maxCount - 2, 1, maxCount - 1}, {maxCount, 1, maxCount}, {1, maxCount, maxCount}, {maxCount, 0, maxCount},
	} {
		if got := Plus(tt[0], tt[1]); got != tt[2] {
			t.Errorf("%d and %d are %d, want %d", tt[0], tt[1], got, tt[2])
		}
	}
}
