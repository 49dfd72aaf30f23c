package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/auditscan/auditscan/source"
)

// backlogged is a stream that can have much to give at once.
type backlogged interface {
	// NextIn is Next with lines in a buffer of the receiver's.
	NextIn(ctx context.Context, buf []byte) (source.Chunk, error)
	// Backlog reports whether more than n bytes are there.
	Backlog(n int64) bool
}

// largeBacklog is what one goroutine reads in the time that it takes to start
// others and to put together what they have counted.
const largeBacklog = 4 << 20

// catchUp counts a large backlog with one worker a core, for as long as the
// table and the state can wait. The stream must be in nobody's hands. In
// between, the counts are in many; when it returns all that the stream has
// given is counted, so that the place behind it can be saved.
func (w *follower) catchUp(ctx context.Context) error {
	if w.feed.backlog == nil || !w.feed.backlog.Backlog(largeBacklog) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, refresh)
	defer cancel()
	b := &backlog{ctx: ctx, stream: w.feed.backlog}
	w.stdout.gathers = true
	err := w.feed.counts.Backlog(b)
	w.stdout.gathers = false
	if err != nil {
		return err
	}
	err = errors.Join(w.stdout.flush(), w.chunk(b.rest))
	w.takePosition()
	return err
}

// gatherer is a writer that can gather what comes in small pieces: to wake up
// the reader for each costs both sides more than the pieces.
type gatherer struct {
	w       io.Writer
	gathers bool
	pieces  []byte
	written time.Time
	err     error // of writing what was gathered, which is kept for flush
}

const (
	gatherSize = 64 << 10              // as much as a pipe holds
	gatherTime = 20 * time.Millisecond // as long as a look at the file takes to come
)

func (g *gatherer) Write(p []byte) (int, error) {
	switch {
	case len(g.pieces) == 0 && !g.gathers:
		return g.w.Write(p)
	case len(g.pieces) == 0 && len(p) >= gatherSize:
		g.write(p)
		return len(p), nil
	}
	g.pieces = append(g.pieces, p...)
	if len(g.pieces) >= gatherSize || time.Since(g.written) >= gatherTime {
		g.writePieces()
	}
	return len(p), nil
}

// flush writes what was gathered. It returns the first error since the flush
// before: what is counted while nobody can be shown it is counted all the same,
// up to a place that can be gone on from.
func (g *gatherer) flush() error {
	g.writePieces()
	err := g.err
	g.err = nil
	return err
}

func (g *gatherer) writePieces() {
	if len(g.pieces) == 0 {
		return
	}
	g.write(g.pieces)
	g.pieces, g.written = g.pieces[:0], time.Now()
}

func (g *gatherer) write(p []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(p)
	}
}

// backlog gives what a stream has now, in blocks. It ends at the first chunk
// with notes, since they have their place between the records.
type backlog struct {
	ctx    context.Context
	stream backlogged
	rest   source.Chunk // that chunk
	end    bool
}

// Trim has nothing to do.
func (b *backlog) Trim(block []byte) []byte { return block }

// Next gives the lines of the next chunk.
func (b *backlog) Next(buf []byte) ([]byte, error) {
	if b.end {
		return nil, io.EOF
	}
	c, err := b.stream.NextIn(b.ctx, buf)
	if err != nil { // the time is over, or following ends, which the stream will tell again
		return nil, io.EOF
	}
	if len(c.Notes) > 0 {
		b.rest = c
		return nil, io.EOF
	}
	b.end = !b.stream.Backlog(0)
	return c.Lines, nil
}
