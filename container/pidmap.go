package container

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"time"
)

// Map is a pid map: which process was in which container, and when. It
// attributes the records of saved logs. It is of one host.
//
// A Map may be used by several goroutines. The zero Map knows nobody.
type Map struct {
	stays      []stay // by pid, start and line
	identities []*Identity
}

// stay is a process's stay in a container. Times are in ms since the epoch.
type stay struct {
	pid        int32
	id         int32 // index of the identity plus one; 0: in no container
	start, end int64 // end is living for a process that lived when the map was saved
	line       uint32
}

const (
	living = math.MaxInt64
	// undated is the start of a stay of which nothing tells the time.
	undated = 0
)

// StampLag is by how much a record's time can be before the truth. Audit takes
// it from the clock that advances with the timer interrupt, every 1 to 10 ms,
// and cuts it to milliseconds; on a busy virtual machine the interrupt is late
// (15 ms were seen).
const StampLag = 100 * time.Millisecond

// BirthLag is by how much /proc can show a birth before the event tells it:
// /proc counts in hundredths of a second, the event is sent when the fork is
// nearly done.
const BirthLag = 25 * time.Millisecond

const (
	// maxStays bounds the stays that [ReadMap] keeps, 32 bytes each.
	maxStays = 1 << 21
	// fewStays are enough where only the living are looked for: as many as
	// there can be processes by default (kernel.threads-max of a host of 16 GB).
	fewStays = 1 << 17
	// maxIdentities bounds the containers of a map, 1 KB each.
	maxIdentities = 1 << 16
	// maxMapLine bounds a line of a map.
	maxMapLine = 64 << 10
)

const tooManyContainers = "more than 65,536 containers: this one is left out"

// ReadMap reads a pid map, as "containers -o json" and "follow --pidmap" write
// it, a JSON object a line, or the lines of the tools that [ParseSighting]
// knows. Of several lines with the same pid and start, the last counts. Bad
// lines are left out and returned as problems, each with its line number, the
// first hundred of them; name is what they call the input. Of more than
// 2,097,152 stays, those that ended and stand first are forgotten, which is a
// problem too. The error is one of reading, or ctx's, and names the input.
func ReadMap(ctx context.Context, r io.Reader, name string) (*Map, []Problem, error) {
	m, err := readMap(ctx, r, name, maxStays)
	if err != nil {
		return nil, nil, err
	}
	if m.forgotten > 0 {
		m.problems.Add(Problem{Name: name, Detail: fmt.Sprintf(
			"the first %d processes that ended are not looked at: more than %d are too many", m.forgotten, m.limit)})
	}
	return &m.Map, m.problems.List(), nil
}

// ReadLiving reads a pid map for the processes that lived when it was saved, in
// order of pid. It needs memory for these, and little for the others.
func ReadLiving(ctx context.Context, r io.Reader, name string) (list []Process, problems []Problem, err error) {
	m, err := readMap(ctx, r, name, fewStays)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range m.stays {
		if s.id != 0 && s.end == living {
			list = append(list, Process{PID: s.pid, Start: time.UnixMilli(s.start), Container: m.identity(s.id)})
		}
	}
	return list, m.problems.List(), nil
}

func readMap(ctx context.Context, r io.Reader, name string, limit int) (*mapReader, error) {
	m := &mapReader{name: name, limit: limit, byText: map[string]int32{}, byIdentity: map[Identity]int32{}}
	if err := m.read(ctx, r); err != nil {
		return nil, fmt.Errorf("read pid map %s: %w", name, err)
	}
	m.sort()
	return m, nil
}

// mapReader gathers the stays of a map.
type mapReader struct {
	Map
	name       string
	limit      int
	forgotten  int64 // stays beyond the limit
	problems   Problems
	line       uint32
	byText     map[string]int32   // identities by their JSON
	byIdentity map[Identity]int32 // and by what they are
	recent     [1 << 14]int32     // index of the last stay of a pid, by the pid's last bits
	dates      dateCache
	node       string // of the first sighting
}

func (m *mapReader) read(ctx context.Context, r io.Reader) error {
	in := bufio.NewReaderSize(r, maxMapLine)
	for m.line = 1; ; m.line++ {
		if m.line%256 == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		line, err := in.ReadSlice('\n')
		tooLong := false
		for errors.Is(err, bufio.ErrBufferFull) && ctx.Err() == nil {
			tooLong = true
			line, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return cmp.Or(context.Cause(ctx), err)
		}
		detail := "longer than 64 KiB"
		if !tooLong {
			detail = m.addLine(bytes.TrimSuffix(line, []byte("\n")))
		}
		if detail != "" {
			m.problems.Add(Problem{Name: m.name, Line: int64(m.line), Detail: detail})
		}
		if err != nil {
			return nil
		}
	}
}

// addLine adds a line, unless it says what is wrong with it.
func (m *mapReader) addLine(line []byte) (problem string) {
	if len(line) == 0 {
		return ""
	}
	if s, text, ok := m.dates.parseLine(line); ok {
		if id, known := m.byText[string(text)]; known {
			s.id = id
			m.add(s)
			return ""
		}
	}
	var p Process
	if err := json.Unmarshal(line, &p); err != nil {
		return m.addSighting(line, err)
	}
	s := stay{pid: p.PID, start: p.Start.UnixMilli(), end: living}
	if !p.End.IsZero() {
		s.end = p.End.UnixMilli()
	}
	ok := true
	if s.id, ok = m.intern(p.Container); !ok {
		return tooManyContainers
	}
	if _, text, ok := m.dates.parseLine(line); ok && json.Valid(text) && len(m.byText) < maxIdentities {
		m.byText[string(text)] = s.id
	}
	m.add(s)
	return ""
}

