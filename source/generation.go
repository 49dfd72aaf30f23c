package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"time"
)

// generation is one of the files that a followed name has led to: the one it
// leads to now, or one that was rotated away. While it is open, neither its
// deletion nor its compression can take lines from us.
type generation struct {
	name  string // where it was seen last
	place int    // of that name among the rotated files, in time
	id    identity
	src   content
	head  []byte // the first bytes, at most headLen, as far as they are there
	given mark   // the end of the lines handed out
	read  mark   // the same, or a place further on inside a line that is too long

	now   stamp     // as last measured
	done  stamp     // as it was when its last whole line had been read
	seen  stamp     // as it was when it was last verified
	grown time.Time // when it was last found changed, or rotated away
	retry time.Time // not to be read before this time, because reading failed

	judged bool        // false: it may yet turn out to be a copy of another
	copyOf *generation // not to be read as long as the original is whole
	begun  bool        // its lines have their place in the order already
}

// mark is a place in a file, with the bytes before it: as long as they are
// unchanged the file is still the one that was read up to there.
type mark struct {
	offset int64
	tail   []byte // at most tailLen
}

// stamp changes when a file does.
type stamp struct {
	size    int64
	modTime int64 // nanoseconds
}

// neverRead is the stamp of no file.
func neverRead() stamp { return stamp{size: -1} }

const (
	headLen = 1024
	tailLen = 256
)

// errTruncated says that a file no longer holds what was read from it.
var errTruncated = errors.New("truncated in place")

// content is the text of a generation.
type content interface {
	// readAt is as in io.ReaderAt, for at most followBuffer bytes.
	readAt(p []byte, offset int64) (int, error)
	measure() (stamp, error)
	Stat() (os.FileInfo, error)
	Close() error
}

// plainFile is a content that may grow.
type plainFile struct{ *os.File }

func (f plainFile) readAt(p []byte, offset int64) (int, error) { return f.ReadAt(p, offset) }

func (f plainFile) measure() (stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime().UnixNano()}, nil
}

// archive is the text of a compressed file, which does not grow.
type archive struct {
	file   *os.File
	text   *bufio.Reader
	offset int64 // of what text gives next
	end    int64 // unknown: math.MaxInt64
}

func newArchive(f *os.File) *archive {
	a := &archive{file: f, end: math.MaxInt64}
	a.start()
	return a
}

// start decompresses from the first byte on. The decoder that it replaces may
// still be reading, so each has its own place in the file.
func (a *archive) start() {
	disk := io.NewSectionReader(a.file, 0, math.MaxInt64)
	text := decompress(a.file.Name(), &diskReader{r: disk})
	a.text, a.offset = bufio.NewReaderSize(text, followBuffer), 0
}

// readAt goes back only by decompressing again from the start.
func (a *archive) readAt(p []byte, offset int64) (int, error) {
	if offset < a.offset {
		a.start()
	}
	for a.offset < offset {
		n, err := a.text.Discard(int(min(offset-a.offset, 1<<30)))
		a.offset += int64(n)
		if err != nil {
			return 0, a.atEnd(err, 0)
		}
	}
	text, err := a.text.Peek(len(p))
	return copy(p, text), a.atEnd(err, len(text))
}

func (a *archive) atEnd(err error, n int) error {
	if err == io.EOF {
		a.end = a.offset + int64(n)
	}
	return err
}

// Stat is of the compressed file.
func (a *archive) Stat() (os.FileInfo, error) { return a.file.Stat() }

func (a *archive) measure() (stamp, error) { return stamp{size: a.end}, nil }

func (a *archive) Close() error {
	return a.file.Close()
}

// measure looks at the size without reading.
func (g *generation) measure(now time.Time) error {
	s, err := g.src.measure()
	if err != nil {
		return err
	}
	if s != g.now {
		g.now, g.grown = s, now
	}
	return nil
}

// atEnd says that nothing was written since the last whole line was read.
func (g *generation) atEnd() bool { return g.now == g.done }

// rest is how many bytes follow the lines handed out.
func (g *generation) rest() int64 { return g.now.size - g.given.offset }

// markAt is the place at offset.
func (g *generation) markAt(offset int64) (mark, error) {
	tail := make([]byte, min(offset, tailLen))
	_, err := io.ReadFull(section(g.src, offset-int64(len(tail))), tail)
	return mark{offset, tail}, err
}

// section is the text from offset on.
func section(c content, offset int64) io.Reader {
	return &sectionReader{c, offset}
}

type sectionReader struct {
	src    content
	offset int64
}

func (s *sectionReader) Read(p []byte) (int, error) {
	n, err := s.src.readAt(p, s.offset)
	s.offset += int64(n)
	return n, err
}

