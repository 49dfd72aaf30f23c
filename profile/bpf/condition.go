package bpf

import (
	"slices"

	"golang.org/x/net/bpf"
)

// Offsets in struct seccomp_data (linux/seccomp.h), and its size.
const (
	offsetNR   = 0
	offsetArch = 4
	offsetArgs = 16
	sizeOfData = 64
)

// compiler writes instructions for hosts of one order of bytes.
type compiler struct{ bigEndian bool }

// rule returns the rule's answer if all conditions hold, and else goes on
// behind. It is put together from its end.
func (c compiler) rule(r Rule, wide bool) []bpf.Instruction {
	prog := []bpf.Instruction{bpf.RetConstant{Val: r.Answer}}
	for _, a := range slices.Backward(r.Conditions) {
		prog = append(c.condition(a, wide, uint8(len(prog))), prog...)
	}
	return prog
}

// condition skips miss instructions behind it unless an argument compares so.
// Only architectures of 64 bits have a high word: libseccomp does not look at
// that of others either.
func (c compiler) condition(a Condition, wide bool, miss uint8) []bpf.Instruction {
	low, high := c.words(a.Arg)
	if a.Op == Masked {
		return masked(low, high, a, wide, miss)
	}
	// One comparison of the low word, true or false, is what all come to.
	cond, hit := comparison(a.Op)
	skipTrue, skipFalse := uint8(0), miss
	if !hit {
		skipTrue, skipFalse = miss, 0
	}
	prog := []bpf.Instruction{low, bpf.JumpIf{Cond: cond, Val: uint32(a.Value), SkipTrue: skipTrue, SkipFalse: skipFalse}}
	if !wide {
		return prog
	}
	// Where the high words differ, they decide.
	differs := bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(a.Value >> 32), SkipFalse: 2 + skipFalse}
	if cond == bpf.JumpEqual {
		return append([]bpf.Instruction{high, differs}, prog...)
	}
	greater := bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: uint32(a.Value >> 32), SkipTrue: 3 + skipTrue}
	return append([]bpf.Instruction{high, greater, differs}, prog...)
}

// comparison returns the jump that an operation comes to, and whether the
// operation holds where the jump is taken.
func comparison(op Op) (cond bpf.JumpTest, hit bool) {
	switch op {
	case NotEqual:
		return bpf.JumpEqual, false
	case Greater:
		return bpf.JumpGreaterThan, true
	case GreaterOrEqual:
		return bpf.JumpGreaterOrEqual, true
	case Less:
		return bpf.JumpGreaterOrEqual, false
	case LessOrEqual:
		return bpf.JumpGreaterThan, false
	}
	return bpf.JumpEqual, true
}

// masked is the condition of Masked. libseccomp takes the bits outside of the
// mask from the value, too: a value that has some is met all the same.
func masked(low, high bpf.Instruction, a Condition, wide bool, miss uint8) []bpf.Instruction {
	want := a.Value & a.Mask
	word := func(load bpf.Instruction, mask, want uint64, miss uint8) []bpf.Instruction {
		return []bpf.Instruction{
			load, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: uint32(mask)},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(want), SkipFalse: miss},
		}
	}
	prog := word(low, a.Mask, want, miss)
	if !wide {
		return prog
	}
	return append(word(high, a.Mask>>32, want>>32, miss+uint8(len(prog))), prog...)
}

// words returns the loads of an argument's halves, which stand in the host's
// order of bytes.
func (c compiler) words(arg uint8) (low, high bpf.Instruction) {
	first := bpf.LoadAbsolute{Off: offsetArgs + 8*uint32(arg), Size: 4}
	second := bpf.LoadAbsolute{Off: first.Off + 4, Size: 4}
	if c.bigEndian {
		return second, first
	}
	return first, second
}
