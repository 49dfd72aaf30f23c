package pipeline

import (
	"testing"

	"github.com/auditscan/auditscan/container"
)

// TestFindingsReplay checks that each record is given what it was given
// before: one that was held, or that counted for another container, would else
// be taken away as what it was not.
func TestFindingsReplay(t *testing.T) {
	a, b := &container.Identity{ID: "a"}, &container.Identity{ID: "b"}
	given := []finding{{a, true, 0}, {a, true, 0}, {nil, false, 0}, {nil, true, 0}, {nil, false, 0}, {b, true, 0}, {a, true, 0}}
	var kept findings
	for _, g := range given {
		kept.add(g.id, g.settled)
	}
	for range 2 {
		replay := kept.replay()
		for i, want := range given {
			if id, settled := replay(0, 0, 0); id != want.id || settled != want.settled {
				t.Errorf("record %d: %v, %v, want %v, %v", i, id, settled, want.id, want.settled)
			}
		}
	}
}
