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
	others      bool   // all of them are of other types than SECCOMP
	missing     int64  // serials between low and high that were not seen
	first, last int64  // ms
	from, to    int64  // ms: when the first missing one was noticed, and the last
	disputed    bool   // records of another content claim serials of this page at the same time
	repeated    bool   // and they stand far behind
	turns       int    // how often the log turned back from it
}

// stretchOf returns the stretch of a page.
func stretchOf(p *page) stretch {
	base := int64(p.key) << pageBits
	return stretch{
		low:  base + int64(bits.TrailingZeros64(p.seen)),
		high: base + pageMask - int64(bits.LeadingZeros64(p.seen)),
		seen: p.seen, others: p.records == 0, first: p.first, last: p.last, disputed: p.disputed, repeated: p.repeated, turns: int(p.turns),
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

// joinSlowCalls adds the stretches of calls that took long to the pages that
// they are of, in place. The record of a call has the time when the call
// began and the serial of when it ended. So it has a page of its own, close to
// the page of its neighbours, which lacks exactly its serial.
func joinSlowCalls(all []stretch) []stretch {
	for i := range all {
		s := &all[i]
		if page := pageOfCall(all, i); page != nil {
			page.seen |= s.seen
			page.low, page.high = min(page.low, s.low), max(page.high, s.high)
			s.seen, s.high = 0, -1
		}
	}
	return slices.DeleteFunc(all, func(s stretch) bool { return s.high < 0 })
}

// pageOfCall returns the page that is nearest to stretch i in the file, was seen
// later by the time of its records, and lacks its serials; nil if there is none.
func pageOfCall(all []stretch, i int) *stretch {
	s := &all[i]
	for away := 1; away <= maxAway && s.others; away++ {
		for _, j := range [...]int{i - away, i + away} {
			if j < 0 || j >= len(all) {
				continue
			}
			if o := &all[j]; o.samePage(s) && o.seen&s.seen == 0 && s.first < o.first {
				return o
			}
		}
	}
	return nil
}

// maxAway is how far from its own page, in pages, that of a call may stand.
const maxAway = 16

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
