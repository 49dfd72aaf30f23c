package syscalltable

import (
	"math"
	"regexp"
	"testing"
)

// TestTables walks every number of every table both ways.
func TestTables(t *testing.T) {
	isName := regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	for _, a := range Arches() {
		last := int32(-1)
		for nr, name := range a.Calls() {
			if nr <= last || !isName.MatchString(name) {
				t.Errorf("%v: %d %q after %d", a, nr, name, last)
			}
			last = nr
			if got, ok := a.Name(nr); !ok || got != name {
				t.Errorf("%v.Name(%d) = %q, %t; want %q", a, nr, got, ok, name)
			}
			if got, ok := a.Number(name); !ok || got != nr {
				t.Errorf("%v.Number(%s) = %d, %t; want %d", a, name, got, ok, nr)
			}
			if got, ok := a.NumberAudit(name); !ok || got != nr {
				t.Errorf("%v.NumberAudit(%s) = %d, %t; want %d", a, name, got, ok, nr)
			}
		}
	}
}

// TestCounts holds how many calls each architecture has, its lowest and its
// highest: a generator that loses or invents one fails here.
func TestCounts(t *testing.T) {
	want := map[Arch]struct {
		count       int
		first, last call
	}{
		X86_64:      {385, call{0, "read"}, call{471, "rseq_slice_yield"}},
		I386:        {461, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		X32:         {374, call{0x40000000, "read"}, call{0x40000000 + 547, "pwritev2"}},
		AArch64:     {327, call{0, "io_setup"}, call{471, "rseq_slice_yield"}},
		ARM:         {430, call{0, "restart_syscall"}, call{983046, "get_tls"}},
		RISCV64:     {328, call{0, "io_setup"}, call{471, "rseq_slice_yield"}},
		LoongArch64: {324, call{0, "io_setup"}, call{471, "rseq_slice_yield"}},
		PPC:         {452, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		PPC64:       {424, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		PPC64LE:     {424, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		S390:        {440, call{1, "exit"}, call{469, "file_setattr"}},
		S390X:       {390, call{1, "exit"}, call{471, "rseq_slice_yield"}},
		MIPS:        {437, call{4000, "syscall"}, call{4471, "rseq_slice_yield"}},
		MIPSEL:      {437, call{4000, "syscall"}, call{4471, "rseq_slice_yield"}},
		MIPS64:      {373, call{5000, "read"}, call{5471, "rseq_slice_yield"}},
		MIPSEL64:    {373, call{5000, "read"}, call{5471, "rseq_slice_yield"}},
		MIPS64N32:   {397, call{6000, "read"}, call{6471, "rseq_slice_yield"}},
		MIPSEL64N32: {397, call{6000, "read"}, call{6471, "rseq_slice_yield"}},
		PARISC:      {407, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		PARISC64:    {386, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		M68K:        {443, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		SH:          {436, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		SHEL:        {436, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
		SPARC64:     {404, call{0, "restart_syscall"}, call{471, "rseq_slice_yield"}},
	}
	if len(Arches()) != len(want) {
		t.Errorf("%d architectures have a table, want %d", len(Arches()), len(want))
	}
	for a, w := range want {
		table := a.table()
		if len(table) != w.count || table[0] != w.first || table[len(table)-1] != w.last {
			t.Errorf("%v: %d calls from %v to %v, want %d from %v to %v", a, len(table), table[0], table[len(table)-1], w.count, w.first, w.last)
		}
	}
}

// TestSpotValues holds calls that tools get wrong.
func TestSpotValues(t *testing.T) {
	for _, c := range []struct {
		arch Arch
		nr   int32
		name string
	}{
		{X86_64, 17, "pread64"},
		{X86_64, 78, "getdents"},
		{X86_64, 262, "newfstatat"},
		{X86_64, 335, "uretprobe"},
		{X86_64, 452, "fchmodat2"},
		{I386, 11, "execve"},
		{I386, 102, "socketcall"},
		{I386, 219, "madvise"},
		{I386, 423, "sched_rr_get_interval_time64"},
		{X32, 0x40000000 + 1, "write"},
		{X32, 0x40000000 + 520, "execve"},
		{AArch64, 61, "getdents64"},
		{AArch64, 80, "fstat"},
		{ARM, 142, "_newselect"},
		{ARM, 341, "arm_sync_file_range"},
		{ARM, 0xf0001, "breakpoint"},
		{ARM, 0xf0005, "set_tls"},
		{RISCV64, 258, "riscv_hwprobe"},
		{PPC, 319, "perf_event_open"},
		{PPC64LE, 291, "newfstatat"},
		{S390, 192, "mmap2"},
		{MIPSEL, 4005, "open"},
		{MIPSEL64, 5002, "open"},
		{MIPSEL64N32, 6002, "open"},
		{MIPS64N32, 6305, "clock_adjtime"},
		{PARISC, 356, "cacheflush"},
		{SHEL, 388, "sync_file_range2"},
		{SPARC64, 6, "close"},
	} {
		if got, ok := c.arch.Name(c.nr); !ok || got != c.name {
			t.Errorf("%v.Name(%d) = %q, %t; want %q", c.arch, c.nr, got, ok, c.name)
		}
	}
}

func TestUnknownNumbers(t *testing.T) {
	for _, a := range Arches() {
		for _, nr := range []int32{-1, math.MinInt32, math.MaxInt32, 3999, 0x40000000 + 400} {
			if name, ok := a.Name(nr); ok || name != "" {
				t.Errorf("%v.Name(%d) = %q, %t", a, nr, name, ok)
			}
		}
	}
	for _, c := range []struct {
		arch Arch
		nr   int32
	}{
		{X32, 0}, {X32, 471}, {X32, 0x40000000 + 13}, {X86_64, 0x40000000}, {X86_64, 512},
		{AArch64, 244}, {RISCV64, 244}, // arch_specific_syscall
		{MIPS, 4018}, {MIPS64, 5177}, {MIPS64N32, 6193}, // unused18, reserved177, reserved193
		{MIPS, 0}, {S390, 470}, {ARM, 0xf0000}, {ARM, 0xf0007},
	} {
		if name, ok := c.arch.Name(c.nr); ok {
			t.Errorf("%v.Name(%d) = %q, want none", c.arch, c.nr, name)
		}
	}
}

func TestUnknownNames(t *testing.T) {
	for _, a := range append(Arches(), NoArch) {
		for _, name := range []string{"", "READ", "read ", "syscall_mask", "arch_specific_syscall", "unknown-syscall(-1)"} {
			if nr, ok := a.Number(name); ok || nr != 0 {
				t.Errorf("%v.Number(%q) = %d, %t", a, name, nr, ok)
			}
			if nr, ok := a.NumberAudit(name); ok || nr != 0 {
				t.Errorf("%v.NumberAudit(%q) = %d, %t", a, name, nr, ok)
			}
		}
	}
}

func TestCallsCanStop(t *testing.T) {
	seen := 0
	for range X86_64.Calls() {
		if seen++; seen == 3 {
			break
		}
	}
	if seen != 3 {
		t.Errorf("stopped after %d calls, want 3", seen)
	}
}

func TestLookupAllocatesNothing(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		a := Resolve(0xc000003e, 0x40000000+59)
		_, _ = a.Name(59)
		_, _ = a.Number("pwritev2")
		_ = a.String()
	}); n != 0 {
		t.Errorf("%v allocations a look-up", n)
	}
}

func BenchmarkName(b *testing.B) {
	for b.Loop() {
		_, _ = X86_64.Name(257)
	}
}

func BenchmarkNumber(b *testing.B) {
	for b.Loop() {
		_, _ = X86_64.Number("rseq_slice_yield")
	}
}
