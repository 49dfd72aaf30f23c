package parser

import "math/bits"

// document is what is known of the JSON that is being read: its open objects
// and arrays, what their members say, and the texts and events in them that
// wait to be judged. A member that decides over a text, such as who said it,
// may stand behind it; so nothing is judged before the whole is there, or at
// least its outermost object.
//
// It is read once, from left to right, in pieces of whole lines. Nothing is
// kept of it but short texts, and memory is bounded by that of its open
// objects and of maxWaiting.
type document struct {
	text   []byte   // the unescaped texts
	frames []object // parents before those in them
	open   [maxDepth]nesting
	position

	waiting []waiting
	next    int  // of waiting, the first that was not judged
	line    int  // of its text, where the next line begins
	found   int  // items that were found in it
	ready   bool // what waits can be judged

	whole   []byte // the line that it is in
	lineNo  int64
	host    []byte // the machine, by what stands in front of it
	wrapped bool   // something stands around it
	said    bool   // a program said it
	refused bool   // it stands in another's message: no record counts
	native  bool   // an outermost object is of the journal or laurel
	foreign bool   // an outermost object or array is of others
	at      int    // the object of the text that is being judged, -1: none
	listed  bool   // that text stands in an array
	place   place  // where that text stands
	raw     []byte
	rawOpen int // the depth of the object that is being kept in raw; 0: none
	seen    seen

	documents int // how many were read
}

// position is where the reading of a document is.
type position struct {
	base, depth int // of nesting; base is that of the document in whose text it stands
	want        wanted
	key         key   // of the value that comes
	toward      place // that key
}

// maxDepth bounds how deep objects and arrays are looked into, and maxLevel how
// often JSON can stand in a string of JSON.
const (
	maxDepth   = 64
	maxLevel   = 8
	maxWaiting = 256 << 10 // bytes of text
)

// object is one of the document's.
type object struct {
	parent  int
	unit    int // the outermost object that no array separates from it
	setting setting
	place   place
	level   uint8 // how many strings it stands in
	said    bool  // a program said it
	refused bool
	inArray bool
	closed  bool
	daemon  bool
	event   bool // it is one, so its parents are not
	raw     span // its container, or its end of a stream, in document.raw

	endsStream bool
	first      int // of waiting, the first in it
	seen       uint64
	null       uint64
	values     [numFacts]span
}

// span is a part of the document's text.
type span struct{ start, end int32 }

// nesting is an open object, or an open array in it.
type nesting struct {
	frame int
	key   key // of the array
	place place
	array bool
}

type wanted uint8

const (
	wantValue wanted = iota
	wantFirst        // a value, or the end of an array
	wantKey
	wantFirstKey // a key, or the end of an object
	wantColon
	wantComma
)

// begin starts a document. It goes on from where the one is in whose text it
// stands.
func (d *document) begin() { d.position = position{base: d.depth, depth: d.depth} }

func (d *document) reset() {
	d.text, d.frames, d.waiting, d.raw = d.text[:0], d.frames[:0], d.waiting[:0], d.raw[:0]
	d.position = position{}
	d.next, d.line, d.found, d.rawOpen, d.place, d.at = 0, 0, 0, 0, 0, -1
	d.documents++
	d.ready, d.wrapped, d.said, d.refused, d.native, d.foreign, d.whole, d.host = false, false, false, false, false, false, nil, nil
}

// passBlock counts the lines of what waits from the next block on.
func (d *document) passBlock(lines int64) {
	for i := range d.waiting {
		d.waiting[i].line -= lines
	}
}

// read reads the document's next piece, and returns what follows its end. It is
// not ok where s is no JSON, or ends within a string.
func (d *document) read(s []byte) (rest []byte, ok bool) {
	whole := s
	for {
		s = skipSpace(s)
		if len(s) == 0 {
			break
		}
		n := d.token(s)
		if n == 0 {
			return s, false
		}
		if d.rawOpen != 0 {
			whole = d.followRaw(whole, s[n:])
		}
		if s = s[n:]; d.depth == d.base {
			return s, true
		}
	}
	if d.rawOpen > 0 {
		d.raw = append(d.raw, whole...)
	}
	return nil, true
}

// rawOf is the member of an object that is kept as it stands, nil if there is
// none.
func (d *document) rawOf(f *object) []byte {
	if f.raw.end <= f.raw.start {
		return nil
	}
	return d.raw[f.raw.start:f.raw.end:f.raw.end]
}

