package bpf

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"golang.org/x/net/bpf"
)

// A ConflictError reports a rule that libseccomp refuses, since the rules before
// it answer the same arguments otherwise.
type ConflictError struct{ Rule int }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("rule %d contradicts those before it", e.Rule)
}

// Tree is how libseccomp (2.5, 2.6) decides by arguments, the more special
// condition first, whatever the order in which the rules were added. Each level
// compares words of arguments one after the other, until a comparison leads to an
// answer. One that leads to a level of its own comes back if nothing there does.
type Tree struct {
	root    branch
	tangled bool // libseccomp may not come to an end, whatever rule follows
	strays  bool // as long as no rule without conditions displaces the others
}

// branch is what follows a comparison: nothing, an answer, or a level.
type branch struct {
	answered bool
	answer   uint32
	then     []*node
}

// node compares one word.
type node struct {
	test test
	full uint64    // the 64-bit value of the condition that it was made for
	on   [2]branch // if the comparison is false, and if it is true
}

// Grow returns the tree of rules in their order, or a [*ConflictError]. Arguments
// are wide, of 64 bits, or the upper half is not looked at.
func Grow(rules []Rule, wide bool) (*Tree, error) {
	t := &Tree{}
	var before [][]step // the ways of the rules so far
	divided := false
	for i, r := range rules {
		divided = divided || wide && dividesEarly(r)
		t.tangled = t.tangled || divided && i > 0 && len(r.Conditions) > 0 && !t.root.answered
		all := ways(r.Conditions, wide)
		for _, way := range all {
			t.strays = t.strays || slices.ContainsFunc(before, func(other []step) bool { return meetsEnd(way, other) })
			if !t.add(way, r.Answer) {
				return nil, &ConflictError{i}
			}
		}
		before = append(before, all...)
	}
	return t, nil
}

// add adds a way to an answer, and reports whether it may be added. A rule without
// conditions displaces all others.
func (t *Tree) add(way []step, answer uint32) bool {
	switch {
	case t.root.answered:
		return true
	case len(way) == 0:
		t.root = branch{answered: true, answer: answer}
		return true
	}
	return t.root.add(way, answer)
}

func (b *branch) add(way []step, answer uint32) bool {
	n, first := b.node(way[0]), way[0]
	next := &n.on[first.on]
	switch {
	case len(way) > 1 && next.answered: // the shorter way that is there holds
		return true
	case len(way) > 1:
		return next.add(way[1:], answer)
	case next.answered && next.answer != answer:
		return n.answerAgain(first, answer)
	case slices.ContainsFunc(next.answers(nil), func(other uint32) bool { return other != answer }):
		return false // the longer ways that are there lead elsewhere
	}
	*next = branch{answered: true, answer: answer}
	return true
}

// answerAgain settles which of two answers holds behind a comparison. Of orders
// whose high words are the same one with a larger value than the first one had
// decides where the argument's high word is greater.
func (n *node) answerAgain(last step, answer uint32) bool {
	if last.alone || n.on[0].empty() || n.on[1].empty() {
		return false
	}
	if last.on == 1 && last.full > n.full {
		n.on[1].answer = answer
	}
	return true
}

// node returns the node of a step, which is made where it belongs.
func (b *branch) node(s step) *node {
	t := s.test
	i := slices.IndexFunc(b.then, func(n *node) bool { return n.test.same(t) || compareTests(t, n.test) < 0 })
	switch {
	case i < 0:
		i = len(b.then)
		fallthrough
	case !b.then[i].test.same(t):
		b.then = slices.Insert(b.then, i, &node{test: t, full: s.full})
	}
	return b.then[i]
}

func (b *branch) empty() bool { return !b.answered && len(b.then) == 0 }

// answers appends the answers behind a branch, in the order in which they are tried.
func (b *branch) answers(list []uint32) []uint32 {
	if b.answered {
		return append(list, b.answer)
	}
	for _, n := range b.then {
		list = n.on[0].answers(n.on[1].answers(list))
	}
	return list
}

