package live

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
)

// holdScript is a Hold over answers that a test sets by pid.
type holdScript struct {
	*Hold[string]
	answers map[int32]*container.Identity // nil: known to be in no container
	asked   int
	out     []string
}

func newHoldScript() *holdScript {
	s := &holdScript{answers: map[int32]*container.Identity{}}
	s.Hold = NewHold(func(pid int32, _ time.Time) (*container.Identity, bool) {
		s.asked++
		id, ok := s.answers[pid]
		return id, ok
	}, func(item string, id *container.Identity) {
		if id != nil {
			item += "=" + id.ID
		}
		s.out = append(s.out, item)
	})
	return s
}

func (s *holdScript) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(s.out, want) {
		t.Errorf("out: %v, want %v", s.out, want)
	}
	s.out = nil
}

func TestHold(t *testing.T) {
	s := newHoldScript()
	t0 := time.Unix(1000, 0)
	s.answers[1] = &container.Identity{ID: "a"}
	s.answers[2] = nil
	s.Add("one", 1, t0, t0)
	s.Add("two", 2, t0, t0)
	s.want(t, "one=a", "two")
	if _, ok := s.Next(); ok {
		t.Error("nothing is held, but Next has a time")
	}

	s.Add("three", 3, t0, t0)
	s.Add("four", 4, t0, t0.Add(10*ms))
	s.want(t)
	next, ok := s.Next()
	if !ok || !next.Equal(t0.Add(holdPause)) {
		t.Errorf("Next = %v, %v", next, ok)
	}
	s.answers[3] = &container.Identity{ID: "c"}
	asked := s.asked
	s.Retry(next.Add(-1))
	if s.want(t); s.asked != asked {
		t.Error("asked before the time")
	}
	s.Retry(next)
	s.want(t, "three=c")

	s.Retry(t0.Add(holdFor))
	s.want(t) // "four" came 10 ms later
	s.Retry(t0.Add(holdFor + holdPause))
	s.want(t, "four")
	if _, ok := s.Next(); ok {
		t.Error("something is still held")
	}
}

// An item waits for a second, and no longer.
func TestHoldEndsInTime(t *testing.T) {
	s := newHoldScript()
	t0 := time.Unix(1000, 0)
	s.Add("one", 1, t0, t0)
	s.Retry(t0.Add(holdFor - 1))
	s.want(t)
	s.Retry(t0.Add(holdFor - 1 + holdPause))
	s.want(t, "one")
	s.Add("two", 1, t0, t0)
	s.Retry(t0.Add(holdFor))
	s.want(t, "two")
}

func TestHoldFlushAsksOnceMore(t *testing.T) {
	s := newHoldScript()
	t0 := time.Unix(1000, 0)
	s.Add("one", 1, t0, t0)
	s.Add("two", 2, t0, t0)
	s.answers[2] = &container.Identity{ID: "b"}
	s.Flush()
	s.want(t, "one", "two=b")
	s.Flush()
	s.want(t)
}

func TestHoldIsBounded(t *testing.T) {
	s := newHoldScript()
	t0 := time.Unix(1000, 0)
	for i := range maxHeld + 2 {
		s.Add(strconv.Itoa(i), 1, t0, t0)
	}
	s.want(t, "0", "1")
	s.Flush()
	if len(s.out) != maxHeld || s.out[0] != "2" {
		t.Errorf("%d out, first %s", len(s.out), s.out[0])
	}
}
