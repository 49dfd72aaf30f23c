package parser

import "bytes"

const (
	cutJSON   = "JSON cut"
	byProgram = "written by a program, not by the kernel"
)

// kind is what waits to be judged.
type kind uint8

const (
	aText kind = iota
	anEvent
	aLoss
	aStreamEnd
	aLaurel
	aStamp   // of another audit record, by laurel
	aNotice  // what such a record tells of the recording
	unusable // text that cannot be reached
	aFault
)

type waiting struct {
	kind    kind
	message bool
	late    bool // all else was judged
	listed  bool // it stands in an array itself, or what holds it does
	place   place
	gave    [ItemStreamEnd + 1]bool // the items that it gave
	frame   int
	text    span
	line    int64  // of the block, where it stands
	reason  string // of what is unusable
}

// jsonLine reads the JSON that a line has from start on. It is not ok if it is
// none. What it holds waits to be judged.
func (p *Parser) jsonLine(line []byte, start int) (ok bool) {
	d := &p.doc
	from := len(d.waiting)
	outer := d.position
	d.begin()
	ok = d.readLine(line[start:], from)
	d.position = outer
	return ok
}

// readLine reads the documents of a line: there may be several. What is not
// closed at its end is cut.
func (d *document) readLine(s []byte, from int) (ok bool) {
	for {
		first := len(d.frames)
		rest, whole := d.read(s)
		if !whole || d.depth > d.base {
			if len(d.waiting) == from && d.depth <= d.base+1 && first == len(d.frames)-1 && d.frames[first].seen == 0 && !startsOwn(s) {
				return false
			}
			d.cut(from, first, s)
			return true
		}
		s = bytes.TrimLeft(rest, " \t\r,;]")
		if len(s) == 0 || s[0] != '{' && s[0] != '[' {
			if mentionsRecord(s) {
				d.wait(waiting{kind: unusable, frame: -1, reason: "text behind JSON", text: d.copied(s)})
			}
			return true
		}
		d.position = position{base: d.base, depth: d.base}
	}
}

// cut makes what stands in objects without an end unusable: who said it, and
// on which machine, may be what is missing.
func (d *document) cut(from, first int, s []byte) {
	some := false
	d.foreign = true
	for i := range d.waiting[from:] {
		w := &d.waiting[from+i]
		if !d.ended(w.frame, first) {
			w.kind, w.reason = unusable, cutJSON
			some = some || mentionsRecord(d.text[w.text.start:w.text.end])
		}
	}
	if !some && (stampIndex(s) >= 0 || bytes.Contains(s, seccompWord) || bytes.Contains(s, callInText) || startsOwn(s) || d.cutEvent(first)) {
		d.wait(waiting{kind: aFault, frame: -1, reason: cutJSON, text: d.copied(s)})
	}
}

// callInText is the key of an event that stands in a text of JSON.
var callInText = []byte(`\"syscall\":`)

// startsOwn reports whether an object that is cut is the start of an event, or
// of a loss, of auditscan itself.
func startsOwn(s []byte) bool {
	const loss, event = `{"loss":{"`, `{"time":"0000-00-00T00:00:00.000Z","serial":`
	if bytes.HasPrefix(s, []byte(loss)) {
		return true
	}
	for i, c := range s[:min(len(s), len(event))] {
		if c != event[i] && (event[i] != '0' || c-'0' > 9) {
			return false
		}
	}
	return len(s) >= minLine
}

// ended reports whether an object and all around it are closed.
func (d *document) ended(frame, first int) bool {
	for ; frame >= first; frame = d.frames[frame].parent {
		if !d.frames[frame].closed {
			return false
		}
	}
	return true
}

// cutEvent reports whether an open object is the start of an event.
func (d *document) cutEvent(first int) bool {
	const some = 1<<factSerial | 1<<factNR | 1<<fSyscall | 1<<factAction
	for i := range d.frames[first:] {
		f := &d.frames[first+i]
		if !f.closed && (f.resemblesEvent() || f.seen&some != 0 && f.seen&(1<<factTime|1<<fArch) != 0) {
			return true
		}
	}
	return false
}

