package aggregate

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/share"
)

// MaxGroups bounds the groups of a summary: a power of two. When there are more,
// those who make the most lose the detail of theirs, and nobody else: what is
// lost is in [Group.Folded], and their counts and sets of calls stay exact.
const MaxGroups = 32 << 10

// The levels of the tree in which groups share the room that there is: what a
// process can choose for itself is below what it cannot. An owner is who answers
// for a container; outside of containers it is the user.
const (
	LevelAll = iota
	LevelOwner
	LevelContainer // without what is nested in it
	LevelNested
	LevelNode
	LevelExe
	LevelComm
	LevelSubj
	LevelGroup
)

// keysAt are the keys that are known from a level on.
var keysAt = [...]KeySet{
	LevelOwner:     SetOf(ByManager, ByNamespace),
	LevelContainer: SetOf(ByContainer, ByPod, ByWorkload),
	LevelNested:    SetOf(ByNested),
	LevelNode:      SetOf(ByNode),
	LevelExe:       SetOf(ByExe),
	LevelComm:      SetOf(ByComm),
	LevelSubj:      SetOf(BySubj),
	LevelGroup:     SetOf(ByPID),
}

// KeysBelow returns the keys that a part of the tree lacks when it is folded.
func KeysBelow(l int) (lost KeySet) {
	for _, keys := range keysAt[l+1:] {
		lost |= keys
	}
	return lost
}

// level returns the level of the part that a group stands for.
func (g *Group) level() int {
	for l, keys := range keysAt {
		if g.Folded&keys != 0 {
			return l - 1
		}
	}
	return LevelGroup
}

// place is where a group is in the tree: the numbers of its values at each level.
type place [LevelGroup]uint32

// foldedValue stands for many values.
const foldedValue = math.MaxUint32

// numbers gives each text a number.
type numbers map[string]uint32

func (n numbers) number(text string) uint32 {
	id, ok := n[text]
	if !ok {
		id = uint32(len(n))
		n[text] = id
	}
	return id
}

// cut returns the place of the part of the tree that p is in.
func (p place) cut(level int) place {
	for i := level; i < len(p); i++ {
		p[i] = foldedValue
	}
	return p
}

// place returns where a group is.
func (n numbers) place(g *Group) place {
	within, nested := g.Pod+"\x00"+g.Workload, g.Nested
	owner := container.Identity{ID: g.Manager + g.Namespace}
	if id := g.Container; id != nil {
		owner = *id
		if !g.Folded.Has(ByContainer) {
			owner = id.Owner()
		}
		within, nested = id.ID+"\x00"+id.Name, id.Nested
	}
	p := place{n.number(owner.ID), n.number(within), n.number(nested), n.number(g.Node), n.number(g.Exe), n.number(g.Comm), n.number(g.Subj), uint32(g.PID)}
	return p.cut(g.level())
}

// fold returns the group as a part of a level that it belongs to.
func (g *Group) fold(l int) Group {
	out := Group{Node: g.Node, Container: g.Container, Nested: g.Nested, Manager: g.Manager, Pod: g.Pod, Namespace: g.Namespace, Workload: g.Workload,
		Exe: g.Exe, Comm: g.Comm, Subj: g.Subj, Folded: g.Folded | KeysBelow(l), Calls: g.Calls}
	for _, f := range []struct {
		key   Key
		value *string
	}{{ByNode, &out.Node}, {ByNested, &out.Nested}, {ByManager, &out.Manager}, {ByPod, &out.Pod}, {ByNamespace, &out.Namespace},
		{ByWorkload, &out.Workload}, {ByExe, &out.Exe}, {ByComm, &out.Comm}, {BySubj, &out.Subj}} {
		if out.Folded.Has(f.key) {
			*f.value = ""
		}
	}
	out.Container = g.containerAt(l)
	return out
}

// containerAt returns what a part of a level that the group belongs to has for
// a container.
func (g *Group) containerAt(l int) *container.Identity {
	if g.Container == nil || l == LevelAll {
		return nil
	}
	id := *g.Container
	switch {
	case g.Folded.Has(ByContainer):
	case l == LevelOwner:
		id = id.Owner()
	case l == LevelContainer:
		id.Nested = ""
	}
	return &id
}

// Whose says whose groups were folded into this one: the values that it has, or
// the owner of its containers.
func (g *Group) Whose() string {
	if g.Folded.Has(ByContainer) && g.Container != nil {
		return g.Container.ID
	}
	var values []string
	for _, k := range Keys() {
		if v := g.Value(k); v != "" && k != ByPID {
			values = append(values, string(k)+" "+v)
		}
	}
	return cmp.Or(strings.Join(values, ", "), "all others")
}

// foldExcess folds the groups of a summary by some keys until there is room for
// them.
func foldExcess(groups []Group, by []Key) []Group {
	if len(groups) <= MaxGroups {
		return groups
	}
	tree := share.Tree[place]{Depth: len(place{}), Cut: place.cut}
	places, names := make([]place, len(groups)), numbers{}
	for i := range groups {
		places[i] = names.place(&groups[i])
		if l := groups[i].level(); l < LevelGroup {
			tree.Exceed(places[i])
		}
	}
	tree.Divide(MaxGroups, slices.Values(places))
	folded := make([]Group, len(groups))
	for i := range groups {
		folded[i] = groups[i]
		if _, level, ok := tree.Folded(places[i]); ok {
			folded[i] = groups[i].fold(level)
		}
	}
	return Unite(folded, by)
}
