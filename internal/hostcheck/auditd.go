package hostcheck

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/internal/auditstate"
)

// storm is how fast records can come, in bytes of audit.log a second: 33,000
// records of 275 bytes were measured.
const storm = 9 << 20

// historySeconds is how long a log should last in a storm.
const historySeconds = 60

// daemon is who takes the records from the kernel.
type daemon struct {
	pid  int    // 0: nobody
	comm string // empty: not known
	err  error  // why pid is not known
}

func (d daemon) isAuditd() bool { return d.pid != 0 && (d.comm == "auditd" || d.comm == "") }

// judgeDaemon wants auditd, which loses nothing, or else that this program
// can listen itself.
func judgeDaemon(d daemon, hears bool) Check {
	const id = "auditd"
	const fix = "systemctl enable --now auditd (Debian, Ubuntu: apt install auditd), or while it matters: auditscan follow audit:"
	switch {
	case d.err != nil:
		return unseen(id, d.err)
	case d.isAuditd():
		return ok(id, fmt.Sprintf("runs (pid %d)", d.pid))
	case d.pid != 0 && hears:
		return warning(id, fmt.Sprintf("%s (pid %d) takes the records instead; auditscan follow audit: hears them too", strconv.Quote(d.comm), d.pid), fix)
	case d.pid != 0:
		return problem(id, fmt.Sprintf("%s (pid %d) takes the records instead", strconv.Quote(d.comm), d.pid), fix)
	case hears:
		return warning(id, "does not run: only auditscan follow audit: gets every record, while it runs", fix)
	}
	return problem(id, "does not run: records go to the kernel's log, which drops most of them", fix)
}

func judgeLog(c auditstate.Conf) Check {
	const id = "auditd-log"
	switch {
	case !c.LocalEvents:
		return problem(id, "auditd takes no records of this host (local_events = no)", auditdFix("local_events = yes"))
	case !c.WriteLogs:
		return problem(id, "auditd writes no log (write_logs = no)", auditdFix("write_logs = yes, log_format = ENRICHED"))
	}
	return ok(id, fmt.Sprintf("%s, %s", c.LogFile, c.LogFormat))
}

func judgeRotation(c auditstate.Conf) Check {
	const id = "auditd-rotation"
	if c.MaxLogFileAction == "suspend" && c.MaxLogFile > 0 {
		return problem(id, fmt.Sprintf("auditd stops writing at %d MiB (max_log_file_action = SUSPEND)", c.MaxLogFile), auditdFix("max_log_file_action = ROTATE"))
	}
	history, rotates := c.Rotates()
	if !rotates {
		return ok(id, "nothing is thrown away (max_log_file_action = "+strings.ToUpper(c.MaxLogFileAction)+"); watch the disk")
	}
	detail := fmt.Sprintf("the last %d MiB are kept: %.1f s of a storm of records", history>>20, float64(history)/storm)
	if history < historySeconds*storm {
		return warning(id, detail+"; a later report misses what came before", auditdFix("max_log_file = 64, num_logs = 10"))
	}
	return ok(id, detail)
}

// space is the room on the file system that a directory is on, in bytes.
type space struct {
	dir         string
	free, total uint64
	err         error
}

func judgeDisk(s space, c auditstate.Conf) Check {
	const id = "disk"
	if s.err != nil {
		return unseen(id, s.err)
	}
	detail := fmt.Sprintf("%d MiB free for %s", s.free>>20, s.dir)
	fix := "make room on the file system of " + s.dir
	switch {
	case s.free < reserve(c, s.total):
		return problem(id, fmt.Sprintf("%s: auditd has stopped writing (admin_space_left = %s, %s)", detail, c.AdminSpaceLeft, strings.ToUpper(c.AdminSpaceLeftAction)),
			fix+", then: pkill -USR2 -x auditd")
	case s.free < historySeconds*storm:
		return warning(id, fmt.Sprintf("%s: %.1f s of a storm of records", detail, float64(s.free)/storm), fix)
	}
	return ok(id, detail)
}

// reserve is the free space below which auditd no longer writes.
func reserve(c auditstate.Conf, total uint64) uint64 {
	switch c.AdminSpaceLeftAction {
	case "suspend", "single", "halt":
	default:
		return 0
	}
	number, isPercent := strings.CutSuffix(c.AdminSpaceLeft, "%")
	n, err := strconv.ParseUint(number, 10, 32)
	switch {
	case err != nil:
		return 0
	case isPercent:
		return total / 100 * n
	}
	return n << 20
}

// daemonOf combines what the kernel says with what auditd's pid file does.
func daemonOf(s auditstate.Status, err error, pidFile auditstate.Daemon, comm string) daemon {
	switch {
	case pidFile.PID != 0 && (err != nil || int(s.PID) == pidFile.PID):
		return daemon{pid: pidFile.PID, comm: "auditd"}
	case err != nil:
		return daemon{err: fmt.Errorf("no pid file of auditd, and %w", err)}
	}
	return daemon{pid: int(s.PID), comm: comm}
}
