package bpf

import "golang.org/x/net/bpf"

// Offsets in struct seccomp_data (linux/seccomp.h), and its size.
const (
	offsetNR   = 0
	offsetArch = 4
	offsetArgs = 16
	sizeOfData = 64
)

// compiler writes instructions for hosts of one order of bytes.
type compiler struct{ bigEndian bool }

// load puts the word that a test compares into the accumulator. Words stand in the
// host's order of bytes.
func (c compiler) load(t test) []bpf.Instruction {
	offset := offsetArgs + 4*uint32(t.word)
	if c.bigEndian {
		offset = offsetArgs + 4*uint32(t.word^1)
	}
	prog := []bpf.Instruction{bpf.LoadAbsolute{Off: offset, Size: 4}}
	if t.op == Masked {
		prog = append(prog, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: t.mask})
	}
	return prog
}
