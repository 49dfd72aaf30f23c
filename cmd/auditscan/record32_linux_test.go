package main

import (
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
)

// TestRecord32Bit: the calls of a 32-bit program are recorded by their own
// names, the profile lets it run, and refuses it a call that is taken out, or
// its architecture.
func TestRecord32Bit(t *testing.T) {
	audittest.Need(t)
	work, file := program32(t), filepath.Join(t.TempDir(), "profile.json")
	stdout, stderr := auditscan(t, 0, "record", "--exact", "-o", file, "--", work)
	if stdout != "done\n" || !strings.Contains(stderr, " mkdir (i386) ") || !strings.Contains(stderr, "\ncomplete: ") {
		t.Errorf("record: %q\n%s", stdout, stderr)
	}
	p := readOCI(t, file)
	if want := []specs.Arch{specs.ArchX86_64, specs.ArchX86}; !slices.Equal(p.Architectures, want) {
		t.Errorf("architectures %v, want %v: execve is x86_64's", p.Architectures, want)
	}
	if got, want := allowed(t, file), []string{"execve", "exit_group", "mkdir", "rmdir", "socketcall", "time", "write"}; !slices.Equal(got, want) {
		t.Errorf("allowed: %v, want %v", got, want)
	}
	if stdout, _ := auditscan(t, 0, "run", "--profile", file, "--", work); stdout != "done\n" {
		t.Errorf("under its profile: %q", stdout)
	}
	auditscan(t, 3, "run", "--profile", lacking(t, file, "mkdir"), "--", work)
	p.Architectures = p.Architectures[:1]
	auditscan(t, 128+31, "run", "--profile", writeOCI(t, p), "--", work) // SIGSYS
}

// program32 compiles the program of testdata/i386.
func program32(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "work32")
	cmd := exec.Command("gcc", "-m32", "-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector",
		`-DDIR="`+filepath.Join(dir, "made")+`"`, "-o", path, "testdata/i386/work.c")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("needs gcc for i386: %v\n%s", err, out)
	}
	if err := exec.Command(path).Run(); errors.Is(err, syscall.ENOEXEC) {
		t.Skip("needs a kernel that runs 32-bit programs (CONFIG_IA32_EMULATION)")
	} else if err != nil {
		t.Fatal(err)
	}
	return path
}
