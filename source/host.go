package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// FindHost finds this host's own log: the first of audit.log, syslog, kern.log
// and messages that can be read and is not empty. root is "/", or where the
// host's file system is mounted. reason is a sentence for the user; err tells
// what was tried and what to do.
func FindHost(root string) (path, reason string, err error) {
	var tried []string
	denied := false
	for _, name := range []string{"audit/audit.log", "syslog", "kern.log", "messages"} {
		path := filepath.Join(root, "var/log", name)
		err := readable(path)
		if err == nil {
			return path, hostReason(path, tried), nil
		}
		denied = denied || errors.Is(err, fs.ErrPermission)
		tried = append(tried, fmt.Sprintf("%s (%v)", path, withoutPath(err)))
	}
	advice := "name a log file, or start auditd"
	if denied {
		advice = "run as root or as a member of the group adm, or name a log file"
	}
	return "", "", fmt.Errorf("no log of this host can be read: %s; %s", strings.Join(tried, ", "), advice)
}

// hostReason says why path was taken, given what was tried before it.
func hostReason(path string, tried []string) string {
	if len(tried) == 0 {
		return fmt.Sprintf("reading %s, auditd's own log", path)
	}
	return fmt.Sprintf("reading %s, as others cannot be read: %s; without auditd the kernel prints at most 10 records in 5 s",
		path, strings.Join(tried, ", "))
}

// readable opens the file, since its mode does not show access lists and root's
// rights.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Size() == 0:
		return errors.New("empty")
	}
	return nil
}

// withoutPath removes the path from an error that is shown beside it.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
