package source

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/internal/audittest"
)

// TestNetlinkLikeAuditd runs the real auditd beside the stream: what both
// give must be the same, line by line.
func TestNetlinkLikeAuditd(t *testing.T) {
	audittest.Need(t)
	log := filepath.Join(t.TempDir(), "audit.log")
	stop := audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\nflush = NONE\n", log))
	awaitRecord(t, log)
	s, err := Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = 300
	run(t, audittest.Burst(n))
	// Records of other types, one with text of the user's.
	run(t, exec.Command("auditctl", "-e", "1"))
	run(t, exec.Command("auditctl", "-m", "type=SECCOMP msg=audit(1.2:3): pid=1"))
	run(t, exec.Command("auditctl", "-e", "0"))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	stop()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines, _ := readToEnd(t, s)
	got, want := shared(lines), shared(text)
	want = want[max(slices.Index(want, got[0]), 0):]    // auditd was there first,
	want = want[:slices.Index(want, got[len(got)-1])+1] // and stayed longer
	if len(got) < n+3 || !slices.Equal(got, want) {
		t.Errorf("%d lines, auditd has %d; first difference:\n%s", len(got), len(want), firstDifference(got, want))
	}
}

// awaitRecord makes records until one is in the log: right after its start
// auditd still throws records away.
func awaitRecord(t *testing.T, log string) {
	t.Helper()
	for {
		run(t, audittest.Burst(1))
		if text, _ := os.ReadFile(log); bytes.Contains(text, []byte("type=SECCOMP")) {
			return
		}
	}
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// shared leaves of a log what both have: no end-of-event records, which
// auditd drops, none of auditd's own nor audittest's marks (USER_AVC), and of
// types other than SECCOMP the stamp only.
func shared(log []byte) []string {
	own := regexp.MustCompile(`^type=(EOE|USER_AVC|DAEMON_[A-Z]+) `)
	stamp := regexp.MustCompile(`^type=\S+ msg=audit\([0-9.:]+\):`)
	var lines []string
	for line := range bytes.Lines(log) {
		line = bytes.TrimSpace(line)
		switch {
		case own.Match(line):
		case bytes.HasPrefix(line, []byte("type=SECCOMP ")):
			lines = append(lines, string(line))
		default:
			lines = append(lines, string(stamp.Find(line)))
		}
	}
	return lines
}

func firstDifference(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("%d:\n got %s\nwant %s", i, got[i], want[i])
		}
	}
	return "one is longer"
}
