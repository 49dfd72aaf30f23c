package hostcheck

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/internal/auditstate"
	"github.com/auditscan/auditscan/internal/rights"
)

// facts are all that is looked at.
type facts struct {
	release, cmdline            text
	avail, logged               text // actions of seccomp
	printkInterval, printkBurst text
	sockets                     text // /proc/net/netlink
	journald, rsyslog           text // configuration; an error if they do not run

	status    auditstate.Status
	statusErr error
	rules     []auditstate.Rule
	rulesErr  error

	daemon  daemon
	conf    auditstate.Conf
	confErr error
	logErr  error // why audit.log cannot be read
	space   space

	rights rights.Rights
}

// text is what a file holds, or why it could not be read.
type text struct {
	s   string
	err error
}

func readText(root fs.FS, name string) text {
	b, err := fs.ReadFile(root, name)
	return text{string(b), err}
}

// gather looks at the host. dir is the path of root.
func gather(root fs.FS, dir string) facts {
	f := facts{
		release:        readText(root, "proc/sys/kernel/osrelease"),
		cmdline:        readText(root, "proc/cmdline"),
		avail:          readText(root, "proc/sys/kernel/seccomp/actions_avail"),
		logged:         readText(root, "proc/sys/kernel/seccomp/actions_logged"),
		printkInterval: readText(root, "proc/sys/kernel/printk_ratelimit"),
		printkBurst:    readText(root, "proc/sys/kernel/printk_ratelimit_burst"),
		sockets:        readText(root, "proc/net/netlink"),
		journald:       readConf(root, "run/systemd/journal/socket", "etc/systemd/journald.conf", "usr/lib/systemd/journald.conf.d/*.conf", "etc/systemd/journald.conf.d/*.conf", "run/systemd/journald.conf.d/*.conf"),
		rsyslog:        readConf(root, "run/rsyslogd.pid", "etc/rsyslog.conf", "etc/rsyslog.d/*.conf"),
		rights:         rights.Read(os.DirFS("/")), // of this process, wherever the host's files are
	}
	f.status, f.statusErr = auditstate.Kernel()
	f.rules, f.rulesErr = loadedRules()
	f.gatherAuditd(root, dir)
	return f
}

func (f *facts) gatherAuditd(root fs.FS, dir string) {
	d, _ := auditstate.FindDaemon(root)
	comm := readText(root, path.Join("proc", strconv.Itoa(int(f.status.PID)), "comm"))
	f.daemon = daemonOf(f.status, f.statusErr, d, strings.TrimSpace(comm.s))
	confDir := auditstate.DefaultConfDir
	if d.PID != 0 {
		confDir = d.ConfDir
	}
	f.conf, f.confErr = auditstate.ReadConf(root, confDir)
	log := "var/log/audit/audit.log"
	switch {
	case !f.daemon.isAuditd():
		f.conf = auditstate.Conf{} // nobody acts on it
		f.logErr = errors.New("auditd does not run")
	case f.confErr != nil:
		f.logErr = f.confErr
	default:
		log = strings.TrimPrefix(f.conf.LogFile, "/")
		f.logErr = openable(root, log)
	}
	f.space = freeSpace(existing(filepath.Join(dir, path.Dir(log))))
}

// existing is the directory, or the nearest above it that there is.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// readConf reads the configuration of a service, one file after the other,
// if the file is there that the service makes while it runs.
func readConf(root fs.FS, mark string, patterns ...string) text {
	if _, err := fs.Stat(root, mark); err != nil {
		return text{err: err}
	}
	var all strings.Builder
	for _, pattern := range patterns {
		names, _ := fs.Glob(root, pattern) // the patterns are well-formed
		for _, name := range names {
			t := readText(root, name)
			all.WriteString(t.s + "\n")
		}
	}
	return text{s: all.String()}
}

func loadedRules() ([]auditstate.Rule, error) {
	raw, err := auditstate.Rules()
	if err != nil {
		return nil, err
	}
	var rules []auditstate.Rule
	for _, b := range raw {
		r, err := auditstate.ParseRule(b)
		if err != nil {
			return nil, err
		}
		rules = append(rules, r)
	}
	return rules, nil
}

func openable(root fs.FS, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return f.Close()
}
