package container

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"time"
)

// Map is a saved pid map: which process was in which container, and when. It
// attributes the records of saved logs. It is of one host.
//
// A Map takes memory in proportion to its file. It may be used by several
// goroutines.
type Map struct {
	stays map[int32][]stay // by pid, in order of start
}

// StampLag is by how much a record's time can be before the truth. Audit takes
// it from the clock that advances with the timer interrupt, every 1 to 10 ms,
// and cuts it to milliseconds; on a busy virtual machine the interrupt is late
// (15 ms were seen).
const StampLag = 100 * time.Millisecond

// BirthLag is by how much /proc can show a birth before the event tells it:
// /proc counts in hundredths of a second, the event is sent when the fork is
// nearly done.
const BirthLag = 25 * time.Millisecond

// stay is a line of the map.
type stay struct {
	start, end time.Time // end is zero for a process that lived when the map was saved
	id         *Identity // nil: in no container
	line       int64     // in the file
}

// maxMapLine bounds a line of a map.
const maxMapLine = 64 << 10

// ReadMap reads a pid map, as "containers -o json" and "follow --pidmap" write
// it: a JSON object a line. Of several lines with the same pid and start, the
// last counts. Bad lines are left out and returned as problems, each with its
// line number, the first hundred of them; name is what they call the input.
// The error is one of reading, and names the input too.
func ReadMap(r io.Reader, name string) (*Map, []Problem, error) {
	m := &Map{stays: map[int32][]stay{}}
	var bad Problems
	interned := map[Identity]*Identity{}
	in := bufio.NewReaderSize(r, maxMapLine)
	for number := int64(1); ; number++ {
		line, err := in.ReadSlice('\n')
		tooLong := false
		for errors.Is(err, bufio.ErrBufferFull) {
			tooLong = true
			line, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("read pid map %s: %w", name, err)
		}
		if tooLong {
			bad.Add(Problem{Name: name, Line: number, Detail: "longer than 64 KiB"})
		} else if detail := m.addLine(number, bytes.TrimSuffix(line, []byte("\n")), interned); detail != "" {
			bad.Add(Problem{Name: name, Line: number, Detail: detail})
		}
		if err != nil {
			break
		}
	}
	for pid, stays := range m.stays {
		m.stays[pid] = tidy(stays)
	}
	return m, bad.List(), nil
}

// addLine adds a line, unless it says what is wrong with it.
func (m *Map) addLine(number int64, line []byte, interned map[Identity]*Identity) (problem string) {
	if len(line) == 0 {
		return ""
	}
	var p Process
	if err := json.Unmarshal(line, &p); err != nil {
		return "not a line of a pid map: " + err.Error()
	}
	if p.Container != nil {
		p.Container.Via = ViaPidmap
		known, ok := interned[*p.Container]
		if !ok {
			known = p.Container
			interned[*known] = known
		}
		p.Container = known
	}
	m.stays[p.PID] = append(m.stays[p.PID], stay{p.Start, p.End, p.Container, number})
	return ""
}

// tidy puts the lines about one pid in order of time. Lines of one start, in
// one container up to the inaccuracy of /proc, are about one process: the
// later line knows better.
func tidy(stays []stay) []stay {
	slices.SortStableFunc(stays, func(a, b stay) int { return a.start.Compare(b.start) })
	tidied := stays[:0]
	for _, s := range stays {
		n := len(tidied) - 1
		if n < 0 || !tidied[n].sameProcess(s) {
			tidied = append(tidied, s)
		} else if s.line > tidied[n].line {
			tidied[n].end, tidied[n].id, tidied[n].line = s.end, s.id, s.line
		}
	}
	return tidied
}

func (s stay) sameProcess(later stay) bool {
	if s.start.Equal(later.start) {
		return true
	}
	return s.id != nil && later.id != nil && s.id.ID == later.id.ID && later.start.Sub(s.start) <= BirthLag
}

// Lookup returns the container that a process was in at a record's time. It
// returns false if the map does not tell, or if two containers used the pid so
// shortly after one another that it could be either. The identity is shared
// and must not be changed.
func (m *Map) Lookup(pid int32, at time.Time) (*Identity, bool) {
	stays := m.stays[pid]
	// Records and the map have milliseconds, records moreover lag.
	next := sort.Search(len(stays), func(i int) bool { return stays[i].start.After(at.Add(StampLag + time.Millisecond)) })
	var found *Identity
	for i := next - 1; i >= 0 && stays[i].spans(at, stays[i+1:]); i-- {
		if i < next-1 && !sameContainer(found, stays[i].id) {
			return nil, false
		}
		found = stays[i].id
	}
	return found, found != nil
}

// spans reports whether a stay had not ended at a record's time. A process
// whose end is not known has ended when its pid begins to be used again.
func (s stay) spans(at time.Time, later []stay) bool {
	end := s.end
	if end.IsZero() && len(later) > 0 {
		end = later[0].start
	}
	return end.IsZero() || !at.After(end.Add(2*time.Millisecond))
}

func sameContainer(a, b *Identity) bool {
	return a == b || a != nil && b != nil && a.ID == b.ID
}

// Living returns the processes without an end, in order of pid.
func (m *Map) Living() (living []Process) {
	for pid, stays := range m.stays {
		for i, s := range stays {
			if s.id != nil && s.end.IsZero() && i == len(stays)-1 {
				living = append(living, Process{PID: pid, Start: s.start, Container: s.id})
			}
		}
	}
	slices.SortFunc(living, func(a, b Process) int { return int(a.PID) - int(b.PID) })
	return living
}
