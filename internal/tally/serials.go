package tally

import "math/bits"

// Serials are kept in pages of 64, with the time span that the page was seen
// in: the counter starts anew at boot, so the same number may stand for
// different events, but never at the same time.
const (
	pageBits  = 6
	pageSize  = 1 << pageBits
	pageMask  = pageSize - 1
	sameBoot  = 5000 // ms: a serial further from its page's span starts another page
	reordered = 1024 // serials that late records may lie behind; more is a new boot

	firstSerials = 32 // what comes later and is lower than these is of a new boot
)

// maxPages bounds the memory of the serials of all nodes: about 16 MB. When
// it is reached, the older half is settled: its gaps are counted, and its
// records can no longer be told from their duplicates.
const maxPages = 64 << 10

// minPages is what a node has in any case.
const minPages = 32

// maxChain bounds the pages of one key that are looked at. A hundred boots
// need more, or a log that was written to make this slow.
const maxChain = 256

// content is a hash of what a record says. Of so many records that claim the
// serials of others, one in 16 million is taken for a second rendering.
type content uint32

const contentMask = 1<<24 - 1

// page is 64 consecutive serials. The contents tell a second rendering of one
// event from another event that claims its serial.
type page struct {
	key         uint32           // serial >> pageBits
	next        int32            // another page of this key, from another boot; -1: none
	first, last int64            // ms
	seen        uint64           // serials of any audit record
	records     uint64           // serials of SECCOMP records
	low         [pageSize]uint16 // of the contents of those
	high        [pageSize]uint8
}

func (p *page) content(at uint32) content { return content(p.low[at]) | content(p.high[at])<<16 }

// serials is the set of serials seen on one node.
type serials struct {
	heads   map[uint32]int32 // key to the page of it made last
	pages   pageList
	limit   *int   // of pages
	top     uint32 // the highest key; those beyond it have no page
	key     uint32 // the key looked up last
	head    int32  // its page made last; -1: none
	others  int64  // records of other audit types
	printed printed
	settled []stretch // of the pages that were let go
	closed  stretch   // the sum of the oldest of those
}

func newSerials(limit *int) *serials {
	s := &serials{heads: map[uint32]int32{}, limit: limit}
	s.seek(0)
	return s
}

// reset empties the set.
func (s *serials) reset() {
	clear(s.heads)
	s.pages.reset()
	*s = serials{heads: s.heads, pages: s.pages, limit: s.limit}
	s.seek(0)
}

// seek makes key the current one.
func (s *serials) seek(key uint32) {
	s.key, s.head = key, -1
	if key > s.top {
		return
	}
	if i, ok := s.heads[key]; ok {
		s.head = i
	}
}

// find returns a page of the key that fits, nil if there is none.
func (s *serials) find(key uint32, fits func(*page) bool) *page {
	if key != s.key {
		s.seek(key)
	}
	for i, n := s.head, 0; i >= 0 && n < maxChain; i, n = s.pages.at(i).next, n+1 {
		if p := s.pages.at(i); fits(p) {
			return p
		}
	}
	return nil
}

// add makes p a page of the current key, where there is room for it.
func (s *serials) add(p page) *page {
	for s.pages.n >= max(*s.limit, minPages) {
		s.settle()
	}
	return s.push(p)
}

// push makes p a page of the current key.
func (s *serials) push(p page) *page {
	p.key, p.next = s.key, s.head
	s.head = s.pages.add(p)
	s.heads[s.key] = s.head
	s.top = max(s.top, s.key)
	return s.pages.at(s.head)
}

// meets reports whether the page's time span could be of the same boot.
func (p *page) meets(first, last int64) bool {
	return last >= p.first-sameBoot && first <= p.last+sameBoot
}

func (p *page) widen(first, last int64) {
	p.first, p.last = min(p.first, first), max(p.last, last)
}

// other notes the serial of a record of another audit type.
func (s *serials) other(ms int64, serial uint32) {
	s.others++
	p := s.find(serial>>pageBits, func(p *page) bool { return p.meets(ms, ms) })
	if p == nil {
		p = s.add(page{first: ms, last: ms})
	}
	p.widen(ms, ms)
	p.seen |= 1 << (serial & pageMask)
}

// record notes a SECCOMP record and reports whether it was seen before: the
// same serial, within the time that its page was seen in, with the same
// content. A serial seen outside that time is another boot's. Of records with
// one serial but different contents some are forged; each has a page.
func (s *serials) record(ms int64, serial uint32, c content) (duplicate bool) {
	at, bit := serial&pageMask, uint64(1)<<(serial&pageMask)
	if s.head >= 0 && s.key == serial>>pageBits { // the common case: the page used last is the only one
		if p := s.pages.at(s.head); p.next < 0 && p.records&bit == 0 && p.meets(ms, ms) {
			p.note(ms, at, c)
			return false
		}
	}
	p := s.find(serial>>pageBits, func(p *page) bool {
		return p.records&bit != 0 && p.content(at) == c && ms >= p.first && ms <= p.last
	})
	if p != nil {
		return true
	}
	p = s.find(serial>>pageBits, func(p *page) bool { return p.records&bit == 0 && p.meets(ms, ms) })
	if p == nil {
		p = s.add(page{first: ms, last: ms})
	}
	p.note(ms, at, c)
	return false
}

// note adds a SECCOMP record.
func (p *page) note(ms int64, at uint32, c content) {
	p.widen(ms, ms)
	p.seen |= 1 << at
	p.records |= 1 << at
	p.low[at], p.high[at] = uint16(c), uint8(c>>16)
}

// overlaps reports whether some record of o may be in s already.
func (s *serials) overlaps(o *serials) bool {
	for p := range o.pages.all() {
		if p.records != 0 && s.find(p.key, func(q *page) bool {
			return q.records&p.records != 0 && q.meets(p.first, p.last)
		}) != nil {
			return true
		}
	}
	return false
}

// merge adds the serials of o, which does not overlap.
func (s *serials) merge(o *serials) {
	s.others += o.others
	s.printed.append(&o.printed)
	for p := range o.pages.all() {
		q := s.find(p.key, func(q *page) bool { return q.records&p.records == 0 && q.meets(p.first, p.last) })
		if q == nil {
			s.add(*p)
			continue
		}
		q.widen(p.first, p.last)
		q.seen |= p.seen
		for m := p.records; m != 0; m &= m - 1 {
			bit := bits.TrailingZeros64(m)
			q.low[bit], q.high[bit] = p.low[bit], p.high[bit]
		}
		q.records |= p.records
	}
}
