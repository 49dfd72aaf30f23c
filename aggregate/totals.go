package aggregate

import "github.com/auditscan/auditscan/syscalltable"

// Recount derives a group's own figures, its records and times, from its
// calls.
func (g *Group) Recount() {
	var first, last Millis
	g.Records = 0
	for i := range g.Calls {
		c := &g.Calls[i]
		g.Records = Plus(g.Records, c.Count)
		Widen(&first, &last, c.First.Millis(), c.Last.Millis())
	}
	g.First, g.Last = first.Time(), last.Time()
}

// Retotal derives the totals from the inputs and groups.
func (s *Summary) Retotal() {
	type number struct {
		arch   syscalltable.Arch
		nr     int32
		folded bool
	}
	names := map[number]bool{} // and whether it has one
	t := Totals{Groups: len(s.Groups)}
	for _, in := range s.Inputs {
		t.Lines = Plus(t.Lines, in.Lines)
		t.Duplicates = Plus(t.Duplicates, in.Duplicates)
		t.Malformed = Plus(t.Malformed, in.Malformed)
	}
	for _, g := range s.Groups {
		t.Records = Plus(t.Records, g.Records)
		for i := range g.Calls {
			c := &g.Calls[i]
			id := number{c.Arch, c.NR, c.Folded}
			named, ok := names[id]
			if !ok {
				named = c.Name() != ""
				names[id] = named
			}
			if !named {
				t.Unresolved = Plus(t.Unresolved, c.Count)
			}
		}
	}
	t.Syscalls = len(names)
	s.Totals = t
}

// Plus adds counts. What is more than fits is the largest count there is: the
// numbers of a report that somebody made up would else add up to nothing.
func Plus(a, b int64) int64 {
	if b > 0 && a > maxCount-b {
		return maxCount
	}
	return a + b
}

const maxCount = 1<<63 - 1
