package profile

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/syscalltable"
)

// Filter is a program of the kernel for seccomp(2), as it is loaded.
type Filter []bpf.RawInstruction

// maxFilter is BPF_MAXINSNS of linux/bpf_common.h.
const maxFilter = 4096

// Offsets in struct seccomp_data (linux/seccomp.h).
const (
	offsetNR   = 0
	offsetArch = 4
	offsetArgs = 16
)

// Filter compiles the policy for the host that it was evaluated for. Unlike
// libseccomp it refuses what no filter can do: rules with arguments for calls
// that go through socketcall or ipc. Where rules with different
// outcomes overlap, the first in the document holds.
//
// All numbers are divided into ranges with the same answer, which are tried
// in rising order.
func (p *Policy) Filter() (Filter, error) {
	c := &compiler{policy: p}
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offsetArch, Size: 4}}
	for _, arch := range p.hostArches() {
		body, err := c.numbers(arch)
		if err != nil {
			return nil, err
		}
		prog = append(prog, onlyIf(bpf.JumpEqual, uint32(arch), body)...)
	}
	prog = append(prog, bpf.RetConstant{Val: badArch.code()})
	if len(prog) > maxFilter {
		return nil, fmt.Errorf("%s: the filter has %d instructions, and the kernel takes %d: name fewer calls or architectures", p.Name, len(prog), maxFilter)
	}
	return bpf.Assemble(prog)
}

// hostArches returns what of the policy's architectures the kernel tells
// apart by arch: x32 is a part of x86_64, and programs of other machines do
// not run.
func (p *Policy) hostArches() []syscalltable.Arch {
	runs := family(p.Env.Arch)
	return slices.DeleteFunc(slices.Clone(p.Arches), func(a syscalltable.Arch) bool {
		return a == syscalltable.X32 || !slices.Contains(runs, a)
	})
}

// code returns what a filter returns for an outcome.
func (o Outcome) code() uint32 {
	return o.Action.Code() | uint32(o.Errno)
}

// onlyIf skips the body unless the accumulator compares so.
func onlyIf(cond bpf.JumpTest, val uint32, body []bpf.Instruction) []bpf.Instruction {
	if len(body) <= 255 {
		return append([]bpf.Instruction{bpf.JumpIf{Cond: cond, Val: val, SkipFalse: uint8(len(body))}}, body...)
	}
	return append([]bpf.Instruction{bpf.JumpIf{Cond: cond, Val: val, SkipTrue: 1}, bpf.Jump{Skip: uint32(len(body))}}, body...)
}

type compiler struct{ policy *Policy }

// numbers returns the code for all calls that the kernel tells of with arch.
func (c *compiler) numbers(arch syscalltable.Arch) ([]bpf.Instruction, error) {
	starts := c.starts(arch)
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offsetNR, Size: 4}}
	code, err := c.answer(arch, int32(starts[0]))
	if err != nil {
		return nil, err
	}
	for _, start := range starts[1:] {
		next, err := c.answer(arch, int32(start))
		if err != nil {
			return nil, err
		}
		if !slices.Equal(code, next) {
			prog = append(prog, onlyIf(bpf.JumpLessThan, start, code)...)
			code = next
		}
	}
	return append(prog, code...), nil
}

