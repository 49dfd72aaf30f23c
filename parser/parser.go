package parser

import (
	"bytes"
	"math"
)

// Item is what [Parser.Next] found.
type Item uint8

// The items.
const (
	ItemEnd       Item = iota // the block is used up
	ItemRecord                // Record holds a SECCOMP event
	ItemOther                 // Record's Stamp, Node and Form are of another audit record
	ItemLoss                  // Loss holds a message that records are missing
	ItemMalformed             // Malformed holds a record begun but not usable
	ItemStreamEnd             // StreamEnd holds what ends a stream of auditscan's events
)

// String returns the item's name.
func (i Item) String() string {
	return nameOf(i, "end", "record", "other record", "loss", "malformed record", "end of events")
}

// nameOf is the name of a value of an enumeration.
func nameOf[E ~uint8](e E, names ...string) string {
	if int(e) < len(names) {
		return names[e]
	}
	return "unknown"
}

// Parser reads the blocks of one input. It is not safe for concurrent use;
// inputs of layout [LayoutLines] may be shared out to several parsers.
type Parser struct {
	layout Layout
	block  []byte
	at     int    // where the block's next line begins
	ended  bool   // a line of the block was before it: what follows may be skipped
	line   []byte // what is left of the current line: several records can share one
	lineNo int64

	itemLine int64 // of the last item, or nowhere
	told     bool  // loss is to be given: the record that was given last tells of it
	foreign  int64 // the block's first foreign line; 0: none

	rec  Record
	proc Process // the record's, unless it is a remembered one
	loss Loss
	bad  Malformed

	number int64 // see Number
	ending []byte

	memo     memo // starts of records that were read before
	heads    headMemo
	general  bool // for the tests: no memo, and no line is skipped
	time     timeMemo
	codes    codeMemo
	tails    tailMemo
	ipDigits int       // of the ip= that was read last
	entries  assembly  // LayoutEntries
	partial  [2][]byte // LayoutCRI: split lines, one a stream
	doc      document
	text     []byte // a line put together, or freed of colours
}

// New returns a parser for an input of the given layout.
func New(layout Layout) *Parser {
	p := &Parser{layout: layout}
	p.doc.reset()
	p.begin(Record{})
	return p
}

// Reset gives the parser its next block of whole lines. The block must not
// change until Next has returned ItemEnd.
func (p *Parser) Reset(block []byte) {
	p.doc.passBlock(p.lineNo)
	p.block, p.at, p.ended, p.line, p.lineNo, p.itemLine, p.foreign = block, 0, false, nil, 0, nowhere, 0
}

// Record is the event of the last ItemRecord, or the stamp of ItemOther.
func (p *Parser) Record() *Record {
	if p.rec.Process == nil {
		p.begin(p.rec)
	}
	return &p.rec
}

// Loss is the message of the last ItemLoss.
func (p *Parser) Loss() *Loss { return &p.loss }

// Malformed is the record of the last ItemMalformed.
func (p *Parser) Malformed() *Malformed { return &p.bad }

// StreamEnd is the object, in JSON, that the last ItemStreamEnd is, of the
// member "end".
func (p *Parser) StreamEnd() []byte { return p.ending }

// Number is the running number that a stream of auditscan's events gives to the
// last item: an ItemStreamEnd, an ItemMalformed, or one of [FormEvent]. 0: none.
func (p *Parser) Number() int64 { return p.number }

// Line is the number, from 1, of the last item's line in the current block;
// after ItemEnd it is the number of lines in the block. It is below 1 where the
// line is of an earlier block, as can be in JSON over several lines.
func (p *Parser) Line() int64 {
	if p.itemLine != nowhere {
		return p.itemLine
	}
	return p.lineNo
}

// nowhere is no line: the item is of the one that was read last.
const nowhere = math.MaxInt64