// judge returns the next item of the document that was read.
func (p *Parser) judge() Item {
	d := &p.doc
	d.ready = true
	for d.next < len(d.waiting) {
		i := d.next
		item := p.judgeNext(i)
		p.number = d.numberOf(&d.waiting[i], item)
		if d.isRefused(i) {
			item = p.refused(item)
			p.told = false
		}
		if item == ItemEnd {
			continue
		}
		d.found++
		if p.repeated(i, item) {
			p.told = false
			continue
		}
		return item
	}
	d.ready = false
	if d.depth > 0 {
		d.forget()
		return ItemEnd
	}
	if whole := d.whole; d.found == 0 && mentionsRecord(whole) && !d.readsRecord() {
		d.whole = nil
		return p.malformed("record in JSON that is none of its texts", whole)
	}
	return ItemEnd
}

// isRefused reports whether what waited stands in a message of another.
func (d *document) isRefused(i int) bool {
	frame := d.waiting[i].frame
	return frame >= 0 && d.frames[frame].refused
}

// refused is what becomes of an item in a message of another.
func (p *Parser) refused(item Item) Item {
	switch item {
	case ItemMalformed:
		return item
	case ItemRecord:
		return p.malformed(insideMessage, p.doc.whole)
	}
	return ItemEnd
}

// readsRecord reports whether a text that was judged tells of a record, which
// then is another's.
func (d *document) readsRecord() bool {
	for _, w := range d.waiting {
		if w.kind == aText && mentionsRecord(d.text[w.text.start:w.text.end]) {
			return true
		}
	}
	return false
}

// judgeNext judges what waits next, or a line of it.
func (p *Parser) judgeNext(i int) Item {
	d := &p.doc
	w := d.waiting[i]
	p.itemLine = w.line
	text := d.text[w.text.start:w.text.end:w.text.end]
	if w.kind == aText && d.line < len(text) {
		return p.judgeLine(w, text)
	}
	d.next, d.line = i+1, 0
	switch w.kind {
	case aText:
		return ItemEnd
	case anEvent:
		if d.anyRecord(d.frames[w.frame].first, i) { // its text did
			return ItemEnd
		}
		reason := p.collected(w.frame)
		switch {
		case reason == "":
			return ItemRecord
		case !w.late: // JSON in its texts, which waits behind it, may tell all
			w.late = true
			d.waiting = append(d.waiting, w)
			return ItemEnd
		}
		return p.malformed(reason, d.whole)
	case aLoss:
		return p.collectedLoss(w.frame)
	case aStreamEnd:
		p.ending = d.rawOf(&d.frames[w.frame])
		return ItemStreamEnd
	case aLaurel:
		return p.laurel(w.frame)
	case aStamp:
		return p.stampOf(w.frame)
	case aNotice:
		return p.laurelNotice(w.frame)
	case unusable:
		if !mentionsRecord(text) {
			return ItemEnd
		}
	}
	return p.malformed(w.reason, text)
}

// numberOf is the running number of what waits, of an event whose text is cut as
// well; 0: it has none.
func (d *document) numberOf(w *waiting, item Item) int64 {
	var number []byte
	switch frame := w.frame; {
	case item == ItemEnd:
	case w.kind == aFault:
		number, _ = bytes.CutPrefix(d.text[w.text.start:w.text.end], []byte(`{"n":`))
		number, _, _ = bytes.Cut(number, []byte(","))
	case w.kind == aLoss:
		number = d.fact(&d.frames[d.frames[frame].parent], factNumber)
	case w.kind == anEvent, w.kind == aStreamEnd:
		number = d.fact(&d.frames[frame], factNumber)
	}
	n, _ := countOf(number)
	return n
}

// judgeLine judges a line of a text. Of what journald tells of a program, all
// lines are that program's.
func (p *Parser) judgeLine(w waiting, text []byte) Item {
	d := &p.doc
	line := text[d.line:]
	if n := bytes.IndexByte(line, '\n'); n >= 0 && !d.frames[w.frame].has(factTransport) {
		line = line[:n]
	}
	d.line += len(line) + 1
	if len(line) < minLine {
		return ItemEnd
	}
	d.at, d.listed, d.place = w.frame, w.listed, w.place
	item := p.textOf(w, line)
	d.at, d.listed, d.place = -1, false, 0
	return item
}

