package aggregate

import (
	"maps"
	"math/bits"
	"slices"
	"time"
)

// Seen is the newest audit record of a node: where a later run goes on, so
// that a gap between the two runs shows.
type Seen struct {
	Node   string    `json:"node,omitempty"`
	Time   time.Time `json:"time"`
	Serial uint32    `json:"serial"`
}

// Newest returns the newest record of each node, in their order.
func (b *Builder) Newest() (all []Seen) {
	for _, node := range slices.Sorted(maps.Keys(b.nodes)) {
		if p := b.nodes[node].newest(); p != nil {
			serial := p.key<<pageBits + pageMask - uint32(bits.LeadingZeros64(p.seen))
			all = append(all, Seen{Node: node, Time: time.UnixMilli(p.last).UTC(), Serial: serial})
		}
	}
	return all
}

// newest is the page of the highest serial of the last boot; nil: none.
func (s *serials) newest() (last *page) {
	for p := range s.pages.all() {
		if last == nil || p.last > last.last || p.last == last.last && p.key > last.key {
			last = p
		}
	}
	return last
}

// GoOn makes the serials begin behind those of an earlier run: what is missing
// between them and the first ones seen now is a gap.
func (b *Builder) GoOn(after []Seen) {
	for _, a := range after {
		if s := b.serials([]byte(a.Node)); s != nil {
			s.other(a.Time.UnixMilli(), a.Serial)
			s.others-- // it tells nothing of what this run's input holds
		}
	}
}
