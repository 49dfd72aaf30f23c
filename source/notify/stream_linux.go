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

// stream is the calls of all containers whose filters name a socket.
type stream struct {
	name    string
	options Options
	socket  *socket
	queue   *source.Queue

	closing   context.Context
	close     context.CancelFunc
	stop      *os.File // closed to have the readers end, who poll stopped
	stopped   *os.File
	accepting sync.WaitGroup
	readers   sync.WaitGroup
	closed    sync.Once

	mu   sync.Mutex
	left []string // the containers that still ran when the stream was closed
}

// Listen listens on a socket of mode 0600 for runtimes, and gives the calls of
// their containers as events, each before it runs. Their action is log: a call
// was written down and let run.
//
// Close ends it; Next then gives what was received, and ends with io.EOF. From
// then on the kernel answers ENOSYS to the containers that still run, which a
// note tells: it counts as a loss.
func Listen(path string, o Options) (source.Stream, error) {
	socket, err := newSocket(path)
	if err != nil {
		return nil, fmt.Errorf("listen for seccomp notifications: %w", err)
	}
	s := &stream{name: Prefix + path, options: o, socket: socket, queue: source.NewQueue(queueSize)}
	if s.stopped, s.stop, err = os.Pipe(); err != nil {
		return nil, errors.Join(err, socket.close())
	}
	s.closing, s.close = context.WithCancel(context.Background())
	s.accepting.Go(s.accept)
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
		err = s.socket.close()
		s.accepting.Wait()
		err = errors.Join(err, s.stop.Close())
		s.readers.Wait()
		if len(s.left) > 0 {
			s.queue.Note(leftNote(s.left))
		}
		s.queue.Finish(io.EOF)
		err = errors.Join(err, s.stopped.Close())
	})
	return err
}

// leftNote tells of the containers that outlived the listener.
func leftNote(ids []string) source.Note {
	const most = 3
	names := strings.Join(ids[:min(most, len(ids))], ", ")
	if more := len(ids) - most; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return source.Note{Kind: source.Overrun, Detail: fmt.Sprintf("containers still ran when the listener ended: %s: what they call since fails with ENOSYS and is not recorded", names),
		Fix: "end the containers before the listener"}
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
	id := s.options.identify(d.id, d.pid)
	s.readers.Go(func() { s.read(d.calls, &id) })
}

// read gives the calls of a container until it ends, or the stream does.
func (s *stream) read(calls *descriptor, id *container.Identity) {
	defer calls.close()
	r := reader{calls: calls, container: id, stop: int(s.stopped.Fd()), put: func(line []byte) bool { return s.queue.Put(line, s.closing.Done()) }}
	switch err := r.run(); {
	case errors.Is(err, io.EOF):
	case errors.Is(err, errStopped):
		s.mu.Lock()
		defer s.mu.Unlock()
		s.left = append(s.left, id.ID)
	default:
		s.queue.Note(source.Note{Kind: source.Overrun, Detail: fmt.Sprintf("container %s is not heard any more, and its calls fail with ENOSYS: %v", id.ID, err)})
	}
}