// anyRecord reports whether some of what waited gave a record, or one that cannot be
// used.
func (d *document) anyRecord(from, to int) bool {
	for _, w := range d.waiting[from:to] {
		if w.gave[ItemRecord] || w.gave[ItemMalformed] {
			return true
		}
	}
	return false
}

// repeated reports whether an item stands in its document once more: a record
// that it gave before, or what another text of the same event gave already.
func (p *Parser) repeated(i int, item Item) bool {
	d := &p.doc
	w := &d.waiting[i]
	if w.frame < 0 {
		return false
	}
	unit, like := d.frames[w.frame].unit, item
	if item == ItemMalformed {
		like = ItemRecord
	}
	again := item != ItemRecord && !w.gave[item] && !w.listed && (d.unitGave(unit, i, item) || d.unitGave(unit, i, like))
	again = again || item == ItemMalformed && d.startsOther(i)
	w.gave[item] = true
	if again || item != ItemRecord && item != ItemLoss && item != ItemMalformed {
		return again
	}
	return d.seen.known(p.signature(item, unit), d.documents, w.place)
}

// nearby is how many texts further the whole of a short message is looked for.
const nearby = 32

// startsOther reports whether a text is the start of another one of its event,
// as a short message is.
func (d *document) startsOther(i int) bool {
	w := &d.waiting[i]
	text := bytes.TrimRight(d.text[w.text.start:w.text.end], " .\n")
	for _, other := range d.waiting[i+1 : min(len(d.waiting), i+1+nearby)] {
		if other.kind == aText && other.frame >= 0 && d.frames[other.frame].unit == d.frames[w.frame].unit &&
			int(other.text.end-other.text.start) > len(text)+1 && bytes.HasPrefix(d.text[other.text.start:other.text.end], text) {
			return w.kind == aText
		}
	}
	return false
}

// unitGave reports whether a text before the i-th gave an item of a unit.
func (d *document) unitGave(unit, i int, item Item) bool {
	for _, w := range d.waiting[:i] {
		if w.gave[item] && !w.listed && w.frame >= 0 && d.frames[w.frame].unit == unit {
			return true
		}
	}
	return false
}

// enclosingFact is what an object, or those around it, say.
func (d *document) enclosingFact(frame int, x fact) []byte {
	for ; frame >= 0; frame = d.frames[frame].parent {
		if v := d.fact(&d.frames[frame], x); v != nil {
			return v
		}
	}
	return nil
}

// node is the machine that an object is of, by its surest name.
func (d *document) node(frame int) []byte {
	for _, x := range [...]fact{factNode, factHost, factAgent} {
		if v := d.enclosingFact(frame, x); len(v) > 0 {
			return v
		}
	}
	return d.host
}

func (d *document) ident(frame int) []byte {
	ident := d.enclosingFact(frame, factIdent)
	if ident == nil {
		ident = d.enclosingFact(frame, factTag)
	}
	return bytes.TrimSuffix(ident, []byte(":"))
}

// vouched reports whether an object is the whole of a line of a journal's or
// laurel's own, and not in another log.
func (d *document) vouched(frame int) bool {
	f := &d.frames[frame]
	return f.parent < 0 && f.level == 0 && !d.wrapped
}

// textOf parses a line of text in an object: of the journal, where only the
// transports audit and kernel count, or of another wrapper, whose program must
// be the kernel's where it names one.
func (p *Parser) textOf(w waiting, line []byte) Item {
	d := &p.doc
	f := &d.frames[w.frame]
	ident, transport := d.ident(w.frame), d.fact(f, factTransport)
	user := d.byUser(w.frame, ident)
	switch {
	case transport != nil && !w.message:
		return p.refuse(line, byProgram)
	case string(transport) == "audit":
		return p.auditText(w.frame, line)
	case !user && (string(transport) == "kernel" || transport == nil && !f.said && (len(ident) == 0 || kernelIdent(ident))):
		return p.wrapped(w.frame, line, transport != nil)
	case transport == nil && !f.said && d.follows(w.frame, ident, line):
		return p.wrapped(w.frame, line, false)
	case user:
		return p.refuse(line, notKern)
	case string(ident) == "systemd-journald", string(ident) == "rsyslogd":
		at := d.copied(ident)
		d.text = append(append(d.text, ": "...), line...)
		return p.lossLine(d.text[at.start:])
	}
	return p.programText(line)
}

