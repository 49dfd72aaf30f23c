package bpf_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	xbpf "golang.org/x/net/bpf"

	"github.com/auditscan/auditscan/profile/bpf"
)

const (
	x86_64 = 0xc000003e
	i386   = 0x40000003
	allow  = 0x7fff0000
	eperm  = 0x00050001
	logged = 0x7ffc0000
)

func assemble(t *testing.T, prog ...xbpf.Instruction) bpf.Filter {
	t.Helper()
	raw, err := xbpf.Assemble(prog)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// branching is a filter that can have made 2^bits different results of a call.
func branching(bits int) []xbpf.Instruction {
	load := xbpf.LoadAbsolute{Off: 16, Size: 4}
	prog := []xbpf.Instruction{xbpf.LoadConstant{Dst: xbpf.RegA}, xbpf.StoreScratch{Src: xbpf.RegA, N: 0}}
	for range bits { // each bit of the result is one of two
		prog = append(prog, xbpf.LoadScratch{Dst: xbpf.RegA, N: 0}, xbpf.ALUOpConstant{Op: xbpf.ALUOpShiftLeft, Val: 1}, xbpf.StoreScratch{Src: xbpf.RegA, N: 0},
			load, xbpf.JumpIf{Cond: xbpf.JumpEqual, Val: 1, SkipFalse: 3},
			xbpf.LoadScratch{Dst: xbpf.RegA, N: 0}, xbpf.ALUOpConstant{Op: xbpf.ALUOpOr, Val: 1}, xbpf.StoreScratch{Src: xbpf.RegA, N: 0})
	}
	return prog
}

// TestAnswers: filters that others have made, and that nobody should.
func TestAnswers(t *testing.T) {
	load := xbpf.LoadAbsolute{Off: 16, Size: 4}
	nr := xbpf.LoadAbsolute{Off: 0, Size: 4}
	yes, no := xbpf.RetConstant{Val: allow}, xbpf.RetConstant{Val: eperm}
	// equals allows what leaves a value in the accumulator.
	equals := func(val uint32, prog ...xbpf.Instruction) []xbpf.Instruction {
		return append(prog, xbpf.JumpIf{Cond: xbpf.JumpEqual, Val: val, SkipTrue: 1}, no, yes)
	}
	alu := func(op xbpf.ALUOp, val uint32) xbpf.Instruction { return xbpf.ALUOpConstant{Op: op, Val: val} }
	tests := []struct {
		name string
		prog []xbpf.Instruction
		want string
	}{
		{"number", equals(5, nr), "[7fff0000]"},
		{"architecture", equals(x86_64, xbpf.LoadAbsolute{Off: 4, Size: 4}), "[7fff0000]"},
		{"instruction pointer", equals(5, xbpf.LoadAbsolute{Off: 8, Size: 4}), "[50001 7fff0000]"},
		{"size of the data", equals(64, xbpf.LoadExtension{Num: xbpf.ExtLen}), "[7fff0000]"},
		{"size of the data is not 63", equals(63, xbpf.LoadExtension{Num: xbpf.ExtLen}), "[50001]"},
		{"what only sockets have", equals(64, xbpf.LoadExtension{Num: xbpf.ExtProto}), "[50001 7fff0000]"},
		{"registers", equals(1, nr, xbpf.TAX{}, xbpf.LoadConstant{Dst: xbpf.RegA, Val: 6}, xbpf.ALUOpX{Op: xbpf.ALUOpSub}), "[7fff0000]"},
		{"back from X", equals(5, nr, xbpf.TAX{}, xbpf.LoadConstant{Dst: xbpf.RegA, Val: 6}, xbpf.TXA{}), "[7fff0000]"},
		{"compared with X", []xbpf.Instruction{nr, xbpf.TAX{}, xbpf.JumpIfX{Cond: xbpf.JumpEqual, SkipTrue: 1}, no, yes}, "[7fff0000]"},
		{"scratch memory", equals(5, nr, xbpf.StoreScratch{Src: xbpf.RegA, N: 15}, xbpf.LoadConstant{Dst: xbpf.RegA}, xbpf.LoadScratch{Dst: xbpf.RegA, N: 15}), "[7fff0000]"},
		{"jump", []xbpf.Instruction{xbpf.Jump{Skip: 1}, no, yes}, "[7fff0000]"},
		{"add", equals(7, nr, alu(xbpf.ALUOpAdd, 2)), "[7fff0000]"},
		{"subtract below 0", equals(0xffffffff, nr, alu(xbpf.ALUOpSub, 6)), "[7fff0000]"},
		{"multiply", equals(15, nr, alu(xbpf.ALUOpMul, 3)), "[7fff0000]"},
		{"or", equals(7, nr, alu(xbpf.ALUOpOr, 2)), "[7fff0000]"},
		{"and", equals(4, nr, alu(xbpf.ALUOpAnd, 6)), "[7fff0000]"},
		{"xor", equals(4, nr, alu(xbpf.ALUOpXor, 1)), "[7fff0000]"},
		{"shift left", equals(40, nr, alu(xbpf.ALUOpShiftLeft, 3)), "[7fff0000]"},
		{"shift right", equals(2, nr, alu(xbpf.ALUOpShiftRight, 1)), "[7fff0000]"},
		{"shift left by half a word", equals(5<<17, nr, alu(xbpf.ALUOpShiftLeft, 17)), "[7fff0000]"},
		{"shift right by half a word", equals(0, nr, alu(xbpf.ALUOpShiftRight, 17)), "[7fff0000]"},
		{"negate", equals(0xfffffffb, nr, xbpf.NegateA{}), "[7fff0000]"},
		{"divide: not calculated", equals(5, nr, alu(xbpf.ALUOpDiv, 1)), "[50001 7fff0000]"},
		{"masked argument", equals(1, load, alu(xbpf.ALUOpAnd, 3)), "[50001 7fff0000]"},
		{"returns the accumulator", []xbpf.Instruction{xbpf.LoadConstant{Dst: xbpf.RegA, Val: allow}, xbpf.RetA{}}, "[7fff0000]"},
		{"returns an argument", []xbpf.Instruction{load, xbpf.RetA{}}, "instruction 1 returns what the arguments say"},
		{"no end", []xbpf.Instruction{load}, "the filter runs off its end"},
		{"nothing", nil, "the filter runs off its end"},
		{"an instruction of sockets", []xbpf.Instruction{xbpf.LoadIndirect{Off: 0, Size: 4}, yes}, "instruction 0 (ld [x + 0]) is not understood"},
		{"as many ways as there may be", append(branching(15), yes), "[7fff0000]"},
		{"twice as many", append(branching(16), yes), "the filter has more than 65536 ways to go"},
	}
	for _, tt := range tests {
		answers, err := assemble(t, tt.prog...).Answers(x86_64, 5)
		got := fmt.Sprintf("%x", answers)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// TestJumps asks each comparison of the kernel about less, equal and greater.
func TestJumps(t *testing.T) {
	tests := map[xbpf.JumpTest]string{
		xbpf.JumpEqual: "010", xbpf.JumpNotEqual: "101", xbpf.JumpGreaterThan: "001", xbpf.JumpGreaterOrEqual: "011",
		xbpf.JumpLessThan: "100", xbpf.JumpLessOrEqual: "110", xbpf.JumpBitsSet: "011", xbpf.JumpBitsNotSet: "100",
	}
	for cond, want := range tests {
		got := ""
		for _, nr := range []int32{1, 4, 6} { // of which the latter two have bit 2
			f := assemble(t, xbpf.LoadAbsolute{Off: 0, Size: 4}, xbpf.JumpIf{Cond: cond, Val: 4, SkipTrue: 1}, xbpf.RetConstant{Val: 0}, xbpf.RetConstant{Val: 1})
			answers, err := f.Answers(x86_64, nr)
			if err != nil || len(answers) != 1 {
				t.Fatal(answers, err)
			}
			got += fmt.Sprint(answers[0])
		}
		if got != want {
			t.Errorf("comparison %d with less, equal, greater: %s, want %s", cond, got, want)
		}
	}
}

// TestZeroValues: what nobody has filled in is an error or nothing, no panic.
func TestZeroValues(t *testing.T) {
	if _, err := bpf.Filter(nil).Answers(0, 0); err == nil {
		t.Error("an empty filter answers")
	}
	f, err := (&bpf.Policy{}).Compile()
	if err != nil {
		t.Fatal(err)
	}
	if answers, err := f.Answers(x86_64, 1); err != nil || len(answers) != 1 || answers[0] != 0 {
		t.Errorf("a policy without architectures answers %x, %v; want its answer to foreign calls", answers, err)
	}
	if _, err := (&bpf.Policy{Arches: []bpf.Arch{{}}}).Compile(); err != nil {
		t.Errorf("an architecture without ranges: %v", err)
	}
	if got := grow(t, true).Answers(7); fmt.Sprint(got) != "[7]" {
		t.Errorf("a tree of no rules answers %v", got)
	}
	if s := fmt.Sprint(bpf.Op(99), bpf.Masked); s != "Op(99) &" {
		t.Error(s)
	}
}

// TestSizeOfFilter: as many instructions as the kernel takes, and one more.
func TestSizeOfFilter(t *testing.T) {
	// A rule of one condition on 32 bits has 3 instructions, with a mask 4;
	// beside them stand 6 for the architecture, the number and other answers.
	policy := func(equal, masked int) *bpf.Policy {
		var rules []bpf.Rule
		for i := range equal + masked {
			c := bpf.Condition{Value: uint64(i + 1), Mask: 1<<32 - 1}
			if i < masked {
				c.Op = bpf.Masked
			}
			rules = append(rules, rule(allow, c))
		}
		return &bpf.Policy{Arches: []bpf.Arch{{Audit: i386, Ranges: []bpf.Range{{Tree: grow(t, false, rules...)}}}}}
	}
	f, err := policy(1362, 1).Compile()
	if err != nil || len(f) != 4096 {
		t.Errorf("%d instructions: %v, want 4096", len(f), err)
	}
	var size *bpf.SizeError
	_, err = policy(1361, 2).Compile()
	if !errors.As(err, &size) || size.Instructions != 4097 || !strings.Contains(err.Error(), "4097 instructions, and the kernel takes 4096") {
		t.Errorf("4,097 instructions: %v", err)
	}
}
