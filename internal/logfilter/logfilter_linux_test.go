package logfilter

import (
	"encoding/binary"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/rights"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestProgram asks an independent machine for the filter's answers.
func TestProgram(t *testing.T) {
	native, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name  string
		calls []int
		arch  syscalltable.Arch
		nr    int
		want  uint32
	}{
		{"named", []int{7, 39}, native, 39, unix.SECCOMP_RET_LOG},
		{"first of several", []int{7, 39}, native, 7, unix.SECCOMP_RET_LOG},
		{"not named", []int{7, 39}, native, 8, unix.SECCOMP_RET_ALLOW},
		{"same number, other architecture", []int{7, 39}, syscalltable.Arch(unix.AUDIT_ARCH_XTENSA), 39, unix.SECCOMP_RET_ALLOW},
		{"all", nil, native, 39, unix.SECCOMP_RET_LOG},
		{"all, other architecture", nil, syscalltable.Arch(unix.AUDIT_ARCH_XTENSA), 39, unix.SECCOMP_RET_LOG},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw, err := program(unix.SECCOMP_RET_LOG, tt.calls)
			if err != nil {
				t.Fatal(err)
			}
			if got := answer(t, raw, uint32(tt.arch), uint32(tt.nr)); got != tt.want {
				t.Errorf("answer %#x, want %#x", got, tt.want)
			}
		})
	}
}

// answer runs the filter in x/net/bpf's machine, which loads big-endian words.
func answer(t *testing.T, raw []bpf.RawInstruction, arch, nr uint32) uint32 {
	t.Helper()
	prog, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter cannot be disassembled")
	}
	vm, err := bpf.NewVM(prog)
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[offsetNR:], nr)
	binary.BigEndian.PutUint32(data[offsetArch:], arch)
	n, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(n)
}

// TestInstall has the real kernel refuse one call and allow another, in a
// child process: with the rights of this test and with none.
func TestInstall(t *testing.T) {
	for _, caps := range []string{"kept", "dropped"} {
		t.Run("capabilities "+caps, func(t *testing.T) {
			cmd := exec.Command("/proc/self/exe", "-test.run=^TestInstallChild$", "-test.v")
			cmd.Env = append(os.Environ(), "LOGFILTER_CAPS="+caps)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if !strings.Contains(string(out), "--- PASS: TestInstallChild") {
				t.Errorf("the child did not run:\n%s", out)
			}
		})
	}
}

func TestInstallChild(t *testing.T) {
	caps, isChild := os.LookupEnv("LOGFILTER_CAPS")
	if !isChild {
		t.Skip("runs as the child of TestInstall")
	}
	runtime.LockOSThread()
	admin := rights.Read(os.DirFS("/")).Has(rights.SysAdmin) == rights.Yes
	if caps == "dropped" {
		dropCaps(t)
		admin = false
	}
	if err := Install(unix.SECCOMP_RET_ERRNO|uint32(unix.EDOM), unix.SYS_GETPRIORITY); err != nil {
		t.Fatal(err)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_GETPRIORITY, 0, 0, 0); errno != unix.EDOM {
		t.Errorf("getpriority: %v, want EDOM", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0); errno != 0 {
		t.Errorf("getppid: %v, want success", errno)
	}
	nnp, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if admin == (nnp == 1) {
		t.Errorf("no_new_privs is %d, CAP_SYS_ADMIN %v", nnp, admin)
	}
}

// dropCaps takes all capabilities from this thread.
func dropCaps(t *testing.T) {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	if err := unix.Capset(&header, &none[0]); err != nil {
		t.Fatal(err)
	}
}
