package hostcheck

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/audittest"
)

// byID finds a check; the zero Check stands for one that was left out.
func byID(r Report, id string) Check {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.ID == id })
	if i < 0 {
		return Check{}
	}
	return r.Checks[i]
}

// TestRun looks at the host that the test runs on: whatever that is like, the
// answer is whole and agrees with itself.
func TestRun(t *testing.T) {
	r := Run("/")
	always := []string{"seccomp", "actions-logged", "audit", "auditd", "backlog", "lost", "rate-limit", "exclude-rules", "disk", "rights", "namespaces"}
	sometimes := []string{"auditd-log", "auditd-rotation", "printk", "journald", "rsyslog"}
	seen := map[string]bool{}
	ready := true
	for _, c := range r.Checks {
		if seen[c.ID] || !slices.Contains(append(always, sometimes...), c.ID) {
			t.Errorf("check %s is unknown or comes twice", c.ID)
		}
		seen[c.ID] = true
		if (c.Status == OK) != (c.Fix == "") || c.Detail == "" {
			t.Errorf("%+v", c)
		}
		ready = ready && c.Status != Problem && c.Status != Unknown
	}
	for _, id := range always {
		if !seen[id] {
			t.Errorf("%s was not looked at", id)
		}
	}
	if r.Version != 1 || r.Ready != ready {
		t.Errorf("version %d, ready %v", r.Version, r.Ready)
	}
}

// TestRunSeesSettings changes the kernel's settings for the worse.
func TestRunSeesSettings(t *testing.T) {
	audittest.NeedAuditctl(t)
	audittest.Need(t)
	if c := byID(Run("/"), "backlog"); c.Status != OK || !strings.Contains(c.Detail, "limit 16384") {
		t.Errorf("as the test sets it: %+v", c)
	}
	auditctl(t, "-b", "320")
	auditctl(t, "-r", "77")
	auditctl(t, "-a", "always,exclude", "-F", "msgtype=SECCOMP")
	t.Cleanup(func() { auditctl(t, "-d", "always,exclude", "-F", "msgtype=SECCOMP") })
	r := Run("/")
	for id, detail := range map[string]string{"backlog": "limit 320", "rate-limit": "77 records", "exclude-rules": "all SECCOMP"} {
		if c := byID(r, id); c.Status != Problem || !strings.Contains(c.Detail, detail) {
			t.Errorf("%+v", c)
		}
	}
	if r.Ready {
		t.Error("ready in spite of all")
	}
}

func auditctl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("auditctl", args...).CombinedOutput(); err != nil {
		t.Errorf("auditctl %v: %v\n%s", args, err, out)
	}
}

// TestRunWithAuditd looks at the real daemon with a configuration of its own.
func TestRunWithAuditd(t *testing.T) {
	audittest.Need(t)
	log := filepath.Join(t.TempDir(), "audit.log")
	audittest.Auditd(t, fmt.Sprintf("log_file = %s\nlog_format = RAW\nmax_log_file = 3\nnum_logs = 2\nmax_log_file_action = ROTATE\n", log))
	status, err := auditstate.Kernel()
	if err != nil {
		t.Fatal(err)
	}
	r := Run("/")
	for id, want := range map[string]struct {
		status Status
		detail string
	}{
		"auditd":          {OK, fmt.Sprintf("(pid %d)", status.PID)},
		"auditd-log":      {OK, log + ", raw"},
		"auditd-rotation": {Warning, "the last 6 MiB are kept"},
		"disk":            {byID(r, "disk").Status, "free for " + filepath.Dir(log)},
		"rights":          {OK, "audit.log can be read"},
	} {
		if c := byID(r, id); c.Status != want.status || !strings.Contains(c.Detail, want.detail) {
			t.Errorf("%+v, want %s %q", c, want.status, want.detail)
		}
	}
	if c := byID(r, "printk"); c.ID != "" {
		t.Errorf("the kernel's log matters though auditd runs: %+v", c)
	}
}

