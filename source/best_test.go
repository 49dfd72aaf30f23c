package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/auditstate"
)

func TestChoose(t *testing.T) {
	var (
		notRunning = errors.New("auditd does not run")
		denied     = errors.New("open /var/log/audit/audit.log: permission denied")
		noCap      = errors.New("needs CAP_AUDIT_READ")
		noJournald = errors.New("systemd-journald does not run")
		noSyslog   = errors.New("no system log in /var/log")
	)
	all := liveSources{auditd: 7, log: "/var/log/audit/audit.log", syslog: "/var/log/syslog"}
	with := func(change func(*liveSources)) liveSources {
		l := all
		change(&l)
		return l
	}
	tests := []struct {
		name   string
		have   liveSources
		want   string
		reason []string
	}{
		{"everything", all, "/var/log/audit/audit.log", []string{"auditd (pid 7) writes every record"}},
		{"no auditd", with(func(l *liveSources) { l.auditd, l.log, l.logErr = 0, "", notRunning }),
			"audit:", []string{"auditd does not run", "every record"}},
		{"log not readable", with(func(l *liveSources) { l.logErr = denied }),
			"audit:", []string{"permission denied"}},
		{"no auditd, no right", with(func(l *liveSources) { l.auditd, l.logErr, l.audit = 0, notRunning, noCap }),
			"journal:", []string{"auditd does not run", "CAP_AUDIT_READ", "may miss"}},
		{"syslog only", with(func(l *liveSources) { l.auditd, l.logErr, l.audit, l.journal = 0, notRunning, noCap, noJournald }),
			"/var/log/syslog", []string{"auditd does not run", "CAP_AUDIT_READ", "journald does not run", "at most 10 records in 5 s"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, reason, err := tt.have.choose()
			if name != tt.want || err != nil {
				t.Errorf("%s, %v; want %s", name, err, tt.want)
			}
			for _, part := range tt.reason {
				if !strings.Contains(reason, part) {
					t.Errorf("reason %q says nothing of %q", reason, part)
				}
			}
		})
	}
	name, _, err := liveSources{logErr: notRunning, audit: noCap, journal: noJournald, sysErr: noSyslog}.choose()
	if name != "" || err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("nothing there: %q, %v", name, err)
	}
	for _, cause := range []error{notRunning, noCap, noJournald, noSyslog} {
		if !strings.Contains(err.Error(), cause.Error()) {
			t.Errorf("%v does not say that %v", err, cause)
		}
	}
}

// host makes files below a directory that stands for a host's root.
func host(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestAuditdLog(t *testing.T) {
	running := map[string]string{"run/auditd.pid": "7\n", "proc/7/comm": "auditd\n", "etc/audit/auditd.conf": "log_file = /srv/audit.log\n", "srv/audit.log": ""}
	with := func(name, text string) map[string]string {
		files := map[string]string{name: text}
		for n, s := range running {
			if _, changed := files[n]; !changed {
				files[n] = s
			}
		}
		return files
	}
	const none = "auditd does not run"
	tests := []struct {
		name   string
		files  map[string]string
		status auditstate.Status
		err    error // of asking the kernel
		pid    int
		want   string // of the error; empty: none
	}{
		{"runs", running, auditstate.Status{PID: 7}, nil, 7, ""},
		{"runs, the kernel cannot be asked", running, auditstate.Status{}, fs.ErrPermission, 7, ""},
		{"runs, but the kernel has no daemon", running, auditstate.Status{}, nil, 0, none},
		{"another daemon has taken over", running, auditstate.Status{PID: 9}, nil, 0, none},
		{"an old log of one that does not run", map[string]string{"var/log/audit/audit.log": "x"}, auditstate.Status{}, nil, 0, none},
		{"plugins only", with("etc/audit/auditd.conf", "write_logs = no\n"), auditstate.Status{PID: 7}, nil, 7, "no log of this host"},
		{"log is gone", with("etc/audit/auditd.conf", "log_file = /srv/other.log\n"), auditstate.Status{PID: 7}, nil, 7, "other.log"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := host(t, tt.files)
			pid, log, err := auditdLog(root, tt.status, tt.err)
			if pid != tt.pid || (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%d, %q, %v", pid, log, err)
			}
			if err == nil && log != filepath.Join(root, "srv/audit.log") {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestSystemLog(t *testing.T) {
	root := host(t, map[string]string{"var/log/kern.log": "", "var/log/messages": ""})
	if path, err := systemLog(root); path != filepath.Join(root, "var/log/kern.log") || err != nil {
		t.Errorf("%s, %v", path, err)
	}
	if path, err := systemLog(host(t, nil)); path != "" || err == nil {
		t.Errorf("none there: %s, %v", path, err)
	}
}

func TestSystemJournal(t *testing.T) {
	const socket = "run/systemd/journal/socket"
	tests := []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"persistent", map[string]string{socket: "", "var/log/journal/3d12/system.journal": ""}, ""},
		{"volatile", map[string]string{socket: "", "run/log/journal/3d12/system.journal": ""}, ""},
		{"journald does not run", map[string]string{"var/log/journal/3d12/system.journal": ""}, "does not run"},
		{"the user's own only", map[string]string{socket: "", "var/log/journal/3d12/user-1000.journal": ""}, "cannot be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := systemJournal(host(t, tt.files))
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Error(err)
			}
		})
	}
}
