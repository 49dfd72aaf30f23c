package report

import "iter"

// The machine-readable formats are renderings of one tree, so that they have
// the same keys in the same order and cannot disagree. A value of it is nil,
// a string, a bool, an int64, an object or a list; in JSON alone, it may be
// JSON already.
type (
	// object is a JSON object, its members in order.
	object []member
	member struct {
		key   string
		value any
	}
	// list makes its items when it is asked for them: a report of a million
	// calls is never in memory as a tree.
	list iter.Seq[object]
)

// each is the list of the objects that make makes of items.
func each[T any](items []T, make func(*T) object) list {
	return func(yield func(object) bool) {
		for i := range items {
			if !yield(make(&items[i])) {
				return
			}
		}
	}
}
