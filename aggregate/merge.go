package aggregate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// Merge unites reports: of several runs, several nodes, several logs. Groups
// with the same keys add up; a call that any of them saw is in the result, so
// that the names are a union. Each report is a run, or the runs that it unites
// already. All must be grouped by the same keys: Regroup
// makes them so.
func Merge(all ...*Summary) *Summary {
	out := &Summary{By: DefaultKeys()}
	for _, s := range all {
		out.By = slices.DeleteFunc(out.By, func(k Key) bool { return !slices.Contains(s.By, k) })
	}
	var (
		groups []Group
		runs   Runs
	)
	for _, s := range all {
		out.Reported = out.Reported || s.Reported
		out.Selected = out.Selected.merge(s.Selected)
		runs = runs.merge(s.AsRuns())
		out.Inputs = append(out.Inputs, s.Inputs...)
		out.Completeness = out.Completeness.merge(s.Completeness)
		groups = append(groups, s.Groups...)
	}
	if runs.Count > 1 {
		out.Runs = &runs
	}
	out.Groups = foldExcess(Unite(groups, out.By), out.By)
	out.Retotal()
	return out
}

// empty reports whether nothing was read, not even of a loss.
func (s *Summary) empty() bool { return s.Totals.Lines == 0 && len(s.Completeness.Evidence) == 0 }

// Continue combines the report of a run with that of the runs before it, whose
// inputs it resumed: inputs of one name are one input, and evidence of one kind
// in it adds up.
func Continue(before, now *Summary) *Summary {
	switch {
	case now.empty():
		return before
	case before.empty():
		return now
	}
	out := Merge(before, now)
	out.Inputs, out.Runs = nil, nil
	for _, in := range slices.Concat(before.Inputs, now.Inputs) {
		i := slices.IndexFunc(out.Inputs, func(o Input) bool { return o.Name == in.Name && o.Trust == in.Trust })
		if i < 0 {
			out.Inputs = append(out.Inputs, in)
			continue
		}
		out.Inputs[i].add(in)
	}
	var evidence []Evidence
	for _, e := range out.Completeness.Evidence {
		i := slices.IndexFunc(evidence, func(o Evidence) bool { return o.Kind == e.Kind && o.Input == e.Input && o.Detail == e.Detail })
		if i < 0 {
			evidence = append(evidence, e)
			continue
		}
		evidence[i].add(e)
	}
	out.Completeness.Evidence = evidence
	return out
}

// add adds the evidence of a later run: First may be unknown only in the
// earlier run, Last only in the later one.
func (e *Evidence) add(o Evidence) {
	e.Count = Plus(e.Count, o.Count)
	if !e.First.IsZero() {
		e.First = earlier(e.First, o.First)
	}
	if e.Last = later(e.Last, o.Last); o.Last.IsZero() {
		e.Last = o.Last
	}
}

func (in *Input) add(o Input) {
	in.Lines = Plus(in.Lines, o.Lines)
	in.Records = Plus(in.Records, o.Records)
	in.Duplicates = Plus(in.Duplicates, o.Duplicates)
	in.Malformed = Plus(in.Malformed, o.Malformed)
	in.First, in.Last = earlier(in.First, o.First), later(in.Last, o.Last)
}

// merge combines two verdicts: the worse one holds.
func (c Completeness) merge(o Completeness) Completeness {
	rank := func(v Verdict) int { return slices.Index([]Verdict{"", Complete, Unknown, Incomplete}, v) }
	if rank(o.Verdict) > rank(c.Verdict) {
		c.Verdict, c.Reason = o.Verdict, o.Reason
	}
	c.Lost = Plus(c.Lost, o.Lost)
	c.Evidence = append(slices.Clip(c.Evidence), o.Evidence...)
	return c
}

// NameNode sets the node of groups that have none, if the summary is grouped by
// node. "" changes nothing.
func (s *Summary) NameNode(name string) {
	if name == "" || !slices.Contains(s.By, ByNode) {
		return
	}
	for i := range s.Groups {
		if g := &s.Groups[i]; !g.Folded.Has(ByNode) {
			g.Node = cmp.Or(g.Node, name)
		}
	}
	s.Groups = Unite(s.Groups, s.By)
	s.Totals.Groups = len(s.Groups)
}

// Regroup returns the summary grouped by fewer or other keys. What is nested in
// a container counts as the container unless "nested" is one of the keys.
func (s *Summary) Regroup(by []Key) *Summary {
	out := *s
	out.By = slices.Clone(by)
	groups := s.Groups
	if !slices.Contains(by, ByNested) {
		groups = withoutNested(groups)
	}
	out.Groups = Unite(groups, by)
	out.Retotal()
	return &out
}

// withoutNested returns the groups with what is nested in their containers
// dropped.
func withoutNested(groups []Group) []Group {
	owners := map[*container.Identity]*container.Identity{}
	groups = slices.Clone(groups)
	for i := range groups {
		groups[i].Folded &^= SetOf(ByNested)
		id := groups[i].Container
		if id == nil || id.Nested == "" {
			continue
		}
		if owners[id] == nil {
			owner := *id
			owner.Nested = ""
			owners[id] = &owner
		}
		groups[i].Container = owners[id]
	}
	return groups
}

// Unite adds up the groups that agree in the keys, and sorts them.
func Unite(groups []Group, by []Key) []Group {
	kept := make([]*Group, len(groups))
	for i := range groups {
		g := groups[i].keep(by)
		g.Calls = groups[i].Calls
		kept[i] = &g
	}
	slices.SortStableFunc(kept, compareGroups)
	var out []Group
	for len(kept) > 0 {
		one := *kept[0]
		same := 1
		for ; same < len(kept) && compareKeys(&one, kept[same]) == 0; same++ {
			if same == 1 {
				one.Calls = slices.Clone(one.Calls) // it is the caller's
			}
			one.Calls = append(one.Calls, kept[same].Calls...)
		}
		one.Calls = uniteCalls(one.Calls)
		one.Recount()
		out, kept = append(out, one), kept[same:]
	}
	return out
}

// uniteCalls adds up equal calls.
func uniteCalls(calls []Call) []Call {
	if areDistinct(calls) {
		return slices.Clip(calls)
	}
	calls = slices.Clone(calls)
	slices.SortStableFunc(calls, CompareCalls)
	out := calls[:0]
	for _, c := range calls {
		if n := len(out); n > 0 && CompareCalls(out[n-1], c) == 0 {
			out[n-1].Add(&c)
			continue
		}
		out = append(out, c)
	}
	return out
}

// areDistinct reports whether calls are in order, and each is there once.
func areDistinct(calls []Call) bool {
	for i := range calls[:max(len(calls), 1)-1] {
		if CompareCalls(calls[i], calls[i+1]) >= 0 {
			return false
		}
	}
	return true
}

// CompareCalls orders calls as a group has them: by arch, number and action.
func CompareCalls(a, b Call) int {
	if c := compareArchs(a.Arch, b.Arch); c != 0 {
		return c
	}
	if a.NR != b.NR { // nearly all
		return cmp.Compare(a.NR, b.NR)
	}
	if c := cmp.Compare(a.Action, b.Action); c != 0 || a.Folded == b.Folded {
		return c
	}
	if a.Folded { // behind the call -1, which has no name either
		return 1
	}
	return -1
}

func compareArchs(a, b syscalltable.Arch) int {
	if a == b {
		return 0
	}
	return strings.Compare(a.String(), b.String())
}
