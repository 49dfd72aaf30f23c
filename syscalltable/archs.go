package syscalltable

// archInfo is what is known about an architecture.
type archInfo struct {
	arch   Arch
	audit  string   // name in reports: the suffix of AUDIT_ARCH_*, in lower case
	scmp   string   // libseccomp's name (2.6); empty if it has none
	goarch string   // Go's or gccgo's name; empty if it has none
	also   []string // other names that are understood, such as Debian's
	table  []call   // ordered by number; nil if only the names are known
}

// archs is the one table of architectures: first those with a table of calls,
// then the rest of AUDIT_ARCH_* in linux/audit.h (Linux 6.1) by name.
//
// SuperH can be of either order of bytes: AUDIT_ARCH_SH is the big-endian one,
// SCMP_ARCH_SH the little-endian one. gccgo's names are left out, as its "sh"
// would be audit's "shel".
var archs = [...]archInfo{
	{X86_64, "x86_64", "SCMP_ARCH_X86_64", "amd64", []string{"x86-64", "x64"}, callsX86_64},
	{I386, "i386", "SCMP_ARCH_X86", "386", []string{"x86", "i486", "i586", "i686"}, callsI386},
	{X32, "x32", "SCMP_ARCH_X32", "amd64p32", nil, callsX32},
	{AArch64, "aarch64", "SCMP_ARCH_AARCH64", "arm64", nil, callsAArch64},
	{ARM, "arm", "SCMP_ARCH_ARM", "arm", []string{"armel", "armhf", "armv6l", "armv7l", "armv8l"}, callsARM},
	{RISCV64, "riscv64", "SCMP_ARCH_RISCV64", "riscv64", nil, callsRISCV64},
	{LoongArch64, "loongarch64", "SCMP_ARCH_LOONGARCH64", "loong64", nil, callsLoongArch64},
	{PPC, "ppc", "SCMP_ARCH_PPC", "ppc", []string{"powerpc"}, callsPPC},
	{PPC64, "ppc64", "SCMP_ARCH_PPC64", "ppc64", []string{"powerpc64"}, callsPPC64},
	{PPC64LE, "ppc64le", "SCMP_ARCH_PPC64LE", "ppc64le", []string{"ppc64el", "powerpc64le"}, callsPPC64},
	{S390, "s390", "SCMP_ARCH_S390", "s390", nil, callsS390},
	{S390X, "s390x", "SCMP_ARCH_S390X", "s390x", nil, callsS390X},
	{MIPS, "mips", "SCMP_ARCH_MIPS", "mips", nil, callsMIPS},
	{MIPSEL, "mipsel", "SCMP_ARCH_MIPSEL", "mipsle", nil, callsMIPS},
	{MIPS64, "mips64", "SCMP_ARCH_MIPS64", "mips64", nil, callsMIPS64},
	{MIPSEL64, "mipsel64", "SCMP_ARCH_MIPSEL64", "mips64le", []string{"mips64el"}, callsMIPS64},
	{MIPS64N32, "mips64n32", "SCMP_ARCH_MIPS64N32", "mips64p32", []string{"mipsn32"}, callsMIPS64N32},
	{MIPSEL64N32, "mipsel64n32", "SCMP_ARCH_MIPSEL64N32", "mips64p32le", []string{"mips64eln32", "mipsn32el"}, callsMIPS64N32},
	{PARISC, "parisc", "SCMP_ARCH_PARISC", "", []string{"hppa"}, callsPARISC},
	{PARISC64, "parisc64", "SCMP_ARCH_PARISC64", "", []string{"hppa64"}, callsPARISC64},
	{M68K, "m68k", "SCMP_ARCH_M68K", "m68k", nil, callsM68K},
	{SH, "sh", "SCMP_ARCH_SHEB", "", []string{"sheb"}, callsSH},
	{SHEL, "shel", "SCMP_ARCH_SH", "", []string{"sh4"}, callsSH},
	{SPARC64, "sparc64", "", "sparc64", nil, callsSPARC64},

	{arch: 0xc0009026, audit: "alpha", goarch: "alpha"},
	{arch: 0x4000005d, audit: "arcompact"},
	{arch: 0x0000005d, audit: "arcompactbe"},
	{arch: 0x400000c3, audit: "arcv2"},
	{arch: 0x000000c3, audit: "arcv2be"},
	{arch: 0x00000028, audit: "armeb", goarch: "armbe"},
	{arch: 0x4000008c, audit: "c6x"},
	{arch: 0x0000008c, audit: "c6xbe"},
	{arch: 0x4000004c, audit: "cris"},
	{arch: 0x400000fc, audit: "csky"},
	{arch: 0x00005441, audit: "frv"},
	{arch: 0x0000002e, audit: "h8300"},
	{arch: 0x000000a4, audit: "hexagon"},
	{arch: 0xc0000032, audit: "ia64", goarch: "ia64"},
	{arch: 0x40000102, audit: "loongarch32"},
	{arch: 0x00000058, audit: "m32r"},
	{arch: 0x000000bd, audit: "microblaze"},
	{arch: 0x400000a7, audit: "nds32"},
	{arch: 0x000000a7, audit: "nds32be"},
	{arch: 0x40000071, audit: "nios2", goarch: "nios2"},
	{arch: 0x0000005c, audit: "openrisc"},
	{arch: 0x400000f3, audit: "riscv32", goarch: "riscv"},
	{arch: 0x8000002a, audit: "sh64"},
	{arch: 0xc000002a, audit: "shel64"},
	{arch: 0x00000002, audit: "sparc", goarch: "sparc"},
	{arch: 0xc00000bf, audit: "tilegx"},
	{arch: 0x400000bf, audit: "tilegx32"},
	{arch: 0x400000bc, audit: "tilepro"},
	{arch: 0x4000006e, audit: "unicore"},
	{arch: 0x0000005e, audit: "xtensa"},
}
