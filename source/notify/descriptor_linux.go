package notify

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// call is the kernel's struct seccomp_notif (linux/seccomp.h): a call that waits
// for its answer.
type call struct {
	id     uint64
	thread int32 // in the pid namespace of the reader; 0: in none that it can see
	_      uint32
	nr     int32
	arch   uint32
	ip     uint64
	args   [6]uint64
}

// answer is the kernel's struct seccomp_notif_resp.
type answer struct {
	id    uint64
	_     int64
	_     int32
	flags uint32
}

// descriptor gives the calls of the processes under one filter.
type descriptor struct {
	fd int
	// The kernel's structures can be longer than those known here.
	received, answered []uint64
}

// errStopped is returned by wait when the reader was told to end.
var errStopped = errors.New("the listener ends")

// newDescriptor takes over a descriptor of seccomp's; of another kind it is an
// error, and stays open.
func newDescriptor(fd int) (*descriptor, error) {
	kind, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil {
		return nil, err
	}
	if kind != "anon_inode:seccomp notify" {
		return nil, fmt.Errorf("its descriptor is of %q, not of a seccomp filter", kind)
	}
	var sizes struct{ received, answered, data uint16 }
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_NOTIF_SIZES, 0, uintptr(unsafe.Pointer(&sizes))); errno != 0 {
		return nil, fmt.Errorf("ask for the size of a notification (needs Linux 5.5): %w", errno)
	}
	d := &descriptor{
		fd:       fd,
		received: make([]uint64, (max(int(sizes.received), int(unsafe.Sizeof(call{})))+7)/8),
		answered: make([]uint64, (max(int(sizes.answered), int(unsafe.Sizeof(answer{})))+7)/8),
	}
	// Since Linux 6.6 both sides can take turns on one processor, which halves
	// what a call costs. Without it all works as well.
	_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
	return d, nil
}

// wait waits for a call. It returns io.EOF when no process is left under the
// filter, and errStopped when the other end of the pipe stop was closed.
func (d *descriptor) wait(stop int) error {
	fds := []unix.PollFd{{Fd: int32(d.fd), Events: unix.POLLIN}, {Fd: int32(stop), Events: unix.POLLIN}}
	for {
		_, err := unix.Poll(fds, -1)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case fds[0].Revents&(unix.POLLHUP|unix.POLLIN) == unix.POLLHUP:
			return io.EOF
		case fds[1].Revents != 0:
			return errStopped
		default:
			return nil
		}
	}
}

// receive returns the call that waits, which stays valid until the next one;
// nil if a signal has called it off since.
func (d *descriptor) receive() (*call, error) {
	for {
		clear(d.received) // as the kernel demands
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(d.fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&d.received[0])))
		switch errno {
		case 0:
			return (*call)(unsafe.Pointer(&d.received[0])), nil
		case unix.ENOENT:
			return nil, nil
		case unix.EINTR:
		default:
			return nil, fmt.Errorf("receive a call: %w", errno)
		}
	}
}

// proceed lets a call run. One that a signal has called off is no error: it
// comes again, or its process ends.
func (d *descriptor) proceed(id uint64) error {
	a := (*answer)(unsafe.Pointer(&d.answered[0]))
	a.id, a.flags = id, unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(d.fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(a)))
		switch errno {
		case 0, unix.ENOENT:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("let a call run: %w", errno)
		}
	}
}

// waits reports whether a call still waits for its answer: if so, its thread is
// the one that /proc shows.
func (d *descriptor) waits(id uint64) bool {
	_, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(d.fd), unix.SECCOMP_IOCTL_NOTIF_ID_VALID, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}

func (d *descriptor) close() error { return unix.Close(d.fd) }
