package tally

import (
	"math"
	"math/bits"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// Tally counts the items of inputs, of one after the other or in turns. Use [New] or
// [NewWorker]. It is not safe for concurrent use.
type Tally struct {
	*Proof
	counts  Counts
	origins [originSlots]origin
	cached  bool // there are any
	node    lastNode
}

// origin caches what the start of a record resolves to. The records of a
// process share it, so that most need no lookup of names and groups.
type origin struct {
	id        uint32 // parser.Process.Origin; 0: the slot is empty
	node      uint32
	container *container.Identity
	key       groupKey // before folding
	group     *group   // nil: the filter leaves it out
	unknown   bool     // the filter leaves it out only because the container is unknown
	hash      uint64   // of the start, seeded for this run
}

const originSlots = 1 << 9

// New returns a tally of the events that pass the filter; a nil filter passes
// all.
func New(f *aggregate.Filter) *Tally {
	return &Tally{Proof: newProof(maxNodes), counts: newCounts(f, aggregate.MaxGroups)}
}

// NewWorker returns a tally that is cut after each block. Its parts have the
// serials of all nodes in the block; the tally that they are appended to
// decides which of them to keep.
func NewWorker(f *aggregate.Filter) *Tally {
	t := New(f)
	t.Proof = newProof(math.MaxInt)
	return t
}

// Begin begins an input: what is added from now on comes from it, read by one
// parser.
func (t *Tally) Begin(s Source) {
	t.forgetNames()
	t.begin(s)
}

// Turn makes another input the current one, by its place in the order of Begin:
// logs that grow beside each other take turns.
func (t *Tally) Turn(input int) {
	if t.at != input {
		t.at = input
		t.forgetNames()
	}
}

// forgetNames drops the cached origins and node.
func (t *Tally) forgetNames() {
	if t.cached { // else a hundred thousand files would clear it as often
		t.origins, t.cached = [originSlots]origin{}, false
	}
	t.node.known = false
}

// Event counts an event at the given line of the current input. It returns how
// often the event's group has made the call, as far as this tally knows: it
// does not have the counts of other tallies yet. It is not ok if the event does
// not count because it is a duplicate or does not pass the filter.
func (t *Tally) Event(e *event.Event, line int64) (seen int64, ok bool) {
	r := e.Record
	t.observe(r)
	id := callID{arch: e.Arch, nr: e.NR, action: e.Action, form: formOf(r)}
	if endsProcess(e.Action) {
		t.kills.filter(kill{string(r.Node), r.PID, timeOf(r.Stamp)})
	}
	o := t.origin(r, e.Container)
	in := t.input()
	if s := t.serialsOf(r); s != nil {
		if t.recorded(s, r, contentOf(e, o.hash)) {
			in.duplicates++
			return 0, false
		}
		if wasPrinted(r) {
			s.printed.add(r.Millis)
		}
	}
	if r.Legacy {
		t.note(aggregate.Legacy, 1, r.Stamp, line, "kernel before 3.8: type=1701 without arch=, so no call can be named")
		return 0, false
	}
	at := timeOf(r.Stamp)
	if !t.counts.filter.MatchesTime(at) {
		t.leftOut[id.form]++
		return 0, false
	}
	if o.group == nil {
		if o.unknown && t.counts.filter.MatchesCall(id.arch, id.action, id.name()) {
			in.unattributed++
		}
		t.leftOut[id.form]++
		return 0, false
	}
	call := o.group.call(t.counts.filter, &id)
	if call == nil {
		t.leftOut[id.form]++
		return 0, false
	}
	call.Count++
	call.Widen(at, at)
	in.widen(at)
	in.records++
	if id.form == formBare {
		in.bare++
	}
	if o.group.further == nil {
		return call.Count, true
	}
	return o.group.seen(call), true
}

// recorded notes a SECCOMP record and reports whether it was counted before.
func (t *Tally) recorded(s *serials, r *parser.Record, c content) bool {
	if s.record(r.Millis, r.Serial, c, t.node.space) {
		return true
	}
	other := t.host.otherName(s)
	repeated := other != nil && other.known(r.Millis, r.Serial, c) != nil
	t.host.twice = t.host.twice || repeated
	return repeated
}

// AddOther notes the serial of a record of another audit type, or of one that
// is not to be counted.
func (t *Tally) AddOther(r *parser.Record) {
	t.observe(r)
	if !r.HasTime {
		return
	}
	if !r.HasSerial {
		t.daemon(r)
		return
	}
	if s := t.serialsOf(r); s != nil {
		s.addOther(r.Millis, r.Serial, t.node.space)
		if wasPrinted(r) {
			s.printed.add(r.Millis)
		}
	}
}

// daemon notes a record of auditd itself. Its serial is not the kernel's, but
// it shows that this is auditd's log and no extract.
func (t *Tally) daemon(r *parser.Record) {
	if s := t.serials(r.Node); s != nil {
		s.addOthers(t.node.space, 1)
	}
}

// origin resolves the start of a record that was just observed.
func (t *Tally) origin(r *parser.Record, id *container.Identity) *origin {
	o := &t.origins[r.Origin%originSlots]
	if o.id == r.Origin && o.node == t.node.id && o.container == id && r.Origin != 0 {
		return o
	}
	t.forget()
	c := &t.counts
	k := groupKey{node: t.node.id, comm: c.names.number(r.Comm), exe: c.names.number(r.Exe), pid: r.PID, container: id}
	if id == nil {
		k.user = userOf(r.AUID, r.UID)
	}
	if c.filter.NeedsSubj() {
		k.subj = c.names.number(parser.Text{Bytes: r.Subj, Enc: parser.EncPlain})
	}
	before := c.divisions
	g := c.group(k)
	if c.divisions != before {
		t.origins = [originSlots]origin{} // their groups are gone
	}
	n := c.names.names
	h := mix(n[k.comm].hash, n[k.exe].hash) ^ mix(uint64(r.PID), n[k.comm].hash)
	t.cached = true
	*o = origin{id: r.Origin, node: k.node, container: id, key: k, group: g, hash: h}
	if g == nil {
		fields := c.fields(k)
		o.unknown = c.filter.Unattributed(&fields)
	}
	return o
}

// forget drops the names that no group uses, if there are many.
func (t *Tally) forget() {
	if !t.counts.names.full() {
		return
	}
	node := t.counts.names.names[t.node.id].text
	t.counts.forget()
	t.origins = [originSlots]origin{}
	if t.node.known {
		t.node.id = t.counts.names.add(node)
	}
}

// Counts returns the tally's counts, to be merged into another tally or
// subtracted from it.
func (t *Tally) Counts() *Counts { return &t.counts }

// Merge adds counts, which must not be used afterwards. Their proof is added in
// parts, by Append.
func (t *Tally) Merge(o *Counts) {
	t.counts.merge(o)
	t.forgetNames()
}

// Subtract subtracts counts: those of a refused part, which was counted twice.
func (t *Tally) Subtract(o *Counts) {
	t.counts.sum(o, -1)
	t.forgetNames()
}

// contentOf returns the hash that distinguishes records that claim the same
// serial; start is the hash of the record's start. Renderings of a record differ
// in whether they have numbers or names, but not in what those mean.
func contentOf(e *event.Event, start uint64) content {
	r := e.Record
	h := mix(uint64(uint32(e.NR))<<32|uint64(e.Action), start) ^ mix(uint64(r.Millis)^uint64(e.Arch)<<32, r.IP)
	return momentOf(r.Millis)&timeBits | content((h^h>>24)&0xffff)
}

// mix hashes two words: both halves of their product depend on all their bits.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^secrets[0], b^secrets[1])
	return high ^ low
}
