package source

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the first size bytes of a file; nil if that is not possible.
// Writes to the memory do not change the file.
func mapFile(f *os.File, size int64) []byte {
	if size > math.MaxInt {
		return nil
	}
	data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	return data
}

// giveBack takes pages out of memory; read again, they come from the file.
func giveBack(pages []byte) { _ = unix.Madvise(pages, unix.MADV_DONTNEED) }

func unmap(data []byte) { _ = unix.Munmap(data) }
