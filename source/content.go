package source

import (
	"bufio"
	"errors"
	"io"
	"math"
	"os"
)

// errTruncated is returned for a file that no longer holds what was read from
// it.
var errTruncated = errors.New("truncated in place")

// content is the text of a followed file.
type content interface {
	// readAt is as in io.ReaderAt, for at most followBuffer bytes.
	readAt(p []byte, offset int64) (int, error)
	measure() (fileState, error)
	Stat() (os.FileInfo, error)
	Close() error
}

// plainFile is a content that may grow.
type plainFile struct{ *os.File }

func (f plainFile) readAt(p []byte, offset int64) (int, error) { return f.ReadAt(p, offset) }

func (f plainFile) measure() (fileState, error) {
	info, err := f.Stat()
	if err != nil {
		return fileState{}, err
	}
	return fileState{info.Size(), info.ModTime().UnixNano()}, nil
}

// archive is the text of a compressed file. It does not grow.
type archive struct {
	file   *os.File
	text   *bufio.Reader
	offset int64 // of what text gives next
	end    int64 // unknown: math.MaxInt64
}

func newArchive(f *os.File) *archive {
	a := &archive{file: f, end: math.MaxInt64}
	a.rewind()
	return a
}

// rewind starts decompressing from the first byte. The decoder that it replaces
// may still be reading, so each has its own offset in the file.
func (a *archive) rewind() {
	disk := io.NewSectionReader(a.file, 0, math.MaxInt64)
	text := decompress(a.file.Name(), &diskReader{r: disk})
	a.text, a.offset = bufio.NewReaderSize(text, followBuffer), 0
}

// readAt goes back only by decompressing again from the start.
func (a *archive) readAt(p []byte, offset int64) (int, error) {
	if offset < a.offset {
		a.rewind()
	}
	for a.offset < offset {
		n, err := a.text.Discard(int(min(offset-a.offset, 1<<30)))
		a.offset += int64(n)
		if err != nil {
			return 0, a.noteEnd(err, 0)
		}
	}
	text, err := a.text.Peek(len(p))
	return copy(p, text), a.noteEnd(err, len(text))
}

// noteEnd notes where the text ends, if err says that it ends n bytes further
// on.
func (a *archive) noteEnd(err error, n int) error {
	if err == io.EOF {
		a.end = a.offset + int64(n)
	}
	return err
}

// Stat describes the compressed file.
func (a *archive) Stat() (os.FileInfo, error) { return a.file.Stat() }

func (a *archive) measure() (fileState, error) { return fileState{size: a.end}, nil }

func (a *archive) Close() error { return a.file.Close() }

// section returns the text from offset on.
func section(c content, offset int64) io.Reader { return &sectionReader{c, offset} }

type sectionReader struct {
	src    content
	offset int64
}

func (s *sectionReader) Read(p []byte) (int, error) {
	n, err := s.src.readAt(p, s.offset)
	s.offset += int64(n)
	return n, err
}
