package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
)

// table is one table to write and where it comes from: x/sys, a header, or
// both.
type table struct {
	name string // suffix of the Go variable, and of the file in lower case
	// goarch is the architecture of golang.org/x/sys/unix; if last is set,
	// only the numbers from first to last are taken.
	goarch      string
	first, last int32
	header      *header
}

// tables are what is written. The two orders of bytes of MIPS, of 64-bit
// PowerPC and of SuperH share their numbers, and so a table.
//
// S390 is what 31-bit programs run under. Linux 7.2 no longer has it, so its
// header is of Linux 6.12; Linux 6.13 to 6.17 added 463 to 469 to both ABIs of
// s390 alike. libseccomp 2.6.1 knows the same 440 calls.
var tables = []table{
	{name: "X86_64", goarch: "amd64"},
	{name: "I386", goarch: "386"},
	{name: "X32", header: &header{"x32", "x86/asm/unistd_x32.h", ""}},
	{name: "AArch64", goarch: "arm64"},
	{name: "ARM", goarch: "arm", header: &header{"arm-private", "arm/asm/unistd.h", ""}},
	{name: "RISCV64", goarch: "riscv64"},
	{name: "LoongArch64", goarch: "loong64"},
	{name: "PPC", goarch: "ppc"},
	{name: "PPC64", goarch: "ppc64"},
	{name: "S390", goarch: "s390x", first: 463, last: 469, header: &header{"s390", "s390/asm/unistd_32.h", "6.12"}},
	{name: "S390X", goarch: "s390x"},
	{name: "MIPS", goarch: "mips"},
	{name: "MIPS64", goarch: "mips64"},
	{name: "MIPS64N32", header: &header{"mips64n32", "mips/asm/unistd_n32.h", ""}},
	{name: "PARISC", header: &header{"parisc", "parisc/asm/unistd_32.h", ""}},
	{name: "PARISC64", header: &header{"parisc64", "parisc/asm/unistd_64.h", ""}},
	{name: "M68K", header: &header{"m68k", "m68k/asm/unistd_32.h", ""}},
	{name: "SH", header: &header{"sh", "sh/asm/unistd_32.h", ""}},
	{name: "SPARC64", goarch: "sparc64"},
}

// call is one entry of a table.
type call struct {
	nr   int32
	name string
}

// notACall matches what the headers number but no program can call.
var notACall = regexp.MustCompile(`^(arch_specific_syscall|syscall_mask|(reserved|unused)[0-9]+)$`)

// build gathers the table's calls, ordered by number, and says where they are
// from.
func (t *table) build(sys *xsys) (calls []call, sources []string, err error) {
	if t.goarch != "" {
		part, err := sys.calls(t.goarch)
		if err != nil {
			return nil, nil, err
		}
		calls = t.inRange(part)
		sources = append(sources, t.xsysSource(sys))
	}
	if t.header != nil {
		x, err := t.header.read(sys.release)
		if err != nil {
			return nil, nil, err
		}
		calls = append(calls, x.calls...)
		sources = append(sources, fmt.Sprintf("%s %s, %s, sha256 %s", x.pkg, x.version, x.path, x.sha256))
	}
	calls = slices.DeleteFunc(calls, func(c call) bool { return notACall.MatchString(c.name) })
	slices.SortFunc(calls, func(a, b call) int { return cmp.Compare(a.nr, b.nr) })
	return calls, sources, checkUnique(calls)
}

func (t *table) inRange(calls []call) []call {
	if t.last == 0 {
		return calls
	}
	return slices.DeleteFunc(calls, func(c call) bool { return c.nr < t.first || c.nr > t.last })
}

func (t *table) xsysSource(sys *xsys) string {
	source := fmt.Sprintf("%s, unix/zsysnum_linux_%s.go, Linux %s", sys, t.goarch, sys.release)
	if t.last != 0 {
		source += fmt.Sprintf(", numbers %d to %d", t.first, t.last)
	}
	return source
}

// checkUnique refuses a table in which a number or a name occurs twice.
func checkUnique(calls []call) error {
	numbers := map[string]int32{}
	for i, c := range calls {
		if nr, ok := numbers[c.name]; ok {
			return fmt.Errorf("%s is both %d and %d", c.name, nr, c.nr)
		}
		if i > 0 && calls[i-1].nr == c.nr {
			return fmt.Errorf("%d is both %s and %s", c.nr, calls[i-1].name, c.name)
		}
		numbers[c.name] = c.nr
	}
	return nil
}
