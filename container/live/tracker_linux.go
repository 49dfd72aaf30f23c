package live

import (
	"errors"
	"math"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/rights"
)

// Tracker says which container a process is or was in, on the host that it
// runs on. It may be used by several goroutines.
//
// It knows a process by its cgroup in /proc, if it gets to look before the
// process has ended, else by its parent: the kernel's process connector tells
// of every fork and exit before the child has run. Ended processes are
// remembered, the last 131,072 of them.
type Tracker struct {
	names   *Resolver
	learned func(container.Process)
	limits  []Limit
	blind   bool          // pids in records are not those of this /proc
	done    chan struct{} // closed when nobody reads events any more

	mu         sync.Mutex
	connector  *connector // nil: no events
	lineage    *lineage
	identities map[attribution]*container.Identity
	overrun    bool                    // events have been lost
	heard      time.Duration           // when the last event before that happened
	maxAlive   int                     // without events: with more, it is time to look who still is
	gone       map[int32]time.Duration // pids that a look did not find, and when
	drained    time.Duration           // events up to then have been read
	lastRead   clocks
	problems   container.Problems
}

type attribution struct {
	ref container.Ref
	via string
}

const (
	// freshFor is for how long a look at /proc is good: a busy process's
	// cgroup is read a hundred times a second, not at every record.
	freshFor = 10 * time.Millisecond
	// unwatchedFor is for how long after the last look a process is taken to
	// have kept its pid when no events tell.
	unwatchedFor = time.Second
	// longAgo is more than the time of a record can be wrong by.
	longAgo = time.Second
	// watchPriority is the nice value of the thread that reads events.
	watchPriority = -10
)

// NewTracker starts to watch the processes of this host. Names come from
// names, which the Tracker does not close. If learned is not nil, it is called
// for each process that is found in a container or service, and again, with
// the same PID and Start, when it has ended or when that turns out wrong. It
// must be quick and must not call the Tracker.
//
// Lack of a right is no error; see [Tracker.Limits].
func NewTracker(names *Resolver, learned func(container.Process)) (*Tracker, error) {
	return newTracker(names, learned, connectorBuffer)
}

