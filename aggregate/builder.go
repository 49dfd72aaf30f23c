package aggregate

import (
	"hash/maphash"
	"math"
	"math/bits"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// MaxGroups bounds the groups that are kept apart. When there are more, the
// pid is left out of the grouping, then comm, exe and node: counts and sets of
// calls stay exact, only the detail is folded. Which keys are left depends on
// the records alone, not on their order.
const MaxGroups = 32 << 10

// maxOdd bounds the distinct numbers without a name that a group lists: a
// program can make up four thousand million of them.
const maxOdd = 256

// Builder counts items. The zero value is not usable; see [NewBuilder].
// It is not safe for concurrent use.
type Builder struct {
	proof
	filter *Filter
	names  interner
	folded int // how many keys of foldOrder are left out
	groups map[groupKey]*group
	recent [recentOrigins]origin
	node   lastNode
	call   Call // room for the one that is returned
}

// origin is what the start of a record comes to. Records of one process have
// it in common, so that most need neither names nor groups looked up.
type origin struct {
	id        uint32 // parser.Process.Origin; 0: the slot is empty
	node      uint32
	container *container.Identity
	key       groupKey // before folding
	group     *group   // nil: the filter leaves it out
	hash      uint64   // of what the start says, and of the run's seed
}

const recentOrigins = 1 << 9

// foldOrder are the keys that are left out when there are too many groups.
var foldOrder = [...]Key{ByPID, ByComm, ByExe, ByNode}

type groupKey struct {
	node, comm, exe uint32
	pid             int32
	container       *container.Identity
}

// NewBuilder returns a builder for records that pass the filter; nil passes
// all.
func NewBuilder(f *Filter) *Builder {
	return &Builder{proof: newProof(maxNodes), filter: f, names: newInterner(), groups: map[groupKey]*group{}}
}

// NewWorker is NewBuilder for one that is cut after each block. A part has the
// serials of all its nodes, as many as fit into a block: which of them are kept
// is for the builder to say that all parts are appended to.
func NewWorker(f *Filter) *Builder {
	b := NewBuilder(f)
	b.proof = newProof(math.MaxInt)
	return b
}

// Input begins an input: what is added from now on comes from it, through one
// parser. Trust is what the source vouches for; "" lets the records' own form
// decide.
func (b *Builder) Input(name string, trust Trust) {
	b.unlearn()
	b.begin(name, trust)
}

// unlearn forgets what names and origins come to.
func (b *Builder) unlearn() { b.recent, b.node.known = [recentOrigins]origin{}, false }

// Record counts a SECCOMP record of the container, nil if that is unknown,
// at the given line of the current input. It returns the record's call, with
// how often its group has made it so far; nil if the record does not count: it
// is a duplicate or does not pass the filter. The call is valid until the next
// record.
func (b *Builder) Record(r *parser.Record, id *container.Identity, line int64) *Call {
	var call callID
	if !call.resolve(r) {
		b.Malformed("interpreted name is in no table", line)
		return nil
	}
	return b.count(r, &call, id, line, wasPrinted(r))
}

// Resolved is Record for a record whose call is known: an earlier run has
// found its architecture, number and action.
func (b *Builder) Resolved(r *parser.Record, c *Call, id *container.Identity, line int64) *Call {
	return b.count(r, &callID{arch: c.Arch, nr: c.NR, action: c.Action, form: formOf(r)}, id, line, false)
}

// count counts a record; printed reports whether it stands in the text that the
// kernel printed.
func (b *Builder) count(r *parser.Record, id *callID, container *container.Identity, line int64, printed bool) *Call {
	b.saw(r)
	o := b.origin(r, container)
	in := b.input()
	if s := b.serialsOf(r); s != nil {
		if s.record(r.Millis, r.Serial, contentOf(r, o.hash)) {
			in.Duplicates++
			return nil
		}
		if printed {
			s.printed.add(r.Millis)
		}
	}
	if r.Legacy {
		b.note(Legacy, 1, r.Stamp, line, "kernel before 3.8: type=1701 without arch=, so no call can be named")
		return nil
	}
	if o.group == nil || !b.filter.inTime(r.Stamp) {
		return nil
	}
	call := o.group.call(b.filter, id)
	if call == nil {
		return nil
	}
	t := when(r.Stamp)
	call.Count++
	call.widen(t, t)
	in.seen(t)
	in.Records++
	if id.form == formBare {
		in.bare++
	}
	if o.group.forms == 1<<id.form && !call.Folded {
		return call
	}
	b.call = Call{Arch: id.arch, NR: id.nr, Action: id.action, Folded: call.Folded, Count: o.group.seen(call)}
	return &b.call
}

// origin finds what the start of a record that was just seen comes to.
func (b *Builder) origin(r *parser.Record, id *container.Identity) *origin {
	o := &b.recent[r.Origin%recentOrigins]
	if o.id == r.Origin && o.node == b.node.id && o.container == id && r.Origin != 0 {
		return o
	}
	b.forget()
	k := groupKey{node: b.node.id, comm: b.names.text(r.Comm), exe: b.names.text(r.Exe), pid: r.PID, container: id}
	g := b.group(k) // may fold, which empties all slots
	n := b.names.names
	h := mix(n[k.comm].hash, n[k.exe].hash) ^ mix(uint64(r.PID)<<32|uint64(r.Arch), n[k.comm].hash)
	*o = origin{r.Origin, k.node, id, k, g, h}
	return o
}

// contentOf tells records apart that claim one serial; start is the hash of
// what it starts with.
func contentOf(r *parser.Record, start uint64) content {
	h := mix(uint64(uint32(r.NR))<<32|uint64(r.Code), start) ^ mix(uint64(r.Millis), r.IP)
	h ^= h >> 24
	return content(h & contentMask)
}

// secrets make the content hash unpredictable, as seed does the names'.
var secrets = [2]uint64{maphash.Comparable(seed, 0), maphash.Comparable(seed, 1)}

// mix hashes two words: both halves of their product, which depends on every
// bit of them.
func mix(a, b uint64) uint64 {
	high, low := bits.Mul64(a^secrets[0], b^secrets[1])
	return high ^ low
}

// group returns the group of a key, making it where needed; nil if the filter
// leaves it out. A group that exists has passed the filter, unless keys that
// the filter asks for are folded.
func (b *Builder) group(k groupKey) *group {
	folded := k.fold(b.folded)
	g, ok := b.groups[folded]
	if (!ok || b.folded > 0) && !b.filter.group(b.fields(k)) {
		return nil
	}
	if ok {
		return g
	}
	return b.newGroup(folded)
}

// newGroup makes the group of a key that has none.
func (b *Builder) newGroup(k groupKey) *group {
	if len(b.groups) >= MaxGroups && b.folded < len(foldOrder) {
		b.fold(b.folded + 1)
		k = k.fold(b.folded)
		if g, ok := b.groups[k]; ok {
			return g
		}
		return b.newGroup(k)
	}
	g := &group{}
	b.groups[k] = g
	return g
}

// fields spells a key out.
func (b *Builder) fields(k groupKey) Group {
	n := b.names.names
	return Group{Node: n[k.node].text, Container: k.container, Exe: n[k.exe].text, Comm: n[k.comm].text, PID: k.pid}
}

// fold leaves out the first n keys of foldOrder.
func (k groupKey) fold(n int) groupKey {
	if n > 0 {
		k.pid = 0
	}
	if n > 1 {
		k.comm = 0
	}
	if n > 2 {
		k.exe = 0
	}
	if n > 3 {
		k.node = 0
	}
	return k
}

// fold merges the groups that differ only in the first n keys of foldOrder.
func (b *Builder) fold(n int) {
	old := b.groups
	b.folded, b.groups = n, make(map[groupKey]*group, len(old)/2)
	b.recent = [recentOrigins]origin{}
	for k, g := range old {
		k = k.fold(n)
		if into, ok := b.groups[k]; ok {
			into.merge(g, 1)
		} else {
			b.groups[k] = g
		}
	}
	if len(b.groups) > MaxGroups && n < len(foldOrder) {
		b.fold(n + 1)
	}
}

// forget drops the names that no group has, when there are many.
func (b *Builder) forget() {
	if !b.names.full() {
		return
	}
	old, groups := b.names.names, b.groups
	b.names, b.groups = newInterner(), make(map[groupKey]*group, len(groups))
	b.recent = [recentOrigins]origin{}
	if b.node.known {
		b.node.id = b.names.add(old[b.node.id].text)
	}
	for k, g := range groups {
		k.node, k.comm, k.exe = b.names.add(old[k.node].text), b.names.add(old[k.comm].text), b.names.add(old[k.exe].text)
		b.groups[k] = g
	}
	b.names.live = b.names.size
}

// resolve finds the record's call, by number: its name is looked up once per
// call, not per record. It is not ok where an interpreted record has an arch
// or call that no table knows: there is no number then.
func (id *callID) resolve(r *parser.Record) (ok bool) {
	id.form = formOf(r)
	if r.SyscallName != nil {
		return id.resolveNames(r)
	}
	id.arch, id.nr, id.action = syscalltable.Resolve(r.Arch, r.NR), r.NR, syscalltable.ActionOf(r.Code)
	return true
}

func (id *callID) resolveNames(r *parser.Record) (ok bool) {
	arch, err := syscalltable.ParseArch(string(r.ArchName))
	if err != nil {
		return false
	}
	if id.action, err = syscalltable.ParseAction(string(r.CodeName)); err != nil {
		id.action = syscalltable.ActionUnknown
	}
	if id.nr, ok = parser.UnknownSyscall(r.SyscallName); !ok {
		id.nr, ok = arch.NumberAudit(string(r.SyscallName))
	}
	id.arch = syscalltable.Resolve(uint32(arch), id.nr)
	return ok
}
