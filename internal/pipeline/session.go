package pipeline

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/source"
)

// Session counts the records of a command's audit sessions. The other records
// of the stream only prove that nothing is missing.
type Session struct {
	counter *Counter
	owner   func(session uint32, pid int32) (bool, error)
	// owned says of known sessions whether they are the command's.
	owned map[uint32]bool
	// doubtful counts the records of sessions of which nothing was known.
	doubtful map[uint32]int64
}

// NewSession returns a counter for a stream of the kernel's own. Owner reports
// whether a session, given a process in it, is the command's; an error means
// that this is not known yet.
// A nil owner owns all records.
func NewSession(stream string, owner func(session uint32, pid int32) (bool, error)) *Session {
	s := &Session{owner: owner, owned: map[uint32]bool{}, doubtful: map[uint32]int64{}}
	var o Options
	if owner != nil {
		o.Owns = s.owns
	}
	s.counter = NewCounter(stream, aggregate.TrustKernel, o)
	return s
}

// Read counts the stream until it is closed. Say is called with notes of the
// stream that are meant for people.
func (s *Session) Read(stream source.Stream, say func(string)) error {
	for {
		c, err := stream.Next(context.Background())
		if errors.Is(err, io.EOF) {
			s.countDoubtful()
			return nil
		}
		if err != nil {
			return err
		}
		for _, n := range c.Notes {
			s.note(n, say)
		}
		if err := s.counter.Lines(c.Lines); err != nil {
			return err
		}
	}
}

// Summary returns what was counted.
func (s *Session) Summary() *aggregate.Summary { return s.counter.Summary() }

func (s *Session) note(n source.Note, say func(string)) {
	if n.Kind == source.Info {
		say(n.Detail)
		return
	}
	s.counter.Loss(aggregate.EvidenceKind(n.Kind), n.Count, time.Now(), n.Detail, n.Fix)
}

// owns reports whether a record of a session is the command's. It asks about a
// session until the answer is known.
func (s *Session) owns(session uint32, pid int32) bool {
	owned, known := s.owned[session]
	if known {
		return owned
	}
	owned, err := s.owner(session, pid)
	if err != nil {
		s.doubtful[session]++
		return false
	}
	s.owned[session] = owned
	return owned
}

// countDoubtful counts as lost the records that were, or may have been, the
// command's and were not counted.
func (s *Session) countDoubtful() {
	var lost int64
	for session, n := range s.doubtful {
		if owned, known := s.owned[session]; owned || !known {
			lost += n
		}
	}
	if lost > 0 {
		s.counter.Loss(aggregate.DroppedByCollector, lost, time.Now(),
			"of a login during the run, by processes that had ended before they were known to be the command's",
			"record again: a process of the login that is still there when its records come is enough")
	}
}
