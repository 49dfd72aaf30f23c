package tally

import (
	"math"
	"math/bits"
	"slices"
)

// Serials are kept in pages of 64, each with the time span in which it was
// seen. The counter restarts at boot, so one number may stand for different
// events, but never at the same time.
const (
	pageBits  = 6
	pageSize  = 1 << pageBits
	pageMask  = pageSize - 1
	sameBoot  = 5000 // ms: a serial further from the span of its page starts another page
	reordered = 1024 // how far back, in serials, late records may lie; further is a new boot

	firstSerials = 32   // a boot seen from its first record on begins with a serial below this
	bootSerials  = 4096 // the first serial that auditd receives after a boot is below this
)

// maxPages bounds the memory of the serials of all nodes, to about 16 MB. When
// it is reached, the older half is settled: its gaps are counted, and
// duplicates of its records are no longer found.
const maxPages = 64 << 10

// minPages is what every node may have.
const minPages = 32

// maxChain bounds the pages of one key that are searched. Only a hundred boots
// need more, or a log that was written to slow this down.
const maxChain = 256

// content is 8 bits of the hash of an event's time and 16 of what its SECCOMP
// record says, or, as long as it has none, of the time too. Of the records that
// claim the serial of another at the same time, one in 65,536 is taken for a
// second rendering of it.
type content uint32

const (
	timeBits    content = 0xff0000
	contentMask content = 0xffffff
)

// momentOf returns the content of an event at a time, before a SECCOMP record of
// it came; 0: the time is unknown.
func momentOf(ms int64) content {
	if ms == 0 {
		return 0
	}
	c := content(uint64(ms) * 0x9e3779b97f4a7c15 >> 40)
	if c&timeBits == 0 {
		c |= 1 << 16
	}
	return c
}

// page is 64 consecutive serials. The contents distinguish a second rendering
// of an event from another event that claims its serial: all records of an event
// have one time.
type page struct {
	key         uint32           // serial >> pageBits
	next        int32            // another page of this key, from another boot or space; -1: none
	space       int32            // the serial space; see Proof
	place       int32            // index among all pages
	disputed    bool             // it claims serials of another page of the same time
	repeated    bool             // and that page is far before it, so it is of another boot
	turns       uint8            // see serials.turn
	first, last int64            // ms
	seen        uint64           // serials of any audit record
	records     uint64           // serials of SECCOMP records
	low         [pageSize]uint16 // of the contents of all that were seen
	high        [pageSize]uint8
}

func (p *page) content(at uint32) content { return content(p.low[at]) | content(p.high[at])<<16 }

// set sets what an event says.
func (p *page) set(at uint32, c content) {
	p.seen |= 1 << at
	p.low[at], p.high[at] = uint16(c), uint8(c>>16)
}

// fits reports whether a serial of the page is free for an event at a time, or
// is that of one at the same time.
func (p *page) fits(at uint32, moment content) bool {
	if p.seen>>at&1 == 0 || moment == 0 {
		return true
	}
	c := p.content(at)
	if p.records>>at&1 != 0 {
		return (c^moment)&timeBits == 0
	}
	return c == moment || c == 0
}

// serials is the set of serials seen on one node, in one space or several.
type serials struct {
	heads   map[uint32]int32 // newest page of each key
	pages   pageList
	limit   *int    // of pages
	top     uint32  // the highest key that has a page
	key     uint32  // the key that was looked up last
	head    int32   // its newest page; -1: none
	used    int32   // the page that was looked up last; -1: none
	began   int64   // ms: when the first page was looked up first
	turned  bool    // see turn
	others  []int64 // records of other audit types, by space
	logs    []bool  // the spaces that hold records of logs, not only events made of one
	printed printed
	settled map[int32][]stretch // of the pages that were dropped, by space
	closed  map[int32]stretch   // the sums of the oldest of those
	flaws   map[int32]flaws     // of the spaces of those
}

func newSerials(limit *int) *serials {
	s := &serials{heads: map[uint32]int32{}, limit: limit, used: -1}
	s.seek(0)
	return s
}

