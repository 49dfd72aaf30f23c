package aggregate

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// group counts the calls of one group.
type group struct {
	calls  []Call
	slots  []uint32 // hash of a call to 1 + its place in calls; nil: few calls
	shared bool     // a summary holds calls, which must not change
	forms  uint8    // of the calls, one bit each
	folded bool     // there were too many calls without a name
	odd    int      // distinct calls without a name
}

// form is a kind of rendering. Journald shows an event of the kernel twice
// when no auditd runs, once without its serial: the two are counted apart, and
// the larger count is the number of events.
type form uint8

const (
	formOther  form = iota
	formKernel      // printk's
	formBare        // journald's without a serial
)

func formOf(r *parser.Record) form {
	switch {
	case r.Form == parser.FormKernel:
		return formKernel
	case r.Form == parser.FormJournal && !r.HasSerial:
		return formBare
	}
	return formOther
}

// callID is what calls of one group are told apart by. It goes by its address:
// a copy made of small parts just written costs as much as a search.
type callID struct {
	arch   syscalltable.Arch
	nr     int32
	action syscalltable.Action
	folded bool
	form   form
}

func (c *Call) id() callID { return callID{c.Arch, c.NR, c.Action, c.Folded, c.form} }

func (c *Call) is(id *callID) bool {
	return c.NR == id.nr && c.Arch == id.arch && c.Action == id.action && c.form == id.form && c.Folded == id.folded
}

// name is the call's name; "" where the number is in no table.
func (id *callID) name() string {
	name, _ := id.arch.Name(id.nr)
	return name
}

// slot is where the search for a call begins. A group mostly has one
// architecture and action, and its numbers are small.
func (id *callID) slot(mask int) int {
	h := uint64(uint32(id.nr)) | uint64(id.arch)<<16 ^ uint64(id.action)<<9 ^ uint64(id.form)<<13
	return int(h*0x9e3779b97f4a7c15>>32) & mask
}

// fewCalls need no slots.
const fewCalls = 8

// call returns the counter of a call, making it where needed; nil if the
// filter leaves it out.
func (g *group) call(f *Filter, id *callID) *Call {
	if c := g.find(id); c != nil {
		return c
	}
	return g.newCall(f, id)
}

// find returns the counter of a call, nil if it has none.
func (g *group) find(id *callID) *Call {
	if mask := len(g.slots) - 1; mask >= 0 {
		for i := id.slot(mask); g.slots[i] != 0; i = (i + 1) & mask {
			if c := &g.calls[g.slots[i]-1]; c.is(id) {
				return c
			}
		}
		return nil
	}
	g.own()
	for i := range g.calls {
		if g.calls[i].is(id) {
			return &g.calls[i]
		}
	}
	return nil
}

