package live

import (
	"time"

	"github.com/auditscan/auditscan/container"
)

// Hold keeps what cannot be attributed yet and asks again, for at most one
// second. It starts no goroutine and reads no clock: its user says what time
// it is. It must not be used by several goroutines at once.
//
// What it holds comes out later than what follows it.
type Hold[T any] struct {
	ask   func(pid int32, at time.Time) (id *container.Identity, settled bool)
	emit  func(item T, id *container.Identity)
	queue []held[T] // in order of arrival
	next  time.Time // when to ask again
}

type held[T any] struct {
	item  T
	pid   int32
	at    time.Time
	until time.Time // when to give up
}

const (
	holdFor   = time.Second
	holdPause = 50 * time.Millisecond
	maxHeld   = 16384
)

// NewHold returns an empty Hold. It asks ask, usually [Tracker.Attribute], and
// passes each item on to emit exactly once: with the answer, or nil.
func NewHold[T any](ask func(pid int32, at time.Time) (id *container.Identity, settled bool), emit func(item T, id *container.Identity)) *Hold[T] {
	return &Hold[T]{ask: ask, emit: emit}
}

// Add asks about an item with a record's pid and time, and passes it on or
// holds it. When 16,384 are held, the oldest is let go.
func (h *Hold[T]) Add(item T, pid int32, at, now time.Time) {
	if h.ask == nil { // not made by NewHold: nobody waits for what it holds
		return
	}
	if id, settled := h.ask(pid, at); settled {
		h.emit(item, id)
		return
	}
	if len(h.queue) == maxHeld {
		h.letGo(h.queue[0])
		h.queue = h.queue[1:]
	}
	if len(h.queue) == 0 {
		h.next = now.Add(holdPause)
	}
	h.queue = append(h.queue, held[T]{item, pid, at, now.Add(holdFor)})
}

// Next returns when to call Retry, and whether anything is held at all.
func (h *Hold[T]) Next() (at time.Time, ok bool) { return h.next, len(h.queue) > 0 }

// Retry asks again about what is held, if it is time to, and lets go of what
// has waited long enough.
func (h *Hold[T]) Retry(now time.Time) {
	if now.Before(h.next) {
		return
	}
	h.next = now.Add(holdPause)
	var rest []held[T]
	for _, x := range h.queue {
		id, settled := h.ask(x.pid, x.at)
		if settled || !now.Before(x.until) {
			h.emit(x.item, id)
		} else {
			rest = append(rest, x)
		}
	}
	h.queue = rest
}

// Flush asks one last time and lets go of everything.
func (h *Hold[T]) Flush() {
	for _, x := range h.queue {
		h.letGo(x)
	}
	h.queue = nil
}

func (h *Hold[T]) letGo(x held[T]) {
	id, _ := h.ask(x.pid, x.at)
	h.emit(x.item, id)
}
