package source

import (
	"bytes"
	"io"
	"time"
)

// fileInfo is what following needs to know about a file.
type fileInfo struct {
	id       fileID
	regular  bool
	size     int64
	modified int64 // nanoseconds
}

// heldFile is an open file of a followed log, and how far it was read. While it
// is open, neither deleting nor compressing it loses lines.
type heldFile struct {
	name  string // where it was last seen
	src   content
	head  []byte // the first bytes, at most headLen
	given mark   // the end of the lines handed out
	read  mark   // the same, or further on within a line that is too long

	state    fileState // as last measured
	drained  fileState // when its last whole line had been read
	verified fileState // when verify looked at it last
	active   time.Time // when state last changed, or the file was rotated away
}

// mark is an offset in a file, with the bytes before it: while these are
// unchanged, the file is still the one that was read up to there.
type mark struct {
	offset int64
	tail   []byte // at most tailLen
}

// fileState changes whenever the file does.
type fileState struct {
	size    int64
	modTime int64 // nanoseconds
}

// neverRead is the state of no file.
func neverRead() fileState { return fileState{size: -1} }

const (
	headLen = 1024
	tailLen = 256
)

// measure looks at the size without reading.
func (h *heldFile) measure(now time.Time) error {
	s, err := h.src.measure()
	if err != nil {
		return err
	}
	if s != h.state {
		h.state, h.active = s, now
	}
	return nil
}

// isDrained reports whether nothing was written since the last whole line was
// read.
func (h *heldFile) isDrained() bool { return h.state == h.drained }

// unread returns how many bytes follow the lines that were returned.
func (h *heldFile) unread() int64 { return h.state.size - h.given.offset }

// grows reports whether the file may grow: an archive does not.
func (h *heldFile) grows() bool {
	_, plain := h.src.(plainFile)
	return plain
}

// size returns the current length of the text, as far as it is known.
func (h *heldFile) size() int64 {
	if s, err := h.src.measure(); err == nil {
		return s.size
	}
	return h.state.size
}

// hasShrunk reports whether the file was truncated since it was last measured.
func (h *heldFile) hasShrunk() bool {
	return h.grows() && (h.size() < h.state.size || h.verify() != nil)
}

// markAt returns the mark at an offset.
func (h *heldFile) markAt(offset int64) (mark, error) {
	tail := make([]byte, min(offset, tailLen))
	_, err := io.ReadFull(section(h.src, offset-int64(len(tail))), tail)
	return mark{offset, tail}, err
}

// lastLineEnd returns where the last whole line ends, which is where following
// begins if existing lines are not wanted. Within a line that is too long, it
// is an offset from which reading will find that out.
func (h *heldFile) lastLineEnd() (int64, error) {
	size := h.state.size
	buf := make([]byte, min(size, MaxLine+1))
	if _, err := io.ReadFull(section(h.src, size-int64(len(buf))), buf); err != nil {
		return 0, err
	}
	if i := bytes.LastIndexByte(buf, '\n'); i >= 0 || len(buf) <= MaxLine {
		return size - int64(len(buf)) + int64(i) + 1, nil
	}
	return size - int64(len(buf)), nil
}

// linesBefore returns where the last lines before an offset begin, so many of them or
// all there are.
func (h *heldFile) linesBefore(end int64, lines int) (int64, error) {
	buf := make([]byte, MaxLine)
	for at, last := end, end-1; lines > 0; {
		block := buf[:min(at, int64(len(buf)))]
		at -= int64(len(block))
		if _, err := io.ReadFull(section(h.src, at), block); err != nil || len(block) == 0 {
			return at, err
		}
		for i := len(block) - 1; i >= 0; i-- {
			if block[i] != '\n' || at+int64(i) == last {
				continue
			}
			if lines--; lines == 0 {
				return at + int64(i) + 1, nil
			}
		}
	}
	return end, nil
}

// verify returns errTruncated if the file no longer holds what was read from
// it, and keeps the head up to date.
func (h *heldFile) verify() error {
	if h.state == h.verified {
		return nil
	}
	h.verified = h.state
	if h.state.size < h.read.offset || h.state.size < int64(len(h.head)) {
		return errTruncated
	}
	if h.read.offset == 0 || len(h.head) < headLen {
		if err := h.readHead(); err != nil {
			return err
		}
	}
	tail := make([]byte, len(h.read.tail))
	_, err := io.ReadFull(section(h.src, h.read.offset-int64(len(tail))), tail)
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil && !bytes.Equal(tail, h.read.tail) {
		return errTruncated
	}
	return err
}

