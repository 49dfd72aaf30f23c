package live

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
)

// world is a machine of few pids, which are used again and again: what is
// true, next to a lineage that is told of it.
type world struct {
	*script
	now     time.Duration
	stays   map[int32][]*truth
	pending []func() // events that have not been read yet
	heard   time.Duration
	looks   []func() // what /proc has shown and is not taken in yet
	// Events get lost. Then no pid is used again within container.StampLag: the kernel
	// goes through all others first, and nobody could tell.
	lossy bool
}

// truth is where a process really was.
type truth struct {
	from, until time.Duration // until is 0 while it lives
	ref         container.Ref
}

func (w *world) living(pid int32) *truth {
	if s := w.stays[pid]; len(s) > 0 && s[len(s)-1].until == 0 {
		return s[len(s)-1]
	}
	return nil
}

func (w *world) tell(event func(at time.Duration)) {
	at := w.now
	w.pending = append(w.pending, func() {
		w.heard = at
		event(at)
	})
}

// drain reads all events, and takes in what /proc has shown before.
func (w *world) drain() {
	for _, event := range append(w.pending, w.looks...) {
		event()
	}
	w.pending, w.looks = nil, nil
}

// look reads a process in /proc.
func (w *world) look(pid int32) {
	if me := w.living(pid); me != nil {
		at, r := w.now, reading{ref: me.ref, born: me.from.Truncate(tick)}
		w.looks = append(w.looks, func() { w.observe(pid, r, at) })
	}
}

// overrun loses the events that have not been read.
func (w *world) overrun() {
	w.pending = nil
	for pid := range w.stays {
		w.look(pid)
	}
	w.drain()
	w.resync(w.now, w.heard)
}

// fork does not use a pid again within a tick of /proc's clock, by which alone
// two lives of it could be told apart: the kernel hands out pids in turn.
func (w *world) fork(parent, child int32, ref container.Ref) {
	if w.living(child) != nil || w.endedAfter(child, w.now-tick-clockError) || w.lossy && w.endedAfter(child, w.now-container.StampLag-tick) {
		return
	}
	if p := w.living(parent); p != nil {
		ref = p.ref
	} else {
		parent = 0 // one that nobody has told of
	}
	w.stays[child] = append(w.stays[child], &truth{from: w.now, ref: ref})
	w.tell(func(at time.Duration) { w.script.fork(parent, child, at) })
}

func (w *world) endedAfter(pid int32, at time.Duration) bool {
	s := w.stays[pid]
	return len(s) > 0 && s[len(s)-1].until > at
}

func (w *world) exit(pid int32) {
	if me := w.living(pid); me != nil {
		me.until = w.now
		w.tell(func(at time.Duration) { w.script.exit(pid, pid, at) })
	}
}

// exec makes an event that has the process looked at when it is read.
func (w *world) exec(pid int32) {
	w.tell(func(time.Duration) {
		if me := w.living(pid); me != nil {
			w.confirm(pid, reading{ref: me.ref, born: me.from.Truncate(tick)}, w.now)
		}
	})
}

// step plays three bytes.
func (w *world) step(op, who, more byte) {
	w.now += time.Duration(1+more%64) * 3 * ms
	pid, other := int32(who%4+1), int32(who/4%4+1)
	switch op % 9 {
	case 0, 1:
		w.fork(other, pid, []container.Ref{refA, refB, none}[more%3])
	case 2, 3:
		w.exit(pid)
	case 4:
		w.look(pid)
	case 5, 6:
		w.drain()
	case 7:
		w.exec(pid)
	case 8:
		if w.lossy {
			w.overrun()
		}
	}
}

// check holds the lineage against the truth at a time of a pid.
func (w *world) check(t *testing.T, pid int32, at time.Duration, ref container.Ref) {
	stamp := at - at%(4*ms) // of the record's coarse clock
	if l := w.find(pid, stamp); l != nil && l.known && l.inContainer() && l.ref != ref {
		t.Fatalf("pid %d at %v is in %.1s, not in %.1s", pid, at, l.ref.ID, ref.ID)
	}
}

// FuzzLineage plays any sequence of events and looks. Whatever happens, a
// record never goes to a container that pid was not in at its time.
func FuzzLineage(f *testing.F) {
	f.Add(true, []byte{0, 1, 10, 0, 2, 20, 2, 1, 10, 4, 2, 11, 5, 0, 0, 0, 4, 3, 7, 1, 1, 8, 0, 0})
	f.Fuzz(func(t *testing.T, lossy bool, ops []byte) {
		w := &world{script: newScript(), now: 100 * ms, stays: map[int32][]*truth{}, lossy: lossy}
		for ops = ops[:min(len(ops), 300)]; len(ops) >= 3; ops = ops[3:] {
			w.step(ops[0], ops[1], ops[2])
		}
		w.drain()
		for pid, stays := range w.stays {
			for _, s := range stays {
				until := s.until
				if until == 0 {
					until = w.now
				}
				for at := s.from; at <= until; at += 5 * ms {
					w.check(t, pid, at, s.ref)
				}
			}
		}
	})
}

// TestLineageCertainSpan: within the span that is given, find gives the same life.
func TestLineageCertainSpan(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	found, unknown := 0, 0
	for range 300 {
		s := newScript()
		for at := time.Second; at < 12*time.Second; at += time.Duration(1+rnd.IntN(1500)) * ms {
			switch pid := 1 + rnd.Int32N(4); rnd.IntN(3) {
			case 0:
				s.fork(1+rnd.Int32N(4), pid, at)
			case 1:
				s.exit(pid, pid, at)
			case 2:
				s.observe(pid, reading{ref: []container.Ref{refA, refB, none}[rnd.IntN(3)], born: at - ms}, at)
			}
		}
		for pid := range int32(6) {
			for at := time.Duration(0); at < 14*time.Second; at += 50 * ms {
				l := s.find(pid, at)
				from, to, ok := s.certainSpan(pid, l)
				if !ok {
					continue
				}
				if l == nil {
					unknown++
				} else {
					found++
				}
				for other := max(from, 0); other <= min(to, 14*time.Second); other += 75 * ms {
					if s.find(pid, other) != l {
						t.Fatalf("pid %d is another at %v than at %v, within %v and %v", pid, other, at, from, to)
					}
				}
			}
		}
	}
	if found == 0 || unknown == 0 {
		t.Errorf("%d times of a life and %d of none: the test proves nothing", found, unknown)
	}
}
