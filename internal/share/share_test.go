package share

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// paths is a tree of groups that are named as files are: owner/program/pid.
func paths() *Tree[string] {
	return &Tree[string]{Depth: 3, Cut: func(key string, level int) string {
		parts := strings.Split(key, "/")
		return strings.Join(parts[:min(level, len(parts))], "/")
	}}
}

// many are the groups of a program.
func many(program string, n int) (keys []string) {
	for i := range n {
		keys = append(keys, fmt.Sprintf("%s/%d", program, i))
	}
	return keys
}

// TestDivide checks at their edges who exceeds his share, and what is folded.
func TestDivide(t *testing.T) {
	for _, tt := range []struct {
		name   string
		groups []string
		folded string
	}{
		{"nothing", nil, ""},
		{"as many as there is room for", many("a/x", 16), ""},
		{"one more", many("a/x", 17), "a/x"},
		{"one beside", slices.Concat(many("a/x", 16), many("a/y", 1)), "a/x"},
		{"one of another owner beside", slices.Concat(many("a/x", 16), many("b/y", 1)), "a/x"},
		{"what one does not need, another has", slices.Concat(many("a/x", 12), many("b/y", 4)), ""},
		{"halves", slices.Concat(many("a/x", 9), many("b/y", 8)), "a/x"},
		{"both exceed halves", slices.Concat(many("a/x", 9), many("b/y", 9)), "a/x b/y"},
		{"a small program of who has too many", slices.Concat(many("a/x", 40), many("a/y", 3), many("b/z", 8)), "a/x"},
		{"more programs than the owner's share", slices.Concat(many("a/x", 9), many("a/y", 1), many("a/z", 1), many("b/1", 1), many("b/2", 1), many("b/3", 1),
			many("b/4", 1), many("b/5", 1), many("b/6", 1), many("b/7", 1), many("b/8", 1), many("b/9", 1)), "a/x b"},
		{"more owners than there is room for", slices.Concat(many("a/x", 2), many("b/x", 2), many("c/x", 2), many("d/x", 2), many("e/x", 2), many("f/x", 2),
			many("g/x", 2), many("h/x", 2), many("i/x", 2), many("j/x", 2), many("k/x", 2), many("l/x", 2), many("m/x", 2), many("n/x", 2), many("o/x", 2),
			many("p/x", 2), many("q/x", 2)), "all"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tree := paths()
			tree.Divide(16, slices.Values(tt.groups))
			var folded []string
			for _, key := range tt.groups {
				if name, _, ok := tree.Folded(key); ok {
					if name == "" {
						name = "all"
					}
					folded = append(folded, name)
				}
			}
			if got := strings.Join(slices.Compact(folded), " "); got != tt.folded {
				t.Errorf("folded %q, want %q", got, tt.folded)
			}
		})
	}
}