// reset empties the set.
func (s *serials) reset() {
	clear(s.heads)
	s.pages.reset()
	*s = serials{heads: s.heads, pages: s.pages, limit: s.limit, used: -1, others: s.others[:0], logs: s.logs[:0]}
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

// find returns the newest page of the key that fits, nil if there is none.
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
	p.key, p.next, p.place = s.key, s.head, int32(s.pages.n)
	s.head = s.pages.add(p)
	s.heads[s.key] = s.head
	s.top = max(s.top, s.key)
	return s.pages.at(s.head)
}

// meets reports whether the page's time span and the given one can be of the
// same boot.
func (p *page) meets(first, last int64) bool {
	return last >= p.first-sameBoot && first <= p.last+sameBoot
}

func (p *page) widen(first, last int64) {
	p.first, p.last = min(p.first, first), max(p.last, last)
}

// addOther notes the serial of a record of another audit type.
func (s *serials) addOther(ms int64, serial uint32, space int32) {
	s.addOthers(space, 1)
	s.see(ms, serial, space)
}

// addOthers counts records of other audit types.
func (s *serials) addOthers(space int32, n int64) {
	for int(space) >= len(s.others) {
		s.others = append(s.others, 0)
	}
	s.others[space] += n
}

// hasOthers reports whether a space has records of other audit types. An
// extract of SECCOMP records has none, and its gaps prove nothing.
func (s *serials) hasOthers(space int32) bool {
	return int(space) < len(s.others) && s.others[space] > 0
}

// markLog notes that a space holds a record of a log.
func (s *serials) markLog(space int32) {
	for int(space) >= len(s.logs) {
		s.logs = append(s.logs, false)
	}
	s.logs[space] = true
}

// isLog reports whether a space holds more than events.
func (s *serials) isLog(space int32) bool { return int(space) < len(s.logs) && s.logs[space] }

// see notes that a serial was there.
func (s *serials) see(ms int64, serial uint32, space int32) {
	s.seeMoment(ms, serial, space, momentOf(ms))
}

// seeMoment notes that a serial was there, at a time that is the event's if
// moment is not 0.
func (s *serials) seeMoment(ms int64, serial uint32, space int32, moment content) {
	at := serial & pageMask
	p := s.pageFor(ms, serial, space, func(p *page) bool { return p.fits(at, moment) })
	p.widen(ms, ms)
	if p.seen>>at&1 == 0 {
		p.set(at, moment)
	}
}

// pageFor returns the page of a serial that is free for an event, and makes it
// if there is none. Where it is not free, another event claims the serial.
func (s *serials) pageFor(ms int64, serial uint32, space int32, free func(*page) bool) *page {
	disputed, repeated := false, false
	p := s.find(serial>>pageBits, func(p *page) bool {
		near := p.space == space && p.meets(ms, ms)
		isFree := near && free(p)
		if near && !isFree {
			disputed, repeated = disputed || !s.passed(p), repeated || s.passed(p)
		}
		return isFree
	})
	if p == nil {
		p = s.add(page{first: ms, last: ms, space: space})
	}
	p.disputed, p.repeated = p.disputed || disputed, p.repeated || repeated
	s.turn(p, ms)
	return p
}

// turn notes that the log goes on at a time with a page. If that is one before
// the page it leaves, whose records are all older, several nodes write in turn:
// one node has its serials in the order of time, or, where calls wait, in the
// order of the file.
func (s *serials) turn(p *page, ms int64) {
	switch {
	case s.used < 0:
		s.began = ms
	case s.turnsTo(p.key, ms, p.space):
		s.turned = true
		if left := s.pages.at(s.used); p.seen != 0 && left.turns < math.MaxUint8 {
			left.turns++
		}
	}
	s.used = p.place
}

// turnsTo reports whether the log turns back if it goes on with a page.
func (s *serials) turnsTo(key uint32, ms int64, space int32) bool {
	left := s.pages.at(s.used)
	return key < left.key && left.key-key <= reordered/pageSize && ms > left.last && space == left.space
}

