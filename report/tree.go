package report

import "iter"

// The machine-readable formats are renderings of one tree, so that they have
// the same keys in the same order and cannot disagree. A value of it is nil,
// a string, a bool, an int64, a stamp, an object or a list; in JSON alone, it
// may be JSON already.
type (
	// object is a JSON object, its members in order.
	object []member
	member struct {
		key   string
		value any
	}
	// stamp is a time that JSON can tell, in ms since the epoch.
	stamp int64
	// list makes its items when it is asked for them: a report of a million
	// calls is never in memory as a tree. An item is valid until the next.
	list iter.Seq[object]
)

// each is the list of the objects that fill makes of items, by appending to an
// empty object.
func each[T any](items []T, fill func(object, *T) object) list {
	return func(yield func(object) bool) {
		var obj object
		for i := range items {
			obj = fill(obj[:0], &items[i])
			if !yield(obj) {
				return
			}
		}
	}
}
