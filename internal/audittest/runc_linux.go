package audittest

import (
	"crypto/rand"
	"debug/elf"
	"encoding/hex"
	"os/exec"
	"slices"
	"testing"
)

// NeedRunc skips the test where runc or a busybox that stands alone is missing.
func NeedRunc(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("runc"); err != nil {
		t.Skip("runc is not installed")
	}
	f, err := elf.Open("/bin/busybox")
	if err != nil {
		t.Skip("busybox-static is not installed")
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		t.Skip("busybox-static is not installed: /bin/busybox needs a shared library")
	}
}

// RandomHex returns n random bytes in hex: part of a name that nobody has, or
// with 32 bytes a container's id.
func RandomHex(t testing.TB, n int) string {
	t.Helper()
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b)
}