// lastLineEnd is where the last whole line ends, at which following starts
// when what is there already is not wanted. Within a line that is too long it
// is a place from which reading will find that out.
func (g *generation) lastLineEnd() (int64, error) {
	size := g.now.size
	buf := make([]byte, min(size, MaxLine+1))
	if _, err := io.ReadFull(section(g.src, size-int64(len(buf))), buf); err != nil {
		return 0, err
	}
	if i := bytes.LastIndexByte(buf, '\n'); i >= 0 || len(buf) <= MaxLine {
		return size - int64(len(buf)) + int64(i) + 1, nil
	}
	return size - int64(len(buf)), nil
}

// verify finds out whether the file still holds what was read from it, and
// keeps the head up to date.
func (g *generation) verify() error {
	if g.now == g.seen {
		return nil
	}
	g.seen = g.now
	if g.now.size < g.read.offset || g.now.size < int64(len(g.head)) {
		return errTruncated
	}
	if g.read.offset == 0 || len(g.head) < headLen {
		if err := g.readHead(); err != nil {
			return err
		}
	}
	tail := make([]byte, len(g.read.tail))
	_, err := io.ReadFull(section(g.src, g.read.offset-int64(len(tail))), tail)
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == nil && !bytes.Equal(tail, g.read.tail) {
		return errTruncated
	}
	return err
}

// readHead reads the first bytes, which may only have become more.
func (g *generation) readHead() error {
	head := make([]byte, headLen)
	n, err := g.src.readAt(head, 0)
	if err != nil && err != io.EOF && n == 0 {
		return err
	}
	if !bytes.HasPrefix(head[:n], g.head) {
		return errTruncated
	}
	g.head = head[:n]
	return nil
}

// batch is what one read of a generation gave.
type batch struct {
	lines []byte // whole lines, those that are too long emptied
	long  int64  // how many were
	holes int64  // runs of NUL bytes passed over
	used  int    // bytes of the file dealt with; 0: there is nothing to deal with yet
	open  bool   // they end within a line that is too long
}

// readLines reads the lines that follow into buf.
func (g *generation) readLines(buf []byte) (batch, error) {
	before := len(g.read.tail)
	n, err := g.src.readAt(buf, g.read.offset-int64(before))
	if err != nil && err != io.EOF && n <= before {
		return batch{}, err
	}
	if n < before || !bytes.Equal(buf[:before], g.read.tail) || !g.sameHead(buf[before:n], err == io.EOF) {
		return batch{}, errTruncated
	}
	g.extendHead(buf[before:n])
	b := g.cut(buf[before:n])
	if b.used == 0 {
		g.done = g.now
		return b, nil
	}
	g.advance(buf[:before+b.used], b.open)
	var long int64
	b.lines, long = emptyLongLines(b.lines, MaxLine)
	b.long += long
	return b, nil
}

// sameHead checks the very first read, before which there is no tail. all says
// that the file ends with data.
func (g *generation) sameHead(data []byte, all bool) bool {
	n := min(len(data), len(g.head))
	return g.read.offset > 0 || bytes.Equal(data[:n], g.head[:n]) && (n == len(g.head) || !all)
}

// extendHead keeps the first bytes of the file as they come by.
func (g *generation) extendHead(data []byte) {
	if len(g.head) == headLen || g.read.offset > int64(len(g.head)) {
		return
	}
	known := bytes.Clone(g.head[:g.read.offset])
	g.head = append(known, data[:min(len(data), headLen-len(known))]...)
}

// cut finds the whole lines at the start of data, which starts a line unless
// a long one is being passed over.
func (g *generation) cut(data []byte) batch {
	whole := bytes.LastIndexByte(data, '\n') + 1
	if g.read.offset > g.given.offset {
		if whole == 0 {
			return batch{used: len(data), open: true}
		}
		end := bytes.IndexByte(data, '\n') // of the long line; it is left as an empty one
		return batch{lines: data[end:whole], long: 1, used: whole}
	}
	if hole := len(data) - len(bytes.TrimLeft(data, "\x00")); hole > 0 {
		return batch{holes: g.newHole(), used: hole}
	}
	if whole == 0 && len(data) > MaxLine {
		return batch{used: len(data), open: true}
	}
	return batch{lines: data[:whole], used: whole}
}

// newHole is 1 if the NUL bytes found where a line should start do not follow
// others. A writer that does not append leaves such a hole when its file is
// truncated under it, and a crash can leave one too.
func (g *generation) newHole() int64 {
	if bytes.HasSuffix(g.read.tail, []byte{0}) {
		return 0
	}
	return 1
}

// advance moves on to the end of text, which begins with the tail before it.
func (g *generation) advance(text []byte, open bool) {
	used := int64(len(text) - len(g.read.tail))
	g.read = mark{g.read.offset + used, bytes.Clone(text[max(0, len(text)-tailLen):])}
	if !open {
		g.given = g.read
	}
}
