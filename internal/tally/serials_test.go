package tally

import (
	"github.com/auditscan/auditscan/aggregate"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// stream is what a source with all audit types delivers.
type stream struct {
	b      *Tally
	millis int64
}

func newStream() *stream {
	b := New(nil)
	b.Begin(Source{Name: "audit.log", Trust: aggregate.TrustAuditd})
	return &stream{b: b, millis: 1717243200000}
}

// stamped is a serial with its time; every third is a SECCOMP record.
type stamped struct {
	serial uint32
	millis int64
}

func (s *stream) add(e stamped) { addStamped(s.b, e, "") }

// addStamped adds a record of a node.
func addStamped(b *Tally, e stamped, node string) { addOf(b, e, node, e.serial%3 == 0) }

// addOf adds a record of a node, of SECCOMP or of another type.
func addOf(b *Tally, e stamped, node string, seccomp bool) {
	r := parser.Record{Node: []byte(node), Form: parser.FormAuditd, Stamp: parser.Stamp{Millis: e.millis, Serial: e.serial, HasTime: true, HasSerial: true}, Process: &parser.Process{}}
	if !seccomp {
		b.AddOther(&r)
		return
	}
	r.PID, r.Comm, r.Code = 7, parser.Text{Bytes: []byte("a"), Enc: parser.EncQuoted}, 0x7ffc0000
	r.Arch = 0xc000003e
	addRecord(b, &r, nil, 1)
}

// boot is n events with serials from first on, a millisecond apart, after
// the events before.
func (s *stream) boot(first uint32, n int) []stamped {
	s.millis += 60000
	all := make([]stamped, n)
	for i := range all {
		s.millis++
		all[i] = stamped{first + uint32(i), s.millis}
	}
	return all
}

func (s *stream) feed(all []stamped) {
	for _, e := range all {
		s.add(e)
	}
}

// missing is the count of the serial gap, 0 where there is none.
func (s *stream) missing(t *testing.T) int64 {
	t.Helper()
	n := int64(0)
	for _, e := range s.b.Summary().Completeness.Evidence {
		switch {
		case e.Kind == aggregate.SerialGap && (e.First.IsZero() || e.First.After(e.Last)):
			t.Errorf("gap from %v to %v", e.First, e.Last)
			fallthrough
		case e.Kind == aggregate.SerialGap:
			n += e.Count
		case e.Kind != aggregate.Unresolved:
			t.Errorf("evidence %+v", e)
		}
	}
	return n
}

// late moves events behind later ones, by at most n places.
func late(r *rand.Rand, all []stamped, n int) []stamped {
	out := append([]stamped(nil), all...)
	for start := 0; start < len(out); start += n {
		part := out[start:min(start+n, len(out))]
		r.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
	}
	return out
}

// drop takes n events out, but neither the first nor the last.
func drop(r *rand.Rand, all []stamped, n int) []stamped {
	out := append([]stamped(nil), all...)
	for range n {
		i := 1 + r.IntN(len(out)-2)
		out = append(out[:i], out[i+1:]...)
	}
	return out
}

func TestSerialGaps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name string
		make func(s *stream) []stamped
		want int64
	}{
		{"one record", func(s *stream) []stamped { return s.boot(3, 1) }, 0},
		{"in order", func(s *stream) []stamped { return s.boot(1000, 20000) }, 0},
		{"late by up to 1,000", func(s *stream) []stamped { return late(r, s.boot(1000, 20000), 1000) }, 0},
		{"some missing", func(s *stream) []stamped { return drop(r, s.boot(1000, 20000), 77) }, 77},
		{"some missing, others late", func(s *stream) []stamped { return late(r, drop(r, s.boot(1000, 20000), 77), 1000) }, 77},
		{"a long gap", func(s *stream) []stamped { return append(s.boot(1000, 100), s.boot(51100, 100)...) }, 50000},
		{"a reboot", func(s *stream) []stamped { return append(s.boot(1000, 20000), s.boot(1, 9000)...) }, 0},
		{"a reboot after few", func(s *stream) []stamped { return append(s.boot(1, 150), s.boot(1, 120)...) }, 0},
		{"a reboot to below what is left", func(s *stream) []stamped { return append(s.boot(100, 100), s.boot(1, 90)...) }, 0},
		{"some missing that the boot before had", func(s *stream) []stamped {
			return append(s.boot(1, 150), append(s.boot(1, 60), s.boot(71, 50)...)...)
		}, 10},
		{"a call that lasted long", func(s *stream) []stamped {
			all := append(s.boot(100, 100), s.boot(200, 100)...)
			all[150].millis = all[50].millis // the time is that of its start
			return all
		}, 0},
		{"ten reboots, some missing in each", func(s *stream) (all []stamped) {
			for i := range 10 {
				all = append(all, drop(r, late(r, s.boot(2, 5000+i*1000), 500), 5)...)
			}
			return all
		}, 50},
		{"everything twice", func(s *stream) []stamped { all := s.boot(1000, 5000); return append(all, all...) }, 0},
		{"the older half last", func(s *stream) []stamped { all := s.boot(1000, 20000); return append(all[10000:], all[:10000]...) }, 0},
		{"newest first", func(s *stream) []stamped { return reversed(s.boot(1000, 20000)) }, 0},
		{"a part last that was left out", func(s *stream) []stamped {
			all := s.boot(1000, 20000)
			return slices.Concat(all[:8000], all[12000:], all[8000:12000])
		}, 0},
		{"the counter wraps", func(s *stream) []stamped { return s.boot(1<<32-5000, 10000) }, 0},
		{"some missing where the counter wraps", func(s *stream) []stamped {
			all := s.boot(1<<32-5000, 10000)
			return append(all[:4990], all[5010:]...)
		}, 20},
		{"a record an hour", func(s *stream) []stamped {
			all := s.boot(1000, 500)
			for i := range all {
				all[i].millis += int64(i) * 3600_000
			}
			return all
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStream()
			s.feed(tt.make(s))
			if got := s.missing(t); got != tt.want {
				t.Errorf("%d missing, want %d", got, tt.want)
			}
			want := aggregate.Complete
			switch {
			case tt.name == "one record":
				want = aggregate.Unknown
			case tt.want > 0:
				want = aggregate.Incomplete
			}
			if c := s.b.Summary().Completeness; c.Verdict != want {
				t.Errorf("%s (%s), want %s", c.Verdict, c.Reason, want)
			}
		})
	}
}

