package tally

import (
	"maps"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/share"
)

// Counts are how often each group has made each call. They add up in any
// order.
type Counts struct {
	filter *aggregate.Filter
	room   int // for groups
	names  interner
	groups map[groupKey]*group
	tree   share.Tree[groupKey]
	places places
	// divisions counts how often groups were folded: a group that was found
	// before may be gone since.
	divisions int
	undivided bool // groups were made since
}

func newCounts(f *aggregate.Filter, room int) Counts {
	return Counts{filter: f, room: room, names: newInterner(), groups: map[groupKey]*group{}, places: newPlaces()}
}

// group returns the group of a key, making it if needed; nil if the filter
// leaves it out. A group that exists has passed the filter.
func (c *Counts) group(k groupKey) *group {
	if g, ok := c.groups[k]; ok {
		return g
	}
	if fields := c.fields(k); !c.filter.MatchesGroup(&fields) {
		return nil
	}
	return c.newGroup(k)
}

// newGroup returns the group for a key that has none of its own: that of the
// folded part it belongs to, or a new one.
func (c *Counts) newGroup(k groupKey) *group {
	if len(c.groups) >= c.room+c.room/4 { // so that a division is paid for by the groups made since the one before
		c.divide()
	}
	k = c.foldedKey(k)
	if g, ok := c.groups[k]; ok {
		return g
	}
	g := &group{}
	c.groups[k], c.undivided = g, true
	return g
}

// foldedKey returns the name of the folded part that a key belongs to, else the
// key.
func (c *Counts) foldedKey(k groupKey) groupKey {
	if !c.tree.Exceeded() {
		return k
	}
	c.plant()
	name, _, _ := c.tree.Folded(k)
	return name
}

// plant has the tree cut keys by the containers that these counts know: it was
// that of other counts, or of none.
func (c *Counts) plant() {
	c.tree.Depth, c.tree.Cut = aggregate.LevelGroup, c.cut
}

// divide folds what exceeds its share of the room.
func (c *Counts) divide() {
	c.plant()
	c.tree.Divide(c.room, maps.Keys(c.groups))
	old := c.groups
	c.groups = make(map[groupKey]*group, len(old))
	for k, g := range old {
		c.join(c.foldedKey(k), g)
	}
	c.divisions++
	c.undivided = false
	before := c.places
	c.places = newPlaces()
	for name := range c.tree.Names() {
		c.places.keep(name.container, &before)
	}
}

// join adds a group to that of a key, or makes it that.
func (c *Counts) join(k groupKey, g *group) {
	if into, ok := c.groups[k]; ok {
		into.merge(g, 1)
	} else {
		c.groups[k] = g
	}
}

// fields returns the values that a key stands for.
func (c *Counts) fields(k groupKey) aggregate.Group {
	n := c.names.names
	return aggregate.Group{Node: n[k.node].text, Container: k.container, Exe: n[k.exe].text, Comm: n[k.comm].text, Subj: n[k.subj].text, PID: k.pid}
}

// forget drops the names that no group uses.
func (c *Counts) forget() {
	old := *c
	c.names, c.groups = newInterner(), make(map[groupKey]*group, len(old.groups))
	renamed := func(k groupKey) groupKey {
		return k.rename(func(id uint32) uint32 { return c.names.add(old.names.names[id].text) })
	}
	for k, g := range old.groups {
		c.groups[renamed(k)] = g
	}
	c.tree = share.Tree[groupKey]{}
	c.tree.Inherit(&old.tree, renamed)
	c.names.live = c.names.size
}

// rename returns the key with other numbers for its names.
func (k groupKey) rename(number func(uint32) uint32) groupKey {
	for _, id := range [...]*uint32{&k.node, &k.comm, &k.exe, &k.subj} {
		if *id != folded {
			*id = number(*id)
		}
	}
	return k
}

// take returns the counts and leaves none.
func (c *Counts) take() *Counts {
	taken := *c
	*c = newCounts(c.filter, c.room)
	return &taken
}

// merge adds the counts of o, which has the same filter and must not be used
// afterwards.
func (c *Counts) merge(o *Counts) {
	if len(c.groups) == 0 && len(o.groups) > 0 {
		divisions := c.divisions + o.divisions + 1
		*c = *o
		c.divisions = divisions
		return
	}
	c.sum(o, 1)
}

// sum adds the counts of o if sign is 1, and subtracts them if it is -1.
func (c *Counts) sum(o *Counts, sign int64) {
	ids := c.translate(&o.names)
	translated := func(k groupKey) groupKey {
		if k.pid == foldedPID {
			k.container = c.places.adopt(k.container, &o.places)
		}
		return k.rename(func(id uint32) uint32 { return ids[id] })
	}
	c.tree.Inherit(&o.tree, translated)
	if o.tree.Exceeded() {
		c.divide() // has what these counts have not folded yet join what o has
	}
	for k, g := range o.groups {
		k = translated(k)
		into, ok := c.groups[k]
		if !ok {
			into = c.newGroup(k)
		}
		into.merge(g, sign)
	}
	if c.names.full() {
		c.forget()
	}
}

// translate returns c's number for each name of o.
func (c *Counts) translate(o *interner) []uint32 {
	ids := make([]uint32, len(o.names))
	for i, n := range o.names {
		ids[i] = c.names.add(n.text)
	}
	return ids
}
