package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
)

// MaxLine is the longest line, in bytes without its newline, that is passed on.
// The longest useful lines are journald's JSON with large fields; auditd itself
// stops at 8,970 bytes.
const MaxLine = 64 << 10

// ErrEmpty is the error of the first Next for an input without a single byte. A
// single empty file is a mistake; in a rotated set it is normal.
var ErrEmpty = errors.New("the file is empty")

// Reader reads a saved log, plain or compressed, as blocks of whole lines. It
// is meant for one goroutine at a time; only Consumed and Trim may be called
// meanwhile.
//
// Memory does not depend on the input: besides the caller's buffers there is
// the start of one line, and for compressed input the decoder's window (for xz
// and zstd as large as the file asks, zstd at most 128 MiB).
type Reader struct {
	name   string
	size   int64
	ctx    context.Context // nil: reading never ends early
	disk   *diskReader
	text   io.Reader // decompressed, in UTF-8; nil: not begun
	packed string    // the format that it is compressed in
	coding encoding
	file   io.Closer // nil for standard input

	mapped     *mapping // nil: the file is read
	carry      []byte   // the start of a line whose end was not in the last block
	inLongLine bool     // the line that began before this block is being dropped
	given      int64    // bytes of text
	oversize   atomic.Int64
	err        error // what text returned last, kept for the Next after the last block
}

// Open opens a log file. Compression (gzip, bzip2, xz, zstd) is recognised by
// content, and so is UTF-16. Pipes, /dev/kmsg and files of /proc can be read; a
// directory cannot, see [Expand].
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory, not a log file", path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r := &Reader{name: path, size: -1, disk: &diskReader{r: f}, file: f}
	if isKernelLog(info) {
		r.disk.r = newKernelLog(f)
	}
	// The files of /proc claim to be regular and to have no bytes.
	if info.Mode().IsRegular() && info.Size() > 0 {
		r.size = info.Size()
		r.disk.small = int(min(r.size, firstRead)) + 1
	}
	return r, nil
}

// NewReader reads a log from an open stream such as standard input, which is
// called name in errors. Compression is recognised as by [Open].
func NewReader(name string, r io.Reader) *Reader {
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && isKernelLog(info) {
			r = newKernelLog(f)
		}
	}
	return &Reader{name: name, size: -1, disk: &diskReader{r: r}}
}

// Until makes reading end with the error of ctx, however long a line is or
// however much a few bytes decompress to. It must be called before anything is
// read. A read that waits for a writer, as is possible in all but plain files,
// is left behind with its buffer.
func (r *Reader) Until(ctx context.Context) {
	r.start()
	r.ctx, r.disk.ctx = ctx, ctx
	if r.size < 0 {
		r.disk.r = &interruptible{ctx, r.disk.r}
	}
}

// Name is the path or name that was given on opening.
func (r *Reader) Name() string { return r.name }

// Size is the length of the file on disk in bytes, compressed if it is; -1 if
// that is not known.
func (r *Reader) Size() int64 { return r.size }

// Consumed returns how many bytes of the file on disk were read so far,
// including those read ahead. It may be called while another goroutine reads,
// to compare it with Size.
func (r *Reader) Consumed() int64 {
	if r.disk == nil {
		return 0
	}
	return r.disk.n.Load()
}

// Oversize returns how many lines were longer than [MaxLine]. Each was returned
// as an empty line, so that line numbers still hold.
func (r *Reader) Oversize() int64 { return r.oversize.Load() }

// ErrCut reports that a file shrank while it was being read.
var ErrCut = errors.New("the file was cut short while it was read: read it again, or follow it")

// Whole returns a [*DamageError] with [ErrCut] if the file is now shorter than
// when it was opened, so that only a part of it was read.
func (r *Reader) Whole() error {
	file, ok := r.file.(*os.File)
	if !ok || r.size < 0 {
		return nil
	}
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < r.size {
		return &DamageError{Path: r.name, Offset: info.Size(), Err: ErrCut}
	}
	return nil
}

// Packed names the format that the file is compressed in (gzip, bzip2, xz,
// zstd); "" if it is not. It may be called after Peek.
func (r *Reader) Packed() string { return r.packed }

// start lets the zero Reader read nothing.
func (r *Reader) start() {
	if r.disk == nil {
		r.disk = &diskReader{r: bytes.NewReader(nil)}
	}
}

// begin finds out how the text is compressed and encoded. It is not called on
// opening, because a pipe may not have its first bytes yet.
func (r *Reader) begin() {
	if r.text != nil {
		return
	}
	r.start()
	text := decompress(r.name, r.disk)
	if d, ok := text.(*decoder); ok {
		r.packed = d.codec.name
	}
	r.text, r.coding = decodeText(r.name, text)
}

