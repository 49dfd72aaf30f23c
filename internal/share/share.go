// Package share divides the room that there is for groups among those who make
// them, so that whoever makes too many loses the detail of his own alone.
//
// The groups are the leaves of a tree: below an owner are his containers, below
// those their programs, and so on. Room is divided from the top. A part of the
// tree with no more groups than its share keeps them all. In one that has more,
// each of the parts below may have an equal share, the largest by which all of
// them fit; what some do not need is left to the others. A part that has not
// even room for one group of each part below becomes a single group: it is
// folded.
//
// What is folded depends on which groups there were, not on their order, nor on
// how they came in parts: a share only ever shrinks as groups are added, so what
// exceeded it once exceeds it for good, and how far does not matter.
package share

import "iter"

// Tree is how the keys K of groups are arranged, and what is known of its parts.
// A part is named by the key that all of its groups are folded into.
type Tree[K comparable] struct {
	// Depth is how many levels are below the whole.
	Depth int
	// Cut returns the name of the part that a key belongs to at a level: 0 is
	// the whole, Depth the key itself. Of the name of a part it returns, for
	// deeper levels, the name itself.
	Cut func(key K, level int) K

	exceeded map[K]bool // the parts that had more than their share: whether they are folded
}

// part is a part of the tree while room is divided.
type part[K comparable] struct {
	name     K
	below    []*part[K]
	groups   int // that there are, unless it has exceeded its share before
	exceeded bool
	folded   bool
}

// Divide divides the room, a power of two, among groups: those that there are
// now, with the keys of folded ones among them.
func (t *Tree[K]) Divide(room int, groups iter.Seq[K]) {
	parts := map[K]*part[K]{}
	for key := range groups {
		t.add(parts, key)
	}
	for key := range t.exceeded {
		t.add(parts, key)
	}
	for key, folded := range t.exceeded {
		parts[key].exceeded, parts[key].folded = true, folded
	}
	t.exceeded = map[K]bool{}
	var zero K
	if whole := parts[t.Cut(zero, 0)]; whole != nil {
		t.divide(whole, room)
	}
}

// add counts a group in all the parts that it belongs to.
func (t *Tree[K]) add(parts map[K]*part[K], key K) {
	var above *part[K]
	for level := range t.Depth + 1 {
		name := t.Cut(key, level)
		if above != nil && above.name == name {
			continue
		}
		p := parts[name]
		if p == nil {
			p = &part[K]{name: name}
			parts[name] = p
			if above != nil {
				above.below = append(above.below, p)
			}
		}
		p.groups++
		above = p
	}
}

// divide divides the share of a part among those below, and notes who exceeds
// his.
func (t *Tree[K]) divide(p *part[K], share int) {
	if !p.exceeded && p.groups <= share {
		return
	}
	p.folded = p.folded || len(p.below) > share
	t.exceeded[p.name] = p.folded
	if p.folded {
		return
	}
	each := share
	for p.need(each) > share {
		each /= 2
	}
	for _, b := range p.below {
		t.divide(b, each)
	}
}

// need returns how many groups the parts below may come to if each has a share.
func (p *part[K]) need(share int) (groups int) {
	for _, b := range p.below {
		if b.exceeded || b.groups > share {
			groups += share
		} else {
			groups += b.groups
		}
	}
	return groups
}

// Exceeded reports whether any part has ever had more than its share.
func (t *Tree[K]) Exceeded() bool { return len(t.exceeded) > 0 }

// Names returns the names of the parts that have exceeded their shares.
func (t *Tree[K]) Names() iter.Seq[K] {
	return func(yield func(K) bool) {
		for name := range t.exceeded {
			if !yield(name) {
				return
			}
		}
	}
}

// Folded returns the name of the folded part that a key belongs to, and its
// level; or the key itself if it belongs to none.
func (t *Tree[K]) Folded(key K) (name K, level int, folded bool) {
	for level := range t.Depth + 1 {
		if name := t.Cut(key, level); t.exceeded[name] {
			return name, level, true
		}
	}
	return key, t.Depth, false
}

// Exceed notes that a part was folded elsewhere, as all above it have exceeded
// their shares.
func (t *Tree[K]) Exceed(name K) {
	if t.exceeded == nil {
		t.exceeded = map[K]bool{}
	}
	for level := range t.Depth {
		above := t.Cut(name, level)
		t.exceeded[above] = t.exceeded[above] || above == name
	}
}

// Inherit adds what another tree knows of its parts, whose names are translated.
func (t *Tree[K]) Inherit(o *Tree[K], translate func(K) K) {
	if t.exceeded == nil {
		t.exceeded = map[K]bool{}
	}
	for name, folded := range o.exceeded {
		name = translate(name)
		t.exceeded[name] = t.exceeded[name] || folded
	}
}
