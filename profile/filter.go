package profile

import (
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// Filter compiles the policy for the host that it was evaluated for. It fails
// only with a [*bpf.SizeError].
func (p *Policy) Filter() (bpf.Filter, error) {
	compiled := bpf.Policy{BigEndian: p.Env.Arch&isLittleEndian == 0, Foreign: badArch.code()}
	for _, arch := range p.hostArches() {
		compiled.Arches = append(compiled.Arches, bpf.Arch{Audit: uint32(arch), Ranges: p.ranges(arch)})
	}
	f, err := compiled.Compile()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, err)
	}
	return f, nil
}

// Bits of AUDIT_ARCH_* (linux/audit.h).
const (
	is64Bit        = 0x80000000
	isLittleEndian = 0x40000000
)

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

// outcomeOf returns the outcome that a filter's answer stands for.
func outcomeOf(code uint32) Outcome {
	o := Outcome{Action: syscalltable.ActionOf(code)}
	if carriesErrno(o.Action) {
		o.Errno = uint16(code)
	}
	return o
}

// ranges returns the answers to all calls that the kernel tells of with arch.
func (p *Policy) ranges(arch syscalltable.Arch) []bpf.Range {
	var list []bpf.Range
	for _, start := range p.starts(arch) {
		list = append(list, p.callRange(arch, start))
	}
	return list
}

// starts returns, in rising order, all numbers at which the answer may be
// another one than at the number before.
func (p *Policy) starts(arch syscalltable.Arch) []uint32 {
	list := []uint32{0}
	add := func(arch syscalltable.Arch) {
		for nr := range arch.Calls() {
			list = append(list, uint32(nr), uint32(nr)+1)
		}
	}
	add(arch)
	if arch == syscalltable.X86_64 {
		list = append(list, x32Bit, 2*x32Bit, 3*x32Bit, 0xffffffff)
		add(syscalltable.X32)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// callRange returns the answer to the call of a number and those behind it
// that have no name.
func (p *Policy) callRange(arch syscalltable.Arch, start uint32) bpf.Range {
	a := p.Answer(arch, int32(start))
	if !a.DependsOnArgs() {
		return bpf.Range{First: start, Answer: a.Possible[0].code()}
	}
	if arch == syscalltable.X86_64 && start >= x32Bit {
		arch = syscalltable.X32
	}
	name, _ := arch.Name(int32(start))
	return bpf.Range{First: start, Tree: p.trees[treeKey{arch, name}], Answer: p.Default.code()}
}

func compileConditions(args []specs.LinuxSeccompArg) []bpf.Condition {
	list := make([]bpf.Condition, len(args))
	for i, a := range args {
		list[i] = bpf.Condition{Arg: uint8(a.Index), Op: compileOp(a.Op), Value: a.Value}
		if a.Op == specs.OpMaskedEqual {
			list[i].Mask, list[i].Value = a.Value, a.ValueTwo
		}
	}
	return list
}

func compileOp(op specs.LinuxSeccompOperator) bpf.Op {
	switch op {
	case specs.OpNotEqual:
		return bpf.NotEqual
	case specs.OpLessThan:
		return bpf.Less
	case specs.OpLessEqual:
		return bpf.LessOrEqual
	case specs.OpGreaterEqual:
		return bpf.GreaterOrEqual
	case specs.OpGreaterThan:
		return bpf.Greater
	case specs.OpMaskedEqual:
		return bpf.Masked
	}
	return bpf.Equal
}
