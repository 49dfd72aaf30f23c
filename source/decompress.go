package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// DamageError says that a compressed log ends too early or is corrupt.
type DamageError struct {
	Path   string
	Format string // gzip, bzip2, xz or zstd
	Offset int64  // bytes of text that could still be read
	Err    error  // what the decoder said
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: %s data is damaged after %d bytes of text (%v)", e.Path, e.Format, e.Offset, e.Err)
}

// Unwrap gives the decoder's error.
func (e *DamageError) Unwrap() error { return e.Err }

// codec is a form of compression and the bytes that a file of it begins with.
type codec struct {
	name  string
	magic string
	open  func(io.Reader) (io.Reader, error)
}

// maxWindow is the most memory that a zstd file may ask for: what the zstd
// command itself accepts without being told to.
const maxWindow = 128 << 20

func codecs() []codec {
	return []codec{
		{"gzip", "\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(buffered(r)) }},
		{"bzip2", "BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(buffered(r)), nil }},
		{"xz", "\xfd7zXZ\x00", openXZ},
		{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	}
}

func buffered(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, 256<<10) }

// openZstd decodes in the goroutine that reads: others parse meanwhile, and the
// decoder's own goroutines cost a third of its speed.
func openZstd(r io.Reader) (io.Reader, error) {
	return zstd.NewReader(buffered(r), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// xzReader finds the truncated files that its decoder takes for whole ones:
// those that end within or before the header of a block, as one written by
// several threads does when it is cut between two blocks.
type xzReader struct {
	text io.Reader
	disk *footerReader
}

func openXZ(r io.Reader) (io.Reader, error) {
	disk := &footerReader{r: r}
	text, err := xz.NewReader(buffered(disk))
	return &xzReader{text, disk}, err
}

func (x *xzReader) Read(p []byte) (int, error) {
	n, err := x.text.Read(p)
	if err == io.EOF && string(x.disk.last[:]) != "YZ" {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// footerReader keeps the last two bytes read, not counting the NUL bytes that
// may pad an xz file. Those of a whole one are "YZ".
type footerReader struct {
	r    io.Reader
	last [2]byte
}

func (f *footerReader) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	end := bytes.TrimRight(p[:n], "\x00")
	for _, b := range end[max(0, len(end)-2):] {
		f.last = [2]byte{f.last[1], b}
	}
	return n, err
}

// decompress returns the text of r, which is r itself if it is not compressed.
func decompress(path string, r *diskReader) io.Reader {
	head := make([]byte, 6)
	n, _ := io.ReadFull(r, head) // r gives its error again to the next who reads
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	for _, c := range codecs() {
		if bytes.HasPrefix(head[:n], []byte(c.magic)) {
			return &decoder{path: path, codec: c, disk: r, whole: whole}
		}
	}
	return whole
}

// decoder gives the text of a compressed file and turns whatever its codec
// complains of into a [DamageError], unless the disk is at fault.
type decoder struct {
	path  string
	codec codec
	disk  *diskReader
	whole io.Reader // the same from its first byte
	text  io.Reader
	n     int64
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.text == nil {
		text, err := d.codec.open(d.whole)
		if err != nil {
			return 0, d.damage(err)
		}
		d.text = text
	}
	n, err := d.text.Read(p)
	d.n += int64(n)
	return n, d.damage(err)
}

func (d *decoder) damage(err error) error {
	switch {
	case err == nil || err == io.EOF && d.text != nil:
		return err
	case d.disk.err != nil && d.disk.err != io.EOF:
		return d.disk.err
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return &DamageError{Path: d.path, Format: d.codec.name, Offset: d.n, Err: err}
}
