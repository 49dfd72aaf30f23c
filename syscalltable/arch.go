// Package syscalltable names system calls: (architecture, number) to name and
// back, for every architecture that the kernel's SECCOMP audit records can
// carry, and it names those architectures and the actions of a filter.
//
// The tables are generated (see gen/); [KernelVersion] says from which kernel.
// Names are the kernel's own (pread64, newfstatat), which are also the ones
// that libseccomp and every container runtime know.
package syscalltable

//go:generate go run ./gen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Arch is an architecture, as its AUDIT_ARCH_* value of linux/audit.h. The
// one exception is [X32], which the kernel reports as X86_64 with bit 30 set
// in the number, and which has libseccomp's own token here.
type Arch uint32

// NoArch stands for a record without arch= (kernels before 3.16).
const NoArch Arch = 0

// The architectures that have a table. Where a family has both orders of
// bytes, LE, EL and SHEL are the little-endian ones. Kernels report [ARM] for
// big-endian ARM too.
const (
	X86_64      Arch = 0xc000003e
	I386        Arch = 0x40000003
	X32         Arch = 0x4000003e // libseccomp's token, not an AUDIT_ARCH_ value
	AArch64     Arch = 0xc00000b7
	ARM         Arch = 0x40000028
	RISCV64     Arch = 0xc00000f3
	LoongArch64 Arch = 0xc0000102
	PPC         Arch = 0x00000014
	PPC64       Arch = 0x80000015
	PPC64LE     Arch = 0xc0000015
	S390        Arch = 0x00000016
	S390X       Arch = 0x80000016
	MIPS        Arch = 0x00000008
	MIPSEL      Arch = 0x40000008
	MIPS64      Arch = 0x80000008
	MIPSEL64    Arch = 0xc0000008
	MIPS64N32   Arch = 0xa0000008
	MIPSEL64N32 Arch = 0xe0000008
	PARISC      Arch = 0x0000000f
	PARISC64    Arch = 0x8000000f
	M68K        Arch = 0x00000004
	SH          Arch = 0x0000002a
	SHEL        Arch = 0x4000002a
	SPARC64     Arch = 0x8000002b
)

// x32Bit is __X32_SYSCALL_BIT; x32Limit bounds what is taken for an x32 call:
// the kernel answers ENOSYS to numbers far above its table under either ABI,
// so garbage such as 0x7fffffff must not bring in another architecture.
const (
	x32Bit   = 0x40000000
	x32Limit = x32Bit + 0x1000
)

// Resolve returns the architecture of a record with arch=audit and syscall=nr.
func Resolve(audit uint32, nr int32) Arch {
	if Arch(audit) == X86_64 && nr >= x32Bit && nr < x32Limit {
		return X32
	}
	return Arch(audit)
}

// info returns what is known about a, or nil.
func (a Arch) info() *archInfo {
	for i := range archs {
		if archs[i].arch == a {
			return &archs[i]
		}
	}
	return nil
}

// String returns audit's name of the architecture, such as "x86_64"; "" for
// [NoArch] and 0x%08x for a value that is no architecture.
func (a Arch) String() string {
	if info := a.info(); info != nil {
		return info.audit
	}
	if a == NoArch {
		return ""
	}
	return fmt.Sprintf("0x%08x", uint32(a))
}

// SCMP returns libseccomp's name, such as "SCMP_ARCH_X86_64", as it stands in
// OCI profiles; "" if libseccomp does not know the architecture.
func (a Arch) SCMP() string {
	if info := a.info(); info != nil {
		return info.scmp
	}
	return ""
}

// GOARCH returns Go's (or gccgo's) name, such as "amd64"; "" if it has none.
func (a Arch) GOARCH() string {
	if info := a.info(); info != nil {
		return info.goarch
	}
	return ""
}

// Arches returns the architectures that have a table, in a fixed order.
func Arches() []Arch {
	var list []Arch
	for _, info := range archs {
		if info.table != nil {
			list = append(list, info.arch)
		}
	}
	return list
}

// ParseArch returns the architecture of a name: audit's (x86_64), Go's
// (amd64), libseccomp's (SCMP_ARCH_X86_64) or a common one (x86, ppc64el). A
// known AUDIT_ARCH_ value in hex is accepted as records print it (c000003e),
// and any value but zero with 0x before it, as [Arch.String] prints it. Case
// does not matter.
func ParseArch(name string) (Arch, error) {
	for i := range archs {
		if archs[i].named(name) {
			return archs[i].arch, nil
		}
	}
	digits, prefixed := strings.CutPrefix(strings.ToLower(name), "0x")
	if v, err := strconv.ParseUint(digits, 16, 32); err == nil {
		if a := Arch(v); a != NoArch && (prefixed || a.info() != nil) {
			return a, nil
		}
	}
	return NoArch, fmt.Errorf("unknown architecture %q: use one of %s; a name that Go or libseccomp has for it; or its arch= value in hex", name, archList())
}

// named reports whether name is one of the architecture's names.
func (info *archInfo) named(name string) bool {
	is := func(s string) bool { return s != "" && strings.EqualFold(s, name) }
	return is(info.audit) || is(info.scmp) || is(info.goarch) || slices.ContainsFunc(info.also, is)
}

// archList returns the audit names of the architectures that have a table.
func archList() string {
	var names []string
	for _, a := range Arches() {
		names = append(names, a.String())
	}
	return strings.Join(names, ", ")
}
