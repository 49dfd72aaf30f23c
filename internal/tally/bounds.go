package tally

import (
	"time"

	"github.com/auditscan/auditscan/aggregate"
)

// Messages of loss and malformed records often have no usable time: the kernel
// prints an uptime, syslog a local time without year and zone. What is certain
// is the records that they stand between, so the times of those bound theirs.
// Not so in a log of several nodes: one that was cut off sends records that are
// hours old.

// order is what is known of an input's times from first to last, which need not
// increase.
type order struct {
	head, tail aggregate.Millis // of the first and the last record so far; 0: none
	waiting    []*lossCount     // losses after the last record
	node       string
	nodes      int // 0, 1, or 2 for several
}

// addNode notes the node that records come from.
func (o *order) addNode(node string, nodes int) {
	if o.nodes == 0 {
		o.node, o.nodes = node, nodes
	} else if nodes > 1 || nodes == 1 && node != o.node {
		o.nodes = 2
	}
}

// advance moves on to the next record, or to a stretch whose first and last
// records have the given times; 0 is none.
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

// bound bounds what waits by the time of the record after it.
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

// bounds says which bounds evidence without a time lacks.
type bounds struct {
	between bool // some of it has no time
	leads   bool // some of that precedes the first record of its input
	waits   bool // some of that follows the last one
	nowhere bool // the place of some of that is unknown
}

// follows bounds l by the time of the record before it.
func (l *lossCount) follows(ms aggregate.Millis) {
	l.between = true
	l.leads = l.leads || ms == 0
	aggregate.Widen(&l.first, &l.last, ms, ms)
}

// times returns the times between which all of l happened; zero if unknown.
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
