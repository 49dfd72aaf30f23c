package tally

import (
	"math"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// groupKey has no gaps between its fields: a map takes twice as long for keys
// that cannot be compared as a whole.
type groupKey struct {
	node, comm, exe uint32
	subj            uint32 // 0 unless the filter needs it
	user            uint32 // who started what is in no container
	pid             int32
	container       *container.Identity
}

// The values of what a key lacks because it is the name of a folded part. No
// kernel gives a process the number foldedPID.
const (
	folded    = math.MaxUint32
	foldedPID = math.MinInt32
)

// userOf returns who answers for a process outside of containers: the user who
// logged in, whatever user the process became since, else the process's own.
func userOf(auid, uid uint32) uint32 {
	const nobody = folded - 1
	for _, id := range [...]uint32{auid, uid} {
		if id != folded {
			return id
		}
	}
	return nobody
}

// cut returns the name of the part of the tree that a key belongs to at a level.
func (c *Counts) cut(k groupKey, level int) groupKey {
	k.container = c.places.at(k.container, level)
	if level < aggregate.LevelGroup {
		k.pid = foldedPID
	}
	for _, f := range [...]struct {
		level int
		value *uint32
	}{{aggregate.LevelOwner, &k.user}, {aggregate.LevelNode, &k.node}, {aggregate.LevelExe, &k.exe}, {aggregate.LevelComm, &k.comm}, {aggregate.LevelSubj, &k.subj}} {
		if level < f.level {
			*f.value = folded
		}
	}
	return k
}

// level returns the level of the part that a key is the name of.
func (c *Counts) level(k groupKey) int {
	switch {
	case k.pid != foldedPID:
		return aggregate.LevelGroup
	case k.subj != folded:
		return aggregate.LevelSubj
	case k.comm != folded:
		return aggregate.LevelComm
	case k.exe != folded:
		return aggregate.LevelExe
	case k.node != folded:
		return aggregate.LevelNode
	case k.container == nil && k.user == folded:
		return aggregate.LevelAll
	case c.places.owners[k.container]:
		return aggregate.LevelOwner
	case k.container != nil && k.container.Nested == "":
		return aggregate.LevelContainer
	}
	return aggregate.LevelNested // also what is in no container
}

// places are the containers of the parts of the tree, each once.
type places struct {
	byText map[string]*container.Identity
	owners map[*container.Identity]bool
	// found remembers what at returns for the containers of records.
	found map[*container.Identity]*[aggregate.LevelNode]*container.Identity
}

func newPlaces() places {
	return places{map[string]*container.Identity{}, map[*container.Identity]bool{}, map[*container.Identity]*[aggregate.LevelNode]*container.Identity{}}
}

// at returns the container of the parts of a level that the records of a
// container belong to.
func (p *places) at(id *container.Identity, level int) *container.Identity {
	switch {
	case id == nil || level == aggregate.LevelAll:
		return nil
	case level == aggregate.LevelGroup || p.owners[id]:
		return id
	}
	level = min(level, aggregate.LevelNested)
	found := p.found[id]
	if found == nil {
		if len(p.found) > aggregate.MaxGroups {
			clear(p.found) // of a folded owner's containers there is no end
		}
		found = &[aggregate.LevelNode]*container.Identity{}
		p.found[id] = found
	}
	if found[level] == nil {
		found[level] = p.make(*id, level)
	}
	return found[level]
}

// make returns the container of a level.
func (p *places) make(id container.Identity, level int) *container.Identity {
	id.Via = ""
	switch level {
	case aggregate.LevelOwner:
		return p.owner(id.Owner())
	case aggregate.LevelContainer:
		id.Nested = ""
	}
	return p.intern(id)
}

func (p *places) intern(id container.Identity) *container.Identity {
	text := placeText(&id)
	if p.byText[text] == nil {
		p.byText[text] = &id
	}
	return p.byText[text]
}

func placeText(id *container.Identity) string {
	return strings.Join([]string{id.Owner().ID, id.ID, id.Name, id.Manager, id.Nested}, "\x00")
}

// owner returns the one value for an owner, which is no container.
func (p *places) owner(id container.Identity) *container.Identity {
	text := "\x00" + id.ID
	if p.byText[text] == nil {
		p.byText[text] = &id
		p.owners[&id] = true
	}
	return p.byText[text]
}

// keep has p know a container of o's as o does.
func (p *places) keep(id *container.Identity, o *places) {
	switch {
	case id == nil:
	case o.owners[id]:
		p.byText["\x00"+id.ID], p.owners[id] = id, true
	default:
		p.byText[placeText(id)] = id
	}
}

// adopt returns p's value for the container of a part that o has the name of.
func (p *places) adopt(id *container.Identity, o *places) *container.Identity {
	switch {
	case id == nil:
		return nil
	case o.owners[id]:
		return p.owner(*id)
	}
	return p.intern(*id)
}
