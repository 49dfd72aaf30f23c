package aggregate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/container"
)

// Key is a property that records are grouped by.
type Key string

// The keys, in canonical order.
const (
	ByNode      Key = "node"
	ByContainer Key = "container"
	ByNested    Key = "nested"  // what runs inside the container
	ByManager   Key = "manager" // the user manager that owns it, if any
	ByPod       Key = "pod"
	ByNamespace Key = "namespace"
	ByWorkload  Key = "workload"
	ByExe       Key = "exe"
	ByComm      Key = "comm"
	BySubj      Key = "subj" // the security label: what AppArmor or SELinux confines it as
	ByPID       Key = "pid"
)

// keyFields says for each key, in canonical order, how a group holds it: how to
// copy it to another group, compare it, and show it as text.
var keyFields = [...]keyField{
	textKey(ByNode, func(g *Group) *string { return &g.Node }, nil),
	{ByContainer, func(to, from *Group) { to.Container = from.Container }, compareContainers, containerText},
	textKey(ByNested, func(g *Group) *string { return &g.Nested }, func(id *container.Identity) string { return id.Nested }),
	textKey(ByManager, func(g *Group) *string { return &g.Manager }, func(id *container.Identity) string { return id.Manager }),
	textKey(ByPod, func(g *Group) *string { return &g.Pod }, func(id *container.Identity) string { return id.Pod }),
	textKey(ByNamespace, func(g *Group) *string { return &g.Namespace }, func(id *container.Identity) string { return id.Namespace }),
	textKey(ByWorkload, func(g *Group) *string { return &g.Workload }, func(id *container.Identity) string { return id.Workload }),
	textKey(ByExe, func(g *Group) *string { return &g.Exe }, nil),
	textKey(ByComm, func(g *Group) *string { return &g.Comm }, nil),
	textKey(BySubj, func(g *Group) *string { return &g.Subj }, nil),
	{ByPID, func(to, from *Group) { to.PID = from.PID }, func(a, b *Group) int { return cmp.Compare(a.PID, b.PID) }, pidText},
}

// Keys returns all keys in canonical order.
func Keys() []Key {
	all := make([]Key, len(keyFields))
	for i := range keyFields {
		all[i] = keyFields[i].key
	}
	return all
}

// DefaultKeys are the keys by which records are counted; every other grouping
// is derived from them, but for that by subj: see [Filter.KeepSubj].
func DefaultKeys() []Key { return []Key{ByNode, ByContainer, ByExe, ByComm, ByPID} }

// ParseKeys reads a list such as "exe,comm" and returns it in canonical order
// without repetitions. "none" is the empty list: everything is one group.
func ParseKeys(list string) ([]Key, error) {
	if list == "none" {
		return []Key{}, nil
	}
	var keys []Key
	for name := range strings.SplitSeq(list, ",") {
		k := Key(strings.TrimSpace(name))
		if !slices.Contains(Keys(), k) {
			return nil, fmt.Errorf("unknown key %q (one of %s)", name, joinKeys(append(Keys(), "none")))
		}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	order := Keys()
	slices.SortFunc(keys, func(a, b Key) int { return slices.Index(order, a) - slices.Index(order, b) })
	return keys, nil
}

func joinKeys(keys []Key) string {
	s := make([]string, len(keys))
	for i, k := range keys {
		s[i] = string(k)
	}
	return strings.Join(s, ", ")
}

// OfContainer reports whether only the container of a record determines the
// key's value.
func (k Key) OfContainer() bool {
	return slices.Contains([]Key{ByContainer, ByNested, ByManager, ByPod, ByNamespace, ByWorkload}, k)
}

// Value returns the group's value of a key as text; "" if it is unknown, and
// where it has many.
func (g *Group) Value(k Key) string {
	if g.Folded.Has(k) {
		return ""
	}
	for i := range keyFields {
		if keyFields[i].key == k {
			return keyFields[i].text(g)
		}
	}
	return ""
}

// keep returns a group with only the given keys.
func (g *Group) keep(by []Key) (kept Group) {
	known := SetOf(by...)
	for i := range keyFields {
		if known.Has(keyFields[i].key) {
			keyFields[i].copy(&kept, g)
		}
	}
	kept.Folded = g.Folded & KnownBy(by)
	return kept
}

// CompareGroups orders groups by their keys, as a summary does.
func CompareGroups(a, b Group) int { return compareGroups(&a, &b) }

// compareGroups puts groups that differ only in how their container was found
// next to each other.
func compareGroups(a, b *Group) int {
	if c := compareKeys(a, b); c != 0 {
		return c
	}
	return strings.Compare(via(a), via(b))
}

// compareKeys returns 0 for groups that are one.
func compareKeys(a, b *Group) int {
	for i := range keyFields {
		if c := keyFields[i].compare(a, b); c != 0 {
			return c
		}
	}
	return cmp.Compare(a.Folded, b.Folded)
}

func via(g *Group) string {
	if g.Container == nil {
		return ""
	}
	return g.Container.Via
}

// keyField is an element of keyFields.
type keyField struct {
	key     Key
	copy    func(to, from *Group)
	compare func(a, b *Group) int
	text    func(g *Group) string
}

// textKey is a key whose value is a text of the group's own or, where the
// group has a container, that of its identity.
func textKey(key Key, field func(*Group) *string, identity func(*container.Identity) string) keyField {
	value := func(g *Group) string {
		if identity != nil && g.Container != nil {
			return identity(g.Container)
		}
		return *field(g)
	}
	return keyField{
		key:     key,
		copy:    func(to, from *Group) { *field(to) = value(from) },
		compare: func(a, b *Group) int { return strings.Compare(*field(a), *field(b)) },
		text:    value,
	}
}

func containerText(g *Group) string {
	if g.Container == nil {
		return ""
	}
	return cmp.Or(g.Container.Name, g.Container.ID)
}

// compareContainers orders containers by what they are, not by how they were
// found.
func compareContainers(a, b *Group) int {
	x, y := a.Container, b.Container
	switch {
	case x == y:
		return 0
	case x == nil:
		return -1
	case y == nil:
		return 1
	}
	return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Manager, y.Manager),
		cmp.Compare(x.Nested, y.Nested))
}

func pidText(g *Group) string { return strconv.Itoa(int(g.PID)) }
