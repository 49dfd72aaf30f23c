package live

import (
	"slices"
	"time"

	"github.com/auditscan/auditscan/container"
)

// lineage knows which process was whose child, and which container that puts
// it in. It is fed the kernel's fork and exit events and what /proc shows; it
// reads no clock and makes no system call. Times are since boot.
//
// A pid alone identifies nobody, since it is reused. What is known is kept for
// each life of a pid, from its fork to its exit.
type lineage struct {
	alive map[int32]*life
	dead  map[int32][]*life // by pid, oldest first
	order []*life           // all the dead, oldest first
	// changed is called when a life is first found in a container or service,
	// when it ends there, and when it turns out to have been elsewhere: in
	// another one or in none.
	changed func(*life)
}

// life is one process while it stays in one container.
type life struct {
	pid   int32
	born  time.Duration // when it was forked; or unknownBirth, movedOn
	told  bool          // by an event: born is exact
	since time.Duration // born, or when it moved to another container
	until time.Duration // when it ended; 0: it lives
	ref   container.Ref // the zero Ref: in no container
	known bool          // that ref is right, or was inherited
	via   string        // how ref is known
	seen  time.Duration // when /proc last showed it alive
	start time.Time     // since, as the pid map has it; see Tracker.report
}

const (
	// unknownBirth is the birth of a process of which only the exit is known.
	unknownBirth time.Duration = -1
	// movedOn is the birth of a life that goes on as another one, elsewhere.
	movedOn time.Duration = -2
)

// maxDead is how many ended processes are remembered for records that arrive
// late: 30 MB at the most, and 13 s at 10,000 forks a second.
const maxDead = 1 << 17

// ages is longer than any log reaches back.
const ages time.Duration = 1 << 62

// clockError is by how much an event's time can be before the truth: it is
// told on one clock and kept on another, and the two are read one after the
// other. Without it a process that was forked just after a hundredth of a
// second (and timers have many forked then) would seem to be a later one.
const clockError = time.Millisecond

// reading is what /proc shows of a process.
type reading struct {
	ref     container.Ref // the zero Ref: in no container
	born    time.Duration
	exiting bool // its cgroups may be gone already
}

func newLineage(changed func(*life)) *lineage {
	return &lineage{alive: map[int32]*life{}, dead: map[int32][]*life{}, changed: changed}
}

func (l *life) inContainer() bool { return l.ref != container.Ref{} }

// fork adds a child, which starts in the container of its parent.
func (g *lineage) fork(parent, child int32, at time.Duration) *life {
	if old := g.alive[child]; old != nil {
		g.end(old, old.seen) // its exit was lost, and when that was
	}
	l := &life{pid: child, born: at, told: true, since: at}
	g.alive[child] = l
	if p := g.parentAt(parent, at); p != nil && p.known {
		g.place(l, p.ref, container.ViaLineage)
	}
	return l
}

// parentAt returns the life of a process that forks. Its first thread may
// have ended before the one that does.
func (g *lineage) parentAt(pid int32, at time.Duration) *life {
	l := g.last(pid)
	if l != nil && l.until != 0 && at > l.until {
		return nil
	}
	return l
}

// exit ends a process, with the last of its threads. The first thread may go
// before others.
func (g *lineage) exit(tid, pid int32, at time.Duration) {
	l := g.last(pid)
	switch {
	case l != nil && l.until == 0:
		if tid == pid {
			g.end(l, at)
		}
	case tid == pid: // its fork was not told; it may have been looked at
		g.bury(&life{pid: pid, born: unknownBirth, since: at}, at)
	case l != nil:
		l.until = max(l.until, at)
		g.report(l)
	}
}

// last returns the newest life of a pid: the one that lives, else the last
// that ended.
func (g *lineage) last(pid int32) *life {
	if l := g.alive[pid]; l != nil {
		return l
	}
	if dead := g.dead[pid]; len(dead) > 0 {
		return dead[len(dead)-1]
	}
	return nil
}

// end moves a life to the dead and forgets the oldest of those.
func (g *lineage) end(l *life, at time.Duration) {
	delete(g.alive, l.pid)
	g.bury(l, at)
}

func (g *lineage) bury(l *life, at time.Duration) {
	l.until = max(at, l.since)
	g.dead[l.pid] = append(g.dead[l.pid], l)
	g.order = append(g.order, l)
	if len(g.order) > maxDead {
		g.forget(g.order[0].pid)
		g.order = g.order[1:]
	}
	g.report(l)
}

func (g *lineage) forget(pid int32) {
	if rest := g.dead[pid][1:]; len(rest) > 0 {
		g.dead[pid] = rest
	} else {
		delete(g.dead, pid)
	}
}

// confirm takes in what /proc shows of a process that an event told of. Events
// up to then may not have been read yet, so the reading may be about a later
// process of the same pid: then nothing is learned.
func (g *lineage) confirm(pid int32, r reading, at time.Duration) {
	if l := g.last(pid); l != nil && l.fits(r) {
		g.learn(l, r, at)
	}
}

// observe takes in what /proc shows of a pid at a time. All events up to that
// time must have been told, and later ones may have been.
func (g *lineage) observe(pid int32, r reading, at time.Duration) {
	l := g.subject(pid, r, at)
	if l == nil {
		return
	}
	if l.born == unknownBirth {
		l.born, l.since = r.born, r.born
	}
	g.learn(l, r, at)
}