// Answers returns what the tree may answer, in rising order, where otherwise is
// the answer to arguments that no rule is for.
func (t *Tree) Answers(otherwise uint32) []uint32 {
	list := t.root.answers(nil)
	if !t.root.answered {
		list = append(list, otherwise)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Strays reports whether filters of libseccomp (tried: 2.5.4) can answer
// otherwise than the tree, though nothing that neither a rule nor the default says.
// Three shapes of rules with arguments for one call do that:
//
//   - beside other rules one in which a condition that can hold in two ways, by the
//     high word of 64 bits or by the low one (any but Equal and Masked), is followed
//     by another condition. libseccomp has one copy of what follows, which other
//     rules are tied into; it drops some, or never comes to an end, not even where
//     a rule without conditions follows that displaces them all.
//   - a comparison that leads on where it is false, as of orders of 64 bits, and
//     another one of the same word behind it, as of an order with another high
//     word. libseccomp takes the word that was loaded last for that.
//   - a rule that comes by other conditions to the comparison that a rule before it
//     ends with, and goes on the other way from there. libseccomp drops it.
func (t *Tree) Strays() bool {
	return t.tangled || !t.root.answered && (t.strays || t.root.comparesWrongWord())
}

// meetsEnd reports whether a way comes, by other steps, to the comparison that
// another one ends with, and goes on otherwise from there.
func meetsEnd(way, other []step) bool {
	if len(other) == 0 {
		return false
	}
	end := len(other) - 1
	sameStep := func(a, b step) bool { return a.test.same(b.test) && a.on == b.on }
	for i := 1; i < len(way); i++ {
		if way[i].test.same(other[end].test) && way[i].on != other[end].on && !slices.EqualFunc(way[:i], other[:end], sameStep) {
			return true
		}
	}
	return false
}

// dividesEarly reports whether a condition that can hold in two ways is not the
// last one.
func dividesEarly(r Rule) bool {
	for i := range max(len(r.Conditions)-1, 0) {
		if op := r.Conditions[i].Op; op != Equal && op != Masked {
			return true
		}
	}
	return false
}

// comparesWrongWord reports whether a comparison comes after one of the same word
// that leads on where it is false.
func (b *branch) comparesWrongWord() bool {
	for i, n := range b.then {
		same := func(other *node) bool { return other.test.word == n.test.word }
		if len(n.on[0].then) > 0 && slices.ContainsFunc(b.then[i+1:], same) || n.on[0].comparesWrongWord() || n.on[1].comparesWrongWord() {
			return true
		}
	}
	return false
}

// Order returns rules in the order in which the tree tries them: the more special
// condition first. Those that another one hides stand at the end.
func Order(rules []Rule, wide bool) []Rule {
	t := &Tree{}
	for i, r := range rules {
		all := ways(r.Conditions, wide)
		t.add(all[len(all)-1], uint32(i)) // by the low words; where it contradicts others it is hidden
	}
	place := make([]int, len(rules))
	for i := range place {
		place[i] = math.MaxInt
	}
	for at, i := range t.root.answers(nil) {
		place[i] = at
	}
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
	sorted := make([]Rule, len(rules))
	for at, i := range order {
		sorted[at] = rules[i]
	}
	return sorted
}

// code returns the instructions of a branch, which go on behind their end where
// there is no answer.
func (b *branch) code(c compiler) []bpf.Instruction {
	if b.answered {
		return []bpf.Instruction{bpf.RetConstant{Val: b.answer}}
	}
	var prog []bpf.Instruction
	for _, n := range b.then {
		prog = append(append(prog, c.load(n.test)...), n.code(c)...)
	}
	return prog
}

func (n *node) code(c compiler) []bpf.Instruction {
	jump, onTrue, onFalse := n.test.jump(), n.on[1].code(c), n.on[0].code(c)
	if len(onTrue) == 0 {
		return onlyIf(inverse[jump], n.test.value, onFalse)
	}
	if len(onFalse) > 0 && !n.on[1].answered {
		onTrue = append(onTrue, bpf.Jump{Skip: uint32(len(onFalse))})
	}
	return append(onlyIf(jump, n.test.value, onTrue), onFalse...)
}

// inverse has the comparison that holds where another one does not.
var inverse = map[bpf.JumpTest]bpf.JumpTest{
	bpf.JumpEqual: bpf.JumpNotEqual, bpf.JumpGreaterThan: bpf.JumpLessOrEqual, bpf.JumpGreaterOrEqual: bpf.JumpLessThan,
}
