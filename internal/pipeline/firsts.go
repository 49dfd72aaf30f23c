package pipeline

import (
	"cmp"
	"hash/maphash"

	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// shown holds the keys of the calls of groups that were shown, with OnlyNew.
type shown map[uint64]struct{}

// maxShown bounds the keys, to 20 MB. When it is reached all are forgotten, and
// shown once more if they come again.
const maxShown = 1 << 20

var shownSeed = maphash.MakeSeed() // random, so that no record can be written to collide with another

// keyOf returns the key of an event's group, call and action.
func keyOf(e *event.Event) uint64 {
	var h maphash.Hash
	h.SetSeed(shownSeed)
	r := e.Record
	var room [256]byte
	texts := r.Comm.Append(append(room[:0], r.Node...))
	comm := len(texts)
	texts = r.Exe.Append(texts)
	h.Write(texts)
	if id := e.Container; id != nil {
		h.WriteString(cmp.Or(id.ID, id.Name)) // the name may become known later
	}
	maphash.WriteComparable(&h, [...]int64{
		int64(len(r.Node)), int64(comm), int64(len(texts)), int64(r.PID), int64(e.Arch), int64(e.NR), int64(e.Action),
	})
	return h.Sum64()
}

// add reports whether a key is new, and remembers it.
func (s shown) add(key uint64) bool {
	if _, ok := s[key]; ok {
		return false
	}
	if len(s) >= maxShown {
		clear(s)
	}
	s[key] = struct{}{}
	return true
}

// firsts are events that are new to a worker. Their memory is reused, since
// every worker finds nearly all of them.
type firsts struct {
	all    []first
	texts  []byte
	merged []byte // what the events were copied to last
}

// first is such an event, with a copy of its record.
type first struct {
	after   int // bytes of output.text
	key     uint64
	event   event.Event
	record  parser.Record
	process parser.Process
}

// add adds an event that stands after so many bytes of other text.
func (f *firsts) add(after int, key uint64, e *event.Event) {
	f.all = append(f.all, first{after: after, key: key, event: *e, record: *e.Record, process: *e.Record.Process})
	x := &f.all[len(f.all)-1]
	r, p := &x.record, &x.process
	r.Container = nil // the event has it
	for _, text := range [...]*[]byte{&r.Node, &r.ArchName, &r.SyscallName, &r.CodeName, &p.Subj, &p.Comm.Bytes, &p.Exe.Bytes} {
		*text = f.keep(*text)
	}
}

func (f *firsts) keep(text []byte) []byte {
	if text == nil {
		return nil
	}
	n := len(f.texts)
	f.texts = append(f.texts, text...)
	return f.texts[n:len(f.texts):len(f.texts)]
}

// merge returns text with those events inserted in their places that are new to
// all workers.
func (f *firsts) merge(text []byte, appendEvent func([]byte, *event.Event) []byte, s shown) []byte {
	if len(f.all) == 0 {
		return text
	}
	out, done := f.merged[:0], 0
	for i := range f.all {
		x := &f.all[i]
		if s.add(x.key) {
			x.record.Process, x.event.Record = &x.process, &x.record
			out = append(out, text[done:x.after]...)
			out, done = appendEvent(out, &x.event), x.after
		}
	}
	f.merged = text
	return append(out, text[done:]...)
}

func (f *firsts) reset() { f.all, f.texts = f.all[:0], f.texts[:0] }
