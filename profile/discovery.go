package profile

import (
	"math"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// A Discovery tells when the calls of a run were seen first. One that brought
// new calls until its end has not shown all of them; what a run did not do it
// cannot show, however long it was.
type Discovery struct {
	// First and Last are the times of the earliest and the latest record of an
	// observed call.
	First, Last aggregate.Millis
	// Newest is when the last new call came, and Names which came then.
	Newest aggregate.Millis
	Names  []string
	// New counts the calls that were new in each part of the run: all parts last
	// equally long.
	New [discoveryParts]int
}

// discoveryParts is how many parts a run is divided into.
const discoveryParts = 20

// Discovery tells when the observed calls were seen first; nil where one of them
// has no time, or the records are of several runs, whose times say nothing of
// each other, or there is a base: what it allows may not have been recorded.
func (r *Result) Discovery(s *aggregate.Summary) *Discovery {
	if s.Runs != nil && s.Runs.Count > 1 || len(r.Observed) == 0 || r.Base != "" {
		return nil
	}
	d := &Discovery{}
	for i := range r.Observed {
		first, last := r.Observed[i].First, r.Observed[i].Last
		if first == 0 {
			return nil
		}
		aggregate.Widen(&d.First, &d.Last, first, max(first, last))
		d.Newest = max(d.Newest, first)
	}
	for i := range r.Observed {
		o := &r.Observed[i]
		d.New[d.part(o.First)]++
		if o.First == d.Newest {
			d.Names = append(d.Names, o.Name)
		}
	}
	return d
}

// part returns which part of the run a time is in.
func (d *Discovery) part(t aggregate.Millis) int {
	length := int64(d.Last-d.First) + 1 // both are in it
	return int(int64(t-d.First) * discoveryParts / length)
}

// Share is the share of the run that brought new calls, from 0 to 1.
func (d *Discovery) Share() float64 {
	parts := 0
	for _, n := range d.New {
		if n > 0 {
			parts++
		}
	}
	return float64(parts) / discoveryParts
}

// Known returns the share of all calls that were known at the end of each part,
// from 0 to 1, in thousandths.
func (d *Discovery) Known() []float64 {
	all, sum := 0, 0
	for _, n := range d.New {
		all += n
	}
	known := make([]float64, len(d.New))
	for i, n := range d.New {
		sum += n
		known[i] = math.Round(1000*float64(sum)/float64(all)) / 1000
	}
	return known
}

// Ending says how a run ended.
type Ending string

// The endings: no new call came towards the end; new calls came until the end;
// after a time without any, some came at the very end, as where a program ends.
// A brief run has no parts that could be told apart.
const (
	EndedQuiet    Ending = "quiet"
	EndedLearning Ending = "learning"
	EndedClosing  Ending = "closing"
	EndedBrief    Ending = "brief"
)

// Ending tells how the run ended.
func (d *Discovery) Ending() Ending {
	const tail = discoveryParts / 10
	switch {
	case d.Last-d.First < discoveryParts: // milliseconds
		return EndedBrief
	case quietParts(d.New[:]) >= tail:
		return EndedQuiet
	case quietParts(d.New[:discoveryParts-tail]) >= discoveryParts/2:
		return EndedClosing
	}
	return EndedLearning
}

// quietParts counts the parts at the end that brought no new call.
func quietParts(parts []int) int {
	quiet := 0
	for i := len(parts) - 1; i >= 0 && parts[i] == 0; i-- {
		quiet++
	}
	return quiet
}

// timed begin the families of variants of which a program takes one or another
// depending on how long it has to wait, and on what else runs.
var timed = []string{"poll", "epoll_wait", "nanosleep"}

// TimedSiblings returns observed calls that a program takes others for, depending
// on timing, and those others, as far as the profile does not allow them and its
// architectures have them.
func (r *Result) TimedSiblings() (seen, lacking []string) {
	if r.Document == nil {
		return nil, nil
	}
	allowed := map[string]bool{}
	r.Document.markAllowed(allowed)
	for _, family := range variants {
		if !slices.Contains(timed, family[0]) {
			continue
		}
		observed := slices.DeleteFunc(slices.Clone(family), func(name string) bool { return !r.observed(name) })
		lacks := slices.DeleteFunc(slices.Clone(family), func(name string) bool { return allowed[name] || !r.exists(name) })
		if len(observed) > 0 && len(lacks) > 0 {
			seen, lacking = append(seen, observed...), append(lacking, lacks...)
		}
	}
	return seen, lacking
}

// observed reports whether a call ran under SCMP_ACT_LOG.
func (r *Result) observed(name string) bool {
	_, ok := slices.BinarySearchFunc(r.Observed, name, func(o Observed, name string) int { return strings.Compare(o.Name, name) })
	return ok
}

// exists reports whether an architecture of the profile has a call.
func (r *Result) exists(name string) bool {
	return slices.ContainsFunc(r.Arches, func(a syscalltable.Arch) bool { return has(a, name) })
}