// readHead reads the first bytes; there may only be more of them than before.
func (h *heldFile) readHead() error {
	head := make([]byte, headLen)
	n, err := h.src.readAt(head, 0)
	if err != nil && err != io.EOF && n == 0 {
		return err
	}
	if !bytes.HasPrefix(head[:n], h.head) {
		return errTruncated
	}
	h.head = head[:n]
	return nil
}

// batch is the result of one read.
type batch struct {
	lines []byte // whole lines, those that are too long emptied
	long  int64  // how many were
	holes int64  // runs of NUL bytes passed over
	used  int    // bytes of the file that were consumed; 0: none yet
	open  bool   // they end within a line that is too long
}

// readLines reads the lines that follow into buf.
func (h *heldFile) readLines(buf []byte) (batch, error) {
	before := len(h.read.tail)
	n, err := h.src.readAt(buf, h.read.offset-int64(before))
	if err != nil && err != io.EOF && n <= before {
		return batch{}, err
	}
	if n < before || !bytes.Equal(buf[:before], h.read.tail) || !h.sameHead(buf[before:n], err == io.EOF) {
		return batch{}, errTruncated
	}
	if h.read.offset == 0 {
		if err := checkUTF8(h.name, buf[before:n]); err != nil {
			return batch{}, err
		}
	}
	h.extendHead(buf[before:n])
	b := h.cut(buf[before:n])
	if b.used == 0 {
		h.drained = h.state
		return b, nil
	}
	h.advance(buf[:before+b.used], b.open)
	var long int64
	b.lines, long = emptyLongLines(b.lines, MaxLine)
	b.long += long
	return b, nil
}

// sameHead checks the very first read, before which there is no tail. whole
// means that the file ends with data.
func (h *heldFile) sameHead(data []byte, whole bool) bool {
	n := min(len(data), len(h.head))
	return h.read.offset > 0 || bytes.Equal(data[:n], h.head[:n]) && (n == len(h.head) || !whole)
}

// extendHead adds to the head the first bytes of the file as they are read.
func (h *heldFile) extendHead(data []byte) {
	if len(h.head) == headLen || h.read.offset > int64(len(h.head)) {
		return
	}
	known := bytes.Clone(h.head[:h.read.offset])
	h.head = append(known, data[:min(len(data), headLen-len(known))]...)
}

// cut finds the whole lines at the start of data, which begins a line unless a
// long one is being skipped.
func (h *heldFile) cut(data []byte) batch {
	whole := bytes.LastIndexByte(data, '\n') + 1
	if h.read.offset > h.given.offset {
		if whole == 0 {
			return batch{used: len(data), open: true}
		}
		end := bytes.IndexByte(data, '\n') // of the long line; it is left as an empty one
		return batch{lines: data[end:whole], long: 1, used: whole}
	}
	if hole := len(data) - len(bytes.TrimLeft(data, "\x00")); hole > 0 {
		return batch{holes: h.newHole(), used: hole}
	}
	if whole == 0 && len(data) > MaxLine {
		return batch{used: len(data), open: true}
	}
	return batch{lines: withoutMark(data[:whole], h.read.offset), used: whole}
}

// newHole returns 1 if the NUL bytes found where a line should start do not
// follow others. A writer that does not append leaves such a hole when its file
// is truncated, and a crash can leave one too.
func (h *heldFile) newHole() int64 {
	if bytes.HasSuffix(h.read.tail, []byte{0}) {
		return 0
	}
	return 1
}

// jump moves on to an offset without reading up to it. The head has to be
// extended that far, or a position taken there could not be found again.
func (h *heldFile) jump(to mark) error {
	h.given, h.read = to, to
	return h.readHead()
}

// advance moves on to the end of text, which begins with the tail before it.
func (h *heldFile) advance(text []byte, open bool) {
	used := int64(len(text) - len(h.read.tail))
	h.read = mark{h.read.offset + used, bytes.Clone(text[max(0, len(text)-tailLen):])}
	if !open {
		h.given = h.read
	}
}
