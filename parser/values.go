package parser

import "bytes"

// string is a value: a fact, a text that could hold a record, or neither. A
// record has blanks in it, and so has each message of loss.
func (d *document) string(s []byte) {
	if d.key.setting == inSeccomp {
		d.wait(waiting{kind: unusable, frame: d.open[d.depth-1].frame, reason: "JSON without a record", text: d.copied(s)})
	}
	text := len(s) >= minLine && (bytes.IndexByte(s, ' ') >= 0 || bytes.IndexByte(s, '{') >= 0 || bytes.IndexByte(s, '\\') >= 0)
	if !text {
		if reason := encoded(s); reason != "" {
			d.wait(waiting{kind: aFault, frame: d.open[d.depth-1].frame, reason: reason, text: d.copied(s)})
			return
		}
		if d.key.fact == 0 {
			return
		}
	}
	start := len(d.text)
	d.text = unquote(d.text, s)
	d.store(d.textSince(start), text)
}

// store is a value whose text is the last one.
func (d *document) store(at span, text bool) {
	top := &d.open[d.depth-1]
	f, is := &d.frames[top.frame], d.key.fact
	if is != 0 && (f.seen|f.null)>>is&1 == 0 && is.means(f.setting, d.text[at.start:at.end]) {
		f.seen |= 1 << is
		f.values[is] = at
	} else if !text {
		d.text = d.text[:at.start]
	}
	if text {
		d.wait(waiting{kind: aText, frame: top.frame, message: d.key.message, listed: top.array || d.listed && d.at >= 0, place: f.place.under(d.toward), text: at})
	}
}

// literal is a number, true, false or null.
func (d *document) literal(s []byte) {
	is := d.key.fact
	if is == 0 {
		return
	}
	if string(s) == "null" {
		f := &d.frames[d.open[d.depth-1].frame]
		f.null |= 1 << is &^ f.seen
		return
	}
	d.store(d.copied(s), false)
}

// byteNumbers reads an array of the bytes of a text, as journald writes those
// that are not UTF-8 or have control characters; 0: it is another one.
func (d *document) byteNumbers(s []byte) int {
	numbers := skipSpace(s[1:])
	if d.depth == d.base || len(numbers) == 0 || numbers[0]-'0' > 9 {
		return 0
	}
	n := valueLen(s)
	if n == 0 {
		return 0
	}
	start := len(d.text)
	if text, ok := byteNumbers(d.text, numbers); ok {
		d.text = text
		d.store(d.textSince(start), len(text)-start >= minLine)
		return n
	}
	return 0
}

// textSince is the text from start on.
func (d *document) textSince(start int) span { return span{int32(start), int32(len(d.text))} }

func (d *document) copied(s []byte) span {
	start := len(d.text)
	d.text = append(d.text, s...)
	return d.textSince(start)
}

func (d *document) wait(w waiting) {
	w.line = d.lineNo
	d.waiting = append(d.waiting, w)
}
