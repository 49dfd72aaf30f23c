package pipeline

import (
	"errors"
	"sync"

	"github.com/auditscan/auditscan/container"
)

// carried holds the containers that events name, with one pointer for each,
// because groups are told apart by that pointer. All workers share it.
type carried struct {
	mu     sync.RWMutex
	byText map[string]*container.Identity
	known  map[container.Identity]*container.Identity
	size   int // of the texts
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
	return &carried{byText: map[string]*container.Identity{}, known: map[container.Identity]*container.Identity{}}
}

// identity returns the container that a text describes, nil if it describes
// none.
func (c *carried) identity(text []byte) (*container.Identity, error) {
	c.mu.RLock()
	id, ok := c.byText[string(text)]
	c.mu.RUnlock()
	if ok {
		return id, nil
	}
	id, err := container.ParseIdentity(text)
	if err != nil {
		return nil, errNoContainer
	}
	return c.add(text, id)
}

// add remembers a text. Several texts can describe one container.
func (c *carried) add(text []byte, id *container.Identity) (*container.Identity, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(text); c.size > maxCarried {
		c.size = maxCarried
		return nil, errTooManyContainers
	}
	if id != nil {
		if known, ok := c.known[*id]; ok {
			id = known
		} else {
			c.known[*id] = id
		}
	}
	c.byText[string(text)] = id
	return id, nil
}
