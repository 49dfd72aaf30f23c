package syscalltable

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// tool returns the path of a program, or skips the test.
func tool(t *testing.T, name, pkg string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian's package %s)", name, pkg)
	}
	return path
}

// TestLibseccomp asks scmp_sys_resolver for the names of a sample of numbers,
// and for the numbers of those names.
func TestLibseccomp(t *testing.T) {
	resolver := tool(t, "scmp_sys_resolver", "seccomp")
	since26 := []Arch{LoongArch64, M68K, SH, SHEL} // libseccomp 2.6 added them
	for _, a := range Arches() {
		if a.SCMP() == "" {
			continue
		}
		t.Run(a.String(), func(t *testing.T) {
			t.Parallel()
			name := strings.ToLower(strings.TrimPrefix(a.SCMP(), "SCMP_ARCH_"))
			ask := func(what string) (string, error) {
				out, err := exec.Command(resolver, "-a", name, "--", what).Output()
				return strings.TrimSpace(string(out)), err
			}
			if _, err := ask("read"); err != nil && slices.Contains(since26, a) {
				t.Log("the installed libseccomp does not know this architecture")
				return
			}
			compareWithLibseccomp(t, a, ask)
		})
	}
}

// compareWithLibseccomp allows for a libseccomp that is too old to know a
// call, and for its numbers below zero, which stand for what socketcall or ipc
// can do too.
func compareWithLibseccomp(t *testing.T, a Arch, ask func(string) (string, error)) {
	table := a.table()
	asked, known := 0, 0
	for i := 0; i < len(table); i += 8 {
		c := table[i]
		asked++
		name, err := ask(strconv.Itoa(int(c.nr)))
		if name == "UNKNOWN" {
			continue
		}
		known++
		if err != nil || name != c.name {
			t.Errorf("%d is %s, for libseccomp %q (%v)", c.nr, c.name, name, err)
		}
		text, _ := ask(c.name)
		if nr, err := strconv.Atoi(text); err != nil || nr >= 0 && nr != int(c.nr) {
			t.Errorf("%s is %d, for libseccomp %q", c.name, c.nr, text)
		}
	}
	if known < asked*3/4 {
		t.Errorf("libseccomp knows %d of %d calls", known, asked)
	}
}

// TestAusyscall reads every name that the installed audit-userspace gives to
// a number of ours.
func TestAusyscall(t *testing.T) {
	ausyscall := tool(t, "ausyscall", "auditd")
	for _, a := range []Arch{X86_64, I386, AArch64, ARM, PPC, PPC64, PPC64LE, S390, S390X} {
		out, err := exec.Command(ausyscall, a.String(), "--dump").Output()
		if err != nil {
			t.Fatalf("ausyscall %v --dump: %v", a, err)
		}
		read := 0
		for line := range strings.Lines(string(out)) {
			var c call
			if n, _ := fmt.Sscanf(line, "%d\t%s\n", &c.nr, &c.name); n != 2 {
				continue
			}
			if _, known := a.Name(c.nr); !known {
				continue
			}
			read++
			if nr, ok := a.NumberAudit(c.name); !ok || nr != c.nr {
				t.Errorf("%v: NumberAudit(%s) = %d, %t; want %d", a, c.name, nr, ok, c.nr)
			}
		}
		if read < 300 {
			t.Errorf("%v: read %d names of %q...", a, read, out[:min(len(out), 80)])
		}
	}
}

// TestInstalledHeaders compares with the headers of this host's linux-libc-dev.
func TestInstalledHeaders(t *testing.T) {
	const dir = "/usr/include/x86_64-linux-gnu/asm/"
	for _, h := range []struct {
		file string
		arch Arch
		base int32
	}{
		{"unistd_64.h", X86_64, 0},
		{"unistd_32.h", I386, 0},
		{"unistd_x32.h", X32, 0x40000000},
	} {
		text, err := os.ReadFile(dir + h.file)
		if err != nil {
			t.Skipf("%s%s is not installed (Debian's package linux-libc-dev)", dir, h.file)
		}
		defines := regexp.MustCompile(`(?m)^#define __NR_(\w+) \(?(?:__X32_SYSCALL_BIT \+ )?(\d+)\)?$`).FindAllSubmatch(text, -1)
		if want := bytes.Count(text, []byte("#define __NR_")); len(defines) != want || want < 300 {
			t.Errorf("%s: read %d of %d calls", h.file, len(defines), want)
		}
		for _, m := range defines {
			nr, _ := strconv.Atoi(string(m[2]))
			if name, _ := h.arch.Name(h.base + int32(nr)); name != string(m[1]) {
				t.Errorf("%s: %s %d is %q here", h.file, m[1], nr, name)
			}
		}
	}
}
