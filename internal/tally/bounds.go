package tally

import (
	"time"

	"github.com/auditscan/auditscan/aggregate"
)

// Messages of losses and malformed records often have no time: the kernel
// prints an uptime, syslog a local time without year and zone. What their
// input tells for certain is the records that they stand between, so the
// times of those are the bounds of theirs; but not in a log of several nodes,
// since one that was cut off sends what is hours old.

// order is what an input tells of its times from first to last: they need not
// grow.
type order struct {
	head, tail aggregate.Millis // of the first and of the last record so far; 0: none
	waiting    []*lossCount     // those that stand behind the last record
	node       string
	nodes      int // 0, 1, or 2 for several
}

// addNode notes where records are from.
func (o *order) addNode(node string, nodes int) {
	if o.nodes == 0 {
		o.node, o.nodes = node, nodes
	} else if nodes > 1 || nodes == 1 && node != o.node {
		o.nodes = 2
	}
}

// advance goes on to a record, or a stretch that begins and ends with the records
// of the given times; 0 is one without a time.
func (o *order) advance(head, tail aggregate.Millis) {
	if head == 0 {
		return
	}
	if o.head == 0 {
		o.head = head
	}
	o.tail = tail
	if len(o.waiting) > 0 {
		o.bound(head)
	}
}

// bound bounds what waits by the time of the record behind it.
func (o *order) bound(ms aggregate.Millis) {
	for _, l := range o.waiting {
		aggregate.Widen(&l.first, &l.last, ms, ms)
		l.waits = false
	}
	o.waiting = o.waiting[:0]
}

// await lets the time of the next record bound l.
func (o *order) await(l *lossCount) {
	if !l.waits {
		l.waits = true
		o.waiting = append(o.waiting, l)
	}
}

// bounds say where evidence without a time has no bound.
type bounds struct {
	between bool // some of it has no time
	leads   bool // some of that stands before the first record of its input
	waits   bool // some of that stands behind the last one
	nowhere bool // nobody knows where some of that stands
}

// follows bounds l by the time of the record before it.
func (l *lossCount) follows(ms aggregate.Millis) {
	l.between = true
	l.leads = l.leads || ms == 0
	aggregate.Widen(&l.first, &l.last, ms, ms)
}

// times are those between which all of l happened; zero where none is known.
func (o *order) times(l *lossCount) (first, last time.Time) {
	if l.nowhere || l.between && o.nodes > 1 {
		return first, last
	}
	if !l.leads {
		first = l.first.Time()
	}
	if !l.waits {
		last = l.last.Time()
	}
	return first, last
}
