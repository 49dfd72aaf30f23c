package tally

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
)

// nearNodes is the logs of two or three nodes whose serials are so near that
// they share pages; of some the calls wait.
func nearNodes(seed uint64) *nodeSet {
	r := rand.New(rand.NewPCG(seed, 41))
	n := &nodeSet{Rand: r}
	base, pace := uint32(5000+r.IntN(100_000)), []int{0, 1, 5, 50, 400, 2000}[r.IntN(6)]
	for i := range 2 + r.IntN(2) {
		h := &history{Rand: r, serial: base + uint32(r.IntN([]int{4, 70, 200, 700}[r.IntN(4)])), clock: 1717243200000 + int64(r.IntN(2000))}
		if seed%3 == 0 {
			h.waits = rand.New(rand.NewPCG(seed, 17))
		}
		h.records(2+r.IntN(300), pace)
		for range r.IntN(3) {
			lost := 1 + r.IntN([]int{2, 30, 200}[r.IntN(3)])
			h.serial, h.lost = h.serial+uint32(lost), h.lost+int64(lost)
			h.clock += int64(r.IntN(pace*lost + 1))
			h.records(2+r.IntN(300), pace)
		}
		n.nodes, n.lines, n.lost = append(n.nodes, fmt.Sprintf("n%d", i)), append(n.lines, h.lines), n.lost+h.lost
	}
	return n
}

// TestNearNodes checks, for three thousand files in which nodes with nearly the
// same serials write in turn, that none that lacks a record is complete, and that
// no gap is told but where the nodes write one after the other, as one would.
func TestNearNodes(t *testing.T) {
	alike := 0
	for seed := range uint64(3000) {
		n := nearNodes(seed)
		s, turns, before, at := newStream(), 0, 0, int64(0)
		seccomp := []int{2, 10, 50}[n.IntN(3)]
		n.inTurns(func(node int, e stamped) {
			if node != before && e.millis > at {
				turns++
			}
			before, at = node, e.millis
			addOf(s.b, e, "", n.IntN(seccomp) == 0)
		})
		c := s.b.Summary().Completeness
		switch gaps := gapsOf(c); {
		case n.lost > 0 && c.Verdict == aggregate.Complete, c.Verdict == aggregate.Unknown && c.Reason == "":
			t.Errorf("seed %d: %s, want %d missing: %+v", seed, c.Verdict, n.lost, c)
		case gaps > 0 && gaps != n.lost && turns >= 8:
			alike++
			t.Logf("seed %d: %d turns, %d missing, want %d", seed, turns, gaps, n.lost)
		}
	}
	if alike > 10 { // in most of them, many records share a millisecond
		t.Errorf("%d files of several nodes were taken for one node's", alike)
	}
}

// TestWaitingCalls checks that the log of one node stays complete, or shows
// exactly its gap, however many of its calls wait, whose records have the time
// when they began, in whatever order its records are written, and however few of
// them are left.
func TestWaitingCalls(t *testing.T) {
	unknown := 0
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 47))
		waiting, longest := []int{2, 20, 60, 95}[r.IntN(4)], []int64{3, 50, 3000}[r.IntN(3)]
		pace, serial, clock := []int{0, 1, 5, 50, 400}[r.IntN(5)], uint32(5000+r.IntN(100_000)), int64(1717243200000)
		var all []stamped
		for range 500 + r.IntN(3000) {
			e := stamped{serial, clock}
			if r.IntN(100) < waiting {
				e.millis -= r.Int64N(longest)
			}
			all = append(all, e)
			serial++
			clock += int64(r.IntN(pace + 1))
		}
		var told []string
		lost := int64(0)
		if r.IntN(2) == 0 {
			all, lost = drop(r, all, 20), 20
		}
		if every := 1 + r.IntN(100); r.IntN(4) == 0 {
			told = append(told, fmt.Sprintf("one of %d is left", every))
			var few []stamped
			for i := 0; i < len(all); i += every {
				few = append(few, all[i])
			}
			all, lost = few, int64(few[len(few)-1].serial-few[0].serial+1)-int64(len(few))
		}
		if window := []int{1, 4, 16, 500}[r.IntN(4)]; window*pace <= sameBoot && window*waiting <= 10_000 && lost <= 20 {
			told = append(told, fmt.Sprintf("shuffled by %d", window))
			all = append(append(all[:1:1], late(r, all[1:len(all)-1], window)...), all[len(all)-1])
		}
		s := newStream()
		for _, e := range all {
			addOf(s.b, e, "", r.IntN(5) == 0)
		}
		c := s.b.Summary().Completeness
		if c.Verdict == aggregate.Unknown && c.Reason != "" {
			unknown++
		} else if gapsOf(c) != lost || (c.Verdict == aggregate.Complete) != (lost == 0) {
			t.Errorf("seed %d, %d%% wait up to %d ms, pace %d, %s: %s, %d missing, want %d", seed, waiting, longest, pace, strings.Join(told, ", "), c.Verdict, gapsOf(c), lost)
		}
	}
	t.Logf("%d unknown", unknown)
}