// intern returns the number of an identity, 0 for none. It returns false if
// there are too many.
func (m *mapReader) intern(id *Identity) (number int32, ok bool) {
	if id == nil {
		return 0, true
	}
	id.Via = ViaPidmap
	if number, ok = m.byIdentity[*id]; ok {
		return number, true
	}
	if len(m.identities) == maxIdentities {
		return 0, false
	}
	m.identities = append(m.identities, id)
	number = int32(len(m.identities))
	m.byIdentity[*id] = number
	return number, true
}

// add adds a stay, or what is newly known of one that was added lately.
func (m *mapReader) add(s stay) {
	s.line = m.line
	if last := m.lastOf(s.pid); last != nil && last.start == s.start && (s.start != undated || s.id == last.id) {
		*last = s
		return
	}
	if len(m.stays) >= m.limit {
		m.forget()
	}
	m.stays = append(m.stays, s)
	m.recent[uint32(s.pid)%uint32(len(m.recent))] = int32(len(m.stays))
}

// lastOf returns the stay of a pid that was added last, or nil if that is not
// remembered.
func (m *mapReader) lastOf(pid int32) *stay {
	i := m.recent[uint32(pid)%uint32(len(m.recent))] - 1
	if i < 0 || m.stays[i].pid != pid {
		return nil
	}
	return &m.stays[i]
}

// forget drops the first stays that ended, down to three quarters of the
// limit; where too many live, the first of those as well.
func (m *mapReader) forget() {
	m.endReused()
	excess := len(m.stays) - m.limit*3/4
	for _, ended := range []bool{true, false} {
		m.stays = slices.DeleteFunc(m.stays, func(s stay) bool {
			drop := excess > 0 && (s.end != living || !ended)
			if drop {
				excess--
				m.forgotten++
			}
			return drop
		})
	}
	m.recent = [len(m.recent)]int32{}
}

// endReused gives those an end whose pid was used again: it would not be known
// any more, were the one who used it forgotten.
func (m *mapReader) endReused() {
	open := map[int32]*stay{}
	for i := range m.stays {
		s := &m.stays[i]
		if before := open[s.pid]; before != nil && before.start < s.start {
			before.end = s.start
			delete(open, s.pid)
		}
		if s.end == living {
			open[s.pid] = s
		}
	}
}

// sort puts the stays in order of pid and start. Lines of one pid and start,
// in one container up to the inaccuracy of /proc, are about one process: the
// later line knows better.
func (m *mapReader) sort() {
	slices.SortFunc(m.stays, func(a, b stay) int {
		return cmp.Or(cmp.Compare(a.pid, b.pid), cmp.Compare(a.start, b.start), cmp.Compare(a.line, b.line))
	})
	tidied := m.stays[:0]
	for _, s := range m.stays {
		n := len(tidied) - 1
		if n < 0 || !m.sameProcess(tidied[n], s) {
			tidied = append(tidied, s)
		} else if s.start == undated && s.id != tidied[n].id {
			tidied[n].id = 0 // nothing tells when it was which
		} else if s.line > tidied[n].line {
			tidied[n].end, tidied[n].id, tidied[n].line = s.end, s.id, s.line
		}
	}
	for i := 0; i+1 < len(tidied); i++ {
		if s, next := &tidied[i], tidied[i+1]; s.end == living && s.pid == next.pid {
			s.end = next.start // it had ended when its pid was used again
		}
	}
	m.stays = tidied
}

func (m *Map) sameProcess(s, later stay) bool {
	if s.pid != later.pid || s.start == later.start {
		return s.pid == later.pid
	}
	return s.id != 0 && later.start-s.start <= BirthLag.Milliseconds() && sameContainer(m.identity(s.id), m.identity(later.id))
}

// Lookup returns the container that a process was in at a record's time. It
// returns false if the map does not tell, or if two containers used the pid so
// shortly after one another that it could be either. The identity is shared
// and must not be changed.
func (m *Map) Lookup(pid int32, at time.Time) (*Identity, bool) {
	stays := m.ofPID(pid)
	ms := at.UnixMilli()
	// Records and the map have milliseconds, records moreover lag.
	next := sort.Search(len(stays), func(i int) bool { return stays[i].start > ms+StampLag.Milliseconds()+1 })
	var found *Identity
	for i := next - 1; i >= 0 && stays[i].spans(ms); i-- {
		id := m.identity(stays[i].id)
		if i < next-1 && !sameContainer(found, id) {
			return nil, false
		}
		found = id
	}
	return found, found != nil
}

// ofPID returns the stays of a pid, in order of start.
func (m *Map) ofPID(pid int32) []stay {
	from := sort.Search(len(m.stays), func(i int) bool { return m.stays[i].pid >= pid })
	n := sort.Search(len(m.stays)-from, func(i int) bool { return m.stays[from+i].pid > pid })
	return m.stays[from : from+n]
}

func (m *Map) identity(number int32) *Identity {
	if number == 0 {
		return nil
	}
	return m.identities[number-1]
}

// spans reports whether a stay had not ended at a record's time.
func (s stay) spans(at int64) bool { return s.end == living || at <= s.end+2 }

func sameContainer(a, b *Identity) bool {
	return a == b || a != nil && b != nil && a.ID == b.ID && a.Manager == b.Manager
}