// programText refuses the records in what a program said, but not the events
// that auditscan and other collectors print.
func (p *Parser) programText(line []byte) Item {
	d := &p.doc
	if f := &d.frames[d.at]; f.has(factType) && !f.has(factTransport) { // go-audit's
		if item := p.bare(d.at, line); item != ItemEnd {
			return item
		}
	}
	if start := objectStart(line); start >= 0 && d.frames[d.at].level < maxLevel {
		said := d.said
		d.said = true
		ok := p.jsonLine(line, start)
		d.said = said
		if ok {
			return ItemEnd
		}
	}
	return p.refuse(line, byProgram)
}

// wrapped parses a line of text that an object holds. Text that printk wrote
// can be forged, but not where the journal's fields say so.
func (p *Parser) wrapped(frame int, line []byte, journal bool) Item {
	d := &p.doc
	item := p.bare(frame, line)
	if item == ItemEnd {
		item = p.quoted(line)
	}
	if item != ItemRecord && item != ItemOther {
		return item
	}
	if p.rec.Node == nil {
		p.rec.Node = d.node(frame)
	}
	if p.rec.Form == FormKernel && journal && d.vouched(frame) && string(d.fact(&d.frames[frame], factFacility)) == "0" {
		p.rec.Form = FormJournalKernel
	}
	return item
}

// bare parses the fields of a record whose type and stamp are members of their
// own, or were left out; ItemEnd if the text has none.
func (p *Parser) bare(frame int, line []byte) Item {
	if !startsWithField(line) || !bytes.Contains(line, []byte(" syscall=")) || !bytes.Contains(line, []byte(" code=")) {
		return ItemEnd
	}
	d := &p.doc
	st := Stamp{}
	serial, known := serialOf(d.enclosingFact(frame, factSerial))
	if millis, ok := timeOf(d.enclosingFact(frame, factTime)); ok && millis <= maxMillis && known {
		st = Stamp{Serial: serial, HasSerial: true, Millis: millis, HasTime: true}
	}
	p.begin(Record{Form: FormAudisp, Stamp: st})
	return p.event(line, line)
}

// auditText parses the message of journald's audit transport. The stamp, which
// the message lacks, is in fields that only journald can set.
func (p *Parser) auditText(frame int, line []byte) Item {
	d := &p.doc
	f := &d.frames[frame]
	return p.auditEntry(line, d.fact(f, factAuditType), d.fact(f, factAuditID), d.fact(f, factSource), d.node(frame), d.vouched(frame))
}

// stampOf gives the stamp of another audit record, of journald or laurel.
func (p *Parser) stampOf(frame int) Item {
	d := &p.doc
	f := &d.frames[frame]
	if f.has(factTransport) {
		return p.auditText(frame, nil)
	}
	st, ok := p.laurelID(d.fact(f, factLaurelID))
	if !ok {
		return ItemEnd
	}
	p.begin(Record{Form: p.laurelForm(frame), Stamp: st, Node: d.node(frame)})
	return ItemOther
}

// follows reports whether a text is auditd's line, which a collector has read from
// its file. A program that logs has an id.
func (d *document) follows(frame int, ident, line []byte) bool {
	if !bytes.HasPrefix(line, typeEq) && !bytes.HasPrefix(line, []byte("node=")) {
		return false
	}
	if i := stampIndex(line); i <= 0 || line[i-1] != '=' {
		return false
	}
	if id := d.enclosingFact(frame, factProc); len(id) > 0 && id[0]-'0' <= 9 {
		return false
	}
	v, ok := facilityOf(d.enclosingFact(frame, factPriority), d.enclosingFact(frame, factFacility))
	return ok && fileFacility(v, ident) || !ok && ofAuditLog(ident)
}

// byUser reports whether an object's facility says that a program wrote its
// text.
func (d *document) byUser(frame int, ident []byte) bool {
	return user(ident, d.enclosingFact(frame, factPriority), d.enclosingFact(frame, factFacility))
}
