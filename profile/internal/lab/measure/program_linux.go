package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"github.com/auditscan/auditscan/profile/internal/lab"
)

// exits is exit(0) in the instructions of x86_64: xor edi,edi; mov eax,60; syscall.
var exits = []byte{0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}

// loadedAt is where the program lies in memory.
const loadedAt = 0x400000

// executable returns a program that makes one call: what a container is denied is
// the runtime's then, and not the program's.
func executable() ([]byte, error) {
	const headers = 64 + 56 // the file's, and of its one segment
	size := uint64(headers + len(exits))
	file := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT),
		Entry: loadedAt + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	copy(file.Ident[:], elf.ELFMAG)
	file.Ident[elf.EI_CLASS], file.Ident[elf.EI_DATA], file.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: loadedAt, Paddr: loadedAt, Filesz: size, Memsz: size, Align: 0x1000,
	}
	var out bytes.Buffer
	for _, part := range []any{file, segment, exits} {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// newBundle makes a bundle with that program, under a name of this process's own.
func newBundle(dir string) (b *lab.Bundle, program string, err error) {
	text, err := executable()
	if err != nil {
		return nil, "", err
	}
	program = fmt.Sprintf("exits-%d", os.Getpid())
	path := filepath.Join(dir, program)
	if err := os.WriteFile(path, text, 0o755); err != nil {
		return nil, "", err
	}
	b, err = lab.NewBundle(dir, map[string]string{program: path})
	return b, program, err
}
