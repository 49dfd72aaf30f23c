package live

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
)

const ms = time.Millisecond

var (
	refA = container.Ref{ID: idA, Runtime: "docker"}
	refB = container.Ref{ID: idB, Runtime: "containerd"}
	none = container.Ref{}
)

// script plays events to a lineage and keeps what it reported.
type script struct {
	*lineage
	reports []string
}

func newScript() *script {
	s := &script{}
	s.lineage = newLineage(func(l *life) {
		until := "-"
		if l.until != 0 {
			until = l.until.String()
		}
		where := "none"
		if l.inContainer() {
			where = l.ref.ID[:1]
		}
		s.reports = append(s.reports, fmt.Sprintf("%d %v %s %s %s", l.pid, l.since, until, where, l.via))
	})
	return s
}

// want checks where pid was at a time: "a direct", "b lineage", "host" (known
// to be in no container) or "?".
func (s *script) want(t *testing.T, pid int32, at time.Duration, want string) {
	t.Helper()
	got := "?"
	if l := s.find(pid, at); l != nil && l.known {
		got = "host"
		if l.inContainer() {
			got = l.ref.ID[:1] + " " + l.via
		}
	}
	if got != want {
		t.Errorf("pid %d at %v: %s, want %s", pid, at, got, want)
	}
}

