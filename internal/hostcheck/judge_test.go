package hostcheck

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/rights"
)

// judgement is a check and what it should say. A word in detail or fix is
// enough, as the sentence is for people.
type judgement struct {
	name   string
	got    Check
	status Status
	detail string
	fix    string
}

func check(t *testing.T, id string, tests []judgement) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.got
			if c.ID != id || c.Status != tt.status || !strings.Contains(c.Detail, tt.detail) || !strings.Contains(c.Fix, tt.fix) {
				t.Errorf("%+v, want %s with %q and %q", c, tt.status, tt.detail, tt.fix)
			}
			if (c.Status == OK) != (c.Fix == "") {
				t.Errorf("%s, but the fix is %q", c.Status, c.Fix)
			}
			if c.Detail == "" || strings.Contains(c.Detail, "\n") {
				t.Errorf("detail %q", c.Detail)
			}
		})
	}
}

// have is the text of a file.
func have(s string) text { return text{s: s} }

var (
	missing = text{err: fs.ErrNotExist}
	denied  = text{err: fs.ErrPermission}
	eperm   = error(syscall.EPERM)
)

const allActions = "kill_process kill_thread trap errno user_notif trace log allow\n"

func TestJudgeSeccomp(t *testing.T) {
	release := have("6.18.44-fc\n")
	check(t, "seccomp", []judgement{
		{"has log", judgeSeccomp(have(allActions), release), OK, "log", ""},
		{"no log", judgeSeccomp(have("kill trap errno trace allow\n"), release), Problem, "kill trap", "4.14"},
		{"a word that ends in it", judgeSeccomp(have("kill syslog\n"), release), Problem, "", "4.14"},
		{"no seccomp", judgeSeccomp(missing, release), Problem, "", "CONFIG_SECCOMP_FILTER"},
		{"denied", judgeSeccomp(denied, release), Unknown, "permission", "root"},
		{"no /proc", judgeSeccomp(missing, missing), Unknown, "no /proc", "root"},
	})
}

func TestJudgeLogged(t *testing.T) {
	avail := have(allActions)
	check(t, "actions-logged", []judgement{
		{"default", judgeLogged(avail, have("kill_process kill_thread trap errno user_notif trace log\n")), OK, "log", ""},
		{"no log", judgeLogged(avail, have("kill_process kill_thread trap errno user_notif trace\n")), Problem, "SCMP_ACT_LOG",
			"sysctl -w kernel.seccomp.actions_logged='kill_process kill_thread trap errno user_notif trace log'"},
		{"nothing", judgeLogged(avail, have("\n")), Problem, "", "'kill_process kill_thread trap errno user_notif trace log'"},
		{"no errno", judgeLogged(avail, have("kill_process kill_thread trap user_notif trace log")), Warning, "errno", "log errno'"},
		{"denied", judgeLogged(avail, denied), Unknown, "permission", "root"},
	})
}

func TestJudgeAudit(t *testing.T) {
	new, old := have("6.18.44-fc\n"), have("4.9.0-19-amd64\n")
	on, off, locked := auditstate.Status{Enabled: 1}, auditstate.Status{}, auditstate.Status{Enabled: 2}
	quiet := have("quiet splash\n")
	check(t, "audit", []judgement{
		{"on", judgeAudit(quiet, new, on, nil), OK, "on", ""},
		{"locked", judgeAudit(quiet, new, locked, nil), OK, "locked", ""},
		{"off", judgeAudit(quiet, new, off, nil), OK, "off", ""},
		{"off, old kernel", judgeAudit(quiet, old, off, nil), Problem, "off", "auditctl -e 1"},
		{"on, old kernel", judgeAudit(quiet, old, on, nil), OK, "on", ""},
		{"off at boot", judgeAudit(have("quiet audit=0"), new, off, syscall.EPROTONOSUPPORT), Problem, "audit=0", "audit=0"},
		{"off at boot, in words", judgeAudit(have("audit=off quiet"), new, off, eperm), Problem, "audit=off", "boot"},
		{"another word", judgeAudit(have("noaudit=0 audit=01"), new, on, nil), OK, "on", ""},
		{"not built in", judgeAudit(quiet, new, off, syscall.EPROTONOSUPPORT), Problem, "no audit", "CONFIG_AUDIT"},
		{"denied", judgeAudit(quiet, new, off, eperm), Unknown, "not permitted", "root"},
	})
}

func TestBefore414(t *testing.T) {
	for release, want := range map[string]bool{
		"3.10.0-1160.el7.x86_64": true, "4.13.16": true, "4.14.0": false, "4.19": false, "5.4.0-1": false, "6.18.44-fc": false, "": false, "x": false,
	} {
		if got := before414(release); got != want {
			t.Errorf("%q: %v", release, got)
		}
	}
}

