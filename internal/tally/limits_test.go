package tally

import (
	"fmt"
	"testing"
)

// TestOwnGroups checks at its edge that a worker gives up its groups with a
// part.
func TestOwnGroups(t *testing.T) {
	for _, tt := range []struct {
		groups int
		given  bool
	}{{maxOwnGroups, false}, {maxOwnGroups + 1, true}} {
		w := NewWorker(nil)
		w.Begin(Source{Name: "log"})
		for i := range tt.groups {
			call{pid: int32(1 + i), comm: "a", exe: "/a"}.count(w)
		}
		var p Part
		w.Cut(&p)
		if (p.counts != nil) != tt.given || tt.given != (len(w.counts.groups) == 0) {
			t.Errorf("%d groups: given up %v, %d kept", tt.groups, p.counts != nil, len(w.counts.groups))
		}
	}
}

// TestNamesAreForgotten checks that names in no group are dropped once they take
// too much, and no earlier.
func TestNamesAreForgotten(t *testing.T) {
	b := newSmall()
	b.Begin(Source{Name: "log"})
	most, dropped := 0, false
	for i := range 2 * maxNames / 64 {
		call{pid: 1, comm: fmt.Sprintf("%x", i), exe: "/a"}.count(b) // folded soon: nobody needs the names
		dropped = dropped || b.counts.names.size < most
		most = max(most, b.counts.names.size)
	}
	if most < maxNames || most > maxNames+4096 || !dropped {
		t.Errorf("names took %d bytes at most, of %d; dropped: %v", most, maxNames, dropped)
	}
}
