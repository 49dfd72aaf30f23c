package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
)

// sayDiscovery tells by what people can judge whether a run was enough: when its
// new calls came.
func sayDiscovery(env *environment, r *profile.Result, s *aggregate.Summary) {
	d := r.Discovery(s)
	if d == nil {
		return
	}
	env.notef("%s", discoveryText(d))
	if term.IsTerminal(env.stderr) {
		env.notef("calls known over the run: %s", sparkline(d.Known()))
	}
}

// sayTimed tells of calls that a further run may make, as they depend on timing.
func (f *profileFlags) sayTimed(env *environment, r *profile.Result) {
	if seen, lacking := r.TimedSiblings(); len(seen) > 0 && !f.exact {
		env.notef("a program can wait with other calls than %s when timing differs: --variants allows %s, too", strings.Join(seen, " "), strings.Join(lacking, " "))
	}
}

// discoveryText says in a sentence when the calls of a run came. It never says
// that a run was enough: what was not done is not in it.
func discoveryText(d *profile.Discovery) string {
	length, newest := d.Last-d.First, d.Newest-d.First
	share := fmt.Sprintf("%.0f %% of the run brought new calls", 100*d.Share())
	switch d.Ending() {
	case profile.EndedBrief:
		return fmt.Sprintf("all calls were seen within %s: too short a run to tell whether new calls had ceased; let it run longer, or unite several runs (`auditscan merge`)", lasting(max(length, 1)))
	case profile.EndedQuiet:
		return fmt.Sprintf("%s, the last (%s) %s after its start, and it lasted %s: what it did not do it cannot show",
			share, table.List(d.Names), lasting(newest), lasting(length))
	case profile.EndedClosing:
		return fmt.Sprintf("%s; after half of it and more without any, the last (%s) came at its end, after %s, as where a program ends",
			share, table.List(d.Names), lasting(newest))
	}
	return fmt.Sprintf("%s, until its end (the last after %s of %s: %s): it may have been too short; let it run longer, or unite several runs (`auditscan merge`)",
		share, lasting(newest), lasting(length), table.List(d.Names))
}

// lasting shows a span of time, with as many digits as matter.
func lasting(span aggregate.Millis) string {
	d := time.Duration(span) * time.Millisecond
	if d >= time.Minute {
		d = d.Round(time.Second)
	}
	return d.String()
}

// sparkline draws shares from 0 to 1, a column each.
func sparkline(shares []float64) string {
	levels := []rune("▁▂▃▄▅▆▇█")
	var line strings.Builder
	for _, share := range shares {
		line.WriteRune(levels[int(math.Ceil(share*float64(len(levels)-1)))])
	}
	return line.String()
}
