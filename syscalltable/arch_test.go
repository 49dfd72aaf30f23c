package syscalltable

import (
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// names returns every name of an architecture.
func (info *archInfo) names() []string {
	all := append([]string{info.audit, info.scmp, info.goarch}, info.also...)
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func TestNamesOfArchitecturesParse(t *testing.T) {
	for _, info := range archs {
		for _, name := range info.names() {
			for _, spelt := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
				if a, err := ParseArch(spelt); err != nil || a != info.arch {
					t.Errorf("ParseArch(%q) = %v, %v; want %v", spelt, a, err, info.arch)
				}
			}
		}
		if got := info.arch.String(); got != info.audit {
			t.Errorf("%#x: String() = %q, want %q", uint32(info.arch), got, info.audit)
		}
		if got := info.arch.SCMP(); got != info.scmp {
			t.Errorf("%v: SCMP() = %q, want %q", info.arch, got, info.scmp)
		}
		if got := info.arch.GOARCH(); got != info.goarch {
			t.Errorf("%v: GOARCH() = %q, want %q", info.arch, got, info.goarch)
		}
	}
}

func TestArchitecturesAreUnique(t *testing.T) {
	values, owners := map[Arch]bool{}, map[string]Arch{}
	for _, info := range archs {
		if values[info.arch] {
			t.Errorf("%#x is there twice", uint32(info.arch))
		}
		values[info.arch] = true
		for _, name := range info.names() {
			if owner, ok := owners[name]; ok && owner != info.arch {
				t.Errorf("%q names both %v and %v", name, owner, info.arch)
			}
			owners[name] = info.arch
		}
	}
}

// TestArchValues holds the values that the kernel prints, which are those of
// uapi/linux/audit.h: machine | 64-bit | little endian | MIPS N32.
func TestArchValues(t *testing.T) {
	for printed, want := range map[string]Arch{
		"c000003e": X86_64, "40000003": I386, "c00000b7": AArch64, "40000028": ARM, "c00000f3": RISCV64, "c0000102": LoongArch64,
		"14": PPC, "80000015": PPC64, "c0000015": PPC64LE, "16": S390, "80000016": S390X,
		"8": MIPS, "40000008": MIPSEL, "80000008": MIPS64, "c0000008": MIPSEL64, "a0000008": MIPS64N32, "e0000008": MIPSEL64N32,
		"f": PARISC, "8000000f": PARISC64, "4": M68K, "2a": SH, "4000002a": SHEL, "8000002b": SPARC64,
		"4000003e": X32, // libseccomp's token
	} {
		for _, text := range []string{printed, "0x" + printed, strings.ToUpper(printed)} {
			if got, err := ParseArch(text); err != nil || got != want {
				t.Errorf("ParseArch(%q) = %v, %v; want %v", text, got, err, want)
			}
		}
	}
}

// TestSCMPNames checks the names against the constants of the OCI runtime
// specification, both ways.
func TestSCMPNames(t *testing.T) {
	spec := []specs.Arch{
		specs.ArchX86_64, specs.ArchX86, specs.ArchX32, specs.ArchAARCH64, specs.ArchARM, specs.ArchRISCV64, specs.ArchLOONGARCH64,
		specs.ArchPPC, specs.ArchPPC64, specs.ArchPPC64LE, specs.ArchS390, specs.ArchS390X,
		specs.ArchMIPS, specs.ArchMIPSEL, specs.ArchMIPS64, specs.ArchMIPSEL64, specs.ArchMIPS64N32, specs.ArchMIPSEL64N32,
		specs.ArchPARISC, specs.ArchPARISC64, specs.ArchM68K, specs.ArchSHEB, specs.ArchSH,
	}
	for i, a := range Arches() {
		switch {
		case i < len(spec) && a.SCMP() != string(spec[i]):
			t.Errorf("%v: SCMP() = %q, want %q", a, a.SCMP(), spec[i])
		case i >= len(spec) && a.SCMP() != "":
			t.Errorf("%v: SCMP() = %q, which the specification does not have", a, a.SCMP())
		}
	}
}

func TestUnknownArch(t *testing.T) {
	const odd Arch = 0x1234abcd
	if odd.String() != "0x1234abcd" || odd.SCMP() != "" || odd.GOARCH() != "" || odd.HasTable() {
		t.Errorf("unknown value: %q %q %q %t", odd.String(), odd.SCMP(), odd.GOARCH(), odd.HasTable())
	}
	if name, ok := odd.Name(0); ok {
		t.Errorf("unknown value: call 0 is %q", name)
	}
	if NoArch.String() != "" || NoArch.HasTable() {
		t.Errorf("NoArch: %q %t", NoArch.String(), NoArch.HasTable())
	}
	if alpha, err := ParseArch("alpha"); err != nil || alpha.HasTable() {
		t.Errorf("alpha: %v, %v: want a name without a table", alpha, err)
	}
}

func TestParseArchRefuses(t *testing.T) {
	for _, text := range []string{"", "0", "0x", "0x0", "1234abcd", "0x1234567890", "x86_65", "SCMP_ARCH_", "-1", " x86_64", "0x-1", "0x0xc000003e"} {
		a, err := ParseArch(text)
		if err == nil || a != NoArch {
			t.Errorf("ParseArch(%q) = %v, %v; want an error", text, a, err)
			continue
		}
		for _, known := range Arches() {
			if !strings.Contains(err.Error(), known.String()) {
				t.Errorf("ParseArch(%q): %q does not list %v", text, err, known)
			}
		}
	}
}

func TestArchesIsACopy(t *testing.T) {
	want := slices.Clone(Arches())
	Arches()[0] = NoArch
	if got := Arches(); !slices.Equal(got, want) {
		t.Errorf("Arches() = %v after a caller changed its copy, want %v", got, want)
	}
}

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		audit Arch
		nr    int32
		want  Arch
	}{
		{X86_64, 0, X86_64},
		{X86_64, 0x3fffffff, X86_64},
		{X86_64, 0x40000000, X32},
		{X86_64, 0x40000000 + 547, X32},
		{X86_64, 0x40001000, X86_64},
		{X86_64, 0x7fffffff, X86_64},
		{X86_64, -1, X86_64},
		{X86_64, -0x80000000, X86_64},
		{I386, 0x40000000, I386},
		{NoArch, 0x40000000, NoArch},
	} {
		if got := Resolve(uint32(c.audit), c.nr); got != c.want {
			t.Errorf("Resolve(%v, %d) = %v, want %v", c.audit, c.nr, got, c.want)
		}
	}
}

// FuzzParseArch checks that what is accepted prints as something that is
// accepted as the same.
func FuzzParseArch(f *testing.F) {
	for _, info := range archs {
		for _, name := range info.names() {
			f.Add(name)
		}
	}
	f.Add("0x1234abcd")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseArch(text)
		if err != nil {
			return
		}
		if again, err := ParseArch(a.String()); err != nil || again != a {
			t.Errorf("%q is %#x, which prints as %q, which is %#x (%v)", text, uint32(a), a.String(), uint32(again), err)
		}
	})
}
