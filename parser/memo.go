package parser

import "bytes"

// memo is the fast path. A process makes many calls, and all its records are
// the same bytes up to "syscall=" but for the stamp. The memo keeps such
// starts with what was read from them, so that a record costs one comparison
// and four numbers.
//
// It is exact: fields are read from left to right, each value is ended within
// the start (by the blank that stands behind it), and so nothing behind the
// start could have changed what was read from it. Whatever is not found goes
// through the same reader as ever, and a parser without a memo gives the same
// items (a test and a fuzz target hold it to that).
type memo struct {
	slots []remembered // made on first use; a power of two
	last  *remembered  // the one recalled or kept last: records come in bursts
	made  uint32       // origins given out
}

// remembered is a start and what was read from it. Its texts lie in start, so
// they stay valid until the slot is used again.
type remembered struct {
	start   []byte
	at      reading // rest is not used
	whole   bool    // with syscall= and what follows, all required fields are there
	process Process // read only
}

// memoSlots is enough for the processes that log at the same time; two that
// share a slot only cost time.
const (
	memoBits  = 10
	memoSlots = 1 << memoBits
)

// maxStart bounds what a slot keeps.
const maxStart = 1 << 10

// recall returns what was read from the start of s before, nil if it was not.
func (m *memo) recall(s []byte) *remembered {
	if m.last == nil {
		return nil
	}
	if bytes.HasPrefix(s, m.last.start) {
		return m.last
	}
	e := &m.slots[slot(s)]
	if len(e.start) == 0 || !bytes.HasPrefix(s, e.start) {
		return nil
	}
	m.last = e
	return e
}

// keep remembers what was read from the start of s, up to at.rest, and gives
// it an origin.
func (m *memo) keep(s []byte, at reading, p *Process) {
	n := len(s) - len(at.rest)
	if n == 0 || n > maxStart {
		return
	}
	if m.slots == nil {
		m.slots = make([]remembered, memoSlots)
	}
	m.made++
	p.Origin = m.made
	e := &m.slots[slot(s)]
	m.last = e
	e.start = append(e.start[:0], s[:n]...)
	e.at, e.process = at, *p
	e.at.rest, e.whole = nil, (at.seen|tailFields)&required == required
	moved := func(t []byte) []byte {
		if t == nil {
			return nil
		}
		from := bytesOffset(s, t)
		return e.start[from : from+len(t) : from+len(t)]
	}
	e.process.Subj, e.process.Comm.Bytes, e.process.Exe.Bytes = moved(p.Subj), moved(p.Comm.Bytes), moved(p.Exe.Bytes)
}

// bytesOffset is where t begins in s, of which it is a part: slices of one
// array have its end in common.
func bytesOffset(s, t []byte) int { return cap(s) - cap(t) }

// slot hashes the first bytes of s, which hold the pid in all but records
// with a very long subj.
func slot(s []byte) int {
	const words = 12
	var h uint64
	if len(s) < 8*words {
		for _, c := range s {
			h = (h ^ uint64(c)) * mix
		}
		return int(h >> (64 - memoBits))
	}
	for i := range words {
		h += le64(s[8*i:]) * (mix + uint64(i)<<20)
	}
	return int(h * mix >> (64 - memoBits))
}

const mix = 0x9e3779b97f4a7c15
