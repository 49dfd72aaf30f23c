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
}

// wrapWindow is how near to 2^32 the counter must be for a small serial to be
// the one after it. So few records make no boot.
const wrapWindow = 1 << 16

const wrap = 1 << 32

func (t *track) add(s stretch) {
	if len(t.all) == 0 {
		t.span, t.pages = s, map[int64]uint64{}
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
	case t.span.high-round >= wrap-wrapWindow && s.low < wrapWindow:
		round += wrap
	case round > 0 && low-t.span.high > wrap/2:
		round -= wrap // it came late
	}
	s.low, s.high = s.low+round, s.high+round
	return s
}

// distance is how many serials lie between the track's end and a stretch.
func (t *track) distance(s *stretch) int64 {
	return max(s.low-t.span.high-1, t.span.high-s.high, 0)
}

// continues reports whether a stretch can be of the track by its place in the
// file: it goes on from the track's end, or is a little late, or a little
// before its beginning, where a file holds the newest line first.
func (t *track) continues(s *stretch) bool {
	switch {
	case s.low > t.span.high:
		return true
	case s.low >= t.span.high-reordered:
		return (s.high > t.span.high || s.first <= t.span.last+sameBoot) && !t.repeats(s)
	}
	return s.high < t.span.low && s.high >= t.span.low-reordered && s.last <= t.span.first+sameBoot
}

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
	all     []*track
	current *track
	resumed int // how often one track went on where another had gone on before
}

// split parts the stretches of one serial space, in the order of the file, into
// tracks.
func split(all []stretch) *tracks {
	var ts tracks
	for _, s := range all {
		ts.place(s)
	}
	ts.unite()
	return &ts
}

// place adds a stretch to the track that it goes on from.
func (ts *tracks) place(s stretch) {
	if t := ts.current; t != nil {
		u := t.unwrapped(s)
		if near := t.distance(&u) <= reordered; t.continues(&u) && (near || ts.resumable(&s) == nil) {
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
		if u := t.unwrapped(*s); t.distance(&u) <= reordered && t.continues(&u) {
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
	if ts.current != nil && s.low < bootSerials {
		ts.current.ended = true
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
// read before it.
func (t *track) precedes(o *track) bool {
	return t.place > o.place && t.span.low >= firstSerials && t.span.high < o.span.low && t.span.last <= o.span.first+sameBoot
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

// outOfOrder reports whether a track begins anew where no boot does: an
// earlier part of it is not there, or was read before, or is of another node.
func (ts *tracks) outOfOrder() bool {
	places := slices.SortedFunc(slices.Values(ts.all), func(a, b *track) int { return cmp.Compare(a.place, b.place) })
	for i, t := range places[min(1, len(places)):] {
		if t.span.low >= bootSerials || t.span.last < places[i].span.first {
			return true
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
