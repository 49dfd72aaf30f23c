package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/rights"
)

// TestAttackRights: whoever reads what is hostile has no right left that it does
// not need, whoever has started it.
func TestAttackRights(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to have rights that can be given up")
	}
	const reads, writes = 1<<unix.CAP_DAC_READ_SEARCH | 1<<unix.CAP_SYSLOG, 1 << unix.CAP_DAC_OVERRIDE
	follows := uint64(reads | 1<<rights.AuditControl | 1<<rights.SysPtrace)
	for _, tt := range []struct {
		line string // X is a pipe that nobody writes to
		caps uint64
	}{
		{"report X", reads}, {"report -o ndjson X", reads}, {"merge X", reads}, {"check X LOG", reads}, {"check PROFILE X", reads},
		{"diff X PROFILE", reads}, {"inspect X", reads}, {"profile X", reads}, {"profile --explain /dev/null X", reads | writes},
		{"follow LOG", follows},
	} {
		t.Run(tt.line, func(t *testing.T) {
			dir := t.TempDir()
			cmd := attacked(t, dir, tt.line, fifo(t, dir))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cmd.Process.Kill()
				cmd.Wait()
			}()
			status := awaitFilter(t, cmd.Process.Pid)
			var caps uint64
			_, text, _ := strings.Cut(status, "CapPrm:\t")
			fmt.Sscanf(text, "%x", &caps)
			if caps&^tt.caps != 0 || !strings.Contains(status, "NoNewPrivs:\t1\n") {
				t.Errorf("capabilities %#x of %#x stay\n%s", caps, tt.caps, status)
			}
		})
	}
}

// awaitFilter waits until a process has loaded a seccomp filter, the last that it
// does to give up rights, and returns its status.
func awaitFilter(t *testing.T, pid int) string {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		switch {
		case err != nil || strings.Contains(string(status), "State:\tZ"):
			t.Fatalf("it has ended: %v", err)
		case strings.Contains(string(status), "Seccomp:\t2\n"):
			return string(status)
		}
	}
	panic("unreachable")
}
