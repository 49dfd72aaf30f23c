package tally

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// form is a kind of rendering. Without auditd, journald shows a kernel event
// twice, once without its serial. The two forms are counted apart, and the
// larger count is the number of events. Events made from such a journal have
// both.
type form uint8

const (
	formOther  form = iota
	formKernel      // printk's
	formBare        // journald's without a serial
	forms           // how many there are
)

func formOf(r *parser.Record) form {
	switch {
	case r.Form == parser.FormKernel, r.Form == parser.FormEvent && r.HasSerial:
		return formKernel
	case (r.Form == parser.FormJournal || r.Form == parser.FormEvent) && !r.HasSerial:
		return formBare
	}
	return formOther
}

// callID identifies a call within a group. It is passed by pointer: copying the
// small fields that were just written costs as much as a search.
type callID struct {
	arch   syscalltable.Arch
	nr     int32
	action syscalltable.Action
	folded bool
	form   form
}

// name is the call's name; "" where the number is in no table.
func (id *callID) name() string {
	if id.folded {
		return ""
	}
	name, _ := id.arch.Name(id.nr)
	return name
}

// foldNumber returns the call that stands for all numbers without a name of
// id's arch and action.
func (id *callID) foldNumber() *callID {
	return &callID{arch: id.arch, nr: -1, action: id.action, folded: true, form: id.form}
}

// maxOdd bounds the distinct numbers without a name that a group lists: a
// program can make up four billion of them.
const maxOdd = 256

// group counts the calls of one group, separately for each form. Nearly all
// groups have a single form, which is stored in the group itself.
type group struct {
	callSet
	further *furtherForms // nil: there is one form only
	folded  bool          // there were too many calls without a name
	odd     int           // distinct calls without a name
}

// furtherForms are the calls of the forms that came after the first.
type furtherForms [forms - 1]callSet

// set returns the calls of a form, nil if there are none.
func (g *group) set(f form) *callSet {
	if g.form == f || len(g.calls) == 0 {
		g.form = f
		return &g.callSet
	}
	if g.further == nil {
		return nil
	}
	for i := range g.further {
		if s := &g.further[i]; s.form == f && len(s.calls) > 0 {
			return s
		}
	}
	return nil
}

// newSet makes a set for the calls of a form that has none.
func (g *group) newSet(f form) *callSet {
	if g.further == nil {
		g.further = &furtherForms{}
	}
	i := slices.IndexFunc(g.further[:], func(s callSet) bool { return len(s.calls) == 0 })
	g.further[i] = callSet{form: f}
	return &g.further[i]
}

// call returns the counter of a call, making it if needed; nil if the filter
// leaves it out.
func (g *group) call(f *aggregate.Filter, id *callID) *aggregate.Call {
	if s := g.set(id.form); s != nil {
		if c := s.find(id); c != nil {
			return c
		}
	}
	return g.newCall(f, id)
}

// newCall makes the counter of a call that has none.
func (g *group) newCall(f *aggregate.Filter, id *callID) *aggregate.Call {
	name := id.name()
	if !f.MatchesCall(id.arch, id.action, name) {
		return nil
	}
	if name == "" && !id.folded {
		if g.folded {
			return g.call(f, id.foldNumber())
		}
		if g.odd++; g.odd > maxOdd {
			g.foldNumbers()
			return g.call(f, id)
		}
	}
	s := g.set(id.form)
	if s == nil {
		s = g.newSet(id.form)
	}
	return s.add(id)
}

// foldNumbers replaces the calls without a name by one for each arch and
// action.
func (g *group) foldNumbers() {
	old := *g
	*g = group{folded: true, odd: g.odd}
	old.each(func(id *callID, c *aggregate.Call) { g.sum(id, c, 1) })
}

// each calls f for each call, in every form.
func (g *group) each(f func(id *callID, c *aggregate.Call)) {
	g.callSet.each(f)
	if g.further != nil {
		for i := range g.further {
			g.further[i].each(f)
		}
	}
}

// sum adds the counts of x, which has passed the filter, or subtracts them if
// sign is -1.
func (g *group) sum(id *callID, x *aggregate.Call, sign int64) {
	c := g.call(nil, id)
	c.Count += sign * x.Count
	c.Widen(x.First.Millis(), x.Last.Millis())
}

// merge adds the counts of o, or subtracts them if sign is -1.
func (g *group) merge(o *group, sign int64) {
	if o.folded && !g.folded {
		g.foldNumbers()
	}
	o.each(func(id *callID, c *aggregate.Call) { g.sum(id, c, sign) })
}

// seen returns how often a call was seen, in any rendering.
func (g *group) seen(c *aggregate.Call) int64 {
	var n renderings
	for f := range forms {
		id := callID{c.Arch, c.NR, c.Action, c.Folded, f}
		if s := g.set(f); s != nil {
			if c := s.find(&id); c != nil {
				n[f] = c.Count
			}
		}
	}
	return n.events()
}

// renderings are the counts of a call in each form.
type renderings [forms]int64

// events returns the number of events: a bare record is the second rendering of
// a kernel one, as long as there are both.
func (n *renderings) events() int64 { return n[formOther] + max(n[formKernel], n[formBare]) }

func (n *renderings) pairs() int64 { return min(n[formKernel], n[formBare]) }

// result returns the group's part of the summary, empty if nothing counted, and
// the number of events that were counted in two renderings.
func (g *group) result() (calls []aggregate.Call, twice int64) {
	if g.further == nil {
		return g.share(), 0
	}
	all := g.counted()
	for len(all) > 0 {
		c, n, same := all[0].call, renderings{}, 0
		for ; same < len(all) && aggregate.CompareCalls(all[same].call, c) == 0; same++ {
			x := &all[same]
			n[x.form] = x.call.Count
			c.Widen(x.call.First.Millis(), x.call.Last.Millis())
		}
		c.Count = n.events()
		calls, twice, all = append(calls, c), twice+n.pairs(), all[same:]
	}
	return calls, twice
}

// formedCall is a call and the form that it was counted in.
type formedCall struct {
	form form
	call aggregate.Call
}

// counted returns the calls of all forms, in the order of a summary.
func (g *group) counted() (all []formedCall) {
	g.each(func(id *callID, c *aggregate.Call) {
		if c.Count != 0 { // else all were subtracted
			all = append(all, formedCall{id.form, *c})
		}
	})
	slices.SortFunc(all, func(a, b formedCall) int { return aggregate.CompareCalls(a.call, b.call) })
	return all
}
