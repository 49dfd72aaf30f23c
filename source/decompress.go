package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// codec is a compression format and the bytes that its files begin with.
type codec struct {
	name  string
	magic string
	open  func(*bufio.Reader) (io.Reader, error)
	idle  sync.Pool // unpackers that have read a file to its end
}

// unpacker is a decoder with its input and output buffers, which take longer to
// make than a small file takes to read.
type unpacker struct {
	packed *bufio.Reader
	text   io.Reader
	piece  [32 << 10]byte // of text: it stays in the core's first cache
}

// unpack returns an unpacker of r.
func (c *codec) unpack(r io.Reader) (u *unpacker, err error) {
	if u, ok := c.idle.Get().(*unpacker); ok {
		u.packed.Reset(r)
		return u, u.text.(resetter).Reset(u.packed)
	}
	u = &unpacker{packed: bufio.NewReaderSize(r, 256<<10)}
	u.text, err = c.open(u.packed)
	return u, err
}

type resetter interface{ Reset(*bufio.Reader) error }

// reuse puts an unpacker back for the next file.
func (c *codec) reuse(u *unpacker) {
	if _, ok := u.text.(resetter); ok {
		u.packed.Reset(nil)
		c.idle.Put(u)
	}
}

// maxWindow is the most memory that a zstd file may ask for: what the zstd
// command itself accepts without being told to.
const maxWindow = 128 << 20

var codecs = [...]*codec{
	{name: "gzip", magic: "\x1f\x8b", open: openGzip},
	{name: "bzip2", magic: "BZh", open: func(r *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{name: "xz", magic: "\xfd7zXZ\x00", open: openXZ},
	{name: "zstd", magic: "\x28\xb5\x2f\xfd", open: openZstd},
	{name: "zstd", magic: "\x50\x2a\x4d\x18", open: openZstd}, // a frame to be skipped comes first: pzstd
}

// gzipReader reads one member after another. Its decoder could do that too, but
// takes a file that is cut within a later member's name or comment for a whole
// one.
type gzipReader struct {
	member *gzip.Reader
	packed *bufio.Reader
}

func openGzip(r *bufio.Reader) (io.Reader, error) {
	z := &gzipReader{member: new(gzip.Reader)}
	return z, z.Reset(r)
}

// Reset reads the header of the member that r is at.
func (z *gzipReader) Reset(r *bufio.Reader) error {
	z.packed = r
	err := z.member.Reset(r)
	z.member.Multistream(false)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (z *gzipReader) Read(p []byte) (int, error) {
	n, err := z.member.Read(p)
	if err != io.EOF {
		return n, err
	}
	if _, end := z.packed.Peek(1); end != nil {
		return n, end
	}
	return n, z.Reset(z.packed)
}

// openZstd decodes in the reading goroutine. Others parse meanwhile, and the
// decoder's own goroutines would cost a third of its speed.
func openZstd(r *bufio.Reader) (io.Reader, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	return zstdReader{d}, err
}

type zstdReader struct{ *zstd.Decoder }

func (z zstdReader) Reset(r *bufio.Reader) error { return z.Decoder.Reset(r) }

// xzReader finds the truncated files that its decoder takes for whole ones:
// those that end within or before the header of a block, as one written by
// several threads does when it is cut between two blocks.
type xzReader struct {
	text io.Reader
	disk *footerReader
}

func openXZ(r *bufio.Reader) (io.Reader, error) {
	disk := &footerReader{r: r}
	text, err := xz.NewReader(bufio.NewReader(disk))
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
	n, _ := io.ReadFull(r, head) // r returns its error again on the next read
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	for _, c := range codecs {
		if c.isFormatOf(path, head[:n]) {
			return &decoder{path: path, codec: c, disk: r, whole: whole}
		}
	}
	return whole
}

// isFormatOf reports whether a file that begins with head is in this format. A
// file that is cut within its first bytes is recognised by those of them that
// are not text, or by its name.
func (c *codec) isFormatOf(path string, head []byte) bool {
	if len(head) >= len(c.magic) {
		return strings.HasPrefix(string(head), c.magic)
	}
	noText := !utf8.Valid(head) || len(head) > 0 && head[0] < ' '
	return len(head) > 0 && strings.HasPrefix(c.magic, string(head)) && (noText || isArchive(path))
}

// decoder returns the text of a compressed file and turns the errors of its
// codec into a [DamageError], unless the disk is at fault.
type decoder struct {
	path  string
	codec *codec
	disk  *diskReader
	whole io.Reader // the same from its first byte
	*unpacker
	n   int64
	err error // how it ended
}

func (d *decoder) Read(p []byte) (n int, err error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.unpacker == nil {
		if d.unpacker, err = d.codec.unpack(d.whole); err != nil {
			d.err = d.damage(err)
			return 0, d.err
		}
	}
	n, err = d.text.Read(d.piece[:min(len(d.piece), len(p))])
	handOver(p, d.piece[:n])
	d.n += int64(n)
	if err == io.EOF {
		d.codec.reuse(d.unpacker)
		d.err = err
	} else if err != nil {
		d.err = d.damage(err)
	}
	return n, d.err
}

func (d *decoder) damage(err error) error {
	if d.disk.err != nil && d.disk.err != io.EOF {
		return d.disk.err
	}
	if err == io.EOF { // no more than the start of a header
		err = io.ErrUnexpectedEOF
	}
	return &DamageError{Path: d.path, Format: d.codec.name, Offset: d.n, Err: err}
}
