package aggregate

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// noTime stands for "no time seen", in milliseconds since the epoch.
const noTime = math.MinInt64

// group counts the calls of one group.
type group struct {
	calls  []callCount
	index  []int32 // number to 1 + place in calls, for the arch and action of calls[0]
	odd    int     // distinct calls without a name
	folded bool    // there were too many of them
}

// callCount counts one call under one action. Journald shows an event of the
// kernel twice when no auditd runs, once without its serial: the two forms
// are counted apart, and the larger count is the number of events.
//
// It fills one cache line, since a log of many groups visits them at random.
type callCount struct {
	arch        syscalltable.Arch
	nr          int32
	action      syscalltable.Action
	folded      bool  // see Call.Folded
	named       bool  // the number is in the table
	kernel      int64 // printk's form
	bare        int64 // journald's form without serial
	other       int64
	first, last int64
}

// is tells whether c counts call x.
func (c *callCount) is(x Call) bool {
	return c.nr == x.NR && c.arch == x.Arch && c.action == x.Action && c.folded == x.Folded
}

// of is the call that c counts.
func (c *callCount) of() Call {
	x := Call{Arch: c.arch, NR: c.nr, Action: c.action, Folded: c.folded, Count: c.events(), First: at(c.first), Last: at(c.last)}
	if c.named {
		x.Name, _ = c.arch.Name(c.nr)
	}
	return x
}

// maxIndex bounds a group's index; the numbers of all tables but those with a
// base (mips, x32, ARM's private calls) are far below.
const maxIndex = 1024

// call returns the counter of a call, making it where needed; nil if the
// filter leaves it out.
func (g *group) call(f *Filter, c Call) *callCount {
	if i := g.search(c); i >= 0 {
		return &g.calls[i]
	}
	if !c.Folded {
		c.Name, _ = c.Arch.Name(c.NR)
	}
	if !f.call(c) {
		return nil
	}
	if c.Name == "" && !c.Folded {
		if g.folded {
			return g.call(f, c.foldNumber())
		}
		if g.odd++; g.odd > maxOdd {
			g.foldNumbers()
			return g.call(f, c)
		}
	}
	return g.add(c)
}

// search returns the place of a call's counter, -1 where there is none.
func (g *group) search(c Call) int {
	if len(g.calls) > 0 && g.indexed(c) {
		if int(c.NR) < len(g.index) {
			return int(g.index[c.NR]) - 1
		}
		return -1
	}
	for i := range g.calls {
		if g.calls[i].is(c) {
			return i
		}
	}
	return -1
}

// indexed tells whether the call is found by its number alone.
func (g *group) indexed(c Call) bool {
	return c.NR >= 0 && c.NR < maxIndex && c.Arch == g.calls[0].arch && c.Action == g.calls[0].action && !c.Folded
}

func (g *group) add(c Call) *callCount {
	g.calls = append(g.calls, callCount{
		arch: c.Arch, nr: c.NR, action: c.Action, folded: c.Folded, named: c.Name != "", first: noTime, last: noTime,
	})
	if g.indexed(c) {
		if n := int(c.NR) + 1; n > len(g.index) {
			g.index = append(g.index, make([]int32, n-len(g.index))...)
		}
		g.index[c.NR] = int32(len(g.calls))
	}
	return &g.calls[len(g.calls)-1]
}

// foldNumbers makes one call of all that have no name, for each arch and
// action.
func (g *group) foldNumbers() {
	old := g.calls
	g.folded, g.calls, g.index = true, nil, nil
	for i := range old {
		g.sum(&old[i], 1)
	}
}

// sum adds the counts of x, which has passed the filter, sign times.
func (g *group) sum(x *callCount, sign int64) {
	c := g.call(nil, x.of())
	c.kernel += sign * x.kernel
	c.bare += sign * x.bare
	c.other += sign * x.other
	widen(&c.first, &c.last, x.first, x.last)
}

func (c *callCount) count(r *parser.Record) {
	switch {
	case r.Form == parser.FormJournal && !r.HasSerial:
		c.bare++
	case r.Form == parser.FormKernel:
		c.kernel++
	default:
		c.other++
	}
	span(&c.first, &c.last, r.Stamp)
}

// events is the number of events: a bare record is the second rendering of a
// kernel one as far as there are both.
func (c *callCount) events() int64 { return c.other + max(c.kernel, c.bare) }

func (c *callCount) pairs() int64 { return min(c.kernel, c.bare) }

// span widens a time span by a stamp.
func span(first, last *int64, st parser.Stamp) {
	if !st.HasTime {
		return
	}
	widen(first, last, st.Millis, st.Millis)
}

func widen(first, last *int64, from, to int64) {
	if from == noTime {
		return
	}
	if *first == noTime || from < *first {
		*first = from
	}
	if *last == noTime || to > *last {
		*last = to
	}
}

// merge adds the counts of o, sign times.
func (g *group) merge(o *group, sign int64) {
	if o.folded && !g.folded {
		g.foldNumbers()
	}
	for i := range o.calls {
		g.sum(&o.calls[i], sign)
	}
}

// result is the group's part of the summary; nil where nothing counted.
func (g *group) result() []Call {
	var calls []Call
	for i := range g.calls {
		x := &g.calls[i]
		if x.events() == 0 {
			continue
		}
		calls = append(calls, x.of())
	}
	slices.SortFunc(calls, compareCalls)
	return calls
}

// at is the time of milliseconds since the epoch; zero for none.
func at(ms int64) time.Time {
	if ms == noTime {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func compareCalls(a, b Call) int {
	if c := archOrder(a.Arch, b.Arch); c != 0 {
		return c
	}
	if c := cmp.Compare(a.NR, b.NR); c != 0 {
		return c
	}
	return cmp.Compare(a.Action, b.Action)
}

func archOrder(a, b syscalltable.Arch) int {
	if a == b {
		return 0
	}
	return strings.Compare(a.String(), b.String())
}
