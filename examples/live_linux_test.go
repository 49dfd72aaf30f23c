package examples_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

func TestLoggedCalls(t *testing.T) { audittest.LoggedCalls(t) }

// eventsOf counts the events of a process in the output of follow.
func eventsOf(t *testing.T, events []byte, pid int) (n int) {
	t.Helper()
	for line := range bytes.Lines(events) {
		var e struct {
			PID     int
			Syscall string
			Action  string
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		if e.PID == pid && e.Syscall == "getppid" && e.Action == "log" {
			n++
		}
	}
	return n
}

// replaced is a file of the examples with its paths replaced by the test's.
func replaced(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !bytes.Contains(text, []byte(oldnew[i])) {
			t.Errorf("%s does not say %s", name, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(text))
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

// TestAudisp has the real auditd run the plugin.
func TestAudisp(t *testing.T) {
	audittest.Need(t)
	dir, plugins := t.TempDir(), t.TempDir()
	script := filepath.Join(dir, "auditscan-audisp")
	write(t, script, replaced(t, "audisp/auditscan-audisp", "/usr/local/bin/auditscan", auditscan, "/var/lib/auditscan", dir), 0o750)
	write(t, filepath.Join(plugins, "auditscan.conf"), replaced(t, "audisp/auditscan.conf", "/usr/local/sbin/auditscan-audisp", script), 0o640)
	stop := audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = ENRICHED\nplugin_dir = %s\nq_depth = 99999\n", filepath.Join(dir, "audit.log"), plugins))

	// Right after its start auditd throws records away: wait for the first.
	events := filepath.Join(dir, "events.ndjson")
	for text := []byte(nil); len(text) == 0; text, _ = os.ReadFile(events) {
		run(t, audittest.Burst(1))
	}
	const n = 200
	burst := audittest.Burst(n)
	run(t, burst)
	for {
		text, err := os.ReadFile(events)
		if err != nil {
			t.Fatal(err)
		}
		if whole := text[:bytes.LastIndexByte(text, '\n')+1]; eventsOf(t, whole, burst.Process.Pid) == n {
			break
		}
	}
	stop() // and with it the plugin

	text, err := os.ReadFile(filepath.Join(dir, "audisp.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct{ Totals struct{ Records int } }
	if err := json.Unmarshal(text, &state); err != nil || state.Totals.Records <= n {
		t.Errorf("state with %d records, %v", state.Totals.Records, err)
	}
}

func run(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

const unit = "systemd/auditscan-follow.service"

// TestUnitVerifies has systemd read the unit.
func TestUnitVerifies(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	file := filepath.Join(t.TempDir(), filepath.Base(unit))
	write(t, file, replaced(t, unit, "/usr/local/bin/auditscan", auditscan), 0o644)
	out, err := exec.Command("systemd-analyze", "verify", file).CombinedOutput()
	if about := regexp.MustCompile(`(?m)^.*auditscan-follow.*$`).FindAll(out, -1); err != nil || len(about) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// setting is a setting of the unit.
func setting(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has no %s=", unit, name)
	}
	return string(m[1])
}

// TestUnitRights runs the unit's command with no more capabilities than the
// unit gives it.
func TestUnitRights(t *testing.T) {
	audittest.Need(t)
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("setpriv (util-linux) is not installed")
	}
	dir := t.TempDir()
	caps := "-all"
	for name := range strings.FieldsSeq(strings.ToLower(setting(t, "CapabilityBoundingSet"))) {
		caps += ",+" + strings.TrimPrefix(name, "cap_")
	}
	command := strings.NewReplacer("/usr/local/bin/auditscan", auditscan, "${STATE_DIRECTORY}", dir).Replace(setting(t, "ExecStart"))
	script, ok := strings.CutPrefix(command, "/bin/sh -c '")
	if !ok {
		t.Fatalf("ExecStart is no script: %s", command)
	}
	cmd := exec.Command("setpriv", "--no-new-privs", "--bounding-set="+caps, "sh", "-c", strings.TrimSuffix(script, "'"))
	events := filepath.Join(dir, "events.ndjson")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It listens as soon as it hears a first record.
	for {
		run(t, audittest.Burst(1))
		if info, err := os.Stat(events); err == nil && info.Size() > 0 {
			break
		}
	}
	const n = 200
	burst := audittest.Burst(n)
	run(t, burst)
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &stderr)
	}
	text, err := os.ReadFile(events)
	if err != nil {
		t.Fatal(err)
	}
	if got := eventsOf(t, text, burst.Process.Pid); got != n {
		t.Errorf("%d events of %d\n%s", got, n, &stderr)
	}
	for _, lack := range []string{"CAP_", "cannot", "permitted"} {
		if strings.Contains(stderr.String(), lack) {
			t.Errorf("it lacks a right:\n%s", &stderr)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "state.json")); err != nil || info.Size() == 0 {
		t.Errorf("no state was kept: %v", err)
	}
}
