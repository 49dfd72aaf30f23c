package bpf

import (
	"cmp"
	"slices"
)

// Order returns the rules in the order in which a filter of libseccomp tries
// them: the more special condition first, whatever the order in which they were
// added. Rules whose conditions do not tell apart which is more special stay in
// their order.
//
// libseccomp (2.5) keeps the rules of a call as a tree whose levels compare one
// word of an argument each. On a level the later argument comes first; then
// equality, then less, then greater; then the larger value, but the smaller
// one of those that an argument has to be less than. Words that are compared
// alike are one node, and what follows them is a level of its own.
func Order(rules []Rule, wide bool) []Rule {
	root := &level{}
	for _, r := range rules {
		root.insert(tests(r.Conditions, wide), r)
	}
	return root.rules(nil)
}

// test compares one word of an argument.
type test struct {
	word  uint8 // two for each argument, the high one behind the low one
	class class // of the operation that the comparison is for
	jump  Op    // Equal, Masked, Greater or GreaterOrEqual: what the word is compared by
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

// tests returns the comparisons that conditions come to.
func tests(conditions []Condition, wide bool) []test {
	var list []test
	for _, c := range conditions {
		mask := ^uint64(0)
		if c.Op == Masked {
			mask = c.Mask
		}
		value := c.Value & mask
		low := test{2 * c.Arg, classOf(c.Op), jumpOf(c.Op), uint32(mask), uint32(value)}
		if wide {
			high := test{2*c.Arg + 1, low.class, highJump(c.Op), uint32(mask >> 32), uint32(value >> 32)}
			list = append(list, high)
		}
		list = append(list, low)
	}
	return list
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

// highJump returns what an operation compares the high word by.
func highJump(op Op) Op {
	if classOf(op) == exact {
		return jumpOf(op)
	}
	return Greater
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

// level has the nodes that are tried one after the other.
type level struct {
	ends  []Rule // whose conditions all hold here
	nodes []node
}

type node struct {
	test test
	then *level
}

func (l *level) insert(tests []test, r Rule) {
	if len(tests) == 0 {
		l.ends = append(l.ends, r)
		return
	}
	first := tests[0]
	i := slices.IndexFunc(l.nodes, func(n node) bool { return n.test.same(first) || compareTests(first, n.test) < 0 })
	switch {
	case i < 0:
		i = len(l.nodes)
		fallthrough
	case !l.nodes[i].test.same(first):
		l.nodes = slices.Insert(l.nodes, i, node{first, &level{}})
	}
	l.nodes[i].then.insert(tests[1:], r)
}

// rules appends the rules of a level: what has further conditions comes after
// what has none.
func (l *level) rules(list []Rule) []Rule {
	list = append(list, l.ends...)
	for _, n := range l.nodes {
		list = n.then.rules(list)
	}
	return list
}