// record notes a SECCOMP record and reports whether it was seen before, in any
// space: with the same serial and content, within the time span of its page.
// Outside that span the serial belongs to another boot. Records with the same
// serial and different contents have a page each.
func (s *serials) record(ms int64, serial uint32, c content, space int32) (duplicate bool) {
	at, bit := serial&pageMask, uint64(1)<<(serial&pageMask)
	if s.head >= 0 && s.key == serial>>pageBits { // the common case: the page used last is the only one
		if p := s.pages.at(s.head); p.next < 0 && p.seen&bit == 0 && p.space == space && p.meets(ms, ms) {
			p.note(ms, at, c)
			return false
		}
	}
	p := s.known(ms, serial, c)
	if p != nil {
		if p.space != space {
			s.see(ms, serial, space)
		}
		return true
	}
	moment := momentOf(ms)
	p = s.pageFor(ms, serial, space, func(p *page) bool { return p.records&bit == 0 && p.fits(at, moment) })
	p.note(ms, at, c)
	return false
}

// known returns the page that holds a SECCOMP record, nil if there is none.
func (s *serials) known(ms int64, serial uint32, c content) *page {
	at := serial & pageMask
	return s.find(serial>>pageBits, func(p *page) bool {
		return p.records>>at&1 != 0 && p.content(at) == c && ms >= p.first && ms <= p.last
	})
}

// passed reports whether so many pages were begun after p that no late record
// of its boot is to be expected. A host without a clock has the same time after
// each boot, and the same serials then.
func (s *serials) passed(p *page) bool { return s.pages.n-int(p.place) > latePages }

// note adds a SECCOMP record.
func (p *page) note(ms int64, at uint32, c content) {
	p.widen(ms, ms)
	p.set(at, c)
	p.records |= 1 << at
}

// overlaps reports whether a record of o, whose serials belong to the space,
// may be in s already, claims a serial of s, or is where the log turns back.
func (s *serials) overlaps(o *serials, space int32) bool {
	if o.turned || s.used >= 0 && o.used >= 0 && s.turnsTo(o.pages.at(0).key, o.began, space) {
		return true
	}
	for p := range o.pages.all() {
		if s.find(p.key, func(q *page) bool {
			return q.meets(p.first, p.last) && (q.space == space && q.disputes(p) || q.sharesContent(p))
		}) != nil {
			return true
		}
	}
	return false
}

// disputes reports whether two pages of a space hold SECCOMP records of one
// serial, or events of one serial at different times.
func (p *page) disputes(o *page) bool {
	if p.records&o.records != 0 {
		return true
	}
	for m := p.seen & o.seen; m != 0; m &= m - 1 {
		at := uint32(bits.TrailingZeros64(m))
		a, b := p.content(at), o.content(at)
		mask := contentMask
		if (p.records|o.records)>>at&1 != 0 {
			mask = timeBits
		}
		if (a^b)&mask != 0 && a != 0 && b != 0 {
			return true
		}
	}
	return false
}

// sharesContent reports whether two pages hold the same record.
func (p *page) sharesContent(o *page) bool {
	for m := p.records & o.records; m != 0; m &= m - 1 {
		if at := uint32(bits.TrailingZeros64(m)); p.content(at) == o.content(at) {
			return true
		}
	}
	return false
}

// merge adds the serials of o, which does not overlap, to a space.
func (s *serials) merge(o *serials, space int32) {
	for _, n := range o.others {
		s.addOthers(space, n)
	}
	if slices.Contains(o.logs, true) {
		s.markLog(space)
	}
	s.printed.append(&o.printed)
	for p := range o.pages.all() {
		q := s.mergePage(p, space)
		if p.place == o.used {
			s.used = q.place
		}
	}
}

// mergePage adds a page that disputes no serial to the space.
func (s *serials) mergePage(p *page, space int32) *page {
	q := s.find(p.key, func(q *page) bool {
		return q.space == space && q.records&p.records == 0 && q.meets(p.first, p.last)
	})
	if q == nil {
		added := *p
		added.space = space
		return s.add(added)
	}
	q.widen(p.first, p.last)
	q.disputed, q.repeated = q.disputed || p.disputed, q.repeated || p.repeated
	for m := p.records | p.seen&^q.seen; m != 0; m &= m - 1 {
		at := uint32(bits.TrailingZeros64(m))
		q.set(at, p.content(at))
	}
	q.seen |= p.seen
	q.records |= p.records
	return q
}