func reversed(all []stamped) []stamped {
	out := make([]stamped, 0, len(all))
	for i := range all {
		out = append(out, all[len(all)-1-i])
	}
	return out
}

// TestTimeless checks that serials without a time, as in interpreted text, tell
// duplicates apart and prove no gap: nobody knows of which boot they are.
func TestTimeless(t *testing.T) {
	s := newSerials(new(int))
	for i, want := range []bool{false, false, true} {
		if got := s.record(0, []uint32{7, 9, 7}[i], 1, 0); got != want {
			t.Errorf("record %d: duplicate %v, want %v", i, got, want)
		}
	}
	if g := slices.Collect(s.gaps()); len(g) != 0 {
		t.Errorf("%+v", g)
	}
}

// TestSettle checks that logs with more serials than are kept apart prove the
// same as shorter ones, in whatever order their parts come, in bounded memory.
func TestSettle(t *testing.T) {
	const n, step = 5 * maxPages / 4, 33 // one serial in a page
	const boots = n / 3
	sparse := func(s *stream, first uint32) []stamped {
		all := s.boot(first, n)
		for i := range all {
			all[i].serial = first + uint32(i*step)
		}
		return all
	}
	for _, tt := range []struct {
		name string
		make func(s *stream) []stamped
		want int64
	}{
		{"in order", func(s *stream) []stamped { return sparse(s, 1) }, (n - 1) * (step - 1)},
		{"older half last", func(s *stream) []stamped { all := sparse(s, firstSerials); return append(all[n/2:], all[:n/2]...) }, 0}, // nobody knows: see doubtOutOfOrder
		{"newest first", func(s *stream) []stamped { return reversed(sparse(s, 1)) }, (n - 1) * (step - 1)},
		{"two boots", func(s *stream) []stamped { return append(sparse(s, 1), sparse(s, 1)...) }, 2 * (n - 1) * (step - 1)},
		{"many boots", func(s *stream) (all []stamped) {
			for range boots {
				boot := s.boot(1, 3)
				for i := range boot {
					boot[i].serial += uint32(1000 * i)
				}
				all = append(all, boot...)
			}
			return all
		}, boots * 2 * 1000},
		{"dense, older half last", func(s *stream) []stamped {
			all := s.boot(1, 5*maxPages/4*pageSize)
			return append(all[len(all)/2:], all[:len(all)/2]...)
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStream()
			for i, e := range tt.make(s) {
				s.add(e)
				if of := s.b.nodes[""]; i%1000 == 0 && (of.pages.n > maxPages || len(of.settled) > maxSettled) {
					t.Fatalf("%d pages, %d stretches", of.pages.n, len(of.settled))
				}
			}
			if got := s.missing(t); got != tt.want {
				t.Errorf("%d missing, want %d", got, tt.want)
			}
		})
	}
}
