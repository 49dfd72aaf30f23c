package tally

import (
	"cmp"
	"iter"
	"math/bits"
	"slices"
)

// stretch is a run of serials of one boot: those of one page, or of all that
// were let go together.
type stretch struct {
	low, high   uint32
	seen        uint64 // of one page; 0: of several
	missing     int64  // serials between low and high that were not seen
	first, last int64  // ms
	from, to    int64  // ms: when the first missing one was noticed, and the last
}

// maxSettled bounds the stretches that are kept; the oldest are summed up.
const maxSettled = 4096

// gaps are the serials that are missing within each boot.
func (s *serials) gaps() stretch {
	sum := s.closed
	for _, boot := range boots(append(stretches(s.pages.all(), s.pages.n), s.settled...)) {
		sum.add(joined(boot))
	}
	return sum
}

// stretches are those of pages. Interpreted text has no time: its serials only
// tell its records apart.
func stretches(pages iter.Seq[*page], n int) []stretch {
	all := make([]stretch, 0, n)
	for p := range pages {
		if p.last == 0 {
			continue
		}
		base := p.key << pageBits
		all = append(all, stretch{
			low:  base + uint32(bits.TrailingZeros64(p.seen)),
			high: base + pageMask - uint32(bits.LeadingZeros64(p.seen)),
			seen: p.seen, first: p.first, last: p.last,
		})
	}
	return all
}

// boots orders stretches by time and parts them where the serials start anew.
func boots(all []stretch) [][]stretch {
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.low, b.low)) })
	var out [][]stretch
	if len(all) == 0 {
		return nil
	}
	start, sum := 0, all[0]
	for i := 1; i < len(all); i++ {
		s := &all[i]
		if s.startsAnew(all[start:i], &sum) {
			out = append(out, all[start:i])
			start, sum = i, *s
		}
		sum.widen(s)
	}
	return append(out, all[start:])
}

// startsAnew reports whether s is of a later boot than what sums up to sum: its
// serials are lower than those of late records, or it is later than all and has
// a serial that was there before, or one lower than all that boots begin with.
func (s *stretch) startsAnew(boot []stretch, sum *stretch) bool {
	switch {
	case int64(s.low)+reordered < int64(sum.high):
		return true
	case s.low > sum.high || s.first <= sum.last+sameBoot:
		return false
	case s.low < min(sum.low, firstSerials):
		return true
	}
	return slices.ContainsFunc(boot[max(0, len(boot)-2*reordered):], func(o stretch) bool {
		return s.samePage(&o) && s.seen&o.seen != 0
	})
}

// parts cuts the stretches of one boot where so many serials are missing that
// they are more likely still to come: files can be given in any order.
func parts(boot []stretch) [][]stretch {
	slices.SortStableFunc(boot, func(a, b stretch) int { return cmp.Compare(a.low, b.low) })
	var out [][]stretch
	start, top := 0, int64(boot[0].high)
	for i, s := range boot {
		if int64(s.low) > top+reordered {
			out = append(out, boot[start:i])
			start = i
		}
		top = max(top, int64(s.high))
	}
	return append(out, boot[start:])
}

// joined makes one stretch of those of one boot.
func joined(boot []stretch) (sum stretch) {
	slices.SortStableFunc(boot, func(a, b stretch) int { return cmp.Compare(a.low>>pageBits, b.low>>pageBits) })
	for i := 0; i < len(boot); {
		s := boot[i]
		for i++; i < len(boot) && s.samePage(&boot[i]); i++ {
			s.widen(&boot[i])
			s.seen |= boot[i].seen
		}
		if s.seen != 0 {
			s.note(int64(s.high-s.low)+1-int64(bits.OnesCount64(s.seen)), s.first, s.last)
			s.seen = 0
		}
		if sum.last == 0 {
			sum = s
			continue
		}
		sum.extend(&s)
	}
	return sum
}

func (s *stretch) samePage(o *stretch) bool {
	return s.seen != 0 && o.seen != 0 && s.low>>pageBits == o.low>>pageBits
}

func (s *stretch) widen(o *stretch) {
	s.low, s.high = min(s.low, o.low), max(s.high, o.high)
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
}

// extend adds a stretch of the same boot that does not begin earlier.
func (s *stretch) extend(o *stretch) {
	if o.high > s.high { // else a second copy of what is in s
		s.note(int64(o.low)-int64(s.high)-1, o.first, o.last)
		s.add(*o)
	}
	s.widen(o)
}

// add counts the missing serials of another stretch.
func (s *stretch) add(o stretch) { s.note(o.missing, o.from, o.to) }

func (s *stretch) note(missing, from, to int64) {
	if missing <= 0 {
		return
	}
	if s.missing == 0 || from < s.from {
		s.from = from
	}
	s.missing += missing
	s.to = max(s.to, to)
}

// settle lets the older half of the pages go, and keeps their stretches.
func (s *serials) settle() {
	pages := slices.SortedFunc(s.pages.all(), func(a, b *page) int { return cmp.Compare(a.first, b.first) })
	half := len(pages) / 2
	for _, boot := range boots(stretches(slices.Values(pages[:half]), half)) {
		for _, part := range parts(boot) {
			s.settled = append(s.settled, joined(part))
		}
	}
	if len(s.settled) > maxSettled {
		slices.SortFunc(s.settled, func(a, b stretch) int { return cmp.Compare(a.first, b.first) })
		n := len(s.settled) - maxSettled/2
		for _, boot := range boots(s.settled[:n]) {
			s.closed.add(joined(boot))
		}
		s.settled = slices.Clone(s.settled[n:])
	}
	s.keep(pages[half:])
}

// keep makes pages the only ones.
func (s *serials) keep(pages []*page) {
	key := s.key
	s.pages, s.heads, s.top = pageList{}, make(map[uint32]int32, len(pages)), 0
	for _, p := range pages {
		s.seek(p.key)
		s.push(*p)
	}
	s.seek(key)
}
