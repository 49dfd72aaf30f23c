package main

import "github.com/auditscan/auditscan/aggregate"

// sayRuns tells what several runs say of a further one.
func sayRuns(env *environment, r *aggregate.Runs) {
	if r == nil || len(r.Calls) == 0 {
		return
	}
	once := r.SeenIn(1)
	env.notef("runs: %d; of %d calls %d were seen in all of them, %d in one only", r.Count, len(r.Calls), r.SeenIn(r.Count), once)
	env.notef("new calls a run, on average: %.1f in the first, %.1f in the second, %.1f in the last", r.NewCalls(1), r.NewCalls(2), r.NewCalls(r.Count))
	switch {
	case once == 0:
		env.notef("a further run like these is unlikely to show a new call: each was seen in two of them at least")
	case r.Count < fewRuns:
		env.notef("a further run like these shows a new call with a chance of about %.0f %%, a rough figure: it rests on %d runs", 100*r.NextNew(), r.Count)
	default:
		env.notef("a further run like these shows a new call with a chance of about %.0f %%", 100*r.NextNew())
	}
}

// fewRuns is from how many runs on an estimate is more than rough.
const fewRuns = 4
