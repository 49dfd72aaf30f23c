package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/auditscan/auditscan/internal/auditstate"
)

// Names of the live sources that are no files.
const (
	NetlinkName = "audit:"
	JournalName = "journal:"
)

// Best finds the best live source of this host: the audit.log that auditd
// writes, else the kernel's audit socket, else the journal, else a system log.
// name is a path, [NetlinkName] or [JournalName]; reason is a phrase that says
// why, and what that source may lose. root is "/", or where the host's file
// system is mounted. If there is no source, the error says for each why not.
func Best(root string) (name, reason string, err error) {
	return observe(root).choose()
}

// liveSources are the sources of a host that can be followed. An error says why
// a source cannot be used.
type liveSources struct {
	auditd  int    // its pid
	log     string // what auditd writes
	logErr  error
	audit   error
	journal error
	syslog  string
	sysErr  error
}

// choose takes the first source that is available, from the one that loses
// nothing to the one that loses most.
func (l liveSources) choose() (name, reason string, err error) {
	but := "auditd does not run"
	if l.auditd != 0 {
		but = fmt.Sprintf("auditd's log cannot be followed (%v)", l.logErr)
	}
	switch {
	case l.logErr == nil:
		return l.log, fmt.Sprintf("auditd (pid %d) writes every record to it", l.auditd), nil
	case l.audit == nil:
		return NetlinkName, but + "; the kernel's audit socket has every record from now on", nil
	case l.journal == nil:
		return JournalName, fmt.Sprintf("%s and %v; journald may miss records in a burst", but, l.audit), nil
	case l.sysErr == nil:
		return l.syslog, fmt.Sprintf("%s, %v and %v; the kernel prints at most 10 records in 5 s and drops the rest without a word", but, l.audit, l.journal), nil
	}
	return "", "", fmt.Errorf("nothing on this host can be followed: %w; %w; %w; %w", l.logErr, l.audit, l.journal, l.sysErr)
}

func observe(root string) liveSources {
	l := liveSources{audit: checkAudible(), journal: journalReadable(root)}
	status, err := auditstate.Kernel()
	l.auditd, l.log, l.logErr = auditdLog(root, status, err)
	l.syslog, l.sysErr = systemLog(root)
	return l
}

// auditdLog finds the log that the running auditd writes. If the kernel says
// that it has no audit daemon, that counts more than a process of that name.
func auditdLog(root string, status auditstate.Status, statusErr error) (pid int, log string, err error) {
	files := os.DirFS(root)
	d, runs := auditstate.FindDaemon(files)
	if !runs || statusErr == nil && int(status.PID) != d.PID {
		return 0, "", errors.New("auditd does not run")
	}
	conf, err := auditstate.ReadConf(files, d.ConfDir)
	if errors.Is(err, fs.ErrPermission) {
		conf = auditstate.ParseConf("") // its log may be readable all the same
	} else if err != nil {
		return d.PID, "", err
	}
	log = filepath.Join(root, conf.LogFile)
	if !conf.WriteLogs || !conf.LocalEvents {
		return d.PID, log, errors.New("auditd is set to write no log of this host")
	}
	return d.PID, log, openable(log)
}

// systemLog finds the first system log that exists.
func systemLog(root string) (string, error) {
	for _, name := range []string{"syslog", "kern.log", "messages"} {
		path := filepath.Join(root, "var/log", name)
		if err := openable(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", fmt.Errorf("no system log in %s", filepath.Join(root, "var/log"))
}

// journalReadable returns why the journal cannot be followed; nil: it can.
func journalReadable(root string) error {
	if filepath.Clean(root) != "/" {
		return errors.New("journalctl reads the journal of / only")
	}
	if _, err := exec.LookPath("journalctl"); err != nil {
		return errors.New("there is no journalctl")
	}
	return systemJournal(root)
}

// systemJournal returns why the system's journal cannot be read. Without the
// right to read it, journalctl shows the user's own journal and seems to work.
func systemJournal(root string) error {
	if _, err := os.Stat(filepath.Join(root, "run/systemd/journal/socket")); err != nil {
		return errors.New("systemd-journald does not run")
	}
	var denied error
	for _, dir := range []string{"var/log/journal", "run/log/journal"} {
		journals, _ := filepath.Glob(filepath.Join(root, dir, "*/system.journal")) // the pattern is well-formed
		for _, journal := range journals {
			if denied = openable(journal); denied == nil {
				return nil
			}
		}
	}
	if denied == nil {
		denied = errors.New("no file")
	}
	return fmt.Errorf("the system's journal cannot be read, as members of systemd-journal can (%w)", denied)
}

func openable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}
