package aggregate

import (
	"cmp"
	"math"
	"slices"

	"github.com/auditscan/auditscan/syscalltable"
)

// Runs says in how many of the merged reports each call was seen. A report that
// was not merged is one run.
type Runs struct {
	Count int
	Calls []CallRuns // ordered by arch and number
}

// CallRuns is a call, under any action, and the number of runs that saw it.
type CallRuns struct {
	Arch syscalltable.Arch
	NR   int32
	Runs int
}

// AsRuns returns the summary's Runs; a single report is one run that saw all
// its calls.
func (s *Summary) AsRuns() Runs {
	if s.Runs != nil {
		return *s.Runs
	}
	r := Runs{Count: 1}
	for i := range s.Groups {
		for _, c := range s.Groups[i].Calls {
			if !c.Folded {
				r.Calls = append(r.Calls, CallRuns{c.Arch, c.NR, 1})
			}
		}
	}
	slices.SortFunc(r.Calls, compareRuns)
	r.Calls = slices.CompactFunc(r.Calls, CallRuns.isOf)
	return r
}

// OfGroups returns the runs with only the calls of some groups. Who made a call
// in which run is unknown, so a call counts for every run in which anybody made
// it.
func (r *Runs) OfGroups(groups []Group) *Runs {
	if r == nil {
		return nil
	}
	made := (&Summary{Groups: groups}).AsRuns()
	out := &Runs{Count: r.Count}
	for _, c := range r.Calls {
		if _, ok := slices.BinarySearchFunc(made.Calls, c, compareRuns); ok {
			out.Calls = append(out.Calls, c)
		}
	}
	return out
}

// merge adds the runs of o, which are different ones.
func (r Runs) merge(o Runs) Runs {
	out := Runs{Count: r.Count + o.Count}
	all := append(slices.Clone(r.Calls), o.Calls...)
	slices.SortFunc(all, compareRuns)
	for _, c := range all {
		if n := len(out.Calls); n > 0 && out.Calls[n-1].isOf(c) {
			out.Calls[n-1].Runs += c.Runs
			continue
		}
		out.Calls = append(out.Calls, c)
	}
	return out
}

func (c CallRuns) isOf(o CallRuns) bool { return c.Arch == o.Arch && c.NR == o.NR }

func compareRuns(a, b CallRuns) int {
	return cmp.Or(compareArchs(a.Arch, b.Arch), cmp.Compare(a.NR, b.NR))
}

// SeenIn returns how many calls were seen in exactly n of the runs.
func (r *Runs) SeenIn(n int) (calls int) {
	for _, c := range r.Calls {
		if c.Runs == n {
			calls++
		}
	}
	return calls
}

// NewCalls returns how many calls were new in the k-th run, on average over all
// orders of the runs; k is 1 to Count. A call that n of M runs saw appears
// first in the k-th run with probability C(M-k, n-1) / C(M, n).
func (r *Runs) NewCalls(k int) (calls float64) {
	for _, c := range r.Calls {
		if n, m := c.Runs, r.Count; n-1 <= m-k {
			calls += math.Exp(logChoose(m-k, n-1) - logChoose(m, n))
		}
	}
	return calls
}

// logChoose is the logarithm of the binomial coefficient.
func logChoose(n, k int) float64 {
	f := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	return f(n) - f(k) - f(n-k)
}

// NextNew estimates the probability that a further run shows a new call. By
// Good and Turing (Good 1953, "The population frequencies of species"), the
// next run shows as many new calls as the last one did on average: the calls
// seen in one run only, divided among the runs.
func (r *Runs) NextNew() (probability float64) { return 1 - math.Exp(-r.NewCalls(r.Count)) }
