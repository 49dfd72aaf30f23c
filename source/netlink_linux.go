package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/elastic/go-libaudit/v2"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/rights"
)

const (
	// receiveBuffer is requested from the kernel, which doubles it. A SECCOMP
	// record takes 832 bytes of that, so that 80,000 of them fit. Measured with
	// two programs that do nothing but make records, 130,000 a second on 2
	// cores: 8 MiB lost 8 %, 16 MiB and more nothing.
	receiveBuffer = 32 << 20
	// netlinkQueue is how many bytes of lines may wait for a slow reader before
	// the socket's own buffer fills.
	netlinkQueue = 64 << 20

	lostInterval = time.Second
	// closeGrace is how long Close waits for the kernel to deliver what it has
	// queued, and then for the socket to become empty.
	closeGrace = time.Second
)

// netlinkStream is the kernel's multicast group AUDIT_NLGRP_READLOG. One
// goroutine receives, another watches the kernel's count of lost records.
type netlinkStream struct {
	*Queue
	file *os.File
	raw  syscall.RawConn
	buf  []byte // scratch space of the receiver
	line []byte // likewise

	lost      uint32 // what the watcher has noted so far
	rateLimit uint32 // as it was then
	unwatched bool   // the watcher's last question failed

	closed   sync.Once
	closing  chan struct{}
	deadline atomic.Int64 // Unix nanoseconds; set by Close
	watcher  sync.WaitGroup
	receiver sync.WaitGroup
}

// Netlink opens the kernel's own stream of audit records, which every record
// is sent to whether auditd runs or not. It needs CAP_AUDIT_READ in the
// host's user and network namespaces, and says what is missing; CAP_NET_ADMIN
// and CAP_AUDIT_CONTROL make it better, and a note says so without them.
//
// SECCOMP records come as auditd would write them in its raw form. Of other
// records only type and stamp are given, so that a gap in the serials is a
// record that was lost.
//
// Close waits shortly for what the kernel still has; Next then gives all that
// was received and ends with io.EOF.
func Netlink() (Stream, error) {
	if err := checkAudible(); err != nil {
		return nil, err
	}
	s := &netlinkStream{
		Queue:   NewQueue(netlinkQueue),
		buf:     make([]byte, unix.SizeofNlMsghdr+libaudit.AuditMessageMaxLength),
		closing: make(chan struct{}),
	}
	status, statusErr := auditstate.Kernel() // before the first record
	if err := s.open(); err != nil {
		return nil, err
	}
	s.receiver.Go(s.receive)
	if statusErr != nil {
		s.Note(unwatchedNote(statusErr))
		return s, nil
	}
	s.lost, s.rateLimit = status.Lost, status.RateLimit
	s.watcher.Go(s.watch)
	return s, nil
}

// checkAudible says what is missing for hearing the kernel: in a network namespace
// other than the host's everything succeeds and nothing ever comes.
func checkAudible() error {
	required, advised := rights.Read(os.DirFS("/")).AuditSocket()
	if len(required) == 0 {
		return nil
	}
	return fmt.Errorf("the kernel's audit socket cannot be heard from here: needs %s", strings.Join(append(required, advised...), "; "))
}

// Name is what reports call the input.
func (s *netlinkStream) Name() string { return NetlinkName }

// open subscribes. The buffer is raised first: a storm may be under way.
func (s *netlinkStream) open() error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_AUDIT)
	if err != nil {
		return fmt.Errorf("open the kernel's audit socket (is audit=0 set, or CONFIG_AUDIT off?): %w", err)
	}
	s.raiseBuffer(fd)
	group := unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1 << (unix.AUDIT_NLGRP_READLOG - 1)}
	if err := unix.Bind(fd, &group); err != nil {
		unix.Close(fd)
		return fmt.Errorf("subscribe to the kernel's audit records (needs CAP_AUDIT_READ): %w", err)
	}
	s.file = os.NewFile(uintptr(fd), "audit netlink socket")
	s.raw, err = s.file.SyscallConn()
	return err
}

func (s *netlinkStream) raiseBuffer(fd int) {
	err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer)
	if err == nil {
		return
	}
	// Without the right, what net.core.rmem_max allows is better than the
	// default; its error would say nothing new.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer)
	got, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	s.Note(Note{Kind: Info, Detail: fmt.Sprintf("the audit socket's receive buffer is %d KiB instead of %d: a burst may be lost (%v)", got>>10, receiveBuffer>>10, err),
		Fix: "grant CAP_NET_ADMIN, or sysctl -w net.core.rmem_max=" + fmt.Sprint(receiveBuffer)})
}

