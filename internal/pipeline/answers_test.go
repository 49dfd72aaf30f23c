package pipeline

import (
	"testing"

	"github.com/auditscan/auditscan/container"
)

// TestAnswersAgain checks that each record is given what it was given before:
// one that was held, or that counted for another container, would else be
// taken away as what it was not.
func TestAnswersAgain(t *testing.T) {
	a, b := &container.Identity{ID: "a"}, &container.Identity{ID: "b"}
	given := []answer{{a, true, 0}, {a, true, 0}, {nil, false, 0}, {nil, true, 0}, {nil, false, 0}, {b, true, 0}, {a, true, 0}}
	var kept answers
	for _, g := range given {
		kept.add(g.id, g.settled)
	}
	for range 2 {
		again := kept.again()
		for i, want := range given {
			if id, settled := again(nil, 0); id != want.id || settled != want.settled {
				t.Errorf("record %d: %v, %v, want %v, %v", i, id, settled, want.id, want.settled)
			}
		}
	}
}
