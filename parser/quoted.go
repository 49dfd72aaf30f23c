package parser

import (
	"bytes"
	"strings"
)

// quotedTexts reads the texts in quotes of a line that is made of keys and values:
// logfmt, CSV, YAML, and what languages print of their values. It is not ok
// where none of them could hold an item, or where the line is another's message.
func (p *Parser) quotedTexts(line []byte) (item Item, ok bool) {
	d := &p.doc
	nested := d.at >= 0
	if nested && d.frames[d.at].level >= maxLevel || !promising(line) {
		return ItemEnd, false
	}
	node, ok := p.waitQuoted(line)
	if !ok || nested {
		return ItemEnd, ok
	}
	d.wrapped, d.whole, d.host = true, line, node
	return p.judge(), true
}

// promising reports whether a text, whatever is escaped in it, could hold a
// record, an event, a stamp or a message of loss.
func promising(s []byte) bool {
	if len(s) < minLine {
		return false
	}
	if stampIndex(s) >= 0 || bytes.Contains(s, []byte("SECCOMP")) || bytes.IndexByte(s, '{') >= 0 && hasAny(s, "syscall", "loss") {
		return true
	}
	if !bytes.Contains(s, auditWord) {
		return false
	}
	_, _, ok := lossMessage(s)
	return ok
}

// waitQuoted lets the texts in quotes wait that could hold an item. All that
// stands around them has to be structure, and what stands in front of it
// another's prefix.
func (p *Parser) waitQuoted(line []byte) (node []byte, ok bool) {
	d := &p.doc
	frame, first := -1, -1
	for q := quotes(line); q.next(); {
		if first < 0 {
			first = q.start
		}
		if !promising(q.text) {
			continue
		}
		if frame < 0 {
			pre, ok := structurePrefix(line, first)
			if !ok || pre.said || holdsOwn(line[:q.start]) {
				return nil, false
			}
			node, frame = pre.node, d.openTexts()
		}
		start := len(d.text)
		d.text = q.unescape(d.text)
		w := waiting{kind: aText, frame: frame, place: d.place.under(place(q.start)), text: d.textSince(start), listed: d.listed}
		if q.bracket == '[' {
			w.listed, w.place = true, d.place.under(0)
		}
		d.wait(w)
	}
	if frame >= 0 {
		d.stateAll(frame, line)
	}
	return node, frame >= 0
}

// stateAll keeps what the pairs of a line say of the texts in it.
func (d *document) stateAll(frame int, line []byte) {
	end := 0
	var before []byte // the text in quotes before, which can be a key
	for q := quotes(line); q.next(); end = q.at {
		gap := bytes.TrimRight(line[end:q.start], " ")
		d.stateBare(frame, gap)
		key := bytes.TrimRight(gap, " =:>")
		if len(key) < len(gap) {
			if key = key[bytes.LastIndexAny(key, " \t,;{[(")+1:]; len(key) == 0 {
				key = before
			}
			d.state(frame, key, q.text)
		}
		before = q.text
	}
	d.stateBare(frame, line[end:])
}

// stateBare keeps what the pairs without quotes say.
func (d *document) stateBare(frame int, s []byte) {
	for len(s) > 0 {
		var word []byte
		word, s, _ = bytes.Cut(s, []byte(" "))
		if key, value, ok := bytes.Cut(word, []byte("=")); ok && len(value) > 0 {
			d.state(frame, key, value)
		}
	}
}

// state keeps a member of an object, if it is of interest.
func (d *document) state(frame int, name, value []byte) {
	f, is := &d.frames[frame], keyOf(inAny, name).fact
	if is == 0 || f.has(is) || !is.means(inAny, value) {
		return
	}
	f.seen |= 1 << is
	f.values[is] = d.copied(value)
}

// holdsOwn reports whether a record stands in front of a text, which is then its.
func holdsOwn(before []byte) bool {
	return stampIndex(before) >= 0 || journalIndex(before) >= 0
}

// openTexts adds an object without keys, for texts that stand in none.
func (d *document) openTexts() (frame int) {
	f := d.addFrame()
	f.closed = true // there are no members to come
	d.foreign = d.foreign || f.level == 0
	return len(d.frames) - 1
}

// structurePrefix reads what stands in front of the keys and values of a line, the
// first of which in quotes is at i. It is not ok where that is more than prefixes and
// the first fields of CSV.
func structurePrefix(line []byte, i int) (pre prefix, ok bool) {
	start := i
	if eq := bytes.IndexByte(line[:i], '='); eq >= 0 {
		start = bytes.LastIndexAny(line[:eq], " \t,;|{[(") + 1
	}
	start = bracketIndex(line[:start])
	for _, head := range [...][]byte{line[:start], withoutKey(line[:start])} {
		if pre, ok = parsePrefix(head, aDocument); ok {
			return pre, true
		}
	}
	return prefix{}, fields(line[:i])
}