// Close ends the stream after what has been received.
func (s *netlinkStream) Close() (err error) {
	s.closed.Do(func() {
		close(s.closing)
		s.watcher.Wait() // until the kernel's own queue is empty
		s.deadline.Store(time.Now().Add(closeGrace).UnixNano())
		err = s.file.SetReadDeadline(time.Unix(1, 0))
		s.receiver.Wait()
		err = errors.Join(err, s.file.Close())
	})
	return err
}

// closeOverdue reports whether Close has waited long enough.
func (s *netlinkStream) closeOverdue() bool {
	d := s.deadline.Load()
	return d != 0 && time.Now().UnixNano() > d
}

// receive runs until Close or a failure of the socket.
func (s *netlinkStream) receive() {
	var failure error
	err := s.raw.Read(func(fd uintptr) bool {
		failure = s.drain(int(fd))
		return failure != nil
	})
	if errors.Is(err, os.ErrDeadlineExceeded) { // Close was called
		err = s.raw.Control(func(fd uintptr) { failure = s.drain(int(fd)) })
	}
	s.Finish(cmp.Or(failure, err, io.EOF))
}

// drain receives until the socket is empty. It returns an error if the stream
// has ended: io.EOF if it was closed while the kernel keeps sending.
func (s *netlinkStream) drain(fd int) error {
	for !s.closeOverdue() {
		n, from, err := unix.Recvfrom(fd, s.buf, 0)
		switch {
		case err == nil:
			s.handleMessage(s.buf[:n], from)
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ENOBUFS):
			s.Note(Note{Kind: Overrun, Detail: "the kernel dropped records that were not received in time (ENOBUFS)",
				Fix: "record with auditd, for which programs wait, or give the output to a faster reader"})
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("receive from the kernel's audit socket: %w", err)
		}
	}
	return io.EOF
}

// handleMessage passes on one record if it is the kernel's: a process with
// CAP_NET_ADMIN can send to this socket too.
func (s *netlinkStream) handleMessage(msg []byte, from unix.Sockaddr) {
	if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
		return
	}
	s.line = appendMessage(s.line[:0], msg)
	if !s.Put(s.line, s.closing) { // until then the socket's buffer has to hold what comes
		s.Note(Note{Kind: Overrun, Count: 1, Detail: "records were not read before the end"})
	}
}

// watch polls the count of lost records until Close.
func (s *netlinkStream) watch() {
	tick := time.NewTicker(lostInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.pollLost()
		case <-s.closing:
			for end := time.Now().Add(closeGrace); s.pollLost() > 0 && time.Now().Before(end); {
				time.Sleep(closeGrace / 100)
			}
			return
		}
	}
}

// pollLost notes the records that the kernel lost since the last poll, and
// returns how many it still has to send.
func (s *netlinkStream) pollLost() (backlog uint32) {
	status, err := auditstate.Kernel()
	if err != nil {
		if !s.unwatched {
			s.Note(unwatchedNote(err))
		}
		s.unwatched = true
		return 0
	}
	s.unwatched = false
	if n := lostSince(s.lost, status.Lost); n > 0 {
		s.Note(lostNote(n, max(s.rateLimit, status.RateLimit)))
	}
	s.lost, s.rateLimit = status.Lost, status.RateLimit
	return status.Backlog
}

// lostNote returns a note of n records that the kernel counted as lost; it does
// not say why.
func lostNote(n int64, rateLimit uint32) Note {
	if rateLimit > 0 {
		return Note{Kind: RateLimit, Count: n, Detail: fmt.Sprintf("the kernel lost records over the audit rate limit of %d a second (audit_lost)", rateLimit)}
	}
	return Note{Kind: LostCounter, Count: n, Detail: "the kernel lost records before they could be sent (audit_lost)", Fix: "auditctl -b 65536; auditctl -r 0"}
}

// lostSince returns the difference of two values of the kernel's counter, which
// restarts at 0 on auditctl --reset-lost.
func lostSince(before, now uint32) int64 {
	if now < before {
		return int64(now)
	}
	return int64(now - before)
}

func unwatchedNote(err error) Note {
	return Note{Kind: Info, Detail: fmt.Sprintf("the kernel's count of lost records cannot be watched: %v", err),
		Fix: "grant CAP_AUDIT_CONTROL in the host's pid namespace"}
}