// Next returns the next item of the block.
func (p *Parser) Next() Item {
	if p.told {
		return p.tell()
	}
	p.itemLine = nowhere
	for {
		for len(p.line) > 0 {
			line := p.line
			p.line = nil
			if item := p.scan(line); item != ItemEnd {
				return item
			}
		}
		if p.doc.ready {
			if item := p.judge(); item != ItemEnd {
				return item
			}
		}
		p.itemLine = nowhere
		if p.at == len(p.block) {
			return ItemEnd
		}
		if p.entries.binary {
			p.binaryValue()
			continue
		}
		if p.layout == LayoutLines && !p.general {
			if item := p.fast(); item != ItemEnd {
				return item
			}
			if p.ended {
				p.skip()
				continue
			}
		}
		if item := p.dispatch(p.nextLine()); item != ItemEnd {
			return item
		}
	}
}

// nextLine takes a line off the block.
func (p *Parser) nextLine() []byte {
	p.lineNo++
	p.doc.lineNo = p.lineNo
	line := p.block[p.at:]
	i := bytes.IndexByte(line, '\n')
	if i < 0 {
		p.at, p.ended, p.entries.cut = len(p.block), false, true
		return line
	}
	p.at, p.ended = p.at+i+1, true
	return line[:i]
}

// dispatch sends a line through what its layout wraps around it.
func (p *Parser) dispatch(line []byte) Item {
	if p.layout != LayoutJSON {
		p.doc.reset()
	}
	switch p.layout {
	case LayoutEntries:
		return p.entryLine(line)
	case LayoutCRI:
		p.noteForeign()
		return p.criLine(line)
	case LayoutJSON:
		item := p.jsonSpread(line)
		if p.doc.foreign {
			p.noteForeign()
		}
		return item
	}
	item := p.scan(line)
	if p.foreign == 0 && p.isForeign(line) {
		p.noteForeign()
	}
	return item
}

// scan looks for an item in one line, and where it finds no record, once more
// without the codes that colour it.
func (p *Parser) scan(line []byte) Item {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	if bytes.IndexByte(line, escape) < 0 {
		return p.scanPlain(line)
	}
	plain, ok := p.uncolored(line)
	if !ok {
		return p.scanPlain(line)
	}
	if !holdsJSON(plain) { // there is no such byte in JSON
		waiting := len(p.doc.waiting)
		item := p.scanPlain(line)
		if item == ItemRecord && !p.rec.colored() || item == ItemLoss || len(p.doc.waiting) > waiting {
			return item
		}
	}
	p.doc.wrapped = true
	return p.untrusted(p.scanPlain(plain))
}

// holdsJSON reports whether a line may be structured.
func holdsJSON(line []byte) bool {
	_, text := lineText(line)
	return text != nil || objectStart(line) >= 0
}

// scanPlain looks for an item in one line. It is what every line goes through,
// so each test is one search for a byte that is rare in logs, with a look
// around it; only candidates are parsed.
func (p *Parser) scanPlain(line []byte) Item {
	if len(line) < minLine {
		return ItemEnd
	}
	if bytes.HasPrefix(line, typeEq) {
		return p.auditdLine(line)
	}
	if item, ok := p.structured(line); ok {
		return item
	}
	if i := stampIndex(line); i >= 0 {
		if start := typeStart(line, i); start >= 0 {
			return p.stampedLine(line, start, i)
		}
	}
	if i := journalIndex(line); i >= 0 {
		return p.journalLine(line, i)
	}
	return p.lossLine(line)
}

// structured reads the JSON in a line. It is not ok if there is none.
func (p *Parser) structured(line []byte) (item Item, ok bool) {
	d := &p.doc
	nested := d.at >= 0
	if item, ok := p.stringLine(line); ok {
		return item, true
	}
	start := objectStart(line)
	if start < 0 {
		return ItemEnd, false
	}
	if nested && d.frames[d.at].level >= maxLevel {
		return p.unread(line), true
	}
	pre, ok := parsePrefix(line[:start], aDocument)
	if !ok {
		return ItemEnd, false
	}
	before := d.said
	d.said = d.said || pre.said
	ok = p.jsonLine(line, start)
	d.said = before
	if nested || !ok {
		return ItemEnd, ok
	}
	d.wrapped = d.wrapped || wraps(line[:start])
	d.whole, d.host = line, pre.node
	return p.judge(), true
}

