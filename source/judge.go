package source

import (
	"bytes"
	"slices"
	"time"
)

// judgeAll decides for each newly found file whether it is a copy of another,
// as copytruncate and compression make them.
func (f *Follower) judgeAll() {
	for _, g := range slices.Clone(f.gens) {
		if g.phase == unjudged && g.state.size > 0 && g.hasEvidence(f.now()) {
			f.judge(g)
		}
	}
}

// hasEvidence reads what a file can be judged by, and reports whether there is
// anything.
func (g *generation) hasEvidence(now time.Time) bool {
	if g.grows() && g.readHead() != nil || len(g.head) == 0 {
		return false
	}
	return g.measure(now) == nil
}

// judge decides what a newly found file is. While that is unclear, it is called
// again with every look.
func (f *Follower) judge(g *generation) {
	switch kind, original := f.classify(g); {
	case kind == unclear:
	case kind == isCopy && original == f.current:
		g.keepAsCopy(original) // it may be truncated next
	case kind == isCopy:
		f.drop(g)
	default:
		g.admit()
	}
}

// classify compares g with all files that it may be a copy of: those held and
// those let go of. original is the held file that it is a copy of, nil if none.
func (f *Follower) classify(g *generation) (kind likeness, original *generation) {
	for _, o := range f.gens {
		if o == g || !o.isWanted() {
			continue
		}
		switch l := g.compare(o.head, o.size()); {
		case l == unclear, l == isCopy:
			return l, o
		case l == isLonger && o.hasShrunk(): // o is looked at first: g may have what o had
			return unclear, o
		}
	}
	for _, k := range f.known {
		switch l := g.compare(k.head, k.size); {
		case l == isCopy && k.cut && g.resumeAt(markPosition(k.head, k.given)):
			// It has what the truncated file had, and may have more.
		case l == unclear, l == isCopy:
			return l, nil
		}
	}
	return isOther, nil
}

// likeness is the result of comparing the heads of two files.
type likeness uint8

const (
	isOther  likeness = iota
	isCopy            // it begins alike and is no longer
	isLonger          // it begins alike, but a copy is never longer than its original
	unclear           // too little is written yet
)

// compare reports whether g can be a copy of a file with this head and size.
// Whole lines at the start of a log are not the same twice.
func (g *generation) compare(head []byte, size int64) likeness {
	n := min(len(head), len(g.head))
	switch {
	case n == 0 || !bytes.Equal(head[:n], g.head[:n]):
		return isOther
	case g.grows() && g.state.size > size || int64(len(g.head)) > size:
		return isLonger
	case hasLine(head[:n]):
		return isCopy
	case g.grows():
		return unclear
	}
	return isOther
}

// hasLine reports whether a head is enough to recognise a file by.
func hasLine(head []byte) bool {
	return len(head) == headLen || bytes.ContainsRune(head, '\n')
}

// skipKnown skips what was read of g, which is about to be begun, under another
// name or in a file that the log was replaced by.
func (f *Follower) skipKnown(g *generation) {
	for _, k := range f.known {
		if k.given.offset > g.given.offset && (k.cut || k.id.same(g.id)) {
			g.resumeAt(markPosition(k.head, k.given))
		}
	}
	for _, o := range f.gens {
		if o != g && o.phase == begun && o.given.offset > g.given.offset {
			g.resumeAt(o.position(f.path))
		}
	}
}
