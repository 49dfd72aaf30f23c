package liveview

import (
	"cmp"
	"hash/maphash"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// mostRows are as many as anybody would page through.
const mostRows = 1000

// row is a call of a group.
type row struct {
	id    rowID
	group *aggregate.Group
	call  *aggregate.Call
	since time.Time // when it was seen first, here; zero: it was there before
	rate  float64   // records a second; negative: not known
}

// rowID tells rows apart from summary to summary.
type rowID struct {
	group  uint64 // a hash: names have no bound
	arch   syscalltable.Arch
	nr     int32
	action syscalltable.Action
	folded bool
}

var seed = maphash.MakeSeed()

// groupHash is the same for the same group of every summary.
func groupHash(g *aggregate.Group) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	for _, k := range aggregate.Keys() {
		h.WriteString(g.Value(k))
		h.WriteByte(0)
	}
	if g.Container != nil {
		h.WriteString(g.Container.ID)
	}
	return h.Sum64()
}

// rowsOf returns all rows of a summary.
func rowsOf(s *aggregate.Summary) []row {
	var all []row
	for i := range s.Groups {
		g := &s.Groups[i]
		hash := groupHash(g)
		for j := range g.Calls {
			c := &g.Calls[j]
			all = append(all, row{id: rowID{hash, c.Arch, c.NR, c.Action, c.Folded}, group: g, call: c, rate: -1})
		}
	}
	return all
}

// wants reports whether a row is to be shown.
func (m *model) wants(r *row) bool {
	switch {
	case m.denials && !r.call.Action.Denied():
		return false
	case !m.since.IsZero() && !r.since.After(m.since):
		return false
	case m.filter == "":
		return true
	}
	text := []string{r.call.String(), r.call.Arch.String(), r.call.Action.String()}
	for _, k := range m.groupings[m.grouping] {
		text = append(text, r.group.Value(k))
	}
	return strings.Contains(strings.ToLower(strings.Join(text, " ")), strings.ToLower(m.filter))
}

// order is that of the rows; its values are the places in orders.
type order int

// orders are named as those of a report are, if that has them.
var orders = [...]struct {
	name    string
	compare func(a, b *row) int
}{
	{"last", func(a, b *row) int { return cmp.Compare(b.call.Last.Millis(), a.call.Last.Millis()) }},
	{"count", func(a, b *row) int { return cmp.Compare(b.call.Count, a.call.Count) }},
	{"rate", func(a, b *row) int { return cmp.Compare(b.rate, a.rate) }},
	{"new", func(a, b *row) int { return cmp.Compare(b.call.First.Millis(), a.call.First.Millis()) }},
	{"first", func(a, b *row) int { return cmp.Compare(a.call.First.Millis(), b.call.First.Millis()) }},
	{"name", func(a, b *row) int { return cmp.Compare(a.call.String(), b.call.String()) }},
	{"nr", func(a, b *row) int { return cmp.Compare(a.call.NR, b.call.NR) }},
}

// orderNames returns the names of the orders.
func orderNames() []string {
	names := make([]string, len(orders))
	for i := range orders {
		names[i] = orders[i].name
	}
	return names
}

// compare orders two rows; those that are equal stay in the order of the
// summary.
func (o order) compare(a, b row) int { return orders[o].compare(&a, &b) }
