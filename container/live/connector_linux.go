package live

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// connector is a socket on which the kernel tells of every fork, exec and
// exit, in the order in which they happen: drivers/connector/cn_proc.c.
type connector struct {
	fd      int
	stopped int // an eventfd
	buf     [4096]byte
}

// connectorBuffer is the socket's receive buffer. The kernel counts some 800
// bytes for an event: 40,000 of them.
const connectorBuffer = 32 << 20

var (
	errOtherNetwork = errors.New("the kernel's process connector is not in this network namespace")
	errNoEvents     = errors.New("the kernel's process connector does not answer")
)

// openConnector asks for events. Whether they come depends on rights and
// namespaces: the error wraps EPERM, [errOtherNetwork] or [errNoEvents].
func openConnector(buffer int) (*connector, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_CONNECTOR)
	if err != nil {
		return nil, fmt.Errorf("open the process connector: %w", err)
	}
	stopped, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the process connector: %w", err), unix.Close(fd))
	}
	c := &connector{fd: fd, stopped: stopped}
	if err := c.subscribe(buffer); err != nil {
		return nil, errors.Join(fmt.Errorf("listen to the process connector: %w", err), unix.Close(fd), unix.Close(stopped))
	}
	return c, nil
}

func (c *connector) subscribe(buffer int) error {
	// Beyond the administrator's limit with CAP_NET_ADMIN, else up to it.
	if unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer) != nil {
		_ = unix.SetsockoptInt(c.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer)
	}
	bindErr := unix.Bind(c.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: cnIdxProc})
	number := uint32(os.Getpid())
	switch err := c.request(procCnMcastListen, number); {
	case errors.Is(err, unix.ECONNREFUSED):
		return errOtherNetwork
	case bindErr != nil: // CAP_NET_ADMIN, before Linux 6.6
		return bindErr
	case err != nil:
		return err
	}
	return c.awaitAck(number + 1)
}

func (c *connector) request(op, number uint32) error {
	return unix.Sendto(c.fd, listenRequest(op, number), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// awaitAck waits for the answer to the request. Outside of the initial pid
// and user namespaces none comes. Events that precede it are of no use: the
// snapshot of /proc comes later.
func (c *connector) awaitAck(ack uint32) error {
	deadline := time.Now().Add(200 * time.Millisecond)
	for {
		e, err := c.next()
		switch {
		case errors.Is(err, unix.EAGAIN):
			left := time.Until(deadline)
			if left <= 0 {
				return errNoEvents
			}
			c.wait(int(left.Milliseconds()) + 1)
		case err != nil && !errors.Is(err, unix.ENOBUFS):
			return err
		case err == nil && e.what == eventNone && e.ack == ack:
			if e.err != 0 {
				return syscall.Errno(e.err)
			}
			return nil
		}
	}
}

// next returns the next event that has arrived, EAGAIN if there is none and
// ENOBUFS if the kernel has dropped some. It does not wait.
func (c *connector) next() (event, error) {
	for {
		n, from, err := unix.Recvfrom(c.fd, c.buf[:], unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return event{}, err
		}
		// Only the kernel has port 0: others may send to this socket as well.
		if kernel, ok := from.(*unix.SockaddrNetlink); !ok || kernel.Pid != 0 {
			continue
		}
		if e, ok := parseEvent(c.buf[:n]); ok {
			return e, nil
		}
	}
}

// wait waits until events have arrived, for some milliseconds (-1: for ever)
// or until stop is called, and reports whether it was.
func (c *connector) wait(milliseconds int) (stopped bool) {
	fds := []unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLIN}, {Fd: int32(c.stopped), Events: unix.POLLIN}}
	// An error is EINTR: that events may have arrived is no promise.
	_, _ = unix.Poll(fds, milliseconds)
	return fds[1].Revents != 0
}

// stop ends wait.
func (c *connector) stop() {
	_, _ = unix.Write(c.stopped, []byte{1, 0, 0, 0, 0, 0, 0, 0}) // an eventfd takes it
}

// Close stops the events: kernels before 6.6 do not notice that nobody
// listens any more, and make them for ever.
func (c *connector) Close() error {
	return errors.Join(c.request(procCnMcastIgnore, 0), unix.Close(c.fd), unix.Close(c.stopped))
}