// TestRunUnprivileged looks without any right: what cannot be seen is said,
// the rest is judged.
func TestRunUnprivileged(t *testing.T) {
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("setpriv (util-linux) is not installed")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("setpriv", "--bounding-set=-all", exe, "-test.run=^TestRunChild$")
	cmd.Env = append(os.Environ(), "HOSTCHECK_CHILD=1")
	out, err := cmd.Output()
	if err != nil {
		t.Skipf("setpriv: %v\n%s", err, out)
	}
	var r Report
	if err := json.NewDecoder(strings.NewReader(string(out))).Decode(&r); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := Run("/")
	for _, c := range r.Checks {
		switch c.ID {
		case "audit", "backlog", "lost", "rate-limit", "exclude-rules":
			if c.Status != Unknown || !strings.Contains(c.Detail, "operation not permitted") || !strings.Contains(c.Fix, "root") {
				t.Errorf("%+v", c)
			}
		case "seccomp", "actions-logged", "namespaces":
			if c != byID(want, c.ID) {
				t.Errorf("%+v, with rights %+v", c, byID(want, c.ID))
			}
		}
	}
	if r.Ready {
		t.Error("ready, though hardly anything could be seen")
	}
}

func TestRunChild(t *testing.T) {
	if os.Getenv("HOSTCHECK_CHILD") == "" {
		t.Skip("runs as the child of TestRunUnprivileged")
	}
	if err := json.NewEncoder(os.Stdout).Encode(Run("/")); err != nil {
		t.Fatal(err)
	}
}

// TestReportJSON holds the form that other programs read.
func TestReportJSON(t *testing.T) {
	b, err := json.Marshal(report([]Check{ok("seccomp", "fine"), warning("printk", "limited", "sysctl")}))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"version":1,"ready":true,"checks":[{"id":"seccomp","status":"ok","detail":"fine","fix":""},{"id":"printk","status":"warning","detail":"limited","fix":"sysctl"}]}`
	if string(b) != want {
		t.Errorf("\n got %s\nwant %s", b, want)
	}
	for _, c := range []Check{problem("x", "y", "z"), {ID: "x", Status: Unknown, Detail: "y", Fix: "z"}} {
		if report([]Check{ok("a", "b"), c}).Ready {
			t.Errorf("ready in spite of %+v", c)
		}
	}
}

// TestGather reads a host's files from a directory.
func TestGather(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"run/auditd.pid":                           "77\n",
		"proc/77/comm":                             "auditd\n",
		"proc/77/cmdline":                          "/sbin/auditd\x00",
		"etc/audit/auditd.conf":                    "log_file = /var/log/audit/x.log\nadmin_space_left = 9\n",
		"var/log/audit/x.log":                      "",
		"run/systemd/journal/socket":               "",
		"etc/systemd/journald.conf":                "[Journal]\nStorage=auto\n",
		"etc/systemd/journald.conf.d/50-none.conf": "[Journal]\nStorage=none\n",
		"run/rsyslogd.pid":                         "5\n",
		"etc/rsyslog.conf":                         "module(load=\"imklog\")\n",
		"etc/rsyslog.d/10-journal.conf":            "module(load=\"imjournal\")\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := os.DirFS(dir)
	f := facts{status: auditstate.Status{PID: 77}}
	f.gatherAuditd(root, dir)
	if f.daemon != (daemon{pid: 77, comm: "auditd"}) || f.conf.AdminSpaceLeft != "9" || f.confErr != nil || f.logErr != nil || f.space.err != nil {
		t.Errorf("%+v", f)
	}
	if got := filepath.Join(dir, "var/log/audit"); f.space.dir != got {
		t.Errorf("space of %s", f.space.dir)
	}
	g := gather(root, dir)
	if settings := iniSettings(g.journald.s); settings["storage"] != "none" {
		t.Errorf("journald.conf: %q", g.journald.s)
	}
	if c := judgeRsyslog(g.rsyslog.s); c.Status != Warning {
		t.Errorf("rsyslog.conf: %q", g.rsyslog.s)
	}
	if g.avail.err == nil {
		t.Error("the kernel's actions are not in this directory")
	}

	empty := gather(os.DirFS(t.TempDir()), dir)
	if empty.journald.err == nil || empty.rsyslog.err == nil {
		t.Error("services run on a host without files")
	}
}