func newTracker(names *Resolver, learned func(container.Process), buffer int) (*Tracker, error) {
	t := &Tracker{names: names, learned: learned, done: make(chan struct{}), identities: map[attribution]*container.Identity{}}
	t.lineage = newLineage(t.report)
	// Subscribe first, then look: so nothing falls between.
	var err error
	t.connector, err = openConnector(buffer)
	r := rights.Read(os.DirFS("/"))
	t.limits = findLimits(r, hidesProcesses(), err)
	if t.blind = r.PID == rights.No; t.blind {
		return t, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lookAtAll(0)
	t.watch()
	return t, nil
}

// Limits returns what this process may not see, and why. It is empty where
// nothing is missing.
func (t *Tracker) Limits() []Limit { return t.limits }

// Problems returns what went wrong since the start.
func (t *Tracker) Problems() []container.Problem {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.problems.List()
}

// Close stops watching.
func (t *Tracker) Close() error {
	t.mu.Lock()
	c := t.connector
	t.connector = nil
	t.mu.Unlock()
	if c == nil {
		return nil
	}
	c.stop()
	<-t.done
	return c.Close()
}

// Attribute returns the container that the process pid was in at a record's
// time, or the service. The identity is nil for a process in neither, and for
// one of which nothing is known. settled is false if asking again, a little
// later, may tell more.
//
// The identity is shared and must not be changed; the same pointer is
// returned for the same container as long as no more is learned of it.
func (t *Tracker) Attribute(pid int32, at time.Time) (id *container.Identity, settled bool) {
	a := t.answer(pid, at)
	return a.id, a.settled
}

// answer attributes the records that a process made at a time, and at the times
// around it for which the answer is the same.
func (t *Tracker) answer(pid int32, at time.Time) answer {
	if t.blind || t.lineage == nil { // or not made by NewTracker
		return answer{from: math.MinInt64, to: math.MaxInt64, settled: true}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	// A process's fork is told before it runs: what the record is about has
	// been told by now, and what the pid was used for before it is over.
	now := t.clocks()
	then := now.sinceBoot(at)
	if then > t.drained-longAgo {
		t.drain()
		t.drained = now.boot
	}
	l, settled := t.lifeOf(pid, then, now.boot)
	a := answer{settled: settled}
	a.from, a.to = t.validSpan(pid, l, now)
	if l != nil && l.inContainer() {
		a.id = t.identity(l.ref, l.via)
	}
	return a
}

// validSpan returns the first and the last time of records for which the answer
// is life l as well; to is before from where there are none. It promises nothing
// about records so new that events must be read first, nor about a reused pid.
func (t *Tracker) validSpan(pid int32, l *life, now clocks) (from, to int64) {
	since, until, ok := t.lineage.certainSpan(pid, l)
	if !ok || l != nil && t.connector == nil { // without events, what is known of a life is not so for long
		return 0, -1
	}
	until = min(until, t.drained-longAgo)
	if l == nil && t.lineage.alive[pid] == nil {
		until = min(until, t.gone[pid]-longAgo)
	}
	if since >= until {
		return 0, -1
	}
	return now.wall(since).UnixMilli() + 1, now.wall(until).UnixMilli() - 1
}

// lifeOf looks in the lineage and, where that is not certain, in /proc.
func (t *Tracker) lifeOf(pid int32, at, now time.Duration) (l *life, settled bool) {
	l = t.lineage.find(pid, at)
	if l != nil && l.via == container.ViaDirect && (l.until != 0 || max(at, now)-l.seen < freshFor) {
		return l, true
	}
	if l == nil && !t.wasGone(pid, at) && !t.lineage.bornAfter(pid, at) || l != nil && l.until == 0 {
		if t.look(pid) {
			l = t.lineage.find(pid, at)
		} else if l == nil {
			t.remember(pid, now)
		}
		if l != nil && t.connector == nil && at > l.seen+unwatchedFor {
			return nil, true // somebody else may have used the pid since
		}
	}
	return l, l != nil && l.known || t.connector == nil
}

// wasGone reports whether a look long after the given time found no such
// process: whoever has the pid now is another, so that a look is no use. It
// makes old logs quick to catch up with, as lineage.bornAfter does.
func (t *Tracker) wasGone(pid int32, at time.Duration) bool {
	seen, ok := t.gone[pid]
	return ok && at < seen-longAgo
}

func (t *Tracker) remember(pid int32, now time.Duration) {
	if len(t.gone) >= maxDead || t.gone == nil {
		t.gone = map[int32]time.Duration{}
	}
	t.gone[pid] = now
}

// watch reads events as they come, until Close. A process that has ended by
// the time that its exec is read cannot be looked at: so the thread that reads
// goes before others, if it may (CAP_SYS_NICE). On a busy host that is what
// makes containers known that end at once.
func (t *Tracker) watch() {
	c := t.connector
	if c == nil {
		return
	}
	go func() {
		defer close(t.done)
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		_ = unix.Setpriority(unix.PRIO_PROCESS, 0, watchPriority)
		for !c.wait(-1) {
			t.mu.Lock()
			t.drain()
			t.mu.Unlock()
		}
	}()
}

// drain takes in all events that have arrived.
func (t *Tracker) drain() {
	for t.receive(); t.overrun; {
		t.overrun = false
		t.problems.Add(container.Problem{Name: "process connector", Detail: "events came faster than they were read and some were dropped: " +
			"records of processes that lived and died meanwhile may stay without container"})
		t.lookAtAll(t.heard)
	}
}

// receive takes in all events that have arrived, and notes if some have not.
func (t *Tracker) receive() {
	if t.connector == nil {
		return
	}
	now := t.clocks()
	for {
		e, err := t.connector.next()
		switch {
		case err == nil:
			t.apply(e, e.at+now.boot-now.monotonic)
		case errors.Is(err, unix.ENOBUFS):
			t.overrun = true
		default: // EAGAIN: no more
			return
		}
	}
}

// apply takes in one event.
func (t *Tracker) apply(e event, at time.Duration) {
	if !t.overrun {
		t.heard = max(t.heard, at)
	}
	switch e.what {
	case eventFork:
		if e.tid != e.pid {
			return // a thread
		}
		if l := t.lineage.fork(e.parent, e.pid, at); !l.known {
			t.confirm(e.pid)
		}
	case eventExec, eventComm:
		// A runtime moves a child into its container between fork and exec.
		t.confirm(e.pid)
	case eventExit:
		t.lineage.exit(e.tid, e.pid, at)
	}
}

// read reads a process in /proc, if it is there; at is just before that.
func (t *Tracker) read(pid int32) (r reading, at time.Duration, ok bool) {
	at = t.clocks().boot
	r, err := readProcess(pid)
	if err != nil {
		return reading{}, 0, false
	}
	r.ref = t.names.Settle(r.ref)
	return r, at, true
}

// confirm looks at a process of which an event has told.
func (t *Tracker) confirm(pid int32) {
	if r, at, ok := t.read(pid); ok {
		t.lineage.confirm(pid, r, at)
	}
}

// look looks at a process, and reports whether it was there.
func (t *Tracker) look(pid int32) bool {
	r, at, ok := t.read(pid)
	if !ok {
		return false
	}
	// What happened before the look must be known before what it showed.
	t.receive()
	t.lineage.observe(pid, r, at)
	if t.connector == nil && len(t.lineage.alive) > t.maxAlive {
		t.lookAtAll(at) // no exits are told
	}
	return true
}

// lookAtAll looks at all processes, and ends those that are there no more.
// Events after the one at heard have been lost.
func (t *Tracker) lookAtAll(heard time.Duration) {
	begun := t.clocks().boot
	t.maxAlive = math.MaxInt
	defer func() { t.maxAlive = 2*len(t.lineage.alive) + maxDead }()
	pids, err := processes()
	for _, pid := range pids {
		t.look(pid)
	}
	if err != nil {
		t.problems.Add(container.Problem{Name: procDir, Detail: err.Error()})
		return
	}
	t.lineage.resync(begun, heard)
}

// report hands a change of the lineage on. The names are looked up at once:
// they may be gone when the first record comes.
func (t *Tracker) report(l *life) {
	var id *container.Identity
	if l.inContainer() {
		id = t.identity(l.ref, l.via)
	}
	if t.learned == nil {
		return
	}
	if l.start.IsZero() {
		l.start = t.clocks().wall(l.since)
	}
	p := container.Process{PID: l.pid, Start: l.start, Container: id}
	if l.until != 0 {
		p.End = l.start.Add(l.until - l.since)
	}
	t.learned(p)
}

// identity returns the names of ref, the same pointer as long as they do not
// change.
func (t *Tracker) identity(ref container.Ref, via string) *container.Identity {
	id := t.names.identify(ref)
	id.Via = via
	key := attribution{ref, via}
	known := t.identities[key]
	if known == nil || *known != id {
		if len(t.identities) >= 2*maxNamed {
			clear(t.identities)
		}
		known = &id
		t.identities[key] = known
	}
	return known
}

// clocks are the kernel's clocks at one moment. Times of processes are kept
// on the one that neither jumps nor stops.
type clocks struct {
	real            time.Time
	boot, monotonic time.Duration
}

// clocks returns the clocks of now. To read them takes four system calls; how
// they differ changes only when the host sleeps or its time is set.
func (t *Tracker) clocks() clocks {
	elapsed := time.Since(t.lastRead.real)
	if elapsed > freshFor {
		t.lastRead, elapsed = readClocks(), 0
	}
	c := t.lastRead
	return clocks{c.real.Add(elapsed), c.boot + elapsed, c.monotonic + elapsed}
}

func readClocks() (best clocks) {
	shortest := time.Duration(math.MaxInt64)
	for range 10 {
		c := clocks{boot: readClock(unix.CLOCK_BOOTTIME), monotonic: readClock(unix.CLOCK_MONOTONIC), real: time.Now()}
		if took := readClock(unix.CLOCK_BOOTTIME) - c.boot; took < shortest {
			best, shortest = c, took
		}
		if shortest < 100*time.Microsecond {
			break // not interrupted in between
		}
	}
	return best
}

func readClock(id int32) time.Duration {
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0 // only for clocks that do not exist: these do since Linux 2.6.39
	}
	return time.Duration(ts.Nano())
}

func (c clocks) sinceBoot(at time.Time) time.Duration { return c.boot - c.real.Sub(at) }

func (c clocks) wall(at time.Duration) time.Time { return c.real.Add(at - c.boot) }
