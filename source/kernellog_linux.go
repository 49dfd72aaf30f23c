package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// isKernelLog reports whether a file is /dev/kmsg (Documentation/admin-guide/devices.txt
// of the kernel: character device 1:11).
func isKernelLog(info os.FileInfo) bool {
	if info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && st.Rdev == unix.Mkdev(1, 11)
}

// kernelLog reads the current content of the kernel's log. Each read of its
// device returns one record, fails if the record does not fit into the buffer,
// and at the end waits for the next record (Documentation/ABI/testing/dev-kmsg
// of the kernel).
type kernelLog struct {
	conn   syscall.RawConn
	record [16 << 10]byte // the kernel's own limit is 8 KiB
	rest   []byte         // of record
	lost   bool
}

func newKernelLog(f *os.File) io.Reader {
	conn, err := f.SyscallConn()
	if err == nil {
		err = unix.SetNonblock(int(f.Fd()), true)
	}
	if err != nil {
		return failingReader{err}
	}
	return &kernelLog{conn: conn}
}

var errOverwritten = errors.New("the kernel overwrote records while they were read: its log is too small for what it prints (log_buf_len)")

func (k *kernelLog) Read(p []byte) (int, error) {
	for len(k.rest) == 0 {
		n, err := k.readRecord()
		switch {
		case errors.Is(err, unix.EAGAIN) && k.lost:
			return 0, errOverwritten
		case errors.Is(err, unix.EAGAIN):
			return 0, io.EOF
		case errors.Is(err, unix.EPIPE): // the next read is of what is there still
			k.lost = true
		case err != nil && !errors.Is(err, unix.EINTR):
			return 0, fmt.Errorf("read the kernel's log: %w", err)
		case err == nil && n == 0:
			return 0, io.EOF
		}
		k.rest = k.record[:max(n, 0)]
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// readRecord reads one record without waiting for it.
func (k *kernelLog) readRecord() (n int, err error) {
	closed := k.conn.Read(func(fd uintptr) bool {
		n, err = unix.Read(int(fd), k.record[:])
		return true
	})
	return n, errors.Join(closed, err)
}
