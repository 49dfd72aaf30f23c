package bpf

import (
	"cmp"

	"golang.org/x/net/bpf"
)

// step is a comparison on a way to an answer, and how it comes out.
type step struct {
	test  test
	on    int    // 1: true
	full  uint64 // the value that the word is of
	alone bool   // the rule has no way on where it comes out otherwise
}

// ways returns every way that conditions can hold in, as the steps to be gone:
// none for those that always hold.
func ways(conditions []Condition, wide bool) [][]step {
	holds := narrowWays
	if wide {
		holds = wideWays
	}
	list := [][]step{nil}
	for _, c := range conditions {
		list = join(list, holds(c))
	}
	return list
}

// join returns each way followed by each of those that come next.
func join(list, next [][]step) [][]step {
	if len(next) == 0 {
		return list
	}
	var joined [][]step
	for _, way := range list {
		for _, more := range next {
			joined = append(joined, append(way[:len(way):len(way)], more...))
		}
	}
	return joined
}

// wideWays returns the ways that a condition on an argument of 64 bits can hold
// in; none: it always holds.
func wideWays(c Condition) [][]step {
	high, low := words(c)
	same := step{test: high, on: 1, full: c.Value}
	last := step{test: low, on: 1, full: c.Value, alone: true}
	switch c.Op {
	case Equal, Masked:
		if c.Op == Masked && c.Mask == 0 {
			return nil
		}
		return [][]step{{same, last}}
	case NotEqual:
		last.on = 0
		return [][]step{{{test: high, full: c.Value}}, {same, last}}
	}
	greater := high
	greater.op = Greater
	above, notAbove := step{test: greater, on: 1, full: c.Value}, step{test: greater, full: c.Value}
	same.test.op = Equal
	if c.Op == Greater || c.Op == GreaterOrEqual {
		return [][]step{{above}, {notAbove, same, last}}
	}
	last.on = 0
	below := same
	below.on = 0
	return [][]step{{notAbove, below}, {notAbove, same, last}}
}

// narrowWays returns the way that a condition on an argument of 32 bits holds in;
// none: it always holds.
func narrowWays(c Condition) [][]step {
	_, low := words(c)
	if c.Op == Masked && uint32(c.Mask) == 0 {
		return nil
	}
	s := step{test: low, on: 1, full: c.Value, alone: true}
	switch c.Op {
	case NotEqual, Less, LessOrEqual:
		s.on = 0
	}
	return [][]step{{s}}
}

// test compares one word of an argument.
type test struct {
	word  uint8 // two for each argument, the high one behind the low one
	class class // of the operation that the comparison is for
	op    Op    // Equal, Masked, Greater or GreaterOrEqual: what the word is compared by
	mask  uint32
	value uint32
}

// class is the rank of an operation on a level.
type class uint8

const (
	lower  class = iota // than the argument: >, >=
	higher              // than the argument: <, <=
	exact
)

func classOf(op Op) class {
	switch op {
	case Greater, GreaterOrEqual:
		return lower
	case Less, LessOrEqual:
		return higher
	}
	return exact
}

// words returns the comparisons of the halves of an argument.
func words(c Condition) (high, low test) {
	mask := ^uint64(0)
	if c.Op == Masked {
		mask = c.Mask
	}
	value := c.Value & mask
	low = test{2 * c.Arg, classOf(c.Op), jumpOf(c.Op), uint32(mask), uint32(value)}
	return test{2*c.Arg + 1, low.class, jumpOf(c.Op), uint32(mask >> 32), uint32(value >> 32)}, low
}

// jumpOf returns what an operation compares the low word by.
func jumpOf(op Op) Op {
	switch op {
	case NotEqual:
		return Equal
	case Less:
		return GreaterOrEqual
	case LessOrEqual:
		return Greater
	}
	return op
}

// same reports whether two tests are one node.
func (t test) same(other test) bool {
	t.class, other.class = 0, 0
	return t == other
}

// compareTests orders the nodes of a level; 0 leaves them in their order.
func compareTests(a, b test) int {
	byValue := cmp.Compare(b.value, a.value)
	if a.class == higher {
		byValue = -byValue
	}
	return cmp.Or(cmp.Compare(b.word, a.word), cmp.Compare(b.class, a.class), byValue)
}

// jump returns the test's comparison.
func (t test) jump() bpf.JumpTest {
	switch t.op {
	case Greater:
		return bpf.JumpGreaterThan
	case GreaterOrEqual:
		return bpf.JumpGreaterOrEqual
	}
	return bpf.JumpEqual
}