func TestJudgeCounters(t *testing.T) {
	s := func(limit, wait uint32) auditstate.Status {
		return auditstate.Status{BacklogLimit: limit, BacklogWaitTime: wait}
	}
	check(t, "backlog", []judgement{
		{"distribution's", judgeBacklog(s(8192, 15000), nil), OK, "8192", ""},
		{"no limit", judgeBacklog(s(0, 0), nil), OK, "limit 0", ""},
		{"kernel's", judgeBacklog(s(64, 15000), nil), Problem, "64", "auditctl -b 8192"},
		{"no waiting", judgeBacklog(s(8192, 0), nil), Problem, "wait", "auditctl --backlog_wait_time 60000"},
		{"denied", judgeBacklog(s(0, 0), eperm), Unknown, "", "root"},
	})
	check(t, "lost", []judgement{
		{"none", judgeLost(auditstate.Status{}, nil), OK, "no record", ""},
		{"some", judgeLost(auditstate.Status{Lost: 7}, nil), Warning, "7 records", "auditctl --reset-lost"},
		{"denied", judgeLost(auditstate.Status{}, eperm), Unknown, "", "root"},
	})
	check(t, "rate-limit", []judgement{
		{"none", judgeRateLimit(auditstate.Status{}, nil), OK, "none", ""},
		{"some", judgeRateLimit(auditstate.Status{RateLimit: 100}, nil), Problem, "100 records", "auditctl -r 0"},
		{"denied", judgeRateLimit(auditstate.Status{}, eperm), Unknown, "", "root"},
	})
}

func TestJudgePrintk(t *testing.T) {
	check(t, "printk", []judgement{
		{"default", judgePrintk(have("5\n"), have("10\n")), Warning, "10 records in 5 s", "kernel.printk_ratelimit='0'"},
		{"off", judgePrintk(have("0\n"), have("10\n")), OK, "not limited", ""},
		{"denied", judgePrintk(denied, have("10\n")), Unknown, "permission", "root"},
	})
}

func TestJudgeDaemon(t *testing.T) {
	check(t, "auditd", []judgement{
		{"auditd", judgeDaemon(daemon{pid: 7, comm: "auditd"}, false), OK, "pid 7", ""},
		{"name hidden", judgeDaemon(daemon{pid: 7}, false), OK, "pid 7", ""},
		{"another", judgeDaemon(daemon{pid: 7, comm: "auditbeat"}, true), Warning, `"auditbeat"`, "follow audit:"},
		{"another, deaf", judgeDaemon(daemon{pid: 7, comm: "x\x1b[31m"}, false), Problem, `"x\x1b[31m"`, "auditd"},
		{"none", judgeDaemon(daemon{}, true), Warning, "does not run", "systemctl enable --now auditd"},
		{"none, deaf", judgeDaemon(daemon{}, false), Problem, "does not run", "systemctl enable --now auditd"},
		{"denied", judgeDaemon(daemon{err: eperm}, true), Unknown, "not permitted", "root"},
	})
}