// bracketIndex is where the first bracket of a value stands in s, its length if
// there is none. That of a tag's pid stands behind a name, as only the brace of a
// Go value does.
func bracketIndex(s []byte) int {
	for i, c := range s {
		if c == '{' || (c == '[' || c == '(') && (i == 0 || bytes.IndexByte([]byte(" \t,:="), s[i-1]) >= 0) {
			return i
		}
	}
	return len(s)
}

// withoutKey is s without a key at its end, as YAML and others have it: "key: ",
// "key = ", "pkg.Type".
func withoutKey(s []byte) []byte {
	s = bytes.TrimRight(s, " =:>&")
	return s[:bytes.LastIndexAny(s, " \t")+1]
}

// fields reports whether s is fields of CSV, without quotes. What a program said
// has its tag in front, with a colon.
func fields(s []byte) bool {
	s = bytes.TrimRight(s, " ")
	return len(s) > 0 && bytes.IndexByte([]byte(",;|\t"), s[len(s)-1]) >= 0 && !bytes.Contains(s, []byte(": "))
}

// quotation goes through the texts in quotes of a line.
type quotation struct {
	line  []byte
	at    int
	start int    // of the text, with its quote
	text  []byte // what stands in the quotes
	mark  byte
	twice bool // a quote in the text is written twice, and not behind a backslash
	done  [3]bool

	bracket byte // the last one in front of it
}

func quotes(line []byte) quotation { return quotation{line: line} }

const quoteMarks = "\"'`"

// next goes to the next text.
func (q *quotation) next() bool {
	for {
		i := bytes.IndexAny(q.line[q.at:], quoteMarks)
		if i < 0 {
			return false
		}
		first := q.at == 0
		if open := bytes.LastIndexAny(q.line[q.at:q.at+i], "[{"); open >= 0 {
			q.bracket = q.line[q.at+open]
		}
		q.start = q.at + i
		q.at = q.start + 1
		q.mark = q.line[q.start]
		if opensText(q.line[:q.start], first) && q.close() {
			return true
		}
	}
}

// close finds the end of the text that begins at q.start. Where it has none, no
// other one of its mark is looked for: all would be searched to the line's end.
func (q *quotation) close() bool {
	done := &q.done[strings.IndexByte(quoteMarks, q.mark)]
	if *done {
		return false
	}
	q.twice = false
	for i := q.start + 1; i < len(q.line); i++ {
		switch {
		case q.line[i] == '\\' && !q.twice && q.mark != '`':
			i++
		case q.line[i] != q.mark:
		case i+1 < len(q.line) && q.line[i+1] == q.mark:
			q.twice = true
			i++
		default:
			q.text, q.at = q.line[q.start+1:i], i+1
			return true
		}
	}
	*done = true
	return false
}

// unescape appends the text as it was before it was quoted.
func (q *quotation) unescape(dst []byte) []byte {
	switch {
	case q.twice:
		return appendOnce(dst, q.text, q.mark)
	case q.mark == '`', q.mark == '\'' && !q.backslashed():
		return append(dst, q.text...)
	}
	return unquote(dst, q.text)
}

// backslashed reports whether a text in single quotes has backslashes before what
// they escape. YAML and shells have none, Python has them not before other quotes,
// and SQL before all.
func (q *quotation) backslashed() bool {
	plain, escaped := 0, 0
	for i, c := range q.text {
		if c == '"' {
			before := bytes.TrimRight(q.text[:i], `\`)
			escaped += (i - len(before)) % 2
			plain += 1 - (i-len(before))%2
		}
	}
	return plain == 0 && escaped > 0 || escaped == 0 && hasAny(q.text, `\\`, `\'`, `\x`)
}

// appendOnce appends s, in which a mark is written twice.
func appendOnce(dst, s []byte, mark byte) []byte {
	for {
		i := bytes.IndexByte(s, mark)
		if i < 0 || i+1 == len(s) {
			return append(dst, s...)
		}
		dst, s = append(dst, s[:i+1]...), s[i+2:]
	}
}

// opensText reports whether a quote behind s opens a text: it stands at the
// start of a value, with or without the letter that tells its kind, or is the first
// one, behind what others put in front of the line.
func opensText(s []byte, first bool) bool {
	if n := len(s); n > 0 && bytes.IndexByte([]byte("bru"), s[n-1]) >= 0 {
		s = s[:n-1]
	}
	value := bytes.TrimRight(s, " ")
	if len(value) == 0 || bytes.IndexByte([]byte("\t,;|{[(:=>-"), value[len(value)-1]) >= 0 {
		return true
	}
	if first {
		_, first = parsePrefix(s, aDocument)
	}
	return first
}
