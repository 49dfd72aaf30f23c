package tally

import (
	"maps"
	"math/bits"
	"slices"
	"time"

	"github.com/auditscan/auditscan/aggregate"
)

// Newest returns the newest record of each node, in their order.
func (p *Proof) Newest() (all []aggregate.Seen) {
	for _, node := range slices.Sorted(maps.Keys(p.nodes)) {
		if last := p.nodes[node].newest(); last != nil {
			serial := last.key<<pageBits + pageMask - uint32(bits.LeadingZeros64(last.seen))
			all = append(all, aggregate.Seen{
				Node: node, Time: time.UnixMilli(last.last).UTC(), Serial: serial, Stream: p.nodes[node].hasOthers(last.space),
			})
		}
	}
	return all
}

// newest returns the page with the highest serial of the last boot, nil if
// there is none.
func (s *serials) newest() (last *page) {
	for p := range s.pages.all() {
		if last == nil || p.last > last.last || p.last == last.last && p.key > last.key {
			last = p
		}
	}
	return last
}

// Resume makes the serials continue those of an earlier run: what is missing
// between the two runs is a gap.
func (p *Proof) Resume(after []aggregate.Seen) {
	for _, a := range after {
		if s := p.serials([]byte(a.Node)); s != nil {
			space := p.spaceOf(a.Node)
			s.seeMoment(a.Time.UnixMilli(), a.Serial, space, 0) // its page's time
			s.markLog(space)
			if a.Stream {
				s.addOthers(space, 1) // the earlier run saw records of other types
			}
		}
	}
}
