package tally

import (
	"math/rand/v2"
	"testing"
)

// TestPrintedInParts checks that the end of a log is judged alike however it
// comes in parts, shorter and longer than a burst.
func TestPrintedInParts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	full := 0
	for range 500 {
		var whole, parts printed
		ms := int64(1_700_000_000_000)
		for range 1 + r.IntN(4) {
			var part printed
			step := 100 + r.Int64N(900)
			for range r.IntN(3 * printkBurst) {
				ms += step
				whole.add(ms)
				part.add(ms)
			}
			ms += printkInterval * r.Int64N(2)
			parts.append(&part)
		}
		if whole.exhausted() != parts.exhausted() {
			t.Fatalf("exhausted is %v in one, %v in parts", whole.exhausted(), parts.exhausted())
		}
		if !whole.exhausted() {
			continue
		}
		full++
		first, last := whole.burst()
		if f, l := parts.burst(); f != first || l != last {
			t.Fatalf("a burst from %v to %v, in parts %v to %v", first, last, f, l)
		}
	}
	if full == 0 {
		t.Error("no log ended with a burst")
	}
}

// TestPrintedBackwards checks that messages whose times go back, as those
// of another boot can, are no burst.
func TestPrintedBackwards(t *testing.T) {
	var p printed
	for i := range int64(printkBurst) {
		p.add(1_700_000_000_000 - i*printkInterval)
	}
	if p.exhausted() {
		t.Error("a burst, though each message was printed before the one before it")
	}
}
