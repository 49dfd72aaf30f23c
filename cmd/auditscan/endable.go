package main

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// begin calls f, which may never return, in a goroutine of its own.
func begin[T any](f func() (T, error)) <-chan outcome[T] {
	ready := make(chan outcome[T], 1)
	go func() {
		value, err := f()
		ready <- outcome[T]{value, err}
	}()
	return ready
}

type outcome[T any] struct {
	value T
	err   error
}

// await waits for f no longer than for done: then f is left behind.
func await[T any](done <-chan struct{}, f func() (T, error)) (value T, err error) {
	select {
	case r := <-begin(f):
		return r.value, r.err
	case <-done:
		return value, errInterrupted
	}
}

// endableInput is a file, or standard input, that may be a pipe whose writer
// never comes.
type endableInput struct {
	done <-chan struct{}
	r    io.Reader
	io.Closer
}

func (in *endableInput) Read(p []byte) (int, error) {
	return await(in.done, func() (int, error) { return in.r.Read(p) })
}

// openEndable opens a file until done is closed.
func openEndable(name string, done <-chan struct{}) (io.ReadCloser, error) {
	f, err := await(done, func() (*os.File, error) { return os.Open(name) })
	if err != nil {
		return nil, err
	}
	return &endableInput{done, f, f}, nil
}

// endableOutput is standard output or standard error, which nobody may read: a
// full pipe, a terminal that was stopped. Soon after done is closed a write that
// waits for that fails, and so does each one behind it.
type endableOutput struct {
	file   *os.File
	done   <-chan struct{}
	closed bool // there was none when the process began: see isReplaced

	mu    sync.Mutex
	buf   []byte // what is being written: the caller may use its own again
	stuck bool
}

// lastWrite is how long a write may still take after the command was told to
// end: as long as patience bears, if both streams are stuck and there is a state
// to be saved.
const lastWrite = patience / 4

// errClosed is the error of what is written to a stream that was closed from the
// start, which must not look like success.
var errClosed = errors.New("standard output is closed: nothing was written (> /dev/null throws it away)")

// errUnread is the error of a write that was left behind.
var errUnread = errors.New("interrupted while nobody read what was written")

func (out *endableOutput) Write(p []byte) (int, error) {
	out.mu.Lock()
	defer out.mu.Unlock()
	switch {
	case out.closed:
		return 0, errClosed
	case out.stuck:
		return 0, errUnread
	}
	out.buf = append(out.buf[:0], p...)
	written := begin(func() (int, error) { return out.file.Write(out.buf) })
	select {
	case r := <-written:
		return r.value, r.err
	case <-out.done:
	}
	select {
	case r := <-written:
		return r.value, r.err
	case <-time.After(lastWrite):
		out.stuck = true
		return 0, errUnread
	}
}

// Fd lets others see whether it is a terminal, and how wide.
func (out *endableOutput) Fd() uintptr { return out.file.Fd() }

// plain returns the file of a stream of the command's, for who starts a program
// or asks a terminal: each needs the file itself.
func plain(stream io.Writer) io.Writer {
	if out, ok := stream.(*endableOutput); ok {
		return out.file
	}
	return stream
}
