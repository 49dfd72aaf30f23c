package bpf

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// state is how far a filter has run, and what is known of its registers.
type state struct {
	at     int
	a, x   word
	memory [16]word
}

// word is a register: its value, unless it comes from the call's arguments.
type word struct {
	value uint32
	known bool
}

// Answers runs the filter and returns what it may answer to a call, in rising
// order: one answer, unless the arguments or the instruction pointer decide.
// Where they do, both ways are taken.
func (f Filter) Answers(arch uint32, nr int32) ([]uint32, error) {
	data := func(offset uint32) word {
		switch offset {
		case offsetNR:
			return word{uint32(nr), true}
		case offsetArch:
			return word{arch, true}
		}
		return word{}
	}
	r := &running{filter: f, data: data, seen: map[state]bool{}}
	if err := r.runAll(); err != nil {
		return nil, err
	}
	slices.Sort(r.answers)
	return slices.Compact(r.answers), nil
}

// running is a filter that is run every way that it can go. Programs have no
// jumps backwards, so all of them end.
type running struct {
	filter  Filter
	data    func(offset uint32) word
	seen    map[state]bool
	todo    []state
	answers []uint32
}

// maxStates bounds a filter that is made to have very many ways.
const maxStates = 1 << 16

func (r *running) runAll() error {
	r.todo = append(r.todo, state{})
	for len(r.todo) > 0 {
		s := r.todo[len(r.todo)-1]
		r.todo = r.todo[:len(r.todo)-1]
		if r.seen[s] {
			continue
		}
		if r.seen[s] = true; len(r.seen) > maxStates {
			return fmt.Errorf("the filter has more than %d ways to go", maxStates)
		}
		if err := r.run(s); err != nil {
			return err
		}
	}
	return nil
}

// run goes on until the filter answers or the way divides.
func (r *running) run(s state) error {
	for s.at < len(r.filter) {
		ins := r.filter[s.at].Disassemble()
		s.at++
		switch ins := ins.(type) {
		case bpf.RetConstant:
			r.answers = append(r.answers, ins.Val)
			return nil
		case bpf.RetA:
			if !s.a.known {
				return fmt.Errorf("instruction %d returns what the arguments say", s.at-1)
			}
			r.answers = append(r.answers, s.a.value)
			return nil
		case bpf.Jump:
			s.at += int(ins.Skip)
		case bpf.JumpIf:
			if r.jump(&s, ins.Cond, word{ins.Val, true}, ins.SkipTrue, ins.SkipFalse) {
				return nil
			}
		case bpf.JumpIfX:
			if r.jump(&s, ins.Cond, s.x, ins.SkipTrue, ins.SkipFalse) {
				return nil
			}
		default:
			if !r.compute(&s, ins) {
				return fmt.Errorf("instruction %d (%v) is not understood", s.at-1, ins)
			}
		}
	}
	return fmt.Errorf("the filter runs off its end")
}

// jump moves on, or leaves both ways to be gone and reports that.
func (r *running) jump(s *state, cond bpf.JumpTest, with word, onTrue, onFalse uint8) (divided bool) {
	if s.a.known && with.known {
		if holds(cond, s.a.value, with.value) {
			s.at += int(onTrue)
		} else {
			s.at += int(onFalse)
		}
		return false
	}
	one, other := *s, *s
	one.at += int(onTrue)
	other.at += int(onFalse)
	r.todo = append(r.todo, one, other)
	return true
}

func holds(cond bpf.JumpTest, a, b uint32) bool {
	switch cond {
	case bpf.JumpEqual:
		return a == b
	case bpf.JumpNotEqual:
		return a != b
	case bpf.JumpGreaterThan:
		return a > b
	case bpf.JumpLessThan:
		return a < b
	case bpf.JumpGreaterOrEqual:
		return a >= b
	case bpf.JumpLessOrEqual:
		return a <= b
	case bpf.JumpBitsSet:
		return a&b != 0
	}
	return a&b == 0 // JumpBitsNotSet
}

// compute does an instruction that neither jumps nor returns.
func (r *running) compute(s *state, ins bpf.Instruction) bool {
	switch ins := ins.(type) {
	case bpf.LoadAbsolute:
		s.a = r.data(ins.Off)
	case bpf.LoadConstant:
		*s.register(ins.Dst) = word{ins.Val, true}
	case bpf.LoadScratch:
		*s.register(ins.Dst) = s.memory[ins.N&15]
	case bpf.StoreScratch:
		s.memory[ins.N&15] = *s.register(ins.Src)
	case bpf.LoadExtension: // BPF_LEN: the size of struct seccomp_data
		s.a = word{sizeOfData, ins.Num == bpf.ExtLen}
	case bpf.TAX:
		s.x = s.a
	case bpf.TXA:
		s.a = s.x
	case bpf.NegateA:
		s.a.value = -s.a.value
	case bpf.ALUOpConstant:
		s.a = calculate(ins.Op, s.a, word{ins.Val, true})
	case bpf.ALUOpX:
		s.a = calculate(ins.Op, s.a, s.x)
	default:
		return false
	}
	return true
}

func (s *state) register(r bpf.Register) *word {
	if r == bpf.RegX {
		return &s.x
	}
	return &s.a
}

// calculate does what is known to be possible; the kernel ends a filter that
// divides by 0, which none in use does.
func calculate(op bpf.ALUOp, a, b word) word {
	if !a.known || !b.known {
		return word{}
	}
	v := a.value
	switch op {
	case bpf.ALUOpAdd:
		v += b.value
	case bpf.ALUOpSub:
		v -= b.value
	case bpf.ALUOpMul:
		v *= b.value
	case bpf.ALUOpOr:
		v |= b.value
	case bpf.ALUOpAnd:
		v &= b.value
	case bpf.ALUOpXor:
		v ^= b.value
	case bpf.ALUOpShiftLeft:
		v <<= b.value & 31
	case bpf.ALUOpShiftRight:
		v >>= b.value & 31
	default: // division
		return word{}
	}
	return word{v, true}
}
