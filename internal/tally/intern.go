package tally

import (
	"hash/maphash"

	"github.com/auditscan/auditscan/parser"
)

// seed makes the content hashes of a run unpredictable, so that nobody can
// write a line that collides with a record to hide it.
var seed = maphash.MakeSeed()

// secrets make the hash of the numbers of a record unpredictable, as seed does
// that of its names.
var secrets = [2]uint64{maphash.Comparable(seed, 0), maphash.Comparable(seed, 1)}

// interner numbers names. Raw forms (hex, quoted) are looked up first, so
// that a name is decoded once.
type interner struct {
	ids    map[string]uint32 // raw form, with its encoding in front
	byName map[string]uint32
	names  []name
	raw    []byte // scratch: the key of the last lookup
	size   int    // approximate bytes of names and maps
	live   int    // their size when unused names were last dropped
}

// maxNames bounds what names in no group take, in bytes.
const maxNames = 2 << 20

// full reports whether it is time to drop unused names.
func (in *interner) full() bool { return in.size-in.live > max(maxNames, in.live) }

type name struct {
	text string
	hash uint64
}

func newInterner() interner {
	in := interner{ids: map[string]uint32{}, byName: map[string]uint32{}}
	in.add("")
	return in
}

func (in *interner) add(s string) uint32 {
	id, ok := in.byName[s]
	if !ok {
		id = uint32(len(in.names))
		in.names = append(in.names, name{s, maphash.String(seed, s)})
		in.byName[s] = id
		in.size += len(s) + 64
	}
	return id
}

// number returns the number of a comm or exe; 0 if the record has none.
func (in *interner) number(t parser.Text) uint32 {
	if len(t.Bytes) == 0 {
		return 0
	}
	in.raw = append(append(in.raw[:0], byte(t.Enc)), t.Bytes...)
	id, ok := in.ids[string(in.raw)]
	if !ok {
		id = in.add(t.String())
		in.ids[string(in.raw)] = id
		in.size += len(in.raw) + 32
	}
	return id
}
