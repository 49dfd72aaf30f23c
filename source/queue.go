package source

import (
	"context"
	"sync"
)

// Queue holds what a live source has received until Next takes it, so that
// receiving never waits for parsing. Its bytes are bounded.
type Queue struct {
	limit int

	mu     sync.Mutex
	size   int     // of all lines in chunks
	chunks []Chunk // oldest first; the last one is still being filled
	err    error   // what comes after the last chunk; nil: not ended yet

	filled signal // there is something to take, or the end
	taken  signal // there is room again
}

// chunkSize is the size at which a new chunk is begun.
const chunkSize = 64 << 10

// NewQueue returns an empty queue that holds up to limit bytes of lines.
func NewQueue(limit int) *Queue {
	return &Queue{limit: limit, filled: newSignal(), taken: newSignal()}
}

// Add appends whole lines and reports whether there was room for them. It never
// waits.
func (q *Queue) Add(lines []byte) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.size+len(lines) > q.limit {
		return false
	}
	if n := len(q.chunks); n == 0 || len(q.chunks[n-1].Lines) >= chunkSize {
		q.chunks = append(q.chunks, Chunk{})
	}
	last := &q.chunks[len(q.chunks)-1]
	last.Lines = append(last.Lines, lines...)
	q.size += len(lines)
	q.filled.set()
	return true
}

// Put waits until there is room for the lines and appends them. It reports
// whether they were, before stop was closed.
func (q *Queue) Put(lines []byte, stop <-chan struct{}) bool {
	for !q.Add(lines) {
		select {
		case <-q.taken:
		case <-stop:
			return false
		}
	}
	return true
}

// Note adds a note after the lines received so far. Equal notes at one place
// are folded, so that they cannot pile up either.
func (q *Queue) Note(n Note) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if k := len(q.chunks); k == 0 || len(q.chunks[k-1].Lines) > 0 {
		q.chunks = append(q.chunks, Chunk{})
	}
	last := &q.chunks[len(q.chunks)-1]
	last.Notes = foldNote(last.Notes, n)
	q.filled.set()
}

// foldNote adds a note to others without lines between them.
func foldNote(notes []Note, n Note) []Note {
	for i := range notes {
		if old := &notes[i]; old.Kind == n.Kind && old.Detail == n.Detail {
			old.Count += n.Count
			return notes
		}
	}
	return append(notes, n)
}

// Finish ends the queue; Next returns err after the last chunk. Only the first
// call counts.
func (q *Queue) Finish(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err = err
	}
	q.filled.set()
}

// Next waits for a chunk, or the end.
func (q *Queue) Next(ctx context.Context) (Chunk, error) {
	for {
		if c, ok, err := q.take(); ok || err != nil {
			return c, err
		}
		select {
		case <-q.filled:
		case <-ctx.Done():
			return Chunk{}, ctx.Err()
		}
	}
}

// take removes the oldest chunk.
func (q *Queue) take() (c Chunk, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.chunks) == 0 {
		return Chunk{}, false, q.err
	}
	c = q.chunks[0]
	q.chunks[0] = Chunk{} // the slice must not keep it alive
	q.chunks = q.chunks[1:]
	q.size -= len(c.Lines)
	q.taken.set()
	return c, true, nil
}

// signal wakes one goroutine that waits for it, now or later.
type signal chan struct{}

func newSignal() signal { return make(signal, 1) }

func (s signal) set() {
	select {
	case s <- struct{}{}:
	default:
	}
}
