package tally

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// MaxGroups bounds the groups. When there are more, the pid is dropped from the
// keys, then comm, exe, node and subj: counts and sets of calls stay exact, only
// detail is lost. Which keys remain depends on the records alone, not on their
// order.
const MaxGroups = 32 << 10

// foldOrder are the keys to drop, in order, when there are too many groups.
var foldOrder = [...]aggregate.Key{aggregate.ByPID, aggregate.ByComm, aggregate.ByExe, aggregate.ByNode, aggregate.BySubj}

// Counts are how often each group has made each call. They add up in any
// order.
type Counts struct {
	filter *aggregate.Filter
	names  interner
	folded int // number of keys of foldOrder that are dropped
	groups map[groupKey]*group
}

// groupKey has no gaps between its fields: a map takes twice as long for keys
// that cannot be compared as a whole.
type groupKey struct {
	node, comm, exe uint32
	subj            uint32 // 0 unless the filter needs it
	pid             int64
	container       *container.Identity
}

func newCounts(f *aggregate.Filter) Counts {
	return Counts{filter: f, names: newInterner(), groups: map[groupKey]*group{}}
}

// group returns the group of a key, making it if needed; nil if the filter
// leaves it out. A group that exists has passed the filter, unless keys that
// the filter uses are folded.
func (c *Counts) group(k groupKey) *group {
	folded := k.fold(c.folded)
	g, ok := c.groups[folded]
	if !ok || c.folded > 0 {
		if fields := c.fields(k); !c.filter.MatchesGroup(&fields) {
			return nil
		}
	}
	if ok {
		return g
	}
	return c.newGroup(folded)
}

// newGroup makes a group for a key that has none.
func (c *Counts) newGroup(k groupKey) *group {
	if len(c.groups) >= MaxGroups && c.folded < len(foldOrder) {
		c.fold(c.folded + 1)
		k = k.fold(c.folded)
		if g, ok := c.groups[k]; ok {
			return g
		}
		return c.newGroup(k)
	}
	g := &group{}
	c.groups[k] = g
	return g
}

// fields returns the values that a key stands for.
func (c *Counts) fields(k groupKey) aggregate.Group {
	n := c.names.names
	return aggregate.Group{Node: n[k.node].text, Container: k.container, Exe: n[k.exe].text, Comm: n[k.comm].text, Subj: n[k.subj].text, PID: int32(k.pid)}
}

// fold drops the first n keys of foldOrder.
func (k groupKey) fold(n int) groupKey {
	if n > 0 {
		k.pid = 0
	}
	if n > 1 {
		k.comm = 0
	}
	if n > 2 {
		k.exe = 0
	}
	if n > 3 {
		k.node = 0
	}
	if n > 4 {
		k.subj = 0
	}
	return k
}

// fold merges the groups that differ only in the first n keys of foldOrder.
func (c *Counts) fold(n int) {
	old := c.groups
	c.folded, c.groups = n, make(map[groupKey]*group, len(old)/2)
	for k, g := range old {
		k = k.fold(n)
		if into, ok := c.groups[k]; ok {
			into.merge(g, 1)
		} else {
			c.groups[k] = g
		}
	}
	if len(c.groups) > MaxGroups && n < len(foldOrder) {
		c.fold(n + 1)
	}
}

// forget drops the names that no group uses.
func (c *Counts) forget() {
	old, groups := c.names.names, c.groups
	c.names, c.groups = newInterner(), make(map[groupKey]*group, len(groups))
	for k, g := range groups {
		k.node, k.comm, k.exe = c.names.add(old[k.node].text), c.names.add(old[k.comm].text), c.names.add(old[k.exe].text)
		k.subj = c.names.add(old[k.subj].text)
		c.groups[k] = g
	}
	c.names.live = c.names.size
}

// take returns the counts and leaves none.
func (c *Counts) take() *Counts {
	taken := &Counts{filter: c.filter, names: c.names, groups: c.groups, folded: c.folded}
	*c = newCounts(c.filter)
	return taken
}

// merge adds the counts of o, which has the same filter and must not be used
// afterwards.
func (c *Counts) merge(o *Counts) {
	if len(c.groups) == 0 && len(o.groups) > 0 {
		c.names, c.groups, c.folded = o.names, o.groups, o.folded
		return
	}
	c.sum(o, 1)
}

// sum adds the counts of o if sign is 1, and subtracts them if it is -1.
func (c *Counts) sum(o *Counts, sign int64) {
	ids := c.translate(&o.names)
	if o.folded > c.folded {
		c.fold(o.folded)
	}
	for k, g := range o.groups {
		k = groupKey{ids[k.node], ids[k.comm], ids[k.exe], ids[k.subj], k.pid, k.container}.fold(c.folded)
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

// summary returns the groups, in order, with their keys, and the number of
// events that were counted in two renderings.
func (c *Counts) summary() (by []aggregate.Key, groups []aggregate.Group, twice int64) {
	by = aggregate.DefaultKeys()
	if c.filter.NeedsSubj() {
		by = slices.Insert(by, len(by)-1, aggregate.BySubj) // before pid
	}
	by = slices.DeleteFunc(by, func(k aggregate.Key) bool { return slices.Contains(foldOrder[:c.folded], k) })
	known := false
	for k, g := range c.groups {
		calls, pairs := g.result()
		twice += pairs
		if len(calls) == 0 {
			continue
		}
		out := c.fields(k)
		out.Calls = calls
		out.Recount()
		groups = append(groups, out)
		known = known || k.container != nil
	}
	slices.SortFunc(groups, aggregate.CompareGroups)
	if known {
		groups = aggregate.Unite(groups, by) // a container may have been found in several ways: the first in order is kept
	}
	return by, groups, twice
}
