package parser

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

// seen is how often items were found in a document. The next one of a slot
// takes its place.
type seen [128]struct {
	signature
	document    int // the number of it, from 1
	list        int // where it was found last
	here, given int // in that list, and at all
}

// known reports whether an item was given already. In one list, the same is
// another one: what a document has twice, in two places, happened as often as
// the place says that has it more often.
func (m *seen) known(s signature, document, list int) bool {
	h := uint64(s.stamp.Millis) ^ uint64(s.stamp.Serial)<<20 ^ uint64(s.nr)<<8 ^ uint64(s.pid)<<32 ^ s.ip
	at := &m[h*0x9e3779b97f4a7c15>>57]
	if at.document != document || at.signature != s {
		*at = seen{}[0]
		at.signature, at.document = s, document
	}
	if at.list != list {
		at.list, at.here = list, 0
	}
	at.here++
	if s.stamp.HasSerial && at.given > 0 || at.here <= at.given {
		return true
	}
	at.given++
	return false
}
