package pipeline

import "github.com/auditscan/auditscan/container"

// findings are the containers that were found for a block's records, in their
// order. Whoever parses the block again is given the same: more may be known
// of a live process by then, but what was counted of it is to be taken away as
// it was counted.
type findings []finding

// finding is one for so many records that follow each other.
type finding struct {
	id      *container.Identity
	settled bool
	records int
}

func (f *findings) add(id *container.Identity, settled bool) {
	if n := len(*f); n > 0 && (*f)[n-1].id == id && (*f)[n-1].settled == settled {
		(*f)[n-1].records++
		return
	}
	*f = append(*f, finding{id, settled, 1})
}

// replay finds the same as before.
func (f findings) replay() Find {
	given := 0 // of f[0]
	return func(int32, int64, int64) (*container.Identity, bool) {
		if given == f[0].records {
			f, given = f[1:], 0
		}
		given++
		return f[0].id, f[0].settled
	}
}
