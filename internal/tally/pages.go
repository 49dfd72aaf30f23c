package tally

import "iter"

// pageList holds pages in chunks, so that a long list is not copied as it
// grows: only the first chunk grows, the others are allocated whole.
type pageList struct {
	chunks [][]page
	n      int
}

const (
	chunkBits = 8
	chunkSize = 1 << chunkBits
)

func (l *pageList) at(i int32) *page { return &l.chunks[i>>chunkBits][i&(chunkSize-1)] }

// add adds a page and returns its index. The addresses of others may change.
func (l *pageList) add(p page) int32 {
	at := l.n >> chunkBits
	if at == len(l.chunks) {
		var chunk []page
		if at > 0 {
			chunk = make([]page, 0, chunkSize)
		}
		l.chunks = append(l.chunks, chunk)
	}
	l.chunks[at] = append(l.chunks[at], p)
	l.n++
	return int32(l.n - 1)
}

func (l *pageList) all() iter.Seq[*page] {
	return func(yield func(*page) bool) {
		for i := range int32(l.n) {
			if !yield(l.at(i)) {
				return
			}
		}
	}
}

// reset empties the list and keeps its first chunk.
func (l *pageList) reset() {
	if len(l.chunks) > 0 {
		clear(l.chunks[1:])
		l.chunks = l.chunks[:1]
		l.chunks[0] = l.chunks[0][:0]
	}
	l.n = 0
}
