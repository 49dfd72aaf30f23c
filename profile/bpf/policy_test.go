package bpf_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile/bpf"
)

// run asks a filter in x/net/bpf's machine, which loads words in network order.
func run(t *testing.T, f bpf.Filter, arch, nr uint32, bigEndian bool, args [6]uint64) uint32 {
	t.Helper()
	words := []uint32{nr, arch, 0, 0}
	for _, a := range args {
		low, high := uint32(a), uint32(a>>32)
		if bigEndian {
			low, high = high, low
		}
		words = append(words, low, high)
	}
	var data []byte
	for _, w := range words {
		data = binary.BigEndian.AppendUint32(data, w)
	}
	instructions, ok := xbpf.Disassemble(f)
	if !ok {
		t.Fatal("the filter has instructions that are not understood")
	}
	vm, err := xbpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(answer)
}

// holds is what a condition means.
func holds(c bpf.Condition, arg uint64, wide bool) bool {
	value := c.Value
	if !wide {
		arg, value = uint64(uint32(arg)), uint64(uint32(value))
	}
	switch c.Op {
	case bpf.Equal:
		return arg == value
	case bpf.NotEqual:
		return arg != value
	case bpf.Less:
		return arg < value
	case bpf.LessOrEqual:
		return arg <= value
	case bpf.GreaterOrEqual:
		return arg >= value
	case bpf.Greater:
		return arg > value
	}
	mask := c.Mask
	if !wide {
		mask = uint64(uint32(mask))
	}
	return arg&mask == value&mask
}

// TestConditions: each comparison, with words that are less, equal and greater
// in each half, in both widths and orders of bytes, beside a second condition.
func TestConditions(t *testing.T) {
	const value = 7<<32 | 5
	for op := bpf.Equal; op <= bpf.Masked; op++ {
		for _, wide := range []bool{true, false} {
			for _, big := range []bool{true, false} {
				c := bpf.Condition{Arg: 1, Op: op, Value: value, Mask: 5<<32 | 4}
				rule := bpf.Rule{Conditions: []bpf.Condition{c, {Arg: 5, Value: 9}}, Answer: allow}
				policy := &bpf.Policy{BigEndian: big, Arches: []bpf.Arch{{Audit: x86_64, Ranges: []bpf.Range{{Tree: grow(t, wide, rule), Answer: eperm}}}}}
				f, err := policy.Compile()
				if err != nil {
					t.Fatal(err)
				}
				for i := range uint64(64) {
					arg, last := (i>>3&7+2)<<32|(i&7+2), 9+i>>5
					got := run(t, f, x86_64, 3, big, [6]uint64{1: arg, 5: last}) == allow
					if want := holds(c, arg, wide) && last == 9; got != want {
						t.Errorf("%#x %s %#x, wide %v, big endian %v, last argument %d: %v", arg, op, uint64(value), wide, big, last, got)
					}
				}
			}
		}
	}
}

// TestRanges: answers at the edges of ranges, of bodies that a conditional
// jump reaches over and of longer ones, and for foreign architectures.
func TestRanges(t *testing.T) {
	for _, rules := range []int{0, 1, 84, 85, 86, 300} {
		var list []bpf.Rule
		for i := range rules {
			list = append(list, rule(0x50000+uint32(i)+100, bpf.Condition{Value: uint64(i + 1)}))
		}
		r := bpf.Range{First: 10, Tree: grow(t, false, list...), Answer: logged}
		policy := &bpf.Policy{Foreign: 0x30000, Arches: []bpf.Arch{
			{Audit: x86_64, Ranges: []bpf.Range{{Answer: eperm}, r, {First: 11, Answer: allow}, {First: 0xffffffff, Answer: eperm}}},
			{Audit: i386, Ranges: []bpf.Range{{Answer: allow}}},
		}}
		f, err := policy.Compile()
		if err != nil {
			t.Fatal(err)
		}
		tests := []struct {
			arch, nr uint32
			arg      uint64
			want     uint32
		}{
			{x86_64, 0, 0, eperm}, {x86_64, 9, 0, eperm}, {x86_64, 10, 0, logged}, {x86_64, 11, 0, allow},
			{x86_64, 0xfffffffe, 0, allow}, {x86_64, 0xffffffff, 0, eperm}, {i386, 10, 1, allow}, {7, 10, 1, 0x30000},
		}
		if rules > 0 {
			tests = append(tests, tests[0])
			tests[len(tests)-1].nr, tests[len(tests)-1].arg, tests[len(tests)-1].want = 10, uint64(rules), 0x50000+uint32(rules)+99
		}
		for _, tt := range tests {
			if got := run(t, f, tt.arch, tt.nr, false, [6]uint64{tt.arg}); got != tt.want {
				t.Errorf("%d rules: %x %d (%d): %x, want %x", rules, tt.arch, tt.nr, tt.arg, got, tt.want)
			}
		}
	}
}

