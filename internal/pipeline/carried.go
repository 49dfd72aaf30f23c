package pipeline

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/auditscan/auditscan/container"
)

// carried holds the containers that events name, with one pointer for each,
// because groups are told apart by that pointer. All workers share it. Which of
// them are kept is decided in the order of the input, whoever meets one first:
// a worker's are kept for now, until its block is added to the total.
type carried struct {
	mu     sync.RWMutex
	byText map[string]*carriedText
	known  map[container.Identity]*container.Identity
	size   int         // of the texts that are kept for good
	full   atomic.Bool // no other text is kept
}

// carriedText is a text that describes a container; a nil id is none.
type carriedText struct {
	id   *container.Identity
	size int
	kept atomic.Bool // for good
}

// maxCarried bounds the bytes of the texts, some 250 each. Beyond it a record
// of a new container counts as malformed: to count it as another container's
// would be wrong.
const maxCarried = 16 << 20

var (
	errTooManyContainers = errors.New("event of one container too many: their names fill 16 MB")
	errNoContainer       = errors.New("event whose container is none")
)

func newCarried() *carried {
	return &carried{byText: map[string]*carriedText{}, known: map[container.Identity]*container.Identity{}}
}

// identity returns the container that a text describes, nil if it describes
// none. It is for the total, which meets the texts in the order of the input.
func (c *carried) identity(text []byte) (*container.Identity, error) {
	t, err := c.text(text, c.full.Load())
	if err != nil {
		return nil, err
	}
	if !c.keep(t) {
		return nil, errTooManyContainers
	}
	return t.id, nil
}

// text returns what a text describes, as known before it is kept for good; full
// is whether nothing more was kept when its block was begun.
func (c *carried) text(text []byte, full bool) (*carriedText, error) {
	c.mu.RLock()
	t, ok := c.byText[string(text)]
	c.mu.RUnlock()
	if ok && (!full || t.kept.Load()) {
		return t, nil
	}
	id, err := container.ParseIdentity(text)
	switch {
	case err != nil:
		return nil, errNoContainer
	case full:
		return nil, errTooManyContainers
	}
	return c.add(text, id), nil
}

// add remembers a text. Several texts can describe one container.
func (c *carried) add(text []byte, id *container.Identity) *carriedText {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.byText[string(text)]; ok { // another worker was faster
		return t
	}
	if id != nil {
		if known, ok := c.known[*id]; ok {
			id = known
		} else {
			c.known[*id] = id
		}
	}
	t := &carriedText{id: id, size: len(text)}
	c.byText[string(text)] = t
	return t
}

// keep keeps texts for good and reports whether there was room for all of them.
// Only what adds to the total calls it, in the order of the input.
func (c *carried) keep(texts ...*carriedText) bool {
	for _, t := range texts {
		if t.kept.Load() {
			continue
		}
		if c.full.Load() || c.size+t.size > maxCarried {
			c.full.Store(true)
			return false
		}
		c.size += t.size
		t.kept.Store(true)
	}
	return true
}
