package tally

import (
	"cmp"
	"iter"
	"maps"
	"slices"
)

// maxSettled bounds the stretches that are kept for a node; the oldest are
// summed up.
const maxSettled = 4096

// spaceGaps is what the serials of a space prove.
type spaceGaps struct {
	space int32
	stretch
	single bool // there is one serial
	flaws
}

// flaws are the reasons why a serial space proves nothing.
type flaws struct {
	mixed    bool   // serials of several nodes: gaps cannot be told
	repeated bool   // two boots have the same time by the clock: neither can they
	doubt    string // why a part may be missing that no serial reveals; "": no sign of that
}

func (f flaws) or(o flaws) flaws {
	return flaws{f.mixed || o.mixed, f.repeated || o.repeated, cmp.Or(f.doubt, o.doubt)}
}

// flaws returns the flaws of a space.
func (ts *tracks) flaws() flaws { return flaws{ts.mixed(), ts.repeated, ts.doubt()} }

// gaps gives what each space proves, in the order of the spaces.
func (s *serials) gaps() iter.Seq[spaceGaps] {
	spaces := s.stretches(s.pages.n)
	for space, settled := range s.settled {
		spaces[space] = append(slices.Clip(settled), spaces[space]...)
	}
	for space := range s.closed {
		spaces[space] = append([]stretch(nil), spaces[space]...)
	}
	return func(yield func(spaceGaps) bool) {
		for _, space := range slices.Sorted(maps.Keys(spaces)) {
			if !yield(s.spaceGaps(space, split(spaces[space]))) {
				return
			}
		}
	}
}

func (s *serials) spaceGaps(space int32, ts *tracks) spaceGaps {
	g := spaceGaps{space: space, stretch: s.closed[space], flaws: ts.flaws().or(s.flaws[space])}
	for _, t := range ts.all {
		sum := join(t.all)
		g.add(&sum)
	}
	g.single = len(ts.all) == 1 && ts.all[0].span.low == ts.all[0].span.high
	return g
}

// stretches returns the stretches of the first n pages, by space, in the order
// in which the pages were begun, which is that of the file. Interpreted text
// has no time: its serials serve only to find duplicates.
func (s *serials) stretches(n int) map[int32][]stretch {
	spaces := map[int32][]stretch{}
	for i := range int32(n) {
		if p := s.pages.at(i); p.last != 0 {
			if spaces[p.space] == nil && len(spaces) == 0 { // often the only one
				spaces[p.space] = make([]stretch, 0, n)
			}
			spaces[p.space] = append(spaces[p.space], stretchOf(p))
		}
	}
	return spaces
}

// settle drops the older half of the pages and keeps their stretches.
func (s *serials) settle() {
	if s.settled == nil {
		s.settled, s.closed, s.flaws = map[int32][]stretch{}, map[int32]stretch{}, map[int32]flaws{}
	}
	half := s.pages.n / 2
	for space, all := range s.stretches(half) {
		ts := split(all)
		f := ts.flaws()
		if f.doubt == doubtOutOfOrder {
			f.doubt = "" // that part may still come
		}
		s.flaws[space] = s.flaws[space].or(f)
		slices.SortFunc(ts.all, func(a, b *track) int { return a.place - b.place })
		for _, t := range ts.all {
			for _, part := range parts(t.all) {
				s.settled[space] = append(s.settled[space], join(part))
			}
		}
		if len(s.settled[space]) > maxSettled {
			s.close(space)
		}
	}
	s.keep(half)
}

// close sums up the oldest stretches of a space.
func (s *serials) close(space int32) {
	settled := s.settled[space]
	n := len(settled) - maxSettled/2
	closed := s.closed[space]
	for _, t := range split(slices.Clone(settled[:n])).all {
		sum := join(t.all)
		closed.add(&sum)
	}
	s.closed[space], s.settled[space] = closed, slices.Clone(settled[n:])
}

// parts cuts the stretches of one boot where so many serials are missing that
// they are probably still to come: files may be given in any order.
func parts(boot []stretch) [][]stretch {
	slices.SortStableFunc(boot, func(a, b stretch) int { return int(a.low>>pageBits - b.low>>pageBits) })
	var out [][]stretch
	start, top := 0, boot[0].high
	for i, s := range boot {
		if s.low > top+reordered {
			out = append(out, boot[start:i])
			start = i
		}
		top = max(top, s.high)
	}
	return append(out, boot[start:])
}

// keep drops the first n pages.
func (s *serials) keep(n int) {
	key, old := s.key, s.pages
	s.pages, s.heads, s.top = pageList{}, make(map[uint32]int32, old.n-n), 0
	for i := int32(n); i < int32(old.n); i++ {
		p := *old.at(i)
		s.seek(p.key)
		s.push(p)
	}
	s.used = max(s.used-int32(n), -1)
	s.seek(key)
}
