package tally

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
)

// history is what happens to a host and its clock while auditd writes, and how
// many of its records never reached the log.
type history struct {
	*rand.Rand
	serial uint32
	clock  int64 // ms
	lines  []stamped
	lost   int64
	pace   int        // ms that a record takes at least, about
	waits  *rand.Rand // how long calls wait, whose records have the time when they began; nil: they do not
	told   []string   // what happened, for the message of a failure
}

const hour = int64(3600_000)

// newHistory makes the history of a seed: up to nine times something happens,
// with records before and after each.
func newHistory(seed uint64) *history {
	h := &history{Rand: rand.New(rand.NewPCG(seed, 13)), serial: uint32(100 + seed%7*10_000), clock: 1717243200000}
	if seed%4 == 0 {
		h.waits, h.pace = rand.New(rand.NewPCG(seed, 17)), 500+int(seed%8)*400
	}
	if seed%5 == 0 {
		h.serial = -uint32(1 + h.IntN(3000)) // near the end of the counter
	}
	h.run()
	for range 1 + h.IntN(9) {
		h.happen()
		h.run()
	}
	return h
}

func (h *history) happen() {
	steps := []struct {
		name string
		step func()
	}{
		{"set back by seconds", func() { h.clock -= int64(h.IntN(10_000)) }},
		{"set back by hours", func() { h.clock -= hour * int64(1+h.IntN(48)) }},
		{"set back by a year", func() { h.clock -= 8766 * hour }},
		{"NTP step", func() { h.clock += int64(h.IntN(4000)) - 2000 }},
		{"set forward", func() { h.clock += hour * int64(1+h.IntN(9000)) }},
		{"resumed", func() { h.clock += hour * int64(1+h.IntN(100)) }},
		{"resumed from a snapshot, then set", func() { h.clock -= hour; h.run(); h.clock += 2 * hour }},
		{"reboot", func() { h.clock += 30_000; h.serial = uint32(1 + h.IntN(200)) }},
		{"reboot without a clock", func() { h.clock = 946684800000 + int64(h.IntN(3_600_000)); h.serial = uint32(1 + h.IntN(200)) }},
		{"lost", h.lose},
		{"lost", h.lose},
		{"lost while the clock was set back", func() { h.lose(); h.clock -= int64(h.IntN(7_200_000)) }},
	}
	s := steps[h.IntN(len(steps))]
	h.told = append(h.told, fmt.Sprintf("%s at serial %d", s.name, h.serial))
	s.step()
}

// lose drops records that the kernel made.
func (h *history) lose() {
	n := uint32(1 + h.IntN([]int{3, 300, 5000, 200_000}[h.IntN(4)]))
	h.serial += n
	h.lost += int64(n)
	h.told = append(h.told, fmt.Sprintf("%d lost", n))
}

// run is a time of nothing but records.
func (h *history) run() {
	pace := h.pace + h.IntN(40)
	h.records(100+h.IntN(600), pace)
}

// records makes so many records.
func (h *history) records(n, pace int) {
	began := h.clock
	for range n {
		h.lines = append(h.lines, stamped{h.serial, h.clock - h.waited(h.clock-began)})
		h.serial++
		h.clock += int64(h.IntN(pace + 1))
	}
}

// waited is how long the call took that the next record is of, at most so long.
func (h *history) waited(most int64) int64 {
	if h.waits == nil || h.serial%3 == 0 || h.waits.IntN(20) > 0 {
		return 0
	}
	return h.waits.Int64N(most + 1)
}

// TestHistories checks for a thousand random histories that every gap is told
// and none is invented, or that the verdict is unknown and says why.
func TestHistories(t *testing.T) {
	unknown := 0
	for seed := range uint64(1000) {
		h := newHistory(seed)
		s := newStream()
		s.feed(h.lines)
		c := s.b.Summary().Completeness
		gaps := gapsOf(c)
		if c.Verdict == aggregate.Unknown && c.Reason != "" && gaps == 0 {
			unknown++
			continue
		}
		if gaps != h.lost || (c.Verdict == aggregate.Complete) != (h.lost == 0) {
			t.Errorf("seed %d: %s, %d missing, want %d\n\t%s\n%+v", seed, c.Verdict, gaps, h.lost, strings.Join(h.told, "\n\t"), c)
		}
	}
	if unknown > 600 { // nearly all where the clock was set back as records were lost, or near the wrap
		t.Errorf("of %d histories not all is known", unknown)
	}
}

// isMixed reports whether records are told to be of several nodes, or forged.
func isMixed(c aggregate.Completeness) bool {
	return slices.ContainsFunc(c.Evidence, func(e aggregate.Evidence) bool { return e.Kind == aggregate.MixedNodes })
}