// Close releases the file. It may be called before the end.
func (r *Reader) Close() error {
	if r.mapped != nil {
		unmap(r.mapped.whole)
		r.mapped = nil
	}
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// Next fills buf up to its capacity with the lines that follow and returns
// the part in use: whole lines, at least one, each ended by a newline except
// possibly the last of the input. The block shares buf's memory, so a caller
// who parses blocks in parallel passes a different buffer each time; but see
// [Reader.Map].
//
// A line longer than [MaxLine], or than a buffer smaller than that, is given
// as an empty line. At the end Next returns io.EOF; an input that cannot be
// read to its end gives every whole line before the damage first, then a
// [*DamageError].
func (r *Reader) Next(buf []byte) ([]byte, error) {
	if cap(buf) == 0 {
		return nil, io.ErrShortBuffer
	}
	r.begin()
	if r.mapped != nil && r.mapped.data != nil {
		if block, err := r.fromMapping(buf); block != nil || err != nil {
			return block, err
		}
	}
	for {
		block, atEnd := r.fill(buf[:cap(buf)])
		block = r.cut(block, atEnd)
		if len(block) > 0 {
			return block, nil
		}
		if atEnd {
			return nil, r.finalError()
		}
	}
}

// fill fills buf with the carried start of a line and what follows it. atEnd
// means that there is no more; r.err says why.
func (r *Reader) fill(buf []byte) (block []byte, atEnd bool) {
	n := copy(buf, r.carry)
	if n < len(r.carry) { // a buffer smaller than the one before
		r.startLongLine()
		n = 0
	}
	r.carry = r.carry[:0]
	for n < len(buf) && r.err == nil {
		n += r.read(buf[n:])
	}
	return buf[:n], r.err != nil
}

// read reads text and keeps the error.
func (r *Reader) read(p []byte) (n int) {
	if r.ctx != nil && r.ctx.Err() != nil {
		r.err = r.ctx.Err()
		return 0
	}
	n, r.err = r.text.Read(p)
	r.given += int64(n)
	return n
}

// cut makes whole lines of a block: the end of a long line is taken off the
// front, the start of an unfinished one off the back, and long lines between
// are emptied.
func (r *Reader) cut(block []byte, atEnd bool) []byte {
	limit := min(MaxLine, cap(block)-1)
	if r.inLongLine {
		end := bytes.IndexByte(block, '\n')
		if end < 0 {
			return nil
		}
		// The newline itself stays: it is the empty line.
		block, r.inLongLine = block[end:], false
	}
	whole := bytes.LastIndexByte(block, '\n') + 1
	rest := block[whole:]
	switch {
	case len(rest) > limit:
		r.startLongLine()
	case !atEnd:
		r.carry = append(r.carry, rest...)
	case r.err == io.EOF && len(rest) > 0:
		whole = len(block)
	}
	block, long := emptyLongLines(block[:whole], limit)
	r.oversize.Add(long)
	return block
}

func (r *Reader) startLongLine() {
	r.oversize.Add(1)
	r.inLongLine = true
}

// emptyLongLines removes the content of every line longer than limit and counts
// these lines. It does not look at each line: if limit+1 bytes from the start
// of a line contain a newline, no line that ends within them is too long, and
// the search continues after the last of those newlines. So it costs one short
// search per limit+1 bytes. All lines but the last must be whole.
func emptyLongLines(block []byte, limit int) (short []byte, long int64) {
	for pos := 0; len(block)-pos > limit; {
		if i := bytes.LastIndexByte(block[pos:pos+limit+1], '\n'); i >= 0 {
			pos += i + 1
			continue
		}
		end := bytes.IndexByte(block[pos:], '\n')
		block = append(block[:pos], block[pos+end:]...)
		pos++
		long++
	}
	return block, long
}

// finalError returns what Next returns at the end.
func (r *Reader) finalError() error {
	if r.inLongLine {
		r.inLongLine = false
	}
	var damage *DamageError
	switch {
	case r.err == io.EOF && r.given == 0:
		r.err = fmt.Errorf("%s: %w", r.name, ErrEmpty)
	case r.err == io.EOF, errors.As(r.err, &damage), errors.Is(r.err, ErrEmpty), errors.Is(r.err, ErrNotLog):
	case r.ctx == nil || r.ctx.Err() == nil:
		r.err = &DamageError{Path: r.name, Offset: r.given, Err: r.err}
	}
	return r.err
}

// diskReader counts the bytes read from r; the count may be read concurrently.
// It keeps the error that r ended with, because decoders wrap or replace it,
// and nothing may be read after it.
type diskReader struct {
	r     io.Reader
	ctx   context.Context // nil, or what ends reading
	n     atomic.Int64
	small int    // bytes that are more than there are; 0: there may be many
	ahead []byte // read and not yet given
	begun bool
	err   error
}

// firstRead is how much of a file is read at first: to recognise it by.
const firstRead = 4 << 10

// sizeHead returns how large a buffer for the first n bytes is to be.
func (d *diskReader) sizeHead(n int) int {
	if d.small > 0 {
		return min(n, d.small)
	}
	return n
}

// readHead reads the first bytes at once, since they are asked for in several
// small pieces.
func (d *diskReader) readHead() {
	d.begun = true
	head := make([]byte, d.sizeHead(firstRead))
	n, err := d.readDisk(head)
	d.ahead, d.err = head[:n], err
}

func (d *diskReader) Read(p []byte) (int, error) {
	if !d.begun && len(p) < firstRead {
		d.readHead()
	}
	if len(d.ahead) > 0 {
		n := copy(p, d.ahead)
		d.ahead = d.ahead[n:]
		return n, nil
	}
	d.begun = true
	return d.readDisk(p)
}

func (d *diskReader) readDisk(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	if d.ctx != nil && d.ctx.Err() != nil {
		d.err = d.ctx.Err()
		return 0, d.err
	}
	n, err := d.r.Read(p)
	d.n.Add(int64(n))
	d.err = err
	return n, err
}

// interruptible is a reader that waits no longer than for ctx.
type interruptible struct {
	ctx context.Context
	r   io.Reader
}

func (p *interruptible) Read(buf []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := p.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case got := <-done:
		return got.n, got.err
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}

// openError adds to an error of opening a file what to do about it.
func openError(err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w (run as root, or as a member of the group that owns the log, often adm)", err)
	}
	return err
}