// starts returns, in rising order, all numbers at which the answer may be
// another one than at the number before.
func (c *compiler) starts(arch syscalltable.Arch) []uint32 {
	list := []uint32{0}
	add := func(arch syscalltable.Arch) {
		for nr := range arch.Calls() {
			list = append(list, uint32(nr), uint32(nr)+1)
		}
	}
	add(arch)
	if arch == syscalltable.X86_64 {
		list = append(list, x32Bit, 0xffffffff)
		add(syscalltable.X32)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// answer returns the code that answers one call.
func (c *compiler) answer(arch syscalltable.Arch, nr int32) ([]bpf.Instruction, error) {
	a := c.policy.Answer(arch, nr)
	if !a.DependsOnArgs() {
		return []bpf.Instruction{bpf.RetConstant{Val: a.Possible[0].code()}}, nil
	}
	if arch == syscalltable.X86_64 && uint32(nr) >= x32Bit {
		arch = syscalltable.X32
	}
	name, _ := arch.Name(nr)
	var prog []bpf.Instruction
	if k := c.policy.byName[name]; k != nil {
		for _, r := range k.some {
			for _, conditions := range chains(r) {
				prog = append(prog, c.rule(arch, conditions, r.Outcome)...)
			}
		}
	}
	for _, member := range multiplexed(name) {
		code, err := c.member(arch, name, member)
		if err != nil {
			return nil, err
		}
		prog = append(prog, code...)
	}
	return append(prog, bpf.RetConstant{Val: c.policy.Default.code()}), nil
}

// member returns the rules of a call as they hold for the one that carries it.
func (c *compiler) member(arch syscalltable.Arch, through string, m carried) ([]bpf.Instruction, error) {
	k := c.policy.byName[m.name]
	switch {
	case k == nil || k.always == nil && len(k.some) == 0:
		return nil, nil
	case k.always == nil:
		return nil, k.some[0].errorf(c.policy.Name, "%s goes through %s on %s, where its arguments cannot be seen: allow or refuse %s by a rule without arguments",
			m.name, through, arch, through)
	}
	return c.rule(arch, []specs.LinuxSeccompArg{{Value: m.which, Op: specs.OpEqualTo}}, k.always.Outcome), nil
}

// rule returns the outcome if all conditions hold, and else goes on behind.
// It is put together from its end.
func (c *compiler) rule(arch syscalltable.Arch, conditions []specs.LinuxSeccompArg, o Outcome) []bpf.Instruction {
	prog := []bpf.Instruction{bpf.RetConstant{Val: o.code()}}
	for _, a := range slices.Backward(conditions) {
		prog = append(c.condition(arch, a, uint8(len(prog))), prog...)
	}
	return prog
}

// condition skips miss instructions behind it unless an argument compares so.
// Only architectures of 64 bits have a high word: libseccomp does not look at
// that of others either.
func (c *compiler) condition(arch syscalltable.Arch, a specs.LinuxSeccompArg, miss uint8) []bpf.Instruction {
	low, high := c.words(a.Index)
	wide := arch&is64Bit != 0
	v := a.Value
	if a.Op == specs.OpMaskedEqual {
		return masked(low, high, a, wide, miss)
	}
	// One comparison of the low word, true or false, is what all come to.
	cond, hit := bpf.JumpEqual, true
	switch a.Op {
	case specs.OpNotEqual:
		hit = false
	case specs.OpGreaterThan:
		cond = bpf.JumpGreaterThan
	case specs.OpGreaterEqual:
		cond = bpf.JumpGreaterOrEqual
	case specs.OpLessThan:
		cond, hit = bpf.JumpGreaterOrEqual, false
	case specs.OpLessEqual:
		cond, hit = bpf.JumpGreaterThan, false
	}
	skipTrue, skipFalse := uint8(0), miss
	if !hit {
		skipTrue, skipFalse = miss, 0
	}
	prog := []bpf.Instruction{low, bpf.JumpIf{Cond: cond, Val: uint32(v), SkipTrue: skipTrue, SkipFalse: skipFalse}}
	if !wide {
		return prog
	}
	// Where the high words differ, they decide.
	differs := bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(v >> 32), SkipFalse: 2 + skipFalse}
	if cond == bpf.JumpEqual {
		return append([]bpf.Instruction{high, differs}, prog...)
	}
	greater := bpf.JumpIf{Cond: bpf.JumpGreaterThan, Val: uint32(v >> 32), SkipTrue: 3 + skipTrue}
	return append([]bpf.Instruction{high, greater, differs}, prog...)
}

// masked is the condition of SCMP_CMP_MASKED_EQ.
func masked(low, high bpf.Instruction, a specs.LinuxSeccompArg, wide bool, miss uint8) []bpf.Instruction {
	word := func(load bpf.Instruction, mask, want uint64, miss uint8) []bpf.Instruction {
		return []bpf.Instruction{
			load, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: uint32(mask)},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(want), SkipFalse: miss},
		}
	}
	prog := word(low, a.Value, a.ValueTwo, miss)
	if !wide {
		return prog
	}
	return append(word(high, a.Value>>32, a.ValueTwo>>32, miss+uint8(len(prog))), prog...)
}

// Bits of AUDIT_ARCH_* (linux/audit.h).
const (
	is64Bit        = 0x80000000
	isLittleEndian = 0x40000000
)

// words returns the loads of an argument's halves, which stand in the host's
// order of bytes.
func (c *compiler) words(index uint) (low, high bpf.Instruction) {
	first := bpf.LoadAbsolute{Off: offsetArgs + 8*uint32(index), Size: 4}
	second := bpf.LoadAbsolute{Off: first.Off + 4, Size: 4}
	if c.policy.Env.Arch&isLittleEndian == 0 {
		return second, first
	}
	return first, second
}
