package syscalltable_test

import (
	"fmt"

	"github.com/auditscan/auditscan/syscalltable"
)

// The name of a record's call: arch=c000003e syscall=35.
func ExampleArch_Name() {
	name, ok := syscalltable.X86_64.Name(35)
	fmt.Println(name, ok)
	_, ok = syscalltable.X86_64.Name(9999)
	fmt.Println(ok)
	// Output:
	// nanosleep true
	// false
}

// Numbers differ from one architecture to the next.
func ExampleArch_Number() {
	for _, a := range []syscalltable.Arch{syscalltable.X86_64, syscalltable.I386, syscalltable.X32, syscalltable.AArch64} {
		nr, ok := a.Number("open")
		fmt.Println(a, nr, ok)
	}
	// Output:
	// x86_64 2 true
	// i386 5 true
	// x32 1073741826 true
	// aarch64 0 false
}

// What ausearch -i calls pread is pread64 to the kernel and to profiles.
func ExampleArch_NumberAudit() {
	nr, _ := syscalltable.X86_64.NumberAudit("pread")
	name, _ := syscalltable.X86_64.Name(nr)
	fmt.Println(nr, name)
	// Output: 17 pread64
}

func ExampleArch_Calls() {
	for nr, name := range syscalltable.ARM.Calls() {
		if nr >= 0xf0000 {
			fmt.Println(nr, name)
		}
	}
	// Output:
	// 983041 breakpoint
	// 983042 cacheflush
	// 983043 usr26
	// 983044 usr32
	// 983045 set_tls
	// 983046 get_tls
}

// The kernel reports an x32 call as one of x86_64 with bit 30 set.
func ExampleResolve() {
	for _, nr := range []int32{1, 0x40000001} {
		arch := syscalltable.Resolve(0xc000003e, nr)
		name, _ := arch.Name(nr)
		fmt.Println(arch, name)
	}
	// Output:
	// x86_64 write
	// x32 write
}

func ExampleParseArch() {
	for _, name := range []string{"amd64", "SCMP_ARCH_AARCH64", "mips64el", "40000003"} {
		arch, err := syscalltable.ParseArch(name)
		fmt.Println(arch, arch.SCMP(), err)
	}
	// Output:
	// x86_64 SCMP_ARCH_X86_64 <nil>
	// aarch64 SCMP_ARCH_AARCH64 <nil>
	// mipsel64 SCMP_ARCH_MIPSEL64 <nil>
	// i386 SCMP_ARCH_X86 <nil>
}

// Kernels before 4.14 had the errno in the code's lower half.
func ExampleActionOf() {
	for _, code := range []uint32{0x7ffc0000, 0x50001, 0x80000000} {
		action := syscalltable.ActionOf(code)
		fmt.Println(action, action.SCMP())
	}
	// Output:
	// log SCMP_ACT_LOG
	// errno SCMP_ACT_ERRNO
	// kill_process SCMP_ACT_KILL_PROCESS
}
