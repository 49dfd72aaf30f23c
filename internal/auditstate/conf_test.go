package auditstate

import (
	"testing"
	"testing/fstest"
)

// debian is auditd.conf as Debian's auditd 3.0.9 installs it, shortened.
const debian = `#
# This file controls the configuration of the audit daemon
#

local_events = yes
write_logs = yes
log_file = /var/log/audit/audit.log
log_group = adm
log_format = ENRICHED
max_log_file = 8
num_logs = 5
name_format = NONE
##name = mydomain
max_log_file_action = ROTATE
space_left = 75
admin_space_left = 50
admin_space_left_action = SUSPEND
disk_full_action = SUSPEND
`

func TestParseConf(t *testing.T) {
	defaults := ParseConf("")
	with := func(change func(*Conf)) Conf {
		c := defaults
		change(&c)
		return c
	}
	tests := []struct {
		name, text string
		want       Conf
	}{
		{"nothing set", "", Conf{
			LocalEvents: true, WriteLogs: true, LogFile: "/var/log/audit/audit.log", LogFormat: "raw",
			MaxLogFileAction: "ignore", AdminSpaceLeft: "0", AdminSpaceLeftAction: "ignore", DiskFullAction: "ignore",
		}},
		{"debian", debian, Conf{
			LocalEvents: true, WriteLogs: true, LogFile: "/var/log/audit/audit.log", LogFormat: "enriched",
			MaxLogFile: 8, MaxLogFileAction: "rotate", NumLogs: 5,
			AdminSpaceLeft: "50", AdminSpaceLeftAction: "suspend", DiskFullAction: "suspend",
		}},
		{"path keeps its case, keyword has none", "LOG_File = /Data/Audit.log", with(func(c *Conf) { c.LogFile = "/Data/Audit.log" })},
		{"nolog writes none", "log_format = NOLOG\nwrite_logs = yes", with(func(c *Conf) { c.LogFormat, c.WriteLogs = "nolog", false })},
		{"other hosts only", "local_events = no", with(func(c *Conf) { c.LocalEvents = false })},
		{"exec has an option", "disk_full_action = EXEC /bin/x", with(func(c *Conf) { c.DiskFullAction = "exec" })},
		{"commented out", "#num_logs = 7", defaults},
		{"no blanks, which auditd refuses", "num_logs=7", defaults},
		{"not a number", "num_logs = -3\nmax_log_file = 8MB", defaults},
		{"percent", "admin_space_left = 5%", with(func(c *Conf) { c.AdminSpaceLeft = "5%" })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := ParseConf(tt.text); got != tt.want {
				t.Errorf("\n got %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestRotates(t *testing.T) {
	tests := []struct {
		text    string
		history int64
		ok      bool
	}{
		{debian, 40 << 20, true},
		{"max_log_file_action = KEEP_LOGS\nmax_log_file = 8\nnum_logs = 5", 40 << 20, false},
		{"max_log_file_action = rotate\nmax_log_file = 8\nnum_logs = 1", 8 << 20, false},
		{"max_log_file_action = rotate\nmax_log_file = 1\nnum_logs = 2", 2 << 20, true},
		{"max_log_file_action = rotate\nmax_log_file = 0\nnum_logs = 2", 0, false},
		{"max_log_file_action = rotate\nnum_logs = 5", 0, false},
	}
	for _, tt := range tests {
		history, ok := ParseConf(tt.text).Rotates()
		if history != tt.history || ok != tt.ok {
			t.Errorf("%q: %d, %v; want %d, %v", tt.text, history, ok, tt.history, tt.ok)
		}
	}
}

func TestFindDaemon(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	tests := []struct {
		name string
		root fstest.MapFS
		want Daemon
		ok   bool
	}{
		{"runs", fstest.MapFS{"run/auditd.pid": file("77\n"), "proc/77/comm": file("auditd\n"), "proc/77/cmdline": file("/sbin/auditd\x00")},
			Daemon{77, "etc/audit"}, true},
		{"own directory", fstest.MapFS{"run/auditd.pid": file("77\n"), "proc/77/comm": file("auditd\n"), "proc/77/cmdline": file("auditd\x00-n\x00-c\x00/srv/audit/\x00")},
			Daemon{77, "srv/audit"}, true},
		{"directory missing", fstest.MapFS{"run/auditd.pid": file("77\n"), "proc/77/comm": file("auditd\n"), "proc/77/cmdline": file("auditd\x00-c")},
			Daemon{77, "etc/audit"}, true},
		{"pid taken by another", fstest.MapFS{"run/auditd.pid": file("77\n"), "proc/77/comm": file("bash\n")}, Daemon{}, false},
		{"gone", fstest.MapFS{"run/auditd.pid": file("77\n")}, Daemon{}, false},
		{"not a pid", fstest.MapFS{"run/auditd.pid": file("../1\n"), "proc/1/comm": file("auditd\n")}, Daemon{}, false},
		{"never started", fstest.MapFS{}, Daemon{}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := FindDaemon(tt.root)
			if got != tt.want || ok != tt.ok {
				t.Errorf("%+v, %v; want %+v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestReadConf(t *testing.T) {
	root := fstest.MapFS{"etc/audit/auditd.conf": {Data: []byte("num_logs = 9\n")}}
	c, err := ReadConf(root, DefaultConfDir)
	if err != nil || c.NumLogs != 9 {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := ReadConf(root, "srv"); err == nil {
		t.Error("a missing file gave no error")
	}
}
