package notify

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Service is the service manager that started this process. It can keep the
// descriptors of containers while the process is started anew: their calls wait
// meanwhile, and none fails.
type Service struct {
	conn   *net.UnixConn // to the manager; nil: it keeps nothing
	passed []passed      // what it kept, or opened for this process
}

// passed is a descriptor from the manager. That of a filter has the name that it
// was given to be kept: the container's id.
type passed struct {
	fd   int
	name string
}

// firstPassed is the first descriptor that is passed (SD_LISTEN_FDS_START).
const firstPassed = 3

// ServiceOf returns the service manager that the environment names in the way of
// systemd, sd_listen_fds(3) and sd_notify(3); nil if it names none.
func ServiceOf(getenv func(string) string) (*Service, error) {
	s := &Service{}
	if path := getenv("NOTIFY_SOCKET"); path != "" {
		conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
		if err != nil {
			return nil, fmt.Errorf("reach the service manager: %w", err)
		}
		s.conn = conn
	}
	if getenv("LISTEN_PID") == strconv.Itoa(os.Getpid()) {
		count, err := strconv.Atoi(getenv("LISTEN_FDS"))
		if err != nil || count < 0 {
			return nil, fmt.Errorf("LISTEN_FDS is %q, which is no number of descriptors", getenv("LISTEN_FDS"))
		}
		names := append(strings.Split(getenv("LISTEN_FDNAMES"), ":"), make([]string, count)...)
		for i := range count {
			unix.CloseOnExec(firstPassed + i)
			s.passed = append(s.passed, passed{firstPassed + i, names[i]})
		}
	}
	if s.conn == nil && s.passed == nil {
		return nil, nil
	}
	return s, nil
}

// keeps reports whether descriptors outlive this process.
func (s *Service) keeps() bool { return s != nil && s.conn != nil }

// ready tells the manager that runtimes can connect.
func (s *Service) ready() error {
	if !s.keeps() {
		return nil
	}
	_, err := s.conn.Write([]byte("READY=1"))
	return err
}

// keep has the manager keep a descriptor until its container has ended.
func (s *Service) keep(fd int, id string) error {
	if !s.keeps() {
		return nil
	}
	raw, err := s.conn.SyscallConn()
	if err != nil {
		return err
	}
	text, rights := []byte("FDSTORE=1\nFDNAME="+id), unix.UnixRights(fd)
	werr := raw.Write(func(conn uintptr) bool { // net sends no rights by a datagram
		err = unix.Sendmsg(int(conn), text, rights, nil, 0)
		return !errors.Is(err, unix.EAGAIN)
	})
	return errors.Join(werr, err)
}

func (s *Service) close() error {
	if !s.keeps() {
		return nil
	}
	return s.conn.Close()
}

// takeOver divides what was passed into the socket to listen on, if there is one,
// and what the manager kept of containers. An error tells what is neither.
func (s *Service) takeOver() (listening *socket, kept []delivery, err error) {
	if s == nil {
		return nil, nil, nil
	}
	for _, p := range s.passed {
		calls, derr := newDescriptor(p.fd)
		if derr == nil {
			kept = append(kept, delivery{id: p.name, calls: calls})
			continue
		}
		file := os.NewFile(uintptr(p.fd), p.name)
		listener, lerr := net.FileListener(file)
		unixListener, ok := listener.(*net.UnixListener)
		switch {
		case lerr != nil || !ok:
			err = errors.Join(err, fmt.Errorf("descriptor %d (%s) of the service manager: %w, and no unix socket", p.fd, p.name, derr), lerr)
		case listening == nil:
			unixListener.SetUnlinkOnClose(false)
			listening = &socket{UnixListener: unixListener}
		default:
			err = errors.Join(err, fmt.Errorf("descriptor %d (%s) of the service manager: a second socket", p.fd, p.name), unixListener.Close())
		}
		err = errors.Join(err, file.Close()) // the listener has one of its own
	}
	return listening, kept, err
}
