package tally

import (
	"cmp"
	"slices"
	"sort"
)

// The counter of serials goes up by one with each audit record, and begins
// anew at boot. So what a file holds is a few tracks, each the serials of one
// boot, and what lacks within a track is missing. Which track a stretch is of
// is told by the order of the file: the serial goes on from where the track is.
// The clock only helps, since it can be set.

// track is the stretches of one boot, in the order of the file.
type track struct {
	place int // among the tracks, in the order of the file
	all   []stretch
	span  stretch          // low, high, first and last of all
	pages map[int64]uint64 // key to the serials of the page that were seen
	ended bool             // another boot has begun since
	down  int              // how many of the last pages each lay below the one before
}

// wrapWindow is how near to 2^32 the counter must be for a small serial to be
// the one after it. So few records make no boot.
const wrapWindow = 1 << 16

const wrap = 1 << 32

func (t *track) add(s stretch) {
	if len(t.all) == 0 {
		t.span, t.pages = s, map[int64]uint64{}
	}
	if n := len(t.all); n > 0 && s.high < t.all[n-1].low {
		t.down++
	} else {
		t.down = 0
	}
	t.all = append(t.all, s)
	t.span.widen(&s)
	if s.seen != 0 {
		t.pages[s.low>>pageBits] |= s.seen
	}
}

// unwrapped returns s with its serials counted on where the counter has begun
// again at 0 in this track: of the numbers that they can stand for, the nearest
// to its end.
func (t *track) unwrapped(s stretch) stretch {
	round := t.span.high &^ (wrap - 1)
	switch low := s.low + round; {
	case t.wraps(&s):
		round += wrap
	case round > 0 && low-t.span.high > wrap/2:
		round -= wrap // it came late
	}
	s.low, s.high = s.low+round, s.high+round
	return s
}

// nearWrap reports whether the counter is about to begin again at 0, and s may
// be behind that.
func (t *track) nearWrap(s *stretch) bool {
	return t.span.high&(wrap-1) >= wrap-wrapWindow && s.low < wrapWindow
}

// wraps reports whether s goes on where the counter has begun again at 0: it is
// the next serial, or time has gone on without a break, in which no host boots.
func (t *track) wraps(s *stretch) bool {
	missing := s.low + wrap - t.span.high&(wrap-1) - 1
	return t.nearWrap(s) && (missing == 0 || missing <= reordered && t.all[len(t.all)-1].meets(s))
}

// distance is how many serials lie between the track's end and a stretch.
func (t *track) distance(s *stretch) int64 {
	return max(s.low-t.span.high-1, t.span.high-s.high, 0)
}

// continues reports whether a stretch can be of the track by its place in the
// file: it goes on from the track's end, or is a little late, or a little
// before its beginning, where a file holds the newest line first. next is the
// stretch behind it; nil: none.
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

// jumpsBack reports whether a stretch behind a gap is of an earlier time. Then
// it can be of another boot, without a clock, or of another node, whose log
// follows.
func (t *track) jumpsBack(s *stretch) bool {
	return s.low > t.span.high+1 && s.last < t.all[len(t.all)-1].first-sameBoot
}

// recent reports whether a stretch is of the time of those that the track got
// last, among which late records stand, and not later than those of higher
// serials.
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

// repeats reports whether serials of the stretch stand in the track already,
// of another time: one boot has each of them once.
func (t *track) repeats(s *stretch) bool {
	if s.seen == 0 || t.pages[s.low>>pageBits]&s.seen == 0 {
		return false
	}
	for i := len(t.all) - 1; i >= max(0, len(t.all)-2*reordered); i-- {
		if o := &t.all[i]; o.samePage(s) && o.seen&s.seen != 0 && !o.meets(s) {
			return true
		}
	}
	return false
}

// tracks are those of a serial space, and what was noticed about them.
type tracks struct {
	all      []*track
	current  *track
	resumed  int  // how often one track went on where another had gone on before
	wrapped  bool // a new boot may be none, but the counter's wrap
	jumped   bool // serials lack where the time goes back
	repeated bool // two boots were at the same time by the clock
}

// split parts the stretches of one serial space, in the order of the file, into
// tracks.
func split(all []stretch) *tracks {
	var ts tracks
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

// place adds a stretch to the track that it goes on from.
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

// resumable returns another track whose end is right before a stretch; nil if
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

// maxOpen bounds the tracks that may go on: as many nodes can write one file
// in turns and be told as such.
const maxOpen = 64

// begin makes a new track. One that begins with the first serials there are is
// of a boot, after which the one before goes on no more.
func (ts *tracks) begin(s stretch) {
	if t := ts.current; t != nil {
		u := t.unwrapped(s)
		jumps := t.jumpsBack(&u)
		t.ended = t.ended || jumps || s.low < bootSerials
		ts.jumped = ts.jumped || jumps
		ts.wrapped = ts.wrapped || s.low < bootSerials && t.nearWrap(&s)
	}
	ts.current = &track{place: len(ts.all)}
	ts.current.add(s)
	ts.all = append(ts.all, ts.current)
}

// unite joins tracks that are parts of one boot, read in another order than
// they were written: both the serials and the times say so.
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

// precedes reports whether t is an earlier part of the boot of o, which was
// read before it: it ends with the serial before. With others between them it
// could be of a later boot that began without a clock.
func (t *track) precedes(o *track) bool {
	return t.place > o.place && t.span.low >= firstSerials && t.span.high+1 == o.span.low && t.span.last <= o.span.first+sameBoot
}

// hasRoomFor reports whether o is what lacks somewhere within t.
func (t *track) hasRoomFor(o *track) bool {
	if o.span.low <= t.span.low || o.span.high >= t.span.high {
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

// doubt returns why a part may be missing that no serial tells of; "" if
// nothing speaks for it.
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

// outOfOrder reports whether a track begins anew where no boot does: an
// earlier part of it is not there, or was read before, or is of another node.
func (ts *tracks) outOfOrder() bool {
	places := slices.SortedFunc(slices.Values(ts.all), func(a, b *track) int { return cmp.Compare(a.place, b.place) })
	for i, t := range places[min(1, len(places)):] {
		before := &places[i].span
		if t.span.low >= bootSerials || t.span.last < before.first && t.span.high < before.low {
			return true // else it is of a boot, perhaps without a clock
		}
	}
	return false
}

// mixed reports whether the serials of several nodes stand in one space: two
// tracks go on in turns, records of different content claim one serial, or
// nearly everywhere a later serial is of an earlier time.
func (ts *tracks) mixed() bool {
	if ts.resumed > 0 {
		return true
	}
	for _, t := range ts.all {
		if slices.ContainsFunc(t.all, func(s stretch) bool { return s.disputed }) || t.inverted() {
			return true
		}
	}
	return false
}

// inverted reports whether most pages of a track are of an earlier time than
// the one before. A clock that is set back makes one such place, two nodes that
// are a few pages apart make nearly all.
func (t *track) inverted() bool {
	if len(t.all) < minInverted {
		return false
	}
	all := slices.SortedStableFunc(slices.Values(t.all), func(a, b stretch) int { return cmp.Compare(a.low, b.low) })
	inversions := 0
	for i := range all[1:] {
		if all[i].last > all[i+1].first+sameBoot {
			inversions++
		}
	}
	return inversions >= minInverted && 2*inversions > len(all)
}

const minInverted = 4
