package tally

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
)

// The serial goes up by one with each audit record and restarts at boot. So a
// file holds a few tracks, each the serials of one boot, and a gap within a
// track is records that are missing. The order of the file decides which track
// a stretch belongs to: its serials continue the track. The clock only helps,
// since it can be set.

// track is the stretches of one boot, in the order of the file.
type track struct {
	place int // among the tracks, in the order of the file
	all   []stretch
	span  stretch          // low, high, first and last of all
	pages map[int64]uint64 // see seen
	ended bool             // another boot has begun
	down  int              // how many of the last pages were each below the one before
}

// wrapWindow is how near to 2^32 the counter must be for a small serial to
// follow it. No boot has so few records.
const wrapWindow = 1 << 16

const wrap = 1 << 32

func (t *track) add(s stretch) {
	if len(t.all) == 0 {
		t.span = s
	}
	if n := len(t.all); n > 0 && s.high < t.all[n-1].low {
		t.down++
	} else {
		t.down = 0
	}
	t.all = append(t.all, s)
	t.span.widen(&s)
	if t.pages != nil && s.seen != 0 {
		t.pages[s.low>>pageBits] |= s.seen
	}
}

// seen returns the serials of a page that the track has. What has them by page
// is made when it is first asked for: most tracks are in order throughout.
func (t *track) seen(key int64) uint64 {
	if t.pages == nil {
		t.pages = make(map[int64]uint64, len(t.all))
		for _, s := range t.all {
			if s.seen != 0 {
				t.pages[s.low>>pageBits] |= s.seen
			}
		}
	}
	return t.pages[key]
}

// unwrapped returns s with its serials continued beyond 2^32 if the counter has
// restarted at 0 in this track: of the possible numbers, those nearest to the
// track's end.
func (t *track) unwrapped(s stretch) stretch {
	round := t.span.high &^ (wrap - 1)
	switch low := s.low + round; {
	case t.wraps(&s):
		round += wrap
	case round > 0 && low-t.span.high > wrap/2:
		round -= wrap // it is late
	}
	s.low, s.high = s.low+round, s.high+round
	return s
}

// nearWrap reports whether the counter is about to restart at 0, and s may come
// after that.
func (t *track) nearWrap(s *stretch) bool {
	return t.span.high&(wrap-1) >= wrap-wrapWindow && s.low < wrapWindow
}

// wraps reports whether s continues the track after the counter restarted at 0:
// it is the next serial, or there is too little time between them for a boot.
func (t *track) wraps(s *stretch) bool {
	missing := s.low + wrap - t.span.high&(wrap-1) - 1
	return t.nearWrap(s) && (missing == 0 || missing <= reordered && t.all[len(t.all)-1].meets(s))
}

// distance returns how many serials lie between the track's end and a stretch.
func (t *track) distance(s *stretch) int64 {
	return max(s.low-t.span.high-1, t.span.high-s.high, 0)
}

// continues reports whether a stretch can belong to the track by its place in
// the file: it follows the track's end, or is a little late, or a little before
// the track's beginning, as in a file with the newest line first. next is the
// stretch after it; nil: none.
func (t *track) continues(s, next *stretch) bool {
	switch {
	case s.low > t.span.high:
		return !t.jumpsBack(s)
	case s.low >= t.span.high-reordered && (s.high > t.span.high || t.recent(s)):
		return !t.repeats(s)
	}
	descends := t.down > 0 || next != nil && next.high < s.low
	return descends && s.high < t.span.low && s.high >= t.span.low-reordered && s.last <= t.span.first+sameBoot
}

// jumpsBack reports whether a stretch after a gap has an earlier time. Then it
// may be of another boot without a clock, or of another node whose log follows.
func (t *track) jumpsBack(s *stretch) bool {
	return s.low > t.span.high+1 && s.last < t.all[len(t.all)-1].first-sameBoot
}

// recent reports whether a stretch is as recent as the last ones of the track,
// among which late records stand, and not later than those with higher serials.
func (t *track) recent(s *stretch) bool {
	meets := false
	for i := len(t.all) - 1; i >= max(0, len(t.all)-latePages); i-- {
		o := &t.all[i]
		if o.low > s.high && o.last < s.first-sameBoot {
			return false
		}
		meets = meets || o.meets(s)
	}
	return meets
}

const latePages = 2 * reordered / pageSize

// repeats reports whether the track already has serials of the stretch at
// another time: a boot has each serial once.
func (t *track) repeats(s *stretch) bool {
	if s.seen == 0 || t.seen(s.low>>pageBits)&s.seen == 0 {
		return false
	}
	for i := len(t.all) - 1; i >= max(0, len(t.all)-2*reordered); i-- {
		if o := &t.all[i]; o.samePage(s) && o.seen&s.seen != 0 && !o.meets(s) {
			return true
		}
	}
	return false
}

// tracks holds the tracks of a serial space and what was noticed about them.
type tracks struct {
	all      []*track
	expected int // stretches
	current  *track
	resumed  int  // how often a track continued after another had
	wrapped  bool // what looks like a boot may be the counter wrapping
	jumped   bool // serials are missing where the time goes back
	repeated bool // two boots had the same time by the clock
}

