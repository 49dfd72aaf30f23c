package report

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// counted is a call of a program.
type counted struct {
	program string
	call    aggregate.Call
}

// WriteCounts writes what each program called, the most frequent first, with
// its share of all calls, as `strace -c` does.
func WriteCounts(w io.Writer, s *aggregate.Summary, style table.Style) error {
	var all []counted
	for _, g := range s.Groups {
		calls := slices.Clone(g.Calls)
		slices.SortStableFunc(calls, func(a, b aggregate.Call) int { return cmp.Compare(b.Count, a.Count) })
		for _, c := range calls {
			all = append(all, counted{g.Comm, c})
		}
	}
	t := table.Table{
		Columns: []table.Column{{Head: "SHARE"}, {Head: "CALLS", Fit: table.Count}, {Head: "SYSCALL"}, {Head: "PROGRAM", Fit: table.Cut}},
		Rows: table.RowsOf(all, func(c counted) []string {
			share := 100 * float64(c.call.Count) / float64(s.Totals.Records)
			return []string{fmt.Sprintf("%.1f%%", share), strconv.FormatInt(c.call.Count, 10), c.call.String() + foreignArch(c.call), c.program}
		}),
	}
	return t.Write(w, style)
}

// foreignArch names the architecture of a call that is not the host's.
func foreignArch(c aggregate.Call) string {
	if c.Arch.GOARCH() == runtime.GOARCH {
		return ""
	}
	return " (" + c.Arch.String() + ")"
}