// learn updates a life by a reading of it.
func (g *lineage) learn(l *life, r reading, at time.Duration) {
	switch {
	case !r.exiting && l.until != 0 && at > l.until: // then it is the last
		g.revive(l)
		fallthrough
	case !r.exiting:
		l.seen = max(l.seen, at)
	case l.until != 0:
		l.until = max(l.until, at) // a zombie: threads of it may still run
	}
	if r.ref != (container.Ref{}) || !r.exiting {
		g.move(l, r.ref, at)
	}
}

// revive takes back the end of the last life of a pid. An exec in a thread
// other than the first ends the first one, whose pid that thread then takes.
func (g *lineage) revive(l *life) {
	g.alive[l.pid] = l
	g.forgetLast(l)
	l.until = 0
	g.report(l)
}

func (g *lineage) forgetLast(l *life) {
	dead := g.dead[l.pid]
	g.dead[l.pid] = dead[:len(dead)-1]
	if len(dead) == 1 {
		delete(g.dead, l.pid)
	}
	for i := len(g.order) - 1; i >= 0; i-- { // it is one of the last
		if g.order[i] == l {
			g.order = slices.Delete(g.order, i, i+1)
			return
		}
	}
}

// subject returns the life that a reading is about, or nil if that life is of
// no use any more.
func (g *lineage) subject(pid int32, r reading, at time.Duration) *life {
	for _, l := range g.dead[pid] {
		if l.fits(r) && (at <= l.until || r.exiting) {
			return l
		}
	}
	last := g.last(pid)
	switch {
	case last == nil:
	case last.fits(r):
		return last
	case last.born > r.born:
		return nil // an earlier life of which nothing else is known
	case last.until == 0:
		g.end(last, last.seen) // its exit was lost, and when that was
	}
	l := &life{pid: pid, born: r.born, since: r.born}
	if r.exiting {
		g.bury(l, r.born) // it will not be told any more
	} else {
		g.alive[pid] = l
	}
	return l
}

// fits reports whether a reading can be about this life.
func (l *life) fits(r reading) bool {
	switch {
	case l.born == unknownBirth:
		return r.born <= l.until
	case l.told:
		return r.born <= l.born+clockError && r.born >= l.born-container.BirthLag
	}
	return r.born == l.born
}

// move puts a process into the container that /proc showed. An inherited
// container was a presumption and is replaced for the whole life. So is "in no
// container": a runtime forks first and then moves the child.
func (g *lineage) move(l *life, ref container.Ref, at time.Duration) {
	if l.via == container.ViaDirect && l.inContainer() && l.ref != ref {
		if l.until != 0 {
			return
		}
		before := *l
		before.born, before.told = movedOn, false
		g.bury(&before, at)
		l.since, l.start = at, time.Time{}
	}
	g.place(l, ref, container.ViaDirect)
}

// place records where a process is. That it is in no container is news only if
// it was taken to be in one.
func (g *lineage) place(l *life, ref container.Ref, via string) {
	news := l.ref != ref
	l.ref, l.known, l.via = ref, true, via
	if news {
		g.changed(l)
	}
}

// report tells of a life's end, if it was in a container.
func (g *lineage) report(l *life) {
	if l.inContainer() {
		g.changed(l)
	}
}

// find returns the life of pid at a record's time: nil if none is known, or
// if it could be more than one, in different containers.
func (g *lineage) find(pid int32, at time.Duration) *life {
	var found *life
	for _, l := range g.dead[pid] {
		if !l.spans(at) {
			continue
		}
		if found != nil && found.ref != l.ref {
			return nil
		}
		found = l
	}
	if l := g.alive[pid]; l != nil && l.spans(at) {
		if found != nil && found.ref != l.ref {
			return nil
		}
		found = l
	}
	return found
}

// bornAfter reports whether the process that has the pid now was born after a
// time, so that looking at it cannot tell who had the pid then.
func (g *lineage) bornAfter(pid int32, at time.Duration) bool {
	l := g.alive[pid]
	return l != nil && at < l.since-container.StampLag
}

// certainSpan returns the times for which find returns l, which may be nil. ok
// is false where more than one life of the pid is known.
func (g *lineage) certainSpan(pid int32, l *life) (from, to time.Duration, ok bool) {
	alive, dead := g.alive[pid], len(g.dead[pid])
	switch {
	case l == nil && alive == nil:
		return -ages, ages, dead == 0
	case l == nil: // so it was born later
		return -ages, alive.since - container.StampLag - 1, dead == 0
	case l.until == 0:
		return l.since - container.StampLag, ages, dead == 0
	}
	return l.since - container.StampLag, l.until, dead == 1 && alive == nil
}

// spans reports whether a record of that time can be from this life.
func (l *life) spans(at time.Duration) bool {
	return at >= l.since-container.StampLag && (l.until == 0 || at <= l.until+time.Millisecond)
}

// resync ends every process that a complete look at /proc, begun at a time,
// has not shown alive. Events after the one at heard have been lost: later
// times are not claimed for these processes, since others may have used their
// pids.
func (g *lineage) resync(begun, heard time.Duration) {
	for _, l := range g.alive {
		if l.seen < begun && l.born < begun {
			g.end(l, max(heard, l.seen))
		}
	}
}
