package tally

import (
	"math/bits"
	"slices"
)

// stretch is a run of serials of one boot: of one page, or of several that were
// joined. Its serials continue beyond 2^32, where the kernel's counter restarts
// at 0.
type stretch struct {
	low, high   int64
	seen        uint64 // of one page; 0: of several
	missing     int64  // serials between low and high that were not seen
	first, last int64  // ms
	from, to    int64  // ms: when the first missing one was noticed, and the last
	disputed    bool   // records of another content claim serials of this page at the same time
	repeated    bool   // and they stand far behind
}

// stretchOf returns the stretch of a page.
func stretchOf(p *page) stretch {
	base := int64(p.key) << pageBits
	return stretch{
		low:  base + int64(bits.TrailingZeros64(p.seen)),
		high: base + pageMask - int64(bits.LeadingZeros64(p.seen)),
		seen: p.seen, first: p.first, last: p.last, disputed: p.disputed, repeated: p.repeated,
	}
}

// join sorts the stretches of one boot and joins them into one.
func join(boot []stretch) (sum stretch) {
	slices.SortStableFunc(boot, func(a, b stretch) int { return int(a.low>>pageBits - b.low>>pageBits) })
	for i := 0; i < len(boot); {
		s := boot[i]
		for i++; i < len(boot) && s.samePage(&boot[i]); i++ {
			s.widen(&boot[i])
			s.seen |= boot[i].seen
		}
		if s.seen != 0 {
			s.note(s.high-s.low+1-int64(bits.OnesCount64(s.seen)), s.first, s.last)
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

// meets reports whether the times of two stretches can be of the same boot.
func (s *stretch) meets(o *stretch) bool {
	return o.last >= s.first-sameBoot && o.first <= s.last+sameBoot
}

func (s *stretch) widen(o *stretch) {
	s.low, s.high = min(s.low, o.low), max(s.high, o.high)
	s.first, s.last = min(s.first, o.first), max(s.last, o.last)
}

// extend adds a stretch of the same boot that does not begin before s.
func (s *stretch) extend(o *stretch) {
	if o.high > s.high { // else a second copy of what is in s
		s.note(o.low-s.high-1, o.first, o.last)
		s.add(o)
	}
	s.widen(o)
}

// add counts the missing serials of another stretch.
func (s *stretch) add(o *stretch) { s.note(o.missing, o.from, o.to) }

// note counts serials that were noticed to be missing.
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