// followRaw keeps an object as it stands: rest is what follows the
// token that was read last, and from where the object, or its piece, begins.
func (d *document) followRaw(from, rest []byte) []byte {
	switch {
	case d.rawOpen < 0: // it begins here
		d.rawOpen = d.depth
		d.raw = append(d.raw, '{')
		return rest
	case d.depth < d.rawOpen: // it ends here
		d.keepRaw(from, rest)
	}
	return from
}

// keepRaw ends the object that is kept as it stands.
func (d *document) keepRaw(from, rest []byte) {
	d.raw = append(d.raw, from[:len(from)-len(rest)]...)
	d.rawOpen = 0
	d.frames[d.open[d.depth-1].frame].raw.end = int32(len(d.raw))
}

// token reads what comes next and returns its length, 0 if it cannot be. A key
// takes its colon with it, and an end of a member the comma, where they stand
// in the same piece.
func (d *document) token(s []byte) int {
	switch d.want {
	case wantKey, wantFirstKey:
		if s[0] == '"' {
			return d.member(s)
		}
		if s[0] == '}' && d.want == wantFirstKey {
			return d.close(false)
		}
		return 0
	case wantColon:
		if s[0] != ':' {
			return 0
		}
		d.want = wantValue
		return 1
	case wantComma:
		return d.comma(s[0])
	}
	n := d.value(s)
	if n > 0 && n < len(s) && s[n] == ',' && d.want == wantComma && d.depth > d.base {
		n += d.comma(',')
	}
	return n
}

// member reads a key.
func (d *document) member(s []byte) int {
	n := stringLen(s)
	if n == 0 {
		return 0
	}
	name := s[1 : n-1]
	top := &d.open[d.depth-1]
	f := &d.frames[top.frame]
	d.key = keyOf(f.setting, name)
	d.toward = placeOf(name)
	f.daemon = f.daemon || d.key.daemon
	if len(name) >= minLine && mentionsRecord(name) {
		d.wait(waiting{kind: unusable, frame: top.frame, reason: "record text in a key", text: d.copied(name)})
	}
	d.want = wantColon
	if n < len(s) && s[n] == ':' {
		d.want = wantValue
		n++
	}
	return n
}

func (d *document) comma(c byte) int {
	array := d.open[d.depth-1].array
	switch {
	case c == '}' && !array, c == ']' && array:
		return d.close(array)
	case c != ',':
		return 0
	case array:
		top := &d.open[d.depth-1]
		d.want, d.key, d.toward = wantValue, top.key, top.place
	default:
		d.want = wantKey
	}
	return 1
}

// value reads a value, or its start.
func (d *document) value(s []byte) int {
	first := d.want == wantFirst
	d.want = wantComma
	switch s[0] {
	case '"':
		n := stringLen(s)
		if n > 0 {
			d.string(s[1 : n-1])
		}
		return n
	case '{':
		return d.openObject(s)
	case '[':
		if n := d.byteNumbers(s); n > 0 {
			return n
		}
		return d.openArray(s)
	case ']':
		if !first {
			return 0
		}
		return d.close(true)
	}
	n := literalLen(s)
	if n > 0 {
		d.literal(s[:n])
	}
	return n
}

// openObject opens an object. What is too deep is passed over as a whole.
func (d *document) openObject(s []byte) int {
	if d.depth == maxDepth {
		return d.pass(s)
	}
	f := d.addFrame()
	f.setting = d.key.setting
	if d.depth > d.base {
		top := &d.open[d.depth-1]
		parent := &d.frames[top.frame]
		f.parent, f.inArray, f.level, f.said, f.refused = top.frame, top.array, parent.level, parent.said, parent.refused
		f.place = parent.place.under(d.toward)
		if !f.inArray {
			f.unit = parent.unit
		}
		if isEnd := f.setting == inEnd && parent.raw.end == 0; (f.setting == inContainer || isEnd) && !f.inArray && d.rawOpen == 0 {
			parent.raw, parent.endsStream = span{int32(len(d.raw)), int32(len(d.raw))}, isEnd
			d.rawOpen = -1
		}
	}
	d.open[d.depth] = nesting{frame: len(d.frames) - 1}
	d.depth++
	d.want = wantFirstKey
	return 1
}