func (s *script) wantReports(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(s.reports, want) {
		t.Errorf("reports\n  %s\nwant\n  %s", strings.Join(s.reports, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestLineageInherits(t *testing.T) {
	s := newScript()
	s.observe(100, reading{ref: refA, born: 1000 * ms}, 2000*ms)
	s.observe(200, reading{born: 1000 * ms}, 2000*ms)
	s.fork(100, 101, 3000*ms)
	s.fork(101, 102, 3100*ms)
	s.exit(101, 101, 3200*ms)
	s.fork(102, 103, 3300*ms)
	s.fork(200, 201, 3300*ms)
	s.fork(999, 202, 3300*ms) // of an unknown parent
	s.want(t, 100, 2500*ms, "a direct")
	s.want(t, 101, 3150*ms, "a lineage")
	s.want(t, 102, 4000*ms, "a lineage")
	s.want(t, 103, 4000*ms, "a lineage") // its parent's parent has gone
	s.want(t, 201, 4000*ms, "host")
	s.want(t, 202, 4000*ms, "?")
	s.want(t, 300, 4000*ms, "?")
	s.wantReports(t,
		"100 1s - a direct", "101 3s - a lineage", "102 3.1s - a lineage", "101 3s 3.2s a lineage", "103 3.3s - a lineage")
}

func TestLineageBoundsOfALife(t *testing.T) {
	s := newScript()
	s.observe(1, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.fork(1, 7, 2000*ms)
	s.exit(7, 7, 3000*ms)
	s.want(t, 7, 2000*ms-container.StampLag-1, "?")
	s.want(t, 7, 2000*ms-container.StampLag, "a lineage") // the record's clock is behind
	s.want(t, 7, 3001*ms, "a lineage")
	s.want(t, 7, 3001*ms+1, "?")
}

// A pid that is used again belongs to two containers, each in its time.
func TestLineagePidReuse(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.observe(20, reading{ref: refB, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.exit(7, 7, 3000*ms)
	s.fork(20, 7, 3200*ms)
	s.exit(7, 7, 4000*ms)
	s.fork(10, 7, 4050*ms)
	s.want(t, 7, 2500*ms, "a lineage")
	s.want(t, 7, 3050*ms, "?")
	s.want(t, 7, 3500*ms, "b lineage")
	s.want(t, 7, 4005*ms, "a lineage")
	s.want(t, 7, 5000*ms, "a lineage")
	// In the milliseconds in which the record's coarse clock cannot tell,
	// nobody gets it.
	s.want(t, 7, 3955*ms, "?")
	s.want(t, 7, 4000*ms, "?")
}

func TestLineagePidReuseInOneContainer(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.exit(7, 7, 3000*ms)
	s.fork(10, 7, 3001*ms)
	s.want(t, 7, 3000*ms, "a lineage") // either way
}

// When the exit of the first user was not told, the fork of the second tells.
func TestLineageLostExit(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.observe(20, reading{ref: refB, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.fork(20, 7, 3000*ms)
	s.want(t, 7, 2000*ms, "a lineage")
	s.want(t, 7, 2500*ms, "?") // nobody knows how long it lived
	s.want(t, 7, 3500*ms, "b lineage")

	s.fork(10, 8, 2000*ms)
	s.observe(8, reading{ref: refA, born: 1990 * ms}, 2500*ms)
	s.observe(8, reading{ref: refB, born: 3000 * ms}, 3500*ms) // both untold
	s.want(t, 8, 2500*ms, "a direct")
	s.want(t, 8, 2700*ms, "?")
	s.want(t, 8, 3400*ms, "b direct")
}

// A runtime forks, moves the child into its cgroup and lets it exec.
func TestLineageRuntimeStartsAContainer(t *testing.T) {
	s := newScript()
	s.observe(50, reading{born: 1000 * ms}, 1000*ms)
	s.fork(50, 51, 2000*ms)
	s.want(t, 51, 2001*ms, "host")
	s.observe(51, reading{ref: refA, born: 1990 * ms}, 2050*ms)
	s.want(t, 51, 2001*ms, "a direct")
	s.want(t, 51, 2100*ms, "a direct")
	s.wantReports(t, "51 2s - a direct")
}

// In docker-in-docker, a child of A is moved to B: what it inherited was wrong.
func TestLineagePresumptionIsReplaced(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.observe(7, reading{ref: refB, born: 2000 * ms}, 2010*ms)
	s.want(t, 7, 2005*ms, "b direct")
	s.fork(10, 8, 2000*ms)
	s.observe(8, reading{born: 2000 * ms}, 2010*ms)
	s.want(t, 8, 2005*ms, "host")
	s.wantReports(t, "10 1s - a direct", "7 2s - a lineage", "7 2s - b direct", "8 2s - a lineage", "8 2s - none direct")
}

// A process seen in A and then in B was in both.
func TestLineageMove(t *testing.T) {
	s := newScript()
	s.observe(7, reading{ref: refA, born: 1000 * ms}, 2000*ms)
	s.observe(7, reading{ref: refA, born: 1000 * ms}, 2500*ms)
	s.observe(7, reading{ref: refB, born: 1000 * ms}, 3000*ms)
	s.want(t, 7, 2500*ms, "a direct")
	s.want(t, 7, 3500*ms, "b direct")
	s.want(t, 7, 2999*ms, "?")
	s.observe(7, reading{ref: refB, born: 1000 * ms}, 3900*ms)
	if l := s.alive[7]; l == nil || l.seen != 3900*ms {
		t.Errorf("the look after the move is not about the life that goes on: %+v", l)
	}
	s.exit(7, 7, 4000*ms)
	s.wantReports(t, "7 1s - a direct", "7 1s 3s a direct", "7 3s - b direct", "7 3s 4s b direct")
}

// A fork just after a hundredth of a second is told to have been just before
// it: the two are by different clocks. What /proc shows is about it all the
// same, and its children are where it is.
func TestLineageForkAtATick(t *testing.T) {
	s := newScript()
	s.observe(10, reading{born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms-50*time.Microsecond)
	s.confirm(7, reading{ref: refA, born: 2000 * ms}, 2001*ms)
	s.fork(7, 8, 2002*ms)
	s.exit(8, 8, 2003*ms)
	s.exit(7, 7, 2004*ms)
	s.want(t, 7, 2002*ms, "a direct")
	s.want(t, 8, 2002*ms, "a lineage")
}

// What /proc showed is taken in when later events have been.
func TestLineageEventsAreAhead(t *testing.T) {
	s := newScript()
	// Read, then ended; its fork was before all events.
	s.exit(6, 6, 2000*ms)
	s.observe(6, reading{ref: refA, born: 1000 * ms}, 1900*ms)
	s.want(t, 6, 1500*ms, "a direct")
	s.want(t, 6, 2100*ms, "?")
	// Read, then ended.
	s.observe(10, reading{born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.exit(7, 7, 3000*ms)
	s.observe(7, reading{ref: refA, born: 1990 * ms}, 2900*ms)
	s.want(t, 7, 2500*ms, "a direct")
	// Read, then ended, and its pid used again.
	s.observe(20, reading{ref: refB, born: 1000 * ms}, 1000*ms)
	s.fork(10, 8, 2000*ms)
	s.exit(8, 8, 3000*ms)
	s.fork(20, 8, 3500*ms)
	s.observe(8, reading{ref: refA, born: 1990 * ms}, 2900*ms)
	s.want(t, 8, 2500*ms, "a direct")
	s.want(t, 8, 3600*ms, "b lineage")
}

// The first thread of a process may end before the others.
func TestLineageFirstThreadGone(t *testing.T) {
	s := newScript()
	s.observe(7, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.exit(8, 7, 1500*ms) // a thread of its own
	s.want(t, 7, 1800*ms, "a direct")
	s.exit(7, 7, 2000*ms)
	s.want(t, 7, 2500*ms, "?")
	s.exit(9, 7, 3000*ms)
	s.want(t, 7, 2500*ms, "a direct")
	// cgroup v1 shows a zombie in the root.
	s.observe(7, reading{born: 1000 * ms, exiting: true}, 4000*ms)
	s.want(t, 7, 3900*ms, "a direct")
	s.want(t, 7, 4100*ms, "?")
	s.wantReports(t, "7 1s - a direct", "7 1s 2s a direct", "7 1s 3s a direct")
}

// Exec in a thread that is not the first one ends the first one.
func TestLineageExecInAThread(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.exit(7, 7, 3000*ms)
	s.confirm(7, reading{ref: refA, born: 1990 * ms}, 3001*ms)
	s.want(t, 7, 2500*ms, "a direct")
	s.want(t, 7, 5000*ms, "a direct")
	s.exit(7, 7, 6000*ms)
	s.want(t, 7, 6500*ms, "?")
	if len(s.alive) != 1 || len(s.order) != 1 || len(s.dead[7]) != 1 {
		t.Errorf("%d alive, %d dead", len(s.alive), len(s.order))
	}
	// Another process with that pid, whose fork was lost, is not the old one.
	s.confirm(7, reading{ref: refB, born: 6500 * ms}, 7000*ms)
	s.want(t, 7, 5000*ms, "a direct")
	s.want(t, 7, 7000*ms, "?")
}

func TestLineageZombieFoundLate(t *testing.T) {
	s := newScript()
	s.observe(7, reading{ref: refA, born: 1000 * ms, exiting: true}, 2000*ms)
	s.observe(8, reading{born: 1000 * ms, exiting: true}, 2000*ms)
	s.want(t, 7, 1500*ms, "a direct")
	s.want(t, 8, 1500*ms, "?") // v1 does not tell of a zombie
	s.want(t, 7, 2100*ms, "?")
	if len(s.alive) != 0 {
		t.Errorf("%d zombies count as alive", len(s.alive))
	}
}

// After an overrun of the socket, what is gone is gone since nobody knows when.
func TestLineageResync(t *testing.T) {
	s := newScript()
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 1000*ms)
	s.fork(10, 7, 2000*ms)
	s.fork(10, 8, 2000*ms)
	s.observe(10, reading{ref: refA, born: 1000 * ms}, 5000*ms)
	s.observe(8, reading{ref: refB, born: 4000 * ms}, 5000*ms) // used again meanwhile
	s.resync(5000*ms, 3000*ms)
	s.want(t, 10, 6000*ms, "a direct")
	s.want(t, 7, 3000*ms, "a lineage")
	s.want(t, 7, 3500*ms, "?")
	s.want(t, 8, 2000*ms, "a lineage")
	s.want(t, 8, 3500*ms, "?")
	s.want(t, 8, 6000*ms, "b direct")
}

func TestLineageForgetsTheOldest(t *testing.T) {
	s := newScript()
	s.observe(1, reading{ref: refA, born: 1 * ms}, 1*ms)
	for i := range int32(maxDead + 100) {
		s.fork(1, 10+i%1000, time.Duration(i)*100*ms)
		s.exit(10+i%1000, 10+i%1000, time.Duration(i)*100*ms+50*ms)
	}
	dead := 0
	for pid, lives := range s.dead {
		dead += len(lives)
		if len(lives) == 0 {
			t.Errorf("pid %d is kept without a life", pid)
		}
	}
	if dead != maxDead || len(s.order) != maxDead || len(s.alive) != 1 {
		t.Errorf("%d dead, %d in order, %d alive", dead, len(s.order), len(s.alive))
	}
	s.want(t, 10, 20*ms, "?")
	s.want(t, 10+99, 99*100*ms, "?")
	s.want(t, 10+100, 100*100*ms, "a lineage")
}
