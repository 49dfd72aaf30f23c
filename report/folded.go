package report

import (
	"fmt"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// FoldedNotes returns lines that say whose groups were counted together, there
// being too many, and what is not told apart of them; nil where all are.
func FoldedNotes(s *aggregate.Summary) (lines []string) {
	const most = 5
	more := 0
	for i := range s.Groups {
		g := &s.Groups[i]
		switch {
		case g.Folded == 0:
		case len(lines) < most:
			lines = append(lines, fmt.Sprintf("too many groups: %s of %s not told apart (%s)", strings.Join(foldedKeys(g), ", "), g.Whose(), count(g.Records, "record")))
		default:
			more++
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("too many groups: %s like these; JSON has them all", table.Number(int64(more))+" more"))
	}
	return lines
}

// foldedKeys are the keys that are lost, but for those that go with the
// container.
func foldedKeys(g *aggregate.Group) (lost []string) {
	for _, k := range g.Folded.Keys() {
		if !k.OfContainer() || k == aggregate.ByContainer || k == aggregate.ByNested && !g.Folded.Has(aggregate.ByContainer) {
			lost = append(lost, string(k))
		}
	}
	return lost
}
