package live

import (
	"time"

	"github.com/auditscan/auditscan/container"
)

// Asker asks a [Tracker] about many records in a row, for one goroutine. It
// reuses an answer about a process for 10 ms, as the Tracker itself does with
// what /proc shows, and for good where nothing more can be learned. So an old
// log, whose records are of few processes, costs hardly more than a log that
// nobody attributes.
type Asker struct {
	tracker *Tracker
	recent  [1 << 11]answer // by pid
}

// learnedAfter is longer than it takes to learn all that will ever be known of
// a process.
const learnedAfter = time.Minute

// answer is what [Tracker.Attribute] says of all records of a process that
// were made in a span of time.
type answer struct {
	pid      int32
	from, to int64 // of the records, in ms since the epoch; to is before from for no record
	until    int64 // when it is to be asked for again
	id       *container.Identity
	settled  bool
}

// isFinal reports whether the answer cannot change any more: nobody learns now
// that a process was in a container then.
func (a *answer) isFinal(at, now int64) bool {
	return a.id == nil && now-at > learnedAfter.Milliseconds()
}

// NewAsker returns an Asker that has asked nothing yet.
func NewAsker(t *Tracker) *Asker { return &Asker{tracker: t} }

// Attribute answers as [Tracker.Attribute] does; at and now, which is about
// the time, are in ms since the epoch.
func (a *Asker) Attribute(pid int32, at, now int64) (id *container.Identity, settled bool) {
	k := &a.recent[uint32(pid)%uint32(len(a.recent))]
	if k.pid != pid || at < k.from || at > k.to || now > k.until && !k.isFinal(at, now) {
		*k = a.tracker.answer(pid, time.UnixMilli(at))
		k.pid, k.until = pid, now+freshFor.Milliseconds()
	}
	return k.id, k.settled
}