// newCall makes the counter of a call that has none.
func (g *group) newCall(f *Filter, id *callID) *Call {
	name := ""
	if !id.folded {
		name = id.name()
	}
	if !f.call(id, name) {
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
	g.grow()
	g.calls = append(g.calls, Call{Arch: id.arch, NR: id.nr, Action: id.action, Folded: id.folded, form: id.form})
	g.forms |= 1 << id.form
	if 4*len(g.calls) > 3*len(g.slots) {
		g.reindex()
	} else {
		g.fill(len(g.calls) - 1)
	}
	return &g.calls[len(g.calls)-1]
}

// grow makes room for a call, and for a few more: of many groups, what append
// keeps free would be a third of all memory.
func (g *group) grow() {
	n := len(g.calls)
	if n < cap(g.calls) {
		return
	}
	calls := append([]Call(nil), make([]Call, n+1+n/4)...) // fills a size class of the allocator
	g.calls = calls[:copy(calls, g.calls)]
}

// foldNumber is the call that stands for all numbers like id's.
func (id *callID) foldNumber() *callID {
	return &callID{arch: id.arch, nr: -1, action: id.action, folded: true, form: id.form}
}

// reindex makes the slots anew, with room for more calls.
func (g *group) reindex() {
	if len(g.calls) <= fewCalls {
		return
	}
	size := 2 * fewCalls
	for 2*size < 3*len(g.calls) {
		size *= 2
	}
	g.slots = make([]uint32, size)
	for i := range g.calls {
		g.fill(i)
	}
}

// fill puts the i-th call into a slot.
func (g *group) fill(i int) {
	mask := len(g.slots) - 1
	id := g.calls[i].id()
	at := id.slot(mask)
	for g.slots[at] != 0 {
		at = (at + 1) & mask
	}
	g.slots[at] = uint32(i + 1)
}

// foldNumbers makes one call of all that have no name, for each arch and
// action.
func (g *group) foldNumbers() {
	g.own()
	old := g.calls
	g.folded, g.calls, g.slots = true, nil, nil
	for i := range old {
		g.sum(&old[i], 1)
	}
}

// sum adds the counts of x, which has passed the filter, sign times.
func (g *group) sum(x *Call, sign int64) {
	id := x.id()
	c := g.call(nil, &id)
	c.Count += sign * x.Count
	c.widen(x.First.Millis(), x.Last.Millis())
}

// merge adds the counts of o, sign times.
func (g *group) merge(o *group, sign int64) {
	o.own() // what a summary holds has lost its forms
	if o.folded && !g.folded {
		g.foldNumbers()
	}
	for i := range o.calls {
		g.sum(&o.calls[i], sign)
	}
}

// seen is how often a call was seen, in whatever rendering.
func (g *group) seen(c *Call) int64 {
	if g.forms == 1<<c.form {
		return c.Count
	}
	var n renderings
	id := c.id()
	for id.form = range formBare + 1 {
		if c := g.find(&id); c != nil {
			n[id.form] = c.Count
		}
	}
	return n.events()
}

// renderings are the counts of a call in each form.
type renderings [formBare + 1]int64

// events is the number of events: a bare record is the second rendering of a
// kernel one as far as there are both.
func (n *renderings) events() int64 { return n[formOther] + max(n[formKernel], n[formBare]) }

func (n *renderings) pairs() int64 { return min(n[formKernel], n[formBare]) }

// result is the group's part of the summary, empty where nothing counted, and
// how many events were counted in two renderings.
func (g *group) result() (calls []Call, twice int64) {
	if !g.shared {
		g.calls = slices.DeleteFunc(g.calls, func(c Call) bool { return c.Count == 0 }) // taken away again
		slices.SortFunc(g.calls, compareForms)
		g.slots = nil
	}
	if g.forms&(g.forms-1) == 0 {
		return g.share(), 0
	}
	g.reindex()
	for rest := g.calls; len(rest) > 0; {
		c, n, same := rest[0], renderings{}, 0
		for ; same < len(rest) && compareCalls(rest[same], c) == 0; same++ {
			n[rest[same].form] = rest[same].Count
			c.widen(rest[same].First.Millis(), rest[same].Last.Millis())
		}
		c.Count, c.form = n.events(), formOther
		calls, twice, rest = append(calls, c), twice+n.pairs(), rest[same:]
	}
	return calls, twice
}

// share hands the calls out, all of one form, instead of a copy: most
// summaries are made once, at the end.
func (g *group) share() []Call {
	g.setForm(formOther)
	g.slots, g.shared = nil, true
	return slices.Clip(g.calls)
}

// own makes the calls the group's own again.
func (g *group) own() {
	if !g.shared {
		return
	}
	g.calls, g.shared = slices.Clone(g.calls), false
	g.setForm(form(bits.TrailingZeros8(g.forms)))
	g.reindex()
}

func (g *group) setForm(f form) {
	for i := range g.calls {
		g.calls[i].form = f
	}
}

func compareCalls(a, b Call) int {
	if c := archOrder(a.Arch, b.Arch); c != 0 {
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

func compareForms(a, b Call) int { return cmp.Or(compareCalls(a, b), cmp.Compare(a.form, b.form)) }

func archOrder(a, b syscalltable.Arch) int {
	if a == b {
		return 0
	}
	return strings.Compare(a.String(), b.String())
}
