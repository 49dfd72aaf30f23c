package audittest

import (
	"os"
	"testing"
)

// PrintAll lifts the kernel's limit on what it prints (10 messages in 5 s,
// shared by all that happens on the host) until the test is over.
func PrintAll(t testing.TB) {
	t.Helper()
	const sysctl = "/proc/sys/kernel/printk_ratelimit"
	before, err := os.ReadFile(sysctl)
	if err != nil {
		t.Skip(err)
	}
	if err := os.WriteFile(sysctl, []byte("0"), 0); err != nil {
		t.Skipf("needs the right to set kernel.printk_ratelimit: %v", err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(sysctl, before, 0); err != nil {
			t.Error(err)
		}
	})
}
