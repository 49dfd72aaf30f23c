package source

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

const journald = "/lib/systemd/systemd-journald"

// TestJournald runs the real systemd-journald in a mount namespace, where its
// directories are empty, and there follows what the kernel tells it.
func TestJournald(t *testing.T) {
	needJournal(t)
	audittest.Need(t)
	if _, err := os.Stat(journald); err != nil {
		t.Skipf("%s is not installed", journald)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("unshare", "--mount", exe, "-test.run=^TestJournaldChild$", "-test.v", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), "JOURNALD_CHILD=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestJournaldChild")) {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestJournaldChild(t *testing.T) {
	if os.Getenv("JOURNALD_CHILD") == "" {
		t.Skip("runs as the child of TestJournald")
	}
	run(t, exec.Command("mount", "-t", "tmpfs", "none", "/run"))
	run(t, exec.Command("mount", "-t", "tmpfs", "none", "/var/log"))
	if err := os.MkdirAll("/run/systemd/journal", 0o755); err != nil {
		t.Fatal(err)
	}
	daemon := exec.Command(journald)
	runtime.LockOSThread()
	endWithThread(daemon)
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer daemon.Wait()
	defer daemon.Process.Signal(unix.SIGTERM)

	// A journalctl that starts before there is a journal stays deaf.
	for out := []byte(nil); len(out) == 0; {
		out, _ = exec.Command("journalctl", "--output=cat", "--quiet", "_TRANSPORT=driver").Output()
	}
	s, err := Journal(JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const n = 5 // with a socket of the default size journald loses larger bursts
	burst := audittest.Burst(n)
	run(t, burst)

	// journald begins with what is in the kernel's log, and a message of its
	// own.
	transports := map[string]int{}
	process := fmt.Sprintf(` pid=%d comm=`, burst.Process.Pid)
	for transports["audit"] < n || transports["kernel"] == 0 || transports["driver"] == 0 {
		lines, _ := nextEntries(t, s, 1)
		for _, line := range lines {
			transport := transportField.FindStringSubmatch(line)
			if transport == nil {
				t.Fatalf("no transport: %s", line)
			}
			if transport[1] != "audit" || strings.Contains(line, process) {
				transports[transport[1]]++
			}
		}
	}
	if transports["audit"] != n || len(transports) != 3 {
		t.Errorf("entries by transport: %v, want %d of audit", transports, n)
	}
}

var transportField = regexp.MustCompile(`"_TRANSPORT":"([a-z]+)"`)
