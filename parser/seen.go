package parser

// place is where a text stands in a document, by the keys that lead to it. All
// elements of an array have the same.
type place uint32

// placeOf is the place that a key leads to: a hash of little of it.
func placeOf(name []byte) place {
	n := len(name)
	if n == 0 {
		return 1
	}
	return place(n)<<16 | place(name[0])<<8 | place(name[n-1])
}

func (p place) under(key place) place { return p*31 + key }

// signature is what an item is known again by that stands twice in a document,
// as a message and its original do.
type signature struct {
	item  Item
	stamp Stamp
	nr    int32 // the call, or the kind of a loss
	pid   int32
	ip    uint64
	unit  int // what it is of, where it has no serial
}

// signature is that of the item that was found last.
func (p *Parser) signature(item Item, unit int) signature {
	switch item {
	case ItemRecord:
		r := &p.rec
		if r.HasSerial {
			unit = 0
		}
		return signature{item, r.Stamp, r.NR, r.PID, r.IP, unit}
	case ItemLoss:
		return signature{item, p.loss.Stamp, int32(p.loss.Kind), p.loss.PID, uint64(p.loss.Count), unit}
	}
	return signature{item: item, ip: uint64(len(p.bad.Text)), unit: unit}
}

// seen is how often items were found in a document, and where. The next one of a
// slot takes its place.
type seen [128]struct {
	signature
	document int // the number of it, from 1
	given    int
	places   [3]struct {
		place place
		found int
	}
}

// known reports whether an item was given already. In one place, the same is
// another one: what a document has in two places happened as often as the place
// says that has it more often.
func (m *seen) known(s signature, document int, where place) bool {
	h := uint64(s.stamp.Millis) ^ uint64(s.stamp.Serial)<<20 ^ uint64(s.nr)<<8 ^ uint64(s.pid)<<32 ^ s.ip
	at := &m[h*0x9e3779b97f4a7c15>>57]
	if at.document != document || at.signature != s {
		*at = seen{}[0]
		at.signature, at.document = s, document
	}
	i := 0
	for i < len(at.places)-1 && at.places[i].found > 0 && at.places[i].place != where {
		i++
	}
	here := &at.places[i]
	if here.place != where {
		here.place, here.found = where, 0
	}
	here.found++
	if s.stamp.HasSerial && at.given > 0 || here.found <= at.given {
		return true
	}
	at.given++
	return false
}