func TestDaemonOf(t *testing.T) {
	running := auditstate.Daemon{PID: 7}
	tests := []struct {
		name   string
		status auditstate.Status
		err    error
		file   auditstate.Daemon
		comm   string
		want   daemon
	}{
		{"both agree", auditstate.Status{PID: 7}, nil, running, "auditd", daemon{pid: 7, comm: "auditd"}},
		{"kernel denied, pid file there", auditstate.Status{}, eperm, running, "", daemon{pid: 7, comm: "auditd"}},
		{"auditd runs, but without the kernel", auditstate.Status{}, nil, running, "", daemon{}},
		{"another has taken over", auditstate.Status{PID: 9}, nil, running, "laurel", daemon{pid: 9, comm: "laurel"}},
		{"none", auditstate.Status{}, nil, auditstate.Daemon{}, "", daemon{}},
	}
	for _, tt := range tests {
		if got := daemonOf(tt.status, tt.err, tt.file, tt.comm); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	if got := daemonOf(auditstate.Status{}, eperm, auditstate.Daemon{}, ""); !errors.Is(got.err, eperm) {
		t.Errorf("nothing can be seen: %+v", got)
	}
}

func TestJudgeAuditdConf(t *testing.T) {
	conf := auditstate.ParseConf
	check(t, "auditd-log", []judgement{
		{"enriched", judgeLog(conf("log_format = ENRICHED")), OK, "/var/log/audit/audit.log, enriched", ""},
		{"nolog", judgeLog(conf("log_format = NOLOG")), Problem, "no log", "write_logs = yes"},
		{"plugins only", judgeLog(conf("write_logs = no")), Problem, "no log", "write_logs = yes"},
		{"other hosts only", judgeLog(conf("local_events = no")), Problem, "this host", "local_events = yes"},
	})
	check(t, "auditd-rotation", []judgement{
		{"debian's", judgeRotation(conf("max_log_file_action = ROTATE\nmax_log_file = 8\nnum_logs = 5")), Warning, "40 MiB are kept: 4.4 s", "num_logs = 10"},
		{"enough", judgeRotation(conf("max_log_file_action = ROTATE\nmax_log_file = 64\nnum_logs = 10")), OK, "640 MiB", ""},
		{"just enough", judgeRotation(conf("max_log_file_action = ROTATE\nmax_log_file = 54\nnum_logs = 10")), OK, "540 MiB", ""}, // a minute of 9 MiB/s
		{"not quite", judgeRotation(conf("max_log_file_action = ROTATE\nmax_log_file = 49\nnum_logs = 11")), Warning, "539 MiB", "num_logs = 10"},
		{"kept", judgeRotation(conf("max_log_file_action = KEEP_LOGS\nmax_log_file = 8\nnum_logs = 5")), OK, "KEEP_LOGS", ""},
		{"stops", judgeRotation(conf("max_log_file_action = SUSPEND\nmax_log_file = 8")), Problem, "stops writing at 8 MiB", "ROTATE"},
		{"default", judgeRotation(conf("")), OK, "IGNORE", ""},
	})
}

func TestJudgeDisk(t *testing.T) {
	const mib = 1 << 20
	room := func(free, total uint64) space {
		return space{dir: "/var/log/audit", free: free * mib, total: total * mib}
	}
	debian := auditstate.ParseConf("admin_space_left = 50\nadmin_space_left_action = SUSPEND")
	percent := auditstate.ParseConf("admin_space_left = 10%\nadmin_space_left_action = halt")
	harmless := auditstate.ParseConf("admin_space_left = 50\nadmin_space_left_action = syslog")
	check(t, "disk", []judgement{
		{"plenty", judgeDisk(room(5000, 9000), debian), OK, "5000 MiB free for /var/log/audit", ""},
		{"little", judgeDisk(room(90, 9000), debian), Warning, "10.0 s", "/var/log/audit"},
		{"just enough", judgeDisk(room(540, 9000), debian), OK, "540 MiB", ""},
		{"not quite", judgeDisk(room(539, 9000), debian), Warning, "539 MiB", "/var/log/audit"},
		{"at the reserve", judgeDisk(room(50, 9000), debian), Warning, "50 MiB", ""},
		{"suspended", judgeDisk(room(49, 9000), debian), Problem, "SUSPEND", "USR2"},
		{"percent", judgeDisk(room(800, 9000), percent), Problem, "10%", "USR2"},
		{"percent, enough", judgeDisk(room(901, 9000), percent), OK, "", ""},
		{"only told of", judgeDisk(room(49, 9000), harmless), Warning, "49 MiB", ""},
		{"no auditd", judgeDisk(room(49, 9000), auditstate.Conf{}), Warning, "49 MiB", ""},
		{"denied", judgeDisk(space{err: fs.ErrPermission}, debian), Unknown, "permission", "root"},
	})
}

func TestJudgeRights(t *testing.T) {
	all := rights.Rights{Caps: 0x1ffffffffff, CapsKnown: true, Net: rights.Yes, PID: rights.Yes, User: rights.Yes}
	none, readOnly, container, blind := all, all, all, all
	none.Caps = 0
	readOnly.Caps = 1 << rights.AuditRead
	container.Net, container.PID = rights.No, rights.No
	blind.CapsKnown, blind.Caps = false, 0
	unreadable := fs.ErrPermission
	check(t, "rights", []judgement{
		{"root", judgeRights(all, unreadable), OK, "audit socket", ""},
		{"root, with a log", judgeRights(all, nil), OK, "audit.log can be read", ""},
		{"member of adm", judgeRights(none, nil), OK, "CAP_AUDIT_READ", ""},
		{"nobody", judgeRights(none, unreadable), Problem, "CAP_AUDIT_READ", "setcap cap_audit_read"},
		{"to read only", judgeRights(readOnly, unreadable), Warning, "CAP_NET_ADMIN", "cap_net_admin"},
		{"container", judgeRights(container, unreadable), Problem, "hostNetwork", "hostNetwork: true"},
		{"no /proc", judgeRights(blind, unreadable), Unknown, "capabilities", "root"},
	})
	check(t, "namespaces", []judgement{
		{"host", judgeNamespaces(all), OK, "host", ""},
		{"container", judgeNamespaces(container), Warning, "network, pid", "hostNetwork: true"},
		{"no /proc", judgeNamespaces(rights.Rights{}), Unknown, "network, pid, user", "root"},
	})
}
