package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/source"
)

// feed is one of the sources that are followed, with what counts it. All are
// counted together.
type feed struct {
	*origin
	counts *pipeline.Counter
}

// reader reads one feed or several; place tells whose chunk it is. A chunk, and
// the stream that it is from, belong to the receiver until the next call of Next.
type reader interface {
	Next(ctx context.Context) (place int, c source.Chunk, err error)
	Close() error
}

// newReader returns what reads the sources.
func newReader(from []*origin) reader {
	if len(from) == 1 {
		return single{from[0].stream}
	}
	return &several{from: from}
}

// single reads one stream.
type single struct{ source.Stream }

func (s single) Next(ctx context.Context) (int, source.Chunk, error) {
	c, err := s.Stream.Next(ctx)
	return 0, c, err
}

// several reads streams beside each other, each in a goroutine of its own, which
// goes on when its chunk has been taken.
type several struct {
	from    []*origin
	arrived chan arrival // nil: nothing was read yet
	stop    context.CancelFunc
	resume  []chan struct{} // one for each stream
	reading int             // streams that are being read
	last    int             // whose chunk was given last; -1: nobody waits
	left    []arrival       // what came until Close
	closed  int             // streams, in their order, that have given all after Close
}

// arrival is what the Next of a stream has returned.
type arrival struct {
	place int
	chunk source.Chunk
	err   error
}

// start begins to read all streams.
func (s *several) start() {
	ctx, stop := context.WithCancel(context.Background())
	s.arrived, s.stop, s.reading, s.last = make(chan arrival), stop, len(s.from), -1
	for place := range s.from {
		resume := make(chan struct{}, 1)
		s.resume = append(s.resume, resume)
		go s.read(ctx, place, resume)
	}
}

// read gives what a stream has until it or ctx ends, which it tells, too.
func (s *several) read(ctx context.Context, place int, resume <-chan struct{}) {
	for {
		c, err := s.from[place].stream.Next(ctx)
		s.arrived <- arrival{place, c, err}
		if err != nil {
			return
		}
		if <-resume; ctx.Err() != nil {
			s.arrived <- arrival{place: place, err: ctx.Err()}
			return
		}
	}
}

// Next returns the next chunk of any stream. One that has ended leaves the
// others; after Close it returns what was heard until then.
func (s *several) Next(ctx context.Context) (int, source.Chunk, error) {
	switch {
	case s.closed > 0 || len(s.left) > 0:
		return s.rest(ctx)
	case s.arrived == nil:
		s.start()
	case s.last >= 0:
		s.resume[s.last] <- struct{}{}
		s.last = -1
	}
	for s.reading > 0 {
		select {
		case a := <-s.arrived:
			if errors.Is(a.err, io.EOF) {
				s.reading--
				continue
			}
			if a.err != nil {
				s.reading--
				return a.place, a.chunk, fmt.Errorf("%s: %w", s.from[a.place].stream.Name(), a.err)
			}
			s.last = a.place
			return a.place, a.chunk, nil
		case <-ctx.Done():
			return 0, source.Chunk{}, ctx.Err()
		}
	}
	return 0, source.Chunk{}, io.EOF
}

// rest returns what was heard before Close.
func (s *several) rest(ctx context.Context) (int, source.Chunk, error) {
	if len(s.left) > 0 {
		a := s.left[0]
		s.left = s.left[1:]
		return a.place, a.chunk, a.err
	}
	for ; s.closed <= len(s.from); s.closed++ {
		f := s.from[s.closed-1]
		if !f.queued {
			continue
		}
		c, err := f.stream.Next(ctx)
		if !errors.Is(err, io.EOF) {
			return s.closed - 1, c, err
		}
	}
	return 0, source.Chunk{}, io.EOF
}

// Close ends reading. What streams with a queue have heard, and chunks that were
// on their way, are given by Next after it.
func (s *several) Close() (err error) {
	if s.closed > 0 {
		return nil
	}
	s.closed = 1
	if s.arrived != nil {
		s.halt()
	}
	for _, f := range s.from {
		err = errors.Join(err, f.stream.Close())
	}
	return err
}

// halt waits until no stream is being read, as it must be when it is closed.
func (s *several) halt() {
	s.stop()
	if s.last >= 0 {
		s.resume[s.last] <- struct{}{}
	}
	for s.reading > 0 {
		a := <-s.arrived
		if a.err != nil {
			s.reading--
			continue
		}
		a.chunk.Lines = slices.Clone(a.chunk.Lines) // its buffer is the stream's
		s.left = append(s.left, a)
		s.resume[a.place] <- struct{}{}
	}
}

// mostFeeds bounds the files of a directory that are followed: each takes some
// looks a second.
const mostFeeds = 64

// expandSources returns the names of what is to be followed: a directory stands for
// the logs in it, of each rotated set the one that grows.
func expandSources(env *environment, args []string) ([]string, error) {
	var names []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			names = append(names, arg)
			continue
		}
		logs, err := growingLogs(env, arg)
		if err != nil {
			return nil, err
		}
		env.notef("following %d files of %s; those that it gets later are not followed", len(logs), arg)
		names = append(names, logs...)
	}
	if len(names) > mostFeeds {
		return nil, fmt.Errorf("%d files are too many to follow, of which %d are possible: name those that matter", len(names), mostFeeds)
	}
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, usageErrorf("%s is to be followed twice", name)
		}
	}
	return names, nil
}

// growingLogs returns the logs of a directory that may grow.
func growingLogs(env *environment, directory string) (logs []string, err error) {
	inputs, notes, err := source.Expand([]string{directory}, source.Nodes{})
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		env.notef("%s", n.Detail)
	}
	for _, in := range inputs {
		if live := cmp.Or(in.Set, in.Path); !slices.Contains(logs, live) && isLog(live) {
			logs = append(logs, live)
		}
	}
	if len(logs) == 0 {
		return nil, fmt.Errorf("the directory %s holds no log that grows", directory)
	}
	return logs, nil
}

// isLog reports whether a file is there and holds text, if anything.
func isLog(name string) bool {
	in, err := source.Open(filepath.Clean(name))
	if err != nil {
		return false
	}
	defer in.Close()
	return !errors.Is(in.CheckText(), source.ErrNotLog) && in.Packed() == ""
}
