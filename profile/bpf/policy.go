package bpf

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// Filter is a program of the kernel for seccomp(2), as it is loaded.
type Filter []bpf.RawInstruction

// maxInstructions is BPF_MAXINSNS of linux/bpf_common.h.
const maxInstructions = 4096

// A Policy is what a filter is to answer to every call.
type Policy struct {
	Arches    []Arch
	BigEndian bool   // the host's order of bytes
	Foreign   uint32 // the answer to calls of any other architecture
}

// Arch has the answers to the calls that the kernel gives one AUDIT_ARCH_* for.
type Arch struct {
	Audit uint32
	// Ranges are in rising order; each reaches to the next. Numbers below the
	// first one belong to it, too.
	Ranges []Range
}

// A Range is the answer to calls of successive numbers, which are compared
// without a sign.
type Range struct {
	First  uint32
	Tree   *Tree  // decides by arguments; nil: there are no rules
	Answer uint32 // where no rule holds
}

// A Rule answers a call for which all of its conditions hold.
type Rule struct {
	Conditions []Condition // in the order of arguments
	Answer     uint32
}

// A Condition compares an argument, of which only the bits of Mask count, with
// a value, of which only they count as well.
type Condition struct {
	Arg   uint8 // from 0 to 5
	Op    Op
	Mask  uint64 // of Masked; the other operations compare all bits
	Value uint64
}

// Op is a comparison.
type Op uint8

// The comparisons of seccomp_rule_add(3).
const (
	Equal Op = iota
	NotEqual
	Less
	LessOrEqual
	GreaterOrEqual
	Greater
	Masked // equal in the bits of the mask
)

// String returns the comparison as it is written in C.
func (o Op) String() string {
	if int(o) < len(opNames) {
		return opNames[o]
	}
	return fmt.Sprintf("Op(%d)", uint8(o))
}

var opNames = [...]string{Equal: "==", NotEqual: "!=", Less: "<", LessOrEqual: "<=", GreaterOrEqual: ">=", Greater: ">", Masked: "&"}

// A SizeError reports that a policy needs more instructions than the kernel
// takes.
type SizeError struct{ Instructions int }

func (e *SizeError) Error() string {
	return fmt.Sprintf("the filter has %d instructions, and the kernel takes %d: name fewer calls or architectures", e.Instructions, maxInstructions)
}

// Compile returns the filter that answers as the policy says, or a [*SizeError].
//
// All numbers are divided into ranges with the same answer, which are tried in
// rising order.
func (p *Policy) Compile() (Filter, error) {
	c := compiler{bigEndian: p.BigEndian}
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offsetArch, Size: 4}}
	for _, arch := range p.Arches {
		prog = append(prog, onlyIf(bpf.JumpEqual, arch.Audit, c.numbers(arch.Ranges))...)
	}
	prog = append(prog, bpf.RetConstant{Val: p.Foreign})
	if len(prog) > maxInstructions {
		return nil, &SizeError{len(prog)}
	}
	return bpf.Assemble(prog)
}

// onlyIf skips the body unless the accumulator compares so.
func onlyIf(cond bpf.JumpTest, val uint32, body []bpf.Instruction) []bpf.Instruction {
	if len(body) <= maxSkip {
		return append([]bpf.Instruction{bpf.JumpIf{Cond: cond, Val: val, SkipFalse: uint8(len(body))}}, body...)
	}
	return append([]bpf.Instruction{bpf.JumpIf{Cond: cond, Val: val, SkipTrue: 1}, bpf.Jump{Skip: uint32(len(body))}}, body...)
}

// maxSkip is how far a conditional jump reaches.
const maxSkip = 255

// numbers returns the code for all calls of an architecture.
func (c compiler) numbers(ranges []Range) []bpf.Instruction {
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offsetNR, Size: 4}}
	var code []bpf.Instruction
	for i, r := range ranges {
		next := c.answer(r)
		if i > 0 && !slices.Equal(code, next) {
			prog = append(prog, onlyIf(bpf.JumpLessThan, r.First, code)...)
		}
		code = next
	}
	return append(prog, code...)
}

// answer returns the code that answers the calls of a range.
func (c compiler) answer(r Range) []bpf.Instruction {
	var prog []bpf.Instruction
	if r.Tree != nil {
		prog = r.Tree.root.code(c)
	}
	return append(prog, bpf.RetConstant{Val: r.Answer})
}
