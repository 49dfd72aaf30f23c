package pipeline

import (
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
)

// answers are what was found out of the containers of a block's records, in
// their order. Whoever parses the block again is given the same: more may be
// known of a live process by then, but what was counted of it is to be taken
// away as it was counted.
type answers []answer

// answer is one for so many records that follow each other.
type answer struct {
	id      *container.Identity
	settled bool
	records int
}

func (a *answers) add(id *container.Identity, settled bool) {
	if n := len(*a); n > 0 && (*a)[n-1].id == id && (*a)[n-1].settled == settled {
		(*a)[n-1].records++
		return
	}
	*a = append(*a, answer{id, settled, 1})
}

// again gives the same answers as before.
func (a answers) again() ask {
	given := 0 // of a[0]
	return func(*parser.Record, int64) (*container.Identity, bool) {
		if given == a[0].records {
			a, given = a[1:], 0
		}
		given++
		return a[0].id, a[0].settled
	}
}
