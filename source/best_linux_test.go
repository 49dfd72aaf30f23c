package source

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/audittest"
)

// TestBest asks on the real host, with the real auditd and without it.
func TestBest(t *testing.T) {
	audittest.Need(t)
	audittest.NeedNoDaemon(t)
	name, reason, err := Best("/")
	if name != NetlinkName || !strings.Contains(reason, "auditd does not run") || err != nil {
		t.Errorf("without auditd: %s, %s, %v", name, reason, err)
	}
	log := filepath.Join(t.TempDir(), "audit.log")
	stop := audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\n", log))
	name, reason, err = Best("/")
	if name != log || !strings.Contains(reason, "auditd (pid ") || err != nil {
		t.Errorf("with auditd: %s, %s, %v", name, reason, err)
	}
	stop()
	if name, _, err := Best("/"); name != NetlinkName || err != nil {
		t.Errorf("after auditd: %s, %v", name, err)
	}
}
