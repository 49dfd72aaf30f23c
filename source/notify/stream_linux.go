package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/source"
)

const (
	// queueSize is how many bytes of events may wait for a slow receiver before
	// the programs have to.
	queueSize = 64 << 20
	// gathering is how long Next lets events gather. To wake the receiver for
	// each would cost the programs more than all else.
	gathering = 5 * time.Millisecond
)

// stream is the calls of all containers whose filters name a socket, or of one
// filter.
type stream struct {
	name    string
	options Options
	socket  *socket // nil: there is one descriptor only
	queue   *source.Queue

	closing   context.Context
	close     context.CancelFunc
	stop      *os.File // closed to have the readers end, who poll stopped
	stopped   *os.File
	accepting sync.WaitGroup
	readers   sync.WaitGroup
	closed    sync.Once

	mu   sync.Mutex
	left []string // who still ran when the stream was closed
}

// Listen listens on a socket of mode 0600 for runtimes, and gives the calls of
// their containers as events, each before it runs. Their action is log: a call
// was written down and let run.
//
// Close ends it; Next then gives what was received, and ends with io.EOF. From
// then on the kernel answers ENOSYS to the containers that still run, which a
// note tells: it counts as a loss.
func Listen(path string, o Options) (source.Stream, error) {
	socket, kept, err := o.Service.takeOver()
	if err == nil && socket == nil {
		socket, err = newSocket(path)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for seccomp notifications: %w", err)
	}
	s, err := newStream(Prefix + path)
	if err != nil {
		return nil, errors.Join(err, socket.close())
	}
	s.options, s.socket = o, socket
	for _, d := range kept {
		s.begin(&d)
	}
	s.accepting.Go(s.accept)
	return s, o.Service.ready()
}

// Watch takes over the descriptor of a filter that notifies, and gives the calls
// of the processes under it as those of a container are by [Listen]. It ends with
// io.EOF when Close is called: then all of them should have ended. Who names them
// in the note that tells if they had not.
func Watch(fd int, who string) (source.Stream, error) {
	calls, err := newDescriptor(fd)
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	s, err := newStream(Prefix)
	if err != nil {
		return nil, errors.Join(err, calls.close())
	}
	s.readers.Go(func() { s.read(calls, nil, who) })
	return s, nil
}

func newStream(name string) (*stream, error) {
	s := &stream{name: name, queue: source.NewQueue(queueSize)}
	var err error
	if s.stopped, s.stop, err = os.Pipe(); err != nil {
		return nil, err
	}
	s.closing, s.close = context.WithCancel(context.Background())
	return s, nil
}

// Name is what reports call the input.
func (s *stream) Name() string { return s.name }

// Next waits for events or a note.
func (s *stream) Next(ctx context.Context) (source.Chunk, error) {
	select {
	case <-time.After(gathering):
	case <-s.closing.Done():
	case <-ctx.Done():
	}
	return s.queue.Next(ctx)
}

// Close ends the stream after what has been received.
func (s *stream) Close() (err error) {
	s.closed.Do(func() {
		s.close()
		if s.socket != nil {
			err = s.socket.close()
		}
		s.accepting.Wait()
		err = errors.Join(err, s.stop.Close())
		s.readers.Wait()
		if len(s.left) > 0 {
			s.queue.Note(s.leftNote())
		}
		s.queue.Finish(io.EOF)
		err = errors.Join(err, s.stopped.Close(), s.options.Service.close())
	})
	return err
}

// leftNote tells of those who outlive the listener.
func (s *stream) leftNote() source.Note {
	const most = 3
	names := strings.Join(s.left[:min(most, len(s.left))], ", ")
	if more := len(s.left) - most; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	if s.options.Service.keeps() {
		return source.Note{Kind: source.Info, Detail: fmt.Sprintf("still there when the listener ended: %s: what they call waits for the next listener", names)}
	}
	return source.Note{Kind: source.Overrun, Detail: fmt.Sprintf("still there when the listener ended: %s: what they call since fails with ENOSYS and is not recorded", names),
		Fix: "end them before the listener"}
}

// accept takes in runtimes until the socket is closed.
func (s *stream) accept() {
	for {
		conn, err := s.socket.AcceptUnix()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil: // no descriptor is left, say: others may be given back
			s.queue.Note(source.Note{Kind: source.Info, Detail: fmt.Sprintf("a runtime could not connect: %v", err)})
			select {
			case <-time.After(100 * time.Millisecond):
			case <-s.closing.Done():
			}
		default:
			s.accepting.Go(func() { s.admit(conn) })
		}
	}
}

// admit begins to read the calls of the container that a runtime tells of.
func (s *stream) admit(conn *net.UnixConn) {
	defer context.AfterFunc(s.closing, func() { conn.Close() })()
	defer conn.Close()
	d, err := receive(conn)
	if err != nil {
		s.queue.Note(source.Note{Kind: source.Info, Detail: fmt.Sprintf("refused a client of %s: %v", s.name, err)})
		return
	}
	if err := s.options.Service.keep(d.calls.fd, d.id); err != nil {
		s.queue.Note(source.Note{Kind: source.Info, Detail: fmt.Sprintf("the service manager does not keep the descriptor of container %s: %v", d.id, err)})
	}
	s.begin(d)
}

// begin begins to read the calls of a container.
func (s *stream) begin(d *delivery) {
	id := s.options.identify(d.id, d.pid)
	s.readers.Go(func() { s.read(d.calls, &id, "container "+id.ID) })
}

// put queues the event of a call. If nobody makes room for it before the stream is
// closed, the call runs all the same: nobody could answer it any more.
func (s *stream) put(line []byte) {
	if !s.queue.Put(line, s.closing.Done()) {
		s.queue.Note(source.Note{Kind: source.Overrun, Count: 1, Detail: "calls were not read before the end"})
	}
}

// read gives the calls of a container, or of processes that are in none that is
// known (nil), until they end or the stream does.
func (s *stream) read(calls *descriptor, id *container.Identity, who string) {
	defer calls.close()
	r := reader{calls: calls, container: id, stop: int(s.stopped.Fd()), put: s.put}
	switch err := r.run(); {
	case errors.Is(err, io.EOF):
	case errors.Is(err, errStopped):
		s.mu.Lock()
		defer s.mu.Unlock()
		s.left = append(s.left, who)
	default:
		s.queue.Note(source.Note{Kind: source.Overrun, Detail: fmt.Sprintf("%s: is not heard any more, and each call fails with ENOSYS: %v", who, err)})
	}
}