// addFrame adds an object that is the outermost of its text. Its values are not
// cleared: none of them counts yet.
func (d *document) addFrame() *object {
	n := len(d.frames)
	if n == cap(d.frames) {
		d.frames = append(d.frames, object{})
	}
	d.frames = d.frames[:n+1]
	f := &d.frames[n]
	f.parent, f.unit, f.setting, f.place, f.first, f.said, f.level = d.at, n, inAny, d.place, len(d.waiting), d.said, 0
	f.inArray, f.closed, f.daemon, f.event, f.endsStream, f.refused = false, false, false, false, false, d.refused
	f.seen, f.null, f.raw = 0, 0, span{}
	if d.at >= 0 {
		f.level = d.frames[d.at].level + 1
		f.unit = d.frames[d.at].unit
		f.refused = f.refused || d.frames[d.at].refused
	}
	return f
}

// openArray opens an array. Its texts belong to the object that it is in; one
// that is in none is an object without a key.
func (d *document) openArray(s []byte) int {
	if d.depth == maxDepth {
		return d.pass(s)
	}
	if d.depth == d.base {
		d.open[d.depth] = nesting{frame: d.openTexts(), array: true}
	} else {
		d.open[d.depth] = nesting{frame: d.open[d.depth-1].frame, key: d.key, place: d.toward, array: true}
	}
	d.depth++
	d.want = wantFirst
	return 1
}

// pass passes over an object or array that is too deep.
func (d *document) pass(s []byte) int {
	n := valueLen(s)
	if n > 0 && mentionsRecord(s[:n]) {
		d.wait(waiting{kind: unusable, frame: d.open[d.depth-1].frame, reason: "JSON nested too deep", text: d.copied(s[:n])})
	}
	return n
}

// close closes the innermost array or object, which ends what can be said of
// the latter.
func (d *document) close(array bool) int {
	d.depth--
	d.want = wantComma
	if array {
		return 1
	}
	i := d.open[d.depth].frame
	f := &d.frames[i]
	f.closed = true
	d.judgeable(i)
	d.judgeOrigin(f)
	if d.depth > d.base && !f.inArray && f.setting != inOther && f.setting != inContainer && f.setting != inEnd {
		d.hand(f, &d.frames[f.parent])
	}
	return 1
}

// hand gives an object's parent what it does not say itself.
func (d *document) hand(f, parent *object) {
	more := (f.seen | f.null) &^ (parent.seen | parent.null | own)
	if f.event {
		more &^= ofEvent
	}
	for left := more; left != 0; left &= left - 1 {
		i := bits.TrailingZeros64(left)
		parent.values[i] = f.values[i]
	}
	parent.seen |= more & f.seen
	parent.null |= more & f.null
	parent.event = parent.event || f.event
}

// judgeable adds what an object, which is closed, is by its facts.
func (d *document) judgeable(i int) {
	f := &d.frames[i]
	switch {
	case f.setting == inSeccomp:
		d.wait(waiting{kind: aLaurel, frame: i})
		if f.parent >= 0 {
			d.frames[f.parent].event = true
		}
	case (f.setting == inAbend || f.setting == inConfig) && f.parent >= 0:
		d.wait(waiting{kind: aNotice, frame: i})
	case f.setting == inLoss && f.has(factLossKind) && f.has(factLossCount):
		d.wait(waiting{kind: aLoss, frame: i})
	case string(d.fact(f, factTransport)) == "audit":
		if !d.hasMessage(i) {
			d.wait(waiting{kind: aStamp, frame: i})
		}
	case f.has(factLaurelID) && !f.has(factTransport) && !f.daemon && !f.event:
		d.wait(waiting{kind: aStamp, frame: i})
	case !f.event && (f.isEvent() || f.unit == i && f.resemblesEvent()):
		f.event = true
		d.wait(waiting{kind: anEvent, frame: i})
	case f.endsStream && f.has(factNumber):
		d.wait(waiting{kind: aStreamEnd, frame: i})
	}
}

func (f *object) has(x fact) bool { return f.seen>>x&1 != 0 }

// fact is what an object says, nil if it does not.
func (d *document) fact(f *object, x fact) []byte {
	if !f.has(x) {
		return nil
	}
	at := f.values[x]
	return d.text[at.start:at.end:at.end]
}

// hasMessage reports whether an object has a message that could hold a record.
func (d *document) hasMessage(frame int) bool {
	for _, w := range d.waiting[d.frames[frame].first:] {
		if w.frame == frame && w.message {
			return true
		}
	}
	return false
}
