package aggregate

import (
	"cmp"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/container"
)

// Merge adds the counts of o, which has the same filter and is not used any
// more. Its proof comes in parts, by [Builder.Append].
func (b *Builder) Merge(o *Builder) {
	if len(b.groups) == 0 && len(o.groups) > 0 {
		b.names, b.groups, b.folded = o.names, o.groups, o.folded
		b.unlearn()
		return
	}
	b.sum(o, 1)
}

// Subtract takes the counts of o away again: what was counted a second time
// when a part was refused.
func (b *Builder) Subtract(o *Builder) { b.sum(o, -1) }

// SubtractPart does the same with the counts that a builder gave up when it
// was cut.
func (b *Builder) SubtractPart(part *Part) {
	if part.counts != nil {
		b.sum(part.counts, -1)
	}
}

func (b *Builder) sum(o *Builder, sign int64) {
	ids := b.translate(&o.names)
	if o.folded > b.folded {
		b.fold(o.folded)
	}
	for k, g := range o.groups {
		k = groupKey{ids[k.node], ids[k.comm], ids[k.exe], k.pid, k.container}.fold(b.folded)
		into, ok := b.groups[k]
		if !ok {
			into = b.newGroup(k)
		}
		into.merge(g, sign)
	}
	b.forget()
}

// translate gives b's number of each name of o.
func (b *Builder) translate(o *interner) []uint32 {
	ids := make([]uint32, len(o.names))
	for i, n := range o.names {
		ids[i] = b.names.add(n.text)
	}
	return ids
}

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
		runs = runs.merge(s.SeenIn())
		out.Inputs = append(out.Inputs, s.Inputs...)
		out.Completeness = out.Completeness.merge(s.Completeness)
		groups = append(groups, s.Groups...)
	}
	if runs.Count > 1 {
		out.Runs = &runs
	}
	out.Groups = unite(groups, out.By)
	out.retotal()
	return out
}

// empty reports whether nothing was read, not even of a loss.
func (s *Summary) empty() bool { return s.Totals.Lines == 0 && len(s.Completeness.Evidence) == 0 }

// Continue unites the report of a run with that of the runs before it, whose
// inputs it has gone on with: inputs of one name are one input, and evidence
// of one kind in it adds up.
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

// add adds evidence of a later run: First can be unknown in the earlier run
// alone, Last in the later one.
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

// merge unites two verdicts: the worse one holds.
func (c Completeness) merge(o Completeness) Completeness {
	rank := func(v Verdict) int { return slices.Index([]Verdict{"", Complete, Unknown, Incomplete}, v) }
	if rank(o.Verdict) > rank(c.Verdict) {
		c.Verdict = o.Verdict
	}
	c.Lost = Plus(c.Lost, o.Lost)
	c.Evidence = append(slices.Clip(c.Evidence), o.Evidence...)
	return c
}

// Regroup returns the summary with its groups told apart by fewer or other
// keys.
func (s *Summary) Regroup(by []Key) *Summary {
	out := *s
	out.By = slices.Clone(by)
	out.Groups = unite(s.Groups, by)
	out.retotal()
	return &out
}

// unite sums up the groups that agree in the keys.
func unite(groups []Group, by []Key) []Group {
	at := map[groupID]int{}
	var out []Group
	for _, g := range groups {
		kept := g.keep(by)
		i, ok := at[kept.id()]
		if !ok {
			i = len(out)
			at[kept.id()] = i
			out = append(out, kept)
		}
		out[i].Calls = append(out[i].Calls, g.Calls...)
	}
	for i := range out {
		out[i].Calls = uniteCalls(out[i].Calls)
		out[i] = out[i].recount()
	}
	slices.SortFunc(out, compareGroups)
	return out
}

// groupID is what groups are equal by: containers by what they are, not by
// where they lie.
type groupID struct {
	node, container, pod, namespace, workload, exe, comm string
	pid                                                  int32
}

func (g Group) id() groupID {
	id := groupID{g.Node, "", g.Pod, g.Namespace, g.Workload, g.Exe, g.Comm, g.PID}
	if g.Container != nil {
		id.container = g.Container.ID + "\x00" + g.Container.Name
	}
	return id
}

// keep returns a group with only the given keys.
func (g Group) keep(by []Key) (k Group) {
	for _, b := range by {
		switch b {
		case ByNode:
			k.Node = g.Node
		case ByContainer:
			k.Container = g.Container
		case ByPod:
			k.Pod = g.pod().Pod
		case ByNamespace:
			k.Namespace = g.pod().Namespace
		case ByWorkload:
			k.Workload = g.pod().Workload
		case ByExe:
			k.Exe = g.Exe
		case ByComm:
			k.Comm = g.Comm
		case ByPID:
			k.PID = g.PID
		}
	}
	return k
}

// pod returns where the group's pod, namespace and workload are known from.
func (g Group) pod() container.Identity {
	if g.Container != nil {
		return *g.Container
	}
	return container.Identity{Pod: g.Pod, Namespace: g.Namespace, Workload: g.Workload}
}

// uniteCalls sums up equal calls.
func uniteCalls(calls []Call) []Call {
	slices.SortStableFunc(calls, compareCalls)
	out := calls[:0:0]
	for _, c := range calls {
		if n := len(out); n > 0 && compareCalls(out[n-1], c) == 0 {
			out[n-1].Add(&c)
			continue
		}
		out = append(out, c)
	}
	return out
}

func compareGroups(a, b Group) int {
	for _, c := range [...]int{
		strings.Compare(a.Node, b.Node), compareContainers(a.Container, b.Container),
		strings.Compare(a.Pod, b.Pod), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Workload, b.Workload),
		strings.Compare(a.Exe, b.Exe), strings.Compare(a.Comm, b.Comm),
	} {
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.PID, b.PID)
}

func compareContainers(a, b *container.Identity) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Via, b.Via))
}
