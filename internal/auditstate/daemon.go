package auditstate

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Daemon is a running auditd.
type Daemon struct {
	PID     int
	ConfDir string // below the root, without a leading slash
}

// FindDaemon finds the auditd that runs on the host whose file system is
// root, by its pid file. It needs no rights, but it must see the host's
// processes.
func FindDaemon(root fs.FS) (Daemon, bool) {
	text, err := fs.ReadFile(root, "run/auditd.pid")
	if err != nil {
		return Daemon{}, false
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return Daemon{}, false
	}
	proc := path.Join("proc", strconv.Itoa(pid))
	comm, err := fs.ReadFile(root, path.Join(proc, "comm"))
	if err != nil || strings.TrimSpace(string(comm)) != "auditd" {
		return Daemon{}, false
	}
	cmdline, _ := fs.ReadFile(root, path.Join(proc, "cmdline")) // cannot be read: then the default holds
	return Daemon{PID: pid, ConfDir: confDir(string(cmdline))}, true
}

// confDir finds the directory that auditd was told to take its configuration
// from (auditd -c DIR).
func confDir(cmdline string) string {
	args := strings.Split(cmdline, "\x00")
	if i := slices.Index(args, "-c"); i >= 0 && i+1 < len(args) && path.IsAbs(args[i+1]) {
		return strings.TrimPrefix(path.Clean(args[i+1]), "/")
	}
	return DefaultConfDir
}

// DefaultConfDir is where auditd's configuration is, below the root.
const DefaultConfDir = "etc/audit"

// ReadConf reads the auditd.conf in a directory of root.
func ReadConf(root fs.FS, dir string) (Conf, error) {
	text, err := fs.ReadFile(root, path.Join(dir, "auditd.conf"))
	if err != nil {
		return Conf{}, err
	}
	return ParseConf(string(text)), nil
}
