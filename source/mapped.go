package source

import (
	"bytes"
	"io"
	"os"
	"sync/atomic"
)

// Mapping a plain file avoids copying it out of the page cache, which saves a
// tenth of the time of a report. Pages behind the blocks in use are given back,
// so that memory does not grow with the file.

const (
	smallestMapped = 1 << 20
	givenBack      = 4 << 20 // bytes at a time: each costs an interrupt of the other cores
)

// mapping is a file as it was when it was mapped.
type mapping struct {
	whole   []byte
	data    []byte // what can be given; nil once the rest is read
	off     int    // of what comes next
	keep    int    // bytes before off whose blocks may be in use
	longest int    // bytes of a line

	used, freed atomic.Int64 // bytes that no block in use has, and that were given back
}

// Map lets Next return parts of the file itself instead of buf, if the file is
// plain and can be mapped. It may be called between Peek and the first Next,
// with the size and number of the buffers. Such a block has to go through
// [Reader.Trim], and stays valid until that many others have followed it.
//
// Reading a block of a file that was cut short meanwhile causes a fault, which
// [debug.SetPanicOnFault] turns into a panic.
func (r *Reader) Map(size, blocks int) {
	file, ok := r.file.(*os.File)
	if !ok || r.packed != "" || r.coding == utf16LE || r.coding == utf16BE || r.size < smallestMapped || r.err != nil {
		return
	}
	if data := mapFile(file, r.size); data != nil {
		r.mapped = &mapping{whole: data, data: data, off: r.coding.markLen(), keep: size * blocks, longest: min(MaxLine, size-1)}
		r.carry = r.carry[:0]
	}
}

// next returns whole lines of at most n bytes; nil if there are none.
func (m *mapping) next(n int) []byte {
	if m.off == len(m.data) {
		return nil
	}
	block := m.data[m.off:min(m.off+n, len(m.data))]
	block = block[:bytes.LastIndexByte(block, '\n')+1]
	m.off += len(block)
	m.used.Store(int64(m.off - m.keep))
	return block[:len(block):len(block)]
}

// release gives back pages if there are many.
func (m *mapping) release() {
	to, from := m.used.Load(), m.freed.Load()
	to -= to % int64(os.Getpagesize())
	if to-from >= givenBack && m.freed.CompareAndSwap(from, to) {
		giveBack(m.whole[from:to])
	}
}

// Trim empties those lines of a block from Next that are longer than any
// record. It is the part of the work on a block that need not be done in turn,
// so several goroutines can call it at once.
func (r *Reader) Trim(block []byte) []byte {
	m := r.mapped
	if m == nil {
		return block // Next has done it
	}
	m.release()
	block, long := emptyLongLines(block, m.longest)
	r.oversize.Add(long)
	return block
}

// fromMapping is Next for a mapped file. It returns nil and no error at its
// end, or if a line is longer than buf; the rest is read.
func (r *Reader) fromMapping(buf []byte) ([]byte, error) {
	m := r.mapped
	block := m.next(cap(buf))
	r.disk.n.Store(int64(m.off))
	if len(block) > 0 {
		r.given = int64(m.off)
		return block, nil
	}
	r.text, m.data, r.disk.ahead = r.disk, nil, nil
	_, err := r.file.(io.Seeker).Seek(int64(m.off), io.SeekStart)
	return nil, err
}
