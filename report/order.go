package report

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// Order is that of the lines of Table, Wide, CSV and Markdown. The zero value
// is the order of the summary: by group, then by call.
type Order string

// The orders. What is equal in one stays in the order of the summary.
const (
	ByCount Order = "count" // the most frequent first
	ByName  Order = "name"  // of the call
	ByNR    Order = "nr"    // the call's number
	ByFirst Order = "first" // seen first, first
	ByLast  Order = "last"  // seen last, first
)

// Orders returns the orders, in the order in which a help text has them.
func Orders() []Order { return []Order{ByCount, ByName, ByNR, ByFirst, ByLast} }

// ParseOrder returns the order of a name; "" is that of the summary.
func ParseOrder(name string) (Order, error) {
	var names []string
	for _, o := range Orders() {
		names = append(names, string(o))
	}
	if name != "" && !slices.Contains(names, name) {
		return "", fmt.Errorf("unknown order %q (one of %s)", name, strings.Join(names, ", "))
	}
	return Order(name), nil
}

// compare orders two rows.
func (o Order) compare(a, b row) int {
	switch o {
	case ByCount:
		return cmp.Compare(b.call.Count, a.call.Count)
	case ByName:
		return cmp.Compare(a.call.Name(), b.call.Name())
	case ByNR:
		return cmp.Compare(a.call.NR, b.call.NR)
	case ByFirst:
		return cmp.Compare(a.call.First.Millis(), b.call.First.Millis())
	case ByLast:
		return cmp.Compare(b.call.Last.Millis(), a.call.Last.Millis())
	}
	return 0
}

// rows returns the lines of the text formats, in the order that is asked for.
func rows(s *aggregate.Summary, o Options) iter.Seq[row] {
	all := allRows(s)
	if o.Sort != "" {
		all = slices.Values(slices.SortedStableFunc(all, o.Sort.compare))
	}
	if o.Top == 0 {
		return all
	}
	return func(yield func(row) bool) {
		left := o.Top
		for r := range all {
			if left == 0 || !yield(r) {
				return
			}
			left--
		}
	}
}

// allRows returns the lines in the order of the summary.
func allRows(s *aggregate.Summary) iter.Seq[row] {
	return func(yield func(row) bool) {
		for i := range s.Groups {
			g := &s.Groups[i]
			for j := range g.Calls {
				if !yield(row{g, &g.Calls[j]}) {
					return
				}
			}
		}
	}
}

// countRows returns how many lines there are, and how many of them are shown.
func countRows(s *aggregate.Summary, o Options) (all, shown int) {
	for i := range s.Groups {
		all += len(s.Groups[i].Calls)
	}
	if o.Top == 0 {
		return all, all
	}
	return all, min(all, o.Top)
}

// leftOut says how many lines are not shown.
func leftOut(s *aggregate.Summary, o Options) []table.Note {
	all, shown := countRows(s, o)
	if shown == all {
		return nil
	}
	return []table.Note{{Text: "the first " + table.Number(int64(shown)) + " of " + count(int64(all), "row")}}
}
