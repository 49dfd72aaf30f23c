package tally

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// summary returns the groups, in order, with their keys, and the number of
// events that were counted in two renderings.
func (c *Counts) summary() (by []aggregate.Key, groups []aggregate.Group, twice int64) {
	by = aggregate.DefaultKeys()
	if c.filter.NeedsSubj() {
		by = slices.Insert(by, len(by)-1, aggregate.BySubj) // before pid
	}
	if len(c.groups) > c.room || c.tree.Exceeded() && c.undivided {
		c.divide()
	}
	all := c.inOrder(aggregate.KnownBy(by))
	for len(all) > 0 {
		same := 1 // more: groups of several users, or of a container that was found in several ways
		for same < len(all) && all[same].rank == all[0].rank {
			same++
		}
		g, pairs := c.unite(all[:same], by)
		twice += pairs
		if len(g.Calls) > 0 {
			groups = append(slices.Grow(groups, len(all)), g)
		}
		all = all[same:]
	}
	return by, groups, twice
}

// unite returns the group that groups of one rank are in a summary.
func (c *Counts) unite(same []ranked, by []aggregate.Key) (one aggregate.Group, twice int64) {
	if len(same) == 1 {
		return c.result(&same[0])
	}
	groups := make([]aggregate.Group, len(same))
	for i := range same {
		var pairs int64
		groups[i], pairs = c.result(&same[i])
		twice += pairs
	}
	return aggregate.Unite(groups, by)[0], twice
}

// rank is the place of a group in the order of a summary: that of its node,
// container, exe, comm, subj and pid, and what is folded. To compare the names
// themselves for each pair of groups takes ten times as long.
type rank [4]uint64

func (r *rank) compare(o *rank) int {
	for i := range r {
		if r[i] != o[i] {
			return cmp.Compare(r[i], o[i])
		}
	}
	return 0
}

func pair(high, low uint32) uint64 { return uint64(high)<<32 | uint64(low) }

// ranked is a group with its rank.
type ranked struct {
	rank      rank
	key       groupKey
	container *container.Identity
	folded    aggregate.KeySet
	group     *group
}

// inOrder returns the groups in the order of a summary that tells some keys.
func (c *Counts) inOrder(told aggregate.KeySet) []ranked {
	names, containers := c.rankNames(), c.rankContainers()
	all := make([]ranked, 0, len(c.groups))
	for k, g := range c.groups {
		in := containers[k.container]
		r := ranked{key: k, container: in.container, group: g}
		if k.pid == foldedPID {
			r.folded = aggregate.KeysBelow(c.level(k)) & told
			r.key = k.unfold()
		}
		r.rank = rank{
			pair(names[r.key.node], in.rank), pair(names[r.key.exe], names[r.key.comm]),
			pair(names[r.key.subj], uint32(r.key.pid)^1<<31), uint64(r.folded),
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b ranked) int { return a.rank.compare(&b.rank) })
	return all
}

// unfold returns the key with nothing for what the name of a folded part lacks.
func (k groupKey) unfold() groupKey {
	for _, id := range [...]*uint32{&k.node, &k.comm, &k.exe, &k.subj} {
		if *id == folded {
			*id = 0
		}
	}
	k.pid = 0
	return k
}

// rankNames returns the ranks of the names, by their numbers.
func (c *Counts) rankNames() []uint32 {
	names := c.names.names
	order := make([]uint32, len(names))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(names[a].text, names[b].text) })
	ranks := make([]uint32, len(names))
	for i, id := range order {
		ranks[id] = uint32(i)
	}
	return ranks
}

// rankedContainer is a container, and its rank among those of the groups.
type rankedContainer struct {
	rank      uint32
	container *container.Identity // of the equal ones the first in order
}

// rankContainers returns the ranks of the containers; those that differ only in
// how they were found have the same.
func (c *Counts) rankContainers() map[*container.Identity]rankedContainer {
	ranks := map[*container.Identity]rankedContainer{}
	for k := range c.groups {
		ranks[k.container] = rankedContainer{}
	}
	var last rankedContainer
	for _, id := range slices.SortedFunc(maps.Keys(ranks), compareContainers) {
		if last.container == nil || !isSame(last.container, id) {
			last = rankedContainer{last.rank + 1, id}
		}
		ranks[id] = last
	}
	return ranks
}

func compareContainers(a, b *container.Identity) int {
	return aggregate.CompareGroups(aggregate.Group{Container: a}, aggregate.Group{Container: b})
}

// isSame reports whether two values are of one container.
func isSame(a, b *container.Identity) bool {
	return a.ID == b.ID && a.Name == b.Name && a.Manager == b.Manager && a.Nested == b.Nested
}

// result returns a group as a summary has it, and the number of its events that
// were counted in two renderings.
func (c *Counts) result(r *ranked) (g aggregate.Group, twice int64) {
	g = c.fields(r.key)
	g.Container, g.Folded = r.container, r.folded
	g.Calls, twice = r.group.result()
	g.Recount()
	return g, twice
}