// rule is a condition on one argument, or two on successive ones.
func rule(answer uint32, conditions ...bpf.Condition) bpf.Rule {
	return bpf.Rule{Conditions: conditions, Answer: answer}
}

// grow makes a tree of rules that do not contradict each other.
func grow(t *testing.T, wide bool, rules ...bpf.Rule) *bpf.Tree {
	t.Helper()
	tree, err := bpf.Grow(rules, wide)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// TestTree: which of two rules answers arguments that both hold for, in either
// order of the rules; 0: libseccomp takes no such two rules. Each case is what
// libseccomp 2.5.4 does.
func TestTree(t *testing.T) {
	on := func(arg uint8, op bpf.Op, value uint64) bpf.Condition {
		return bpf.Condition{Arg: arg, Op: op, Value: value}
	}
	tests := []struct {
		name       string
		one, other []bpf.Condition
		args       [6]uint64
		want       uint32 // 1 or 2: the rule
	}{
		{"equality before an order", []bpf.Condition{on(1, bpf.Equal, 250)}, []bpf.Condition{on(1, bpf.GreaterOrEqual, 100)}, [6]uint64{1: 250}, 1},
		{"less before greater", []bpf.Condition{on(0, bpf.Less, 9)}, []bpf.Condition{on(0, bpf.Greater, 5)}, [6]uint64{7}, 1},
		{"greater than more first", []bpf.Condition{on(1, bpf.Greater, 200)}, []bpf.Condition{on(1, bpf.GreaterOrEqual, 100)}, [6]uint64{1: 201}, 1},
		{"less than less first", []bpf.Condition{on(1, bpf.Less, 100)}, []bpf.Condition{on(1, bpf.LessOrEqual, 200)}, [6]uint64{1: 99}, 1},
		{"a later argument first", []bpf.Condition{on(3, bpf.Greater, 1)}, []bpf.Condition{on(0, bpf.Equal, 5)}, [6]uint64{0: 5, 3: 2}, 1},
		{"larger high word first", []bpf.Condition{on(0, bpf.NotEqual, 2<<32)}, []bpf.Condition{on(0, bpf.NotEqual, 1<<32|7)}, [6]uint64{3 << 32}, 1},
		{"unequal by its value among equal ones", []bpf.Condition{on(0, bpf.NotEqual, 7)}, []bpf.Condition{on(0, bpf.Equal, 3)}, [6]uint64{3}, 1},
		{"a condition that always holds", []bpf.Condition{{Arg: 2, Op: bpf.Masked}}, []bpf.Condition{on(5, bpf.Equal, 3)}, [6]uint64{5: 3}, 1},
		{"the same condition", []bpf.Condition{on(0, bpf.Equal, 7)}, []bpf.Condition{on(0, bpf.Equal, 7)}, [6]uint64{7}, 0},
	}
	for _, tt := range tests {
		for turned := range 2 {
			rules := []bpf.Rule{rule(1, tt.one...), rule(2, tt.other...)}
			if turned == 1 {
				slices.Reverse(rules)
			}
			tree, err := bpf.Grow(rules, true)
			if err != nil {
				var conflict *bpf.ConflictError
				if tt.want != 0 && !errors.As(err, &conflict) {
					t.Errorf("%s: %v", tt.name, err)
				}
				continue
			}
			f, err := (&bpf.Policy{Arches: []bpf.Arch{{Audit: x86_64, Ranges: []bpf.Range{{Tree: tree, Answer: eperm}}}}}).Compile()
			if err != nil {
				t.Fatal(err)
			}
			if got := run(t, f, x86_64, 1, false, tt.args); got != tt.want {
				t.Errorf("%s, turned %d: rule %d, want %d", tt.name, turned, got, tt.want)
			}
		}
	}
}

// TestConflict: a rule whose way is part of one that is there already is refused;
// in the other order the longer one is passed over.
func TestConflict(t *testing.T) {
	long := rule(1, bpf.Condition{Op: bpf.NotEqual, Value: 3}, bpf.Condition{Arg: 1, Value: 2})
	short := rule(2, bpf.Condition{Op: bpf.NotEqual})
	var conflict *bpf.ConflictError
	if _, err := bpf.Grow([]bpf.Rule{long, short}, true); !errors.As(err, &conflict) || conflict.Rule != 1 {
		t.Errorf("the longer one first: %v", err)
	}
	if _, err := bpf.Grow([]bpf.Rule{short, long}, true); err != nil {
		t.Errorf("the shorter one first: %v", err)
	}
}

// TestStrays: the shapes that libseccomp's own filters get wrong, and their
// nearest neighbours, which they do not.
func TestStrays(t *testing.T) {
	first := func(op bpf.Op, value uint64) bpf.Condition { return bpf.Condition{Op: op, Value: value} }
	second := bpf.Condition{Arg: 1, Op: bpf.Equal, Value: 2}
	tests := []struct {
		name   string
		wide   bool
		rules  []bpf.Rule
		strays bool
	}{
		{"a rule that divides, alone", true, []bpf.Rule{rule(1, first(bpf.Less, 4), second)}, false},
		{"beside another one", true, []bpf.Rule{rule(1, first(bpf.Less, 4), second), rule(2, first(bpf.Equal, 9))}, true},
		{"beside another one, and one that displaces both", true, []bpf.Rule{rule(1, first(bpf.Less, 4), second), rule(2, first(bpf.Equal, 9)), rule(3)}, true},
		{"beside one that displaces it", true, []bpf.Rule{rule(1, first(bpf.Less, 4), second), rule(3)}, false},
		{"behind one that displaces it", true, []bpf.Rule{rule(3), rule(1, first(bpf.Less, 4), second), rule(2, first(bpf.Equal, 9))}, false},
		{"of 32 bits", false, []bpf.Rule{rule(1, first(bpf.Less, 4), second), rule(2, first(bpf.Equal, 9))}, false},
		{"that divides at its end", true, []bpf.Rule{rule(1, first(bpf.Equal, 4), bpf.Condition{Arg: 1, Op: bpf.Less, Value: 2}), rule(2, first(bpf.Equal, 9))}, false},
		{"orders with one high word", true, []bpf.Rule{rule(1, first(bpf.Less, 4)), rule(2, first(bpf.Greater, 9))}, false},
		{"orders with two", true, []bpf.Rule{rule(1, first(bpf.Less, 4)), rule(2, first(bpf.Greater, 9<<32))}, true},
	}
	for _, tt := range tests {
		if got := grow(t, tt.wide, tt.rules...).Strays(); got != tt.strays {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestMachines: both machines give the same answer to random policies, and the
// one that does not know the arguments has it among its answers.
func TestMachines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		ranges := []bpf.Range{{Answer: eperm}}
		for nr := uint32(1); nr < 30; nr += 1 + random.Uint32N(5) {
			var rules []bpf.Rule
			for range random.IntN(4) {
				c := bpf.Condition{Arg: uint8(random.IntN(6)), Op: bpf.Op(random.IntN(7)), Value: random.Uint64N(4), Mask: random.Uint64N(4)}
				rules = append(rules, rule(10+random.Uint32N(4), c))
			}
			tree, err := bpf.Grow(rules, random.IntN(2) == 0)
			if err != nil {
				continue
			}
			ranges = append(ranges, bpf.Range{First: nr, Answer: random.Uint32N(3), Tree: tree})
		}
		f, err := (&bpf.Policy{Arches: []bpf.Arch{{Audit: x86_64, Ranges: ranges}}}).Compile()
		if err != nil {
			t.Fatal(err)
		}
		for nr := range uint32(32) {
			may, err := f.Answers(x86_64, int32(nr))
			if err != nil {
				t.Fatal(err)
			}
			var args [6]uint64
			for i := range args {
				args[i] = random.Uint64N(4)
			}
			if got := run(t, f, x86_64, nr, false, args); !strings.Contains(fmt.Sprint(may), fmt.Sprint(got)) {
				t.Fatalf("number %d, arguments %v: %d, which is not in %d", nr, args, got, may)
			}
		}
	}
}
