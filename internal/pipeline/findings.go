package pipeline

import "github.com/auditscan/auditscan/container"

// findings are the containers that were found for a block's records, in order.
// When the block is parsed again, the same containers are used: more may be
// known about a live process by then, but what is subtracted must be what was
// counted.
type findings []finding

// finding is the container of a number of successive records.
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

// replay returns a Find that gives the same answers again.
func (f findings) replay() Find {
	given := 0 // records that f[0] has answered for
	return func(int32, int64, int64) (*container.Identity, bool) {
		if given == f[0].records {
			f, given = f[1:], 0
		}
		given++
		return f[0].id, f[0].settled
	}
}