// gapsOf is how many serials are told to be missing.
func gapsOf(c aggregate.Completeness) (n int64) {
	for _, e := range c.Evidence {
		if e.Kind == aggregate.SerialGap {
			n += e.Count
		}
	}
	return n
}

// nodeSet is logs of several nodes whose serials overlap, with their own losses.
type nodeSet struct {
	*rand.Rand
	nodes []string
	lines [][]stamped
	lost  int64
}

func newNodeSet(seed uint64) *nodeSet {
	n := &nodeSet{Rand: rand.New(rand.NewPCG(seed, 29))}
	base := uint32(5000 + n.IntN(1_000_000))
	for i := range 2 + n.IntN(4) {
		h := &history{Rand: n.Rand, serial: base + uint32(n.IntN([]int{100, 3000, 100_000}[n.IntN(3)])), clock: 1717243200000 + int64(n.IntN(5000)), pace: 400}
		h.run()
		for range n.IntN(3) {
			h.lose()
			h.run()
		}
		n.nodes, n.lines, n.lost = append(n.nodes, fmt.Sprintf("n%d", i)), append(n.lines, h.lines), n.lost+h.lost
	}
	return n
}

// inTurns calls add with the lines of all nodes by their time.
func (n *nodeSet) inTurns(add func(node int, e stamped)) {
	at := make([]int, len(n.lines))
	for {
		next := -1
		for i, lines := range n.lines {
			if at[i] < len(lines) && (next < 0 || lines[at[i]].millis < n.lines[next][at[next]].millis) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		add(next, n.lines[next][at[next]])
		at[next]++
	}
}

// TestNodeSets checks for a thousand random sets of nodes, in a directory and in one
// file, with their names and without, that every gap is told and none is
// invented; or that it is told that it cannot be known.
func TestNodeSets(t *testing.T) {
	var alike []string
	mixed := 0
	for seed := range uint64(1000) {
		n := newNodeSet(seed)
		files := func(name func(i int) (set, node string)) *Tally {
			b := New(nil)
			for i, lines := range n.lines {
				set, node := name(i)
				b.Begin(Source{Name: n.nodes[i], Set: set})
				for _, e := range lines {
					addStamped(b, e, node)
				}
			}
			return b
		}
		oneFile := func(named bool) *Tally {
			b := New(nil)
			b.Begin(Source{Name: "all"})
			n.inTurns(func(node int, e stamped) {
				if !named {
					addStamped(b, e, "")
					return
				}
				addStamped(b, e, n.nodes[node])
			})
			return b
		}
		for how, b := range map[string]*Tally{
			"a file a node":             files(func(i int) (string, string) { return n.nodes[i], "" }),
			"a file a node, with names": files(func(i int) (string, string) { return "one set", n.nodes[i] }),
			"one file, with names":      oneFile(true),
		} {
			if c := b.Summary().Completeness; gapsOf(c) != n.lost || (c.Verdict == aggregate.Complete) != (n.lost == 0) || isMixed(c) {
				t.Errorf("seed %d, %s: %s, %d missing, want %d", seed, how, c.Verdict, gapsOf(c), n.lost)
			}
		}
		for how, b := range map[string]*Tally{
			"one file":                 oneFile(false),
			"one file after the other": files(func(int) (string, string) { return "one set", "" }),
		} {
			c := b.Summary().Completeness
			if how == "one file" && isMixed(c) {
				mixed++
			}
			if gapsOf(c) > 0 || !isMixed(c) && (c.Verdict != aggregate.Unknown || c.Reason == "") {
				alike = append(alike, fmt.Sprintf("seed %d, %s: %s (%s), %d missing of %d", seed, how, c.Verdict, c.Reason, gapsOf(c), n.lost))
			}
		}
	}
	if mixed < 900 {
		t.Errorf("of a thousand files in which several nodes write in turn %d are told to be so", mixed)
	}
	// Logs of two nodes whose serials and times happen to go on from one
	// another are the log of one node, for all that is in them.
	if len(alike) > 4 {
		t.Error(strings.Join(alike, "\n"))
	}
}

// TestSparseNodes checks that two nodes in one file are noticed where so few of
// their records are there that hardly a serial is that of both.
func TestSparseNodes(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 31))
		s := newStream()
		ahead := uint32(pageSize * (2 + r.IntN(10)))
		for i := range uint32(100 * pageSize) {
			s.millis += 500
			if node := r.IntN(40); node < 2 {
				s.add(stamped{10_000 + i + uint32(node)*ahead, s.millis})
			}
		}
		if c := s.b.Summary().Completeness; !isMixed(c) {
			t.Errorf("seed %d, %d serials ahead: %+v", seed, ahead, c)
		}
	}
}