// stringLine reads a line that is a text in JSON, as jq prints it, or a member
// of an object that is spread over several lines. It is not ok if it is none.
func (p *Parser) stringLine(line []byte) (item Item, ok bool) {
	if last := line[len(line)-1]; last != '"' && last != ',' {
		return ItemEnd, false
	}
	start, text := lineText(line)
	if text == nil {
		return ItemEnd, false
	}
	pre, ok := parsePrefix(line[:start], aDocument)
	if !ok || pre.said {
		return ItemEnd, false
	}
	d := &p.doc
	d.readText(text)
	if d.at >= 0 {
		return ItemEnd, true
	}
	d.wrapped, d.whole, d.host = true, line, pre.node
	return p.judge(), true
}

// readText reads a text that stands in no object.
func (d *document) readText(text []byte) {
	outer := d.position
	d.begin()
	d.openArray(nil)
	d.string(text)
	d.position = outer
}

// lineText returns where a text in JSON, or a member that is one, begins that
// is all that a line has from there on; nil: there is none.
func lineText(line []byte) (start int, text []byte) {
	for ; start < len(line); start++ {
		i := bytes.IndexByte(line[start:], '"')
		if i < 0 {
			break
		}
		start += i
		if start > 0 && bytes.IndexByte([]byte(" \t:-|]+>\x00\x1e"), line[start-1]) < 0 && line[start-1] < 0x80 {
			continue
		}
		if text := onlyText(line[start:]); text != nil {
			return start, text
		}
	}
	return 0, nil
}

// onlyText is the text in JSON, or of a member, that s is; nil if it is none.
func onlyText(s []byte) []byte {
	n := stringLen(s)
	if rest, found := bytes.CutPrefix(skipSpace(s[n:]), []byte(":")); n > 0 && found {
		if s = skipSpace(rest); len(s) == 0 || s[0] != '"' {
			return nil
		}
		n = stringLen(s)
	}
	if n < minLine || len(bytes.Trim(s[n:], " \t,")) > 0 {
		return nil
	}
	return s[1 : n-1]
}

// unread makes the item for a line in which nothing was found.
func (p *Parser) unread(line []byte) Item {
	if item, ok := p.quotedTexts(line); ok {
		return item
	}
	if mentionsRecord(line) {
		return p.malformed("record without its prefix or stamp", line)
	}
	if namesObject(line) {
		return p.malformed("record in JSON that cannot be read", line)
	}
	if reason := elsewhere(line); reason != "" {
		return p.malformed(reason, line)
	}
	d := &p.doc
	if !holdsJSON(line) || d.at >= 0 && d.frames[d.at].level >= maxLevel {
		return ItemEnd
	}
	// Whoever said it, a record in its JSON does not pass without a word.
	d.refused = true
	ok := p.refusedJSON(line)
	d.refused = false
	if d.at >= 0 || !ok {
		return ItemEnd
	}
	d.whole = line
	return p.judge()
}

// refusedJSON reads the JSON of a line in which no record counts.
func (p *Parser) refusedJSON(line []byte) bool {
	if _, text := lineText(line); text != nil {
		p.doc.readText(text)
		return true
	}
	return p.jsonLine(line, objectStart(line))
}

// minLine is shorter than any line of interest.
const minLine = 16

var (
	typeEq  = []byte("type=")
	auditOp = []byte("audit(")
)

// stampIndex returns where "audit(" begins, or -1.
func stampIndex(line []byte) int {
	for off := 0; ; {
		i := bytes.IndexByte(line[off:], '(')
		if i < 0 {
			return -1
		}
		off += i + 1
		if off >= len(auditOp) && string(line[off-len(auditOp):off]) == "audit(" {
			return off - len(auditOp)
		}
	}
}

// begin makes r the record, of a process that is not known yet.
func (p *Parser) begin(r Record) {
	p.proc = Process{AUID: NoID, UID: NoID, GID: NoID, Ses: NoID}
	p.rec = r
	p.rec.Process = &p.proc
}

// unusable makes the item for a line with a record that cannot be used, unless
// that stands in a text in quotes.
func (p *Parser) unusable(reason string, line []byte) Item {
	if item, ok := p.quotedTexts(line); ok {
		return item
	}
	return p.malformed(reason, line)
}

// malformed makes the item for a record that cannot be used.
func (p *Parser) malformed(reason string, text []byte) Item {
	p.bad, p.number = Malformed{Reason: reason, Text: text}, 0
	return ItemMalformed
}
