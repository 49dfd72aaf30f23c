package tally

import (
	"fmt"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
)

// auditLine is a record of auditd's, or of another type.
func auditLine(kind string, ms int64, serial int, comm string) string {
	return fmt.Sprintf("type=%s msg=audit(%d.%03d:%d): auid=1 uid=2 gid=3 ses=4 pid=5 comm=%q exe=\"/a\" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=0x7ffc0000\n",
		kind, ms/1000, ms%1000, serial, comm)
}

// TestSameBoot: records of different content that claim one serial are of one
// boot, and so of several nodes, up to five seconds apart, earlier or later.
func TestSameBoot(t *testing.T) {
	const ms = 1_717_243_200_000
	for _, apart := range []int64{-sameBoot - 1, -sameBoot, -1, 1, sameBoot, sameBoot + 1} {
		s := summaryOf(nil, []byte(auditLine("SECCOMP", ms, 10, "a")+auditLine("SECCOMP", ms+apart, 10, "b")))
		mixed := len(s.Completeness.Evidence) == 1 && s.Completeness.Evidence[0].Kind == aggregate.MixedNodes
		if want := -sameBoot <= apart && apart <= sameBoot; mixed != want || s.Totals.Records != 2 {
			t.Errorf("%d ms apart: %+v of %d records", apart, s.Completeness, s.Totals.Records)
		}
	}
}

// TestSecondLogOfAHost: a record that another log has, too, counts once, but
// lacks in neither.
func TestSecondLogOfAHost(t *testing.T) {
	const ms = 1_717_243_200_000
	log := auditLine("SYSCALL", ms, 10, "a") + auditLine("SECCOMP", ms, 11, "a") + auditLine("SYSCALL", ms, 12, "a")
	s := summaryOf(nil, []byte(log), []byte(log))
	if s.Completeness.Verdict != aggregate.Complete || s.Totals.Records != 1 || s.Totals.Duplicates != 1 {
		t.Errorf("%+v, %+v", s.Completeness, s.Totals)
	}
}

// TestNoticeOfTwo: what prevents one loss is not said of another, where both
// are one piece of evidence.
func TestNoticeOfTwo(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	b.Notice(aggregate.RotationGap, 1, time.Time{}, "a.1 is gone", "raise rotate")
	b.Notice(aggregate.RotationGap, 2, time.Time{}, "it was truncated", "use create")
	if e := b.Summary().Completeness.Evidence; len(e) != 1 || e[0].Count != 3 || e[0].Detail != "a.1 is gone" || e[0].Fix != "raise rotate" {
		t.Errorf("%+v", e)
	}
}

// TestLostCounterInParts: a running total that began in another part goes on.
func TestLostCounterInParts(t *testing.T) {
	line := func(n int) []byte {
		return fmt.Appendf(nil, "[ 1.0] audit: audit_lost=%d audit_rate_limit=0 audit_backlog_limit=64\n", n)
	}
	total, w := newWorker(nil), newWorker(nil)
	for _, block := range [][]byte{line(5), append(line(3), line(9)...), line(7)} {
		var part Part
		w.block(block)
		w.b.Cut(&part)
		if !total.b.Append(&part) {
			t.Fatal("refused")
		}
	}
	if c := total.b.Summary().Completeness; len(c.Evidence) != 1 || c.Lost != 9-3+1 {
		t.Errorf("%+v, want 7 lost", c)
	}
}

// TestUnattributedInParts: what a filter leaves out since nobody knows whose it
// is adds up, too.
func TestUnattributedInParts(t *testing.T) {
	f := &aggregate.Filter{Container: []string{"web"}}
	total, w := newWorker(f), newWorker(f)
	for serial := range 3 {
		var part Part
		w.block([]byte(auditLine("SECCOMP", 1_717_243_200_000, 10+serial, "a")))
		w.b.Cut(&part)
		if !total.b.Append(&part) {
			t.Fatal("refused")
		}
	}
	if e := total.b.Summary().Completeness.Evidence; len(e) != 1 || e[0].Kind != aggregate.Unattributed || e[0].Count != 3 {
		t.Errorf("%+v, want 3 unattributed", e)
	}
}

// TestContainerLearned: records of one process that start alike are of the
// container that each was found in.
func TestContainerLearned(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	p := parser.New(parser.LayoutLines)
	web, db := &container.Identity{ID: "a", Name: "web"}, &container.Identity{ID: "b", Name: "db"}
	for serial, id := range []*container.Identity{nil, web, web, db, nil} {
		p.Reset([]byte(auditLine("SECCOMP", 1_717_243_200_000, 10+serial, "a")))
		if item := p.Next(); item != parser.ItemRecord {
			t.Fatal(item)
		}
		addRecord(b, p.Record(), id, 1)
	}
	got := ""
	for _, g := range b.Summary().Groups {
		got += fmt.Sprintf("%s %d; ", g.Value(aggregate.ByContainer), g.Records)
	}
	if got != " 2; db 1; web 2; " {
		t.Errorf("%s", got)
	}
}

// TestClockSetBack: a clock that is set back now and then makes no second node,
// and no gap.
func TestClockSetBack(t *testing.T) {
	s := newStream()
	ms := s.millis
	for serial := range uint32(100 * pageSize) {
		if ms++; serial%(16*pageSize) == 15*pageSize {
			ms -= 60_000
		}
		s.add(stamped{10_000 + serial, ms})
	}
	if c := s.b.Summary().Completeness; c.Verdict != aggregate.Complete {
		t.Errorf("%+v", c)
	}
}
