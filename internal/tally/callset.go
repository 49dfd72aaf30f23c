package tally

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
)

// callSet counts the calls of one form.
type callSet struct {
	calls  []aggregate.Call
	slots  []uint32 // hash of a call to 1 + its index in calls; nil: few calls
	form   form
	shared bool // a summary holds calls, which must not change
}

// fewCalls is the number up to which calls need no slots.
const fewCalls = 8

// slot returns where the search for a call begins. Most groups have one
// architecture and action, and small numbers.
func (id *callID) slot(mask int) int {
	h := uint64(uint32(id.nr)) | uint64(id.arch)<<16 ^ uint64(id.action)<<9
	return int(h*0x9e3779b97f4a7c15>>32) & mask
}

func (id *callID) isCall(c *aggregate.Call) bool {
	return c.NR == id.nr && c.Arch == id.arch && c.Action == id.action && c.Folded == id.folded
}

// find returns the counter of a call, nil if it has none.
func (s *callSet) find(id *callID) *aggregate.Call {
	if mask := len(s.slots) - 1; mask >= 0 {
		for i := id.slot(mask); s.slots[i] != 0; i = (i + 1) & mask {
			if c := &s.calls[s.slots[i]-1]; id.isCall(c) {
				return c
			}
		}
		return nil
	}
	s.unshare()
	for i := range s.calls {
		if id.isCall(&s.calls[i]) {
			return &s.calls[i]
		}
	}
	return nil
}

// add makes the counter of a call that has none.
func (s *callSet) add(id *callID) *aggregate.Call {
	s.unshare()
	s.grow()
	s.calls = append(s.calls, aggregate.Call{Arch: id.arch, NR: id.nr, Action: id.action, Folded: id.folded})
	if 4*len(s.calls) > 3*len(s.slots) {
		s.reindex()
	} else {
		s.fill(len(s.calls) - 1)
	}
	return &s.calls[len(s.calls)-1]
}

// grow makes room for a call and a few more. With many groups, the room that
// append leaves free would be a third of all memory.
func (s *callSet) grow() {
	n := len(s.calls)
	if n < cap(s.calls) {
		return
	}
	calls := append([]aggregate.Call(nil), make([]aggregate.Call, n+1+n/4)...) // fills a size class of the allocator
	s.calls = calls[:copy(calls, s.calls)]
}

// reindex rebuilds the slots, with room for more calls.
func (s *callSet) reindex() {
	if len(s.calls) <= fewCalls {
		return
	}
	size := 2 * fewCalls
	for 2*size < 3*len(s.calls) {
		size *= 2
	}
	s.slots = make([]uint32, size)
	for i := range s.calls {
		s.fill(i)
	}
}

// fill puts the i-th call into a slot.
func (s *callSet) fill(i int) {
	mask := len(s.slots) - 1
	c := &s.calls[i]
	id := callID{arch: c.Arch, nr: c.NR, action: c.Action}
	at := id.slot(mask)
	for s.slots[at] != 0 {
		at = (at + 1) & mask
	}
	s.slots[at] = uint32(i + 1)
}

// each calls f for each call. The ID is valid until the next one.
func (s *callSet) each(f func(id *callID, c *aggregate.Call)) {
	id := callID{form: s.form}
	for i := range s.calls {
		c := &s.calls[i]
		id.arch, id.nr, id.action, id.folded = c.Arch, c.NR, c.Action, c.Folded
		f(&id, c)
	}
}

// share returns the calls themselves, in order, not a copy: most summaries are
// made once, at the end.
func (s *callSet) share() []aggregate.Call {
	if !s.shared {
		s.calls = slices.DeleteFunc(s.calls, func(c aggregate.Call) bool { return c.Count == 0 }) // all were subtracted
		slices.SortFunc(s.calls, aggregate.CompareCalls)
	}
	s.slots, s.shared = nil, true
	return slices.Clip(s.calls)
}

// unshare copies the calls if a summary holds them.
func (s *callSet) unshare() {
	if !s.shared {
		return
	}
	s.calls, s.shared = slices.Clone(s.calls), false
	s.reindex()
}
