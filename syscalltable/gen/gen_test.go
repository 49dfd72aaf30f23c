package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// source returns the x/sys that go.mod asks for. It reads go.mod only for go
// test to see that a cached result is stale.
func source(t *testing.T) *xsys {
	if _, err := os.ReadFile("../../go.mod"); err != nil {
		t.Fatal(err)
	}
	sys, err := findXSys()
	if errors.Is(err, errNoSource) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return sys
}

// TestCommittedTables checks that the tables in the repository are what gen
// writes, byte for byte, with none missing and none left over.
func TestCommittedTables(t *testing.T) {
	dir := t.TempDir()
	if err := generate(source(t), dir); err != nil {
		t.Fatal(err)
	}
	written, committed := readAll(t, dir), readAll(t, "..")
	for name, text := range written {
		if !bytes.Equal(committed[name], text) {
			t.Errorf("%s is not what gen writes: run go generate ./syscalltable", name)
		}
	}
	for name := range committed {
		if written[name] == nil {
			t.Errorf("%s is not written by gen: remove it", name)
		}
	}
}

// readAll returns the generated files of a directory.
func readAll(t *testing.T, dir string) map[string][]byte {
	paths, err := filepath.Glob(filepath.Join(dir, "z*.go"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		if files[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// TestSharedTables checks that the orders of bytes that share a table have the
// same numbers.
func TestSharedTables(t *testing.T) {
	sys := source(t)
	for big, little := range map[string]string{"mips": "mipsle", "mips64": "mips64le", "ppc64": "ppc64le"} {
		a, err := sys.calls(big)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := sys.calls(little); err != nil || !slices.Equal(a, b) {
			t.Errorf("%s and %s differ (%v)", big, little, err)
		}
	}
}

// TestRelease checks that headers of another kernel than that of x/sys are
// refused: a table of mixed kernels would not be what KernelVersion says.
func TestRelease(t *testing.T) {
	h := tables[slices.IndexFunc(tables, func(t table) bool { return t.name == "X32" })].header
	if _, err := h.read("7.2"); err != nil {
		t.Error(err)
	}
	if _, err := h.read("7.20"); err == nil || !strings.Contains(err.Error(), "headers/x32.txt is of Linux 7.2.") {
		t.Errorf("header of 7.2 read for 7.20: %v", err)
	}
	for _, c := range []struct {
		version, release string
		want             bool
	}{
		{"7.2.13-1", "7.2", true}, {"7.2.13-1~bpo13+1", "7.2", true}, {"7.20.1-1", "7.2", false}, {"17.2.1-1", "7.2", false}, {"7.3.4-1", "7.2", false},
	} {
		if got := isOfRelease(c.version, c.release); got != c.want {
			t.Errorf("isOfRelease(%s, %s) = %t", c.version, c.release, got)
		}
	}
}

func TestParseHeader(t *testing.T) {
	calls, err := parseHeader(`#ifndef _ASM_UNISTD_H
#define _ASM_UNISTD_H
#define __NR_OABI_SYSCALL_BASE	0x900000
#define __NR_SYSCALL_BASE	0
#define __NR_read 0
#define __NR__llseek	140
#define __NR_write (__X32_SYSCALL_BIT + 1)
#define __NR_open (__NR_Linux + 2)
#define __NR_sync_file_range2		__NR_arm_sync_file_range
#define __ARM_NR_BASE			(__NR_SYSCALL_BASE+0x0f0000)
#define __ARM_NR_set_tls		(__ARM_NR_BASE+5)
#endif
`)
	want := []call{{0, "read"}, {140, "_llseek"}, {0x40000001, "write"}, {6002, "open"}, {0xf0005, "set_tls"}}
	if err != nil || !slices.Equal(calls, want) {
		t.Errorf("parseHeader: %v, %v; want %v", calls, err, want)
	}
	if calls, err := parseHeader("#define __NR_read (__NR_other + 0)\n"); err == nil {
		t.Errorf("unknown base: %v", calls)
	}
}

func TestExtractRoundTrip(t *testing.T) {
	for _, tab := range tables {
		if tab.header == nil {
			continue
		}
		text, err := extracts.ReadFile(tab.header.file())
		if err != nil {
			t.Error(err)
			continue
		}
		x, err := parseExtract(string(text))
		if err != nil || !bytes.Equal(x.format(), text) || len(x.calls) == 0 {
			t.Errorf("%s: does not format as it was read (%v)", tab.header.file(), err)
		}
	}
	for _, text := range []string{"", "0 read\n", "# package p 1\n# header h\n# sha256 0\nread 0\n"} {
		if x, err := parseExtract(text); err == nil {
			t.Errorf("parseExtract(%q) = %v", text, x)
		}
	}
}

func TestCheckUnique(t *testing.T) {
	if err := checkUnique([]call{{0, "read"}, {1, "write"}}); err != nil {
		t.Error(err)
	}
	if err := checkUnique([]call{{0, "read"}, {1, "read"}}); err == nil {
		t.Error("one name of two numbers is accepted")
	}
	if err := checkUnique([]call{{0, "read"}, {0, "write"}}); err == nil {
		t.Error("two names of one number are accepted")
	}
}

// TestExtractDeb makes a package like linux-libc-dev and extracts its headers.
func TestExtractDeb(t *testing.T) {
	if _, err := exec.LookPath("dpkg-deb"); err != nil {
		t.Skip("dpkg-deb is not installed (Debian's package dpkg)")
	}
	deb := buildDeb(t, "6.12.1-1", map[string]string{"s390/asm/unistd_32.h": "#define __NR_exit 1\n#define __NR_fork 2\n"})
	dir := t.TempDir()
	if err := extractDeb(deb, dir, "7.2"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "s390.txt"))
	want := `# package linux-libc-dev 6.12.1-1
# header usr/lib/linux/uapi/s390/asm/unistd_32.h
# sha256 8101560f3d6f277796ecc5d59873a70a147629eeb01f8008903dcb83c0eaee3b
1 exit
2 fork
`
	if err != nil || string(got) != want {
		t.Errorf("extract is %q (%v), want %q", got, err, want)
	}
	if err := extractDeb(buildDeb(t, "6.13.1-1", nil), dir, "7.2"); err == nil || !strings.Contains(err.Error(), "no table wants") {
		t.Errorf("package of another release: %v", err)
	}
	if err := extractDeb(buildDeb(t, "7.2.1-1", nil), dir, "7.2"); err == nil || !strings.Contains(err.Error(), "has no usr/lib/linux/uapi/") {
		t.Errorf("package without the headers: %v", err)
	}
}

// buildDeb makes a package that holds the headers.
func buildDeb(t *testing.T, version string, headers map[string]string) string {
	root := t.TempDir()
	write := func(path, text string) {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("DEBIAN/control", "Package: linux-libc-dev\nVersion: "+version+"\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: test\n")
	for path, text := range headers {
		write(uapiDir+path, text)
	}
	deb := filepath.Join(t.TempDir(), "test.deb")
	if _, err := output("dpkg-deb", "--root-owner-group", "--build", root, deb); err != nil {
		t.Fatal(err)
	}
	return deb
}

// TestManual: rows of the manual's table become rows of ours, whatever else stands
// in them.
func TestManual(t *testing.T) {
	const page = "\\fB_llseek\\fP(2)\t1.2\n\\fBaccept\\fP(2)\t2.0\tT{\nSee notes on \\fBsocketcall\\fP(2)\nT}\n.\\\" \\fBno\\fP(2)\t1.0\n\\fBSystem call\\fP\t\\fBKernel\\fP\n"
	var got []string
	for _, m := range introduces.FindAllStringSubmatch(page, -1) {
		got = append(got, m[1]+" "+m[2])
	}
	if want := []string{"_llseek 1.2", "accept 2.0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	text := string(renderKernels("# package p 1\n# page x\nb 2.0\na 1.0\n"))
	if !strings.Contains(text, "// Source: package p 1, page x\n") || !strings.Contains(text, "{\n\t{\"a\", \"1.0\"},\n\t{\"b\", \"2.0\"},\n}") {
		t.Errorf("written as\n%s", text)
	}
}
