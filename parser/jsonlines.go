package parser

import "bytes"

// jsonSpread reads a line of JSON that is spread over several lines, or of
// text between such documents.
func (p *Parser) jsonSpread(line []byte) Item {
	d := &p.doc
	if d.depth == 0 {
		return p.jsonBegin(line)
	}
	d.whole = nil
	rest, ok := d.read(line)
	switch {
	case !ok:
		d.cut(d.next, 0, line)
		d.position = position{}
	case d.depth > 0:
		if !d.full() {
			return ItemEnd
		}
	default:
		d.readRest(rest)
	}
	return p.judge()
}

// jsonBegin reads a line where no document is open.
func (p *Parser) jsonBegin(line []byte) Item {
	s := bytes.TrimLeft(line, " \t\r,")
	if len(s) == 0 {
		return ItemEnd
	}
	d := &p.doc
	d.reset()
	if s[0] != '{' && s[0] != '[' {
		d.foreign = !separates(line)
		return p.scan(line)
	}
	d.readRest(s)
	if d.depth > 0 && !d.full() {
		return ItemEnd
	}
	return p.judge()
}

// readRest reads what follows a document in its line: another one, or its start.
func (d *document) readRest(s []byte) {
	for {
		s = bytes.TrimLeft(s, " \t\r,")
		if len(s) == 0 || s[0] != '{' && s[0] != '[' {
			if mentionsRecord(s) {
				d.wait(waiting{kind: unusable, frame: -1, reason: "text behind JSON", text: d.copied(s)})
			}
			return
		}
		d.position = position{}
		first := len(d.frames)
		rest, ok := d.read(s)
		if !ok {
			d.cut(d.next, first, s)
			d.position = position{}
			return
		}
		if d.depth > 0 {
			return
		}
		s = rest
	}
}

// full reports whether what waits is to be judged before the document ends:
// there is no open object that could tell more, or there is too much.
func (d *document) full() bool {
	if len(d.waiting) == d.next {
		return false
	}
	if len(d.text)+len(d.raw) > maxWaiting || len(d.frames) > maxObjects {
		return true
	}
	for _, n := range d.open[:d.depth] {
		if !d.frames[n.frame].closed {
			return false
		}
	}
	return true
}

// maxObjects bounds how many objects wait for their document's end.
const maxObjects = 1 << 10

// forget drops what was judged of a document that goes on: all but its open
// objects.
func (d *document) forget() {
	var open [maxDepth]int
	n, last := 0, -1
	for i := range d.depth {
		if f := d.open[i].frame; f != last {
			open[n], last = f, f
			n++
		}
		d.open[i].frame = n - 1
	}
	text := int32(0)
	for to, from := range open[:n] {
		f := &d.frames[to]
		*f = d.frames[from]
		f.parent, f.first = to-1, 0
		f.unit = to
		if to > 0 && !f.inArray {
			f.unit = d.frames[to-1].unit
		}
		for x := range numFacts {
			if f.has(x) {
				at := f.values[x]
				f.values[x] = span{text, text + at.end - at.start}
				text += int32(copy(d.text[text:], d.text[at.start:at.end]))
			}
		}
	}
	d.text, d.frames = d.text[:text], d.frames[:n]
	d.waiting, d.next, d.line = d.waiting[:0], 0, 0
	d.documents++ // its objects are counted anew
}

// flushJSON ends a document that has no end.
func (p *Parser) flushJSON() Item {
	d := &p.doc
	if d.depth > 0 {
		d.cut(d.next, 0, nil)
		d.position = position{}
	}
	return p.judge()
}
