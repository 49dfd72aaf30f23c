package profile

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
)

// A Part is what one profile is made of where there is one for each value of a
// key.
type Part struct {
	Name      string              // of the value; no two parts share one
	Container *container.Identity // if the key is the container
	Summary   *aggregate.Summary
	Runtime   int64 // records of a container runtime's start-up among it
	// Folded is set if this is the records of whoever made too many groups to be
	// told apart by the key. They may be of any of the other parts.
	Folded bool
}

// Split divides a summary by the values of a key. What a container runtime does
// in a process before it becomes the program counts for the program. Containers
// are told apart by their id, whatever they are called, but those of a pod,
// which have a new one at each start, by their names.
//
// The parts are in the order of their names. Unattributed are records without a
// value of the key.
func Split(s *aggregate.Summary, key aggregate.Key) (parts []*Part, unattributed int64) {
	d := &splitter{key: key, started: map[process]string{}, byID: map[string]*Part{}}
	for i := range s.Groups {
		if g := &s.Groups[i]; runtimeOf(g) == RuntimeNone && !d.isFolded(g) {
			d.started[processOf(g)] = cmp.Or(d.started[processOf(g)], d.identity(g))
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		if p := d.part(s, g); p != nil {
			p.add(g)
		} else {
			unattributed = aggregate.Plus(unattributed, g.Records)
		}
	}
	for _, p := range d.parts {
		p.Summary.Runs = s.Runs.OfGroups(p.Summary.Groups)
	}
	nameApart(d.parts)
	slices.SortFunc(d.parts, func(a, b *Part) int { return strings.Compare(a.Name, b.Name) })
	return d.parts, unattributed
}

type splitter struct {
	key     aggregate.Key
	started map[process]string // identity of the program that a process became
	byID    map[string]*Part
	parts   []*Part
}

// part returns what a group belongs to; nil: it has no value of the key.
func (d *splitter) part(s *aggregate.Summary, g *aggregate.Group) *Part {
	id := d.identity(g)
	if d.startsProgram(g) {
		id = d.started[processOf(g)]
	}
	folded := d.isFolded(g)
	if folded {
		id = "folded " + g.Whose()
	}
	if id == "" {
		return nil
	}
	if d.byID[id] == nil {
		p := &Part{Name: d.valueName(g, id), Folded: folded, Summary: &aggregate.Summary{By: s.By, Inputs: s.Inputs, Completeness: s.Completeness}}
		if d.key == aggregate.ByContainer && !folded {
			p.Container = g.Container
		}
		d.byID[id] = p
		d.parts = append(d.parts, p)
	}
	return d.byID[id]
}

func (p *Part) add(g *aggregate.Group) {
	p.Summary.Groups = append(p.Summary.Groups, *g)
	if runtimeOf(g) != RuntimeNone {
		p.Runtime = aggregate.Plus(p.Runtime, g.Records)
	}
}

// identity is what groups of one part have in common; "" if the group has no
// value of the key.
func (d *splitter) identity(g *aggregate.Group) string {
	value := g.Value(d.key)
	switch {
	case value == "":
		return ""
	case d.key == aggregate.ByContainer && g.Container.Pod == "" && g.Container.ID != "":
		return "id " + g.Container.ID
	case d.key == aggregate.ByNested: // whoever is inside chose the name
		return strings.Join([]string{"nested", g.Container.Manager, g.Container.ID, value}, "\x00")
	}
	return "name " + inNamespace(g, d.key)
}

// startsProgram reports whether a group is what a container runtime does in a
// process before that becomes the program that the part is named after.
func (d *splitter) startsProgram(g *aggregate.Group) bool {
	return runtimeOf(g) != RuntimeNone && (d.key == aggregate.ByExe || d.key == aggregate.ByComm)
}

// isFolded reports whether a group stands for many values of the key: of its
// own, or of the programs that its processes became.
func (d *splitter) isFolded(g *aggregate.Group) bool {
	return g.Folded.Has(d.key) || g.Folded.Has(aggregate.ByPID) && d.startsProgram(g)
}

// valueName is what a part of an identity is called.
func (d *splitter) valueName(g *aggregate.Group, id string) string {
	if d.isFolded(g) {
		return "many of " + g.Whose()
	}
	if d.startsProgram(g) {
		return strings.TrimPrefix(id, "name ")
	}
	return inNamespace(g, d.key)
}

// inNamespace returns NAMESPACE/POD/CONTAINER, NAMESPACE/POD or
// NAMESPACE/WORKLOAD in Kubernetes, behind its container what is nested in it,
// else the value of the key.
func inNamespace(g *aggregate.Group, key aggregate.Key) string {
	value, namespace, pod := g.Value(key), g.Value(aggregate.ByNamespace), g.Value(aggregate.ByPod)
	switch {
	case key == aggregate.ByContainer && pod != "":
		return path.Join(namespace, pod, value)
	case key == aggregate.ByPod || key == aggregate.ByWorkload:
		return path.Join(namespace, value)
	case key == aggregate.ByNested:
		return inNamespace(g, aggregate.ByContainer) + "_" + value
	}
	return value
}

// nameApart puts ids behind the names of containers that are called the same:
// some digits, and all of them where somebody has called his container so.
func nameApart(parts []*Part) {
	base := make([]string, len(parts))
	for i, p := range parts {
		base[i] = p.Name
	}
	for _, digits := range []int{12, 64} {
		shared := map[string]int{}
		for _, p := range parts {
			shared[p.Name]++
		}
		for i, p := range parts {
			if shared[p.Name] > 1 && p.Container != nil && p.Container.ID != "" {
				p.Name = base[i] + "_" + p.Container.ID[:min(digits, len(p.Container.ID))]
			}
		}
	}
	taken := map[string]bool{}
	for i, p := range parts {
		if taken[p.Name] { // one of them has no id
			p.Name += "_" + strconv.Itoa(i)
		}
		taken[p.Name] = true
	}
}

// process is what a runtime's start-up and the program have in common.
type process struct {
	node      string
	container string
	pid       int32
}

func processOf(g *aggregate.Group) process {
	return process{g.Node, g.Value(aggregate.ByContainer), g.PID}
}