// split divides the stretches of one serial space, in the order of the file,
// into tracks. The slice is used up.
func split(all []stretch) *tracks {
	all = joinSlowCalls(all)
	ts := tracks{expected: len(all)}
	for i, s := range all {
		var next *stretch
		if i+1 < len(all) {
			next = &all[i+1]
		}
		ts.place(s, next)
	}
	ts.unite()
	ts.repeated = slices.ContainsFunc(all, func(s stretch) bool { return s.repeated })
	return &ts
}

// place adds a stretch to the track that it continues.
func (ts *tracks) place(s stretch, next *stretch) {
	if t := ts.current; t != nil {
		u := t.unwrapped(s)
		if near := t.distance(&u) <= reordered; t.continues(&u, next) && (near || ts.resumable(&s) == nil) {
			t.add(u)
			return
		}
	}
	if t := ts.resumable(&s); t != nil {
		ts.resumed++
		ts.current = t
		t.add(t.unwrapped(s))
		return
	}
	ts.begin(s)
}

// resumable returns another track that ends right before a stretch, nil if
// there is none.
func (ts *tracks) resumable(s *stretch) *track {
	for i := len(ts.all) - 1; i >= max(0, len(ts.all)-maxOpen); i-- {
		t := ts.all[i]
		if t == ts.current || t.ended {
			continue
		}
		if u := t.unwrapped(*s); t.distance(&u) <= reordered && t.continues(&u, nil) {
			return t
		}
	}
	return nil
}

// maxOpen bounds the tracks that may be continued: so many nodes can write to
// one file in turn and be recognised.
const maxOpen = 64

// begin makes a new track. If it begins with the first serials of a boot, the
// track before it has ended.
func (ts *tracks) begin(s stretch) {
	if t := ts.current; t != nil {
		u := t.unwrapped(s)
		jumps := t.jumpsBack(&u)
		t.ended = t.ended || jumps || s.low < bootSerials
		ts.jumped = ts.jumped || jumps
		ts.wrapped = ts.wrapped || s.low < bootSerials && t.nearWrap(&s)
	}
	ts.current = &track{place: len(ts.all)}
	if len(ts.all) == 0 { // often the only one
		ts.current.all = make([]stretch, 0, ts.expected)
	}
	ts.current.add(s)
	ts.all = append(ts.all, ts.current)
}

// unite joins tracks that are parts of one boot, read in another order than
// they were written, as both serials and times show.
func (ts *tracks) unite() {
	slices.SortStableFunc(ts.all, func(a, b *track) int {
		return cmp.Or(cmp.Compare(a.span.first, b.span.first), cmp.Compare(a.span.low, b.span.low))
	})
	out := ts.all[:0:0]
	for _, t := range ts.all {
		if n := len(out); n > 0 && (out[n-1].precedes(t) || out[n-1].hasRoomFor(t)) {
			for _, s := range t.all {
				out[n-1].add(s)
			}
			out[n-1].place = min(out[n-1].place, t.place)
			continue
		}
		out = append(out, t)
	}
	ts.all = out
}

// precedes reports whether t is an earlier part of the boot of o, although o
// was read first: t ends with the serial before o. With serials between them, t
// could be of a later boot that began without a clock.
func (t *track) precedes(o *track) bool {
	return t.place > o.place && t.span.low >= firstSerials && t.span.high+1 == o.span.low && t.span.last <= o.span.first+sameBoot
}

// hasRoomFor reports whether o fits into a gap of t.
func (t *track) hasRoomFor(o *track) bool {
	if o.span.low <= t.span.low {
		return false
	}
	slices.SortStableFunc(t.all, func(a, b stretch) int { return cmp.Compare(a.low, b.low) })
	next := sort.Search(len(t.all), func(i int) bool { return t.all[i].low > o.span.low })
	if next == len(t.all) {
		return false
	}
	before, after := &t.all[next-1], &t.all[next]
	return before.high < o.span.low && after.low > o.span.high &&
		before.first <= o.span.first+sameBoot && after.last >= o.span.last-sameBoot
}

// doubt returns why a part may be missing that no serial reveals; "" if there
// is no sign of that.
func (ts *tracks) doubt() string {
	switch {
	case ts.jumped:
		return doubtJumped
	case ts.wrapped:
		return doubtWrapped
	case ts.outOfOrder():
		return doubtOutOfOrder
	}
	return ""
}

// outOfOrder reports whether a track begins where no boot does: its earlier
// part is missing, was read before, or is of another node.
func (ts *tracks) outOfOrder() bool {
	places := slices.SortedFunc(slices.Values(ts.all), func(a, b *track) int { return cmp.Compare(a.place, b.place) })
	for i, t := range places[min(1, len(places)):] {
		before := &places[i].span
		if t.span.low >= bootSerials || t.span.last < before.first && t.span.high < before.low {
			return true // else it begins with a boot, perhaps without a clock
		}
	}
	return false
}

// mixed reports whether one space has the serials of several nodes: two tracks
// continue in turn, records with different contents claim one serial, or the log
// turns back again and again: from one page, or from every fourth of those with
// few records.
func (ts *tracks) mixed() bool {
	if ts.resumed > 0 {
		return true
	}
	sparse, turns := 0, 0
	for _, t := range ts.all {
		for _, s := range t.all {
			if s.disputed || s.turns >= minTurns {
				return true
			}
			if bits.OnesCount64(s.seen) <= maxSparse {
				sparse, turns = sparse+1, turns+s.turns
			}
		}
	}
	return turns >= minTurns && 4*turns >= sparse
}

const (
	minTurns  = 6
	maxSparse = 8 // records of a page
)
