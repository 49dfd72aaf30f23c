package hostcheck

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/auditscan/auditscan/internal/auditstate"
)

// judgeSeccomp reads /proc/sys/kernel/seccomp/actions_avail; the release is
// what every kernel tells.
func judgeSeccomp(avail, release text) Check {
	const id = "seccomp"
	switch {
	case release.err != nil:
		return unseen(id, fmt.Errorf("no /proc: %w", release.err))
	case errors.Is(avail.err, fs.ErrNotExist):
		return problem(id, "the kernel has no SCMP_ACT_LOG", "boot Linux 4.14 or later with CONFIG_SECCOMP_FILTER")
	case avail.err != nil:
		return unseen(id, avail.err)
	case !slices.Contains(strings.Fields(avail.s), "log"):
		return problem(id, "the kernel knows no action log, only "+strings.TrimSpace(avail.s), "boot Linux 4.14 or later")
	}
	return ok(id, "the kernel has the action log")
}

// judgeLogged reads /proc/sys/kernel/seccomp/actions_logged.
func judgeLogged(avail, logged text) Check {
	const id = "actions-logged"
	if err := cmp.Or(avail.err, logged.err); err != nil {
		return unseen(id, err)
	}
	have := strings.Fields(logged.s)
	var missing []string
	for _, action := range strings.Fields(avail.s) {
		if action != "allow" && !slices.Contains(have, action) {
			missing = append(missing, action)
		}
	}
	fix := sysctlFix("kernel.seccomp.actions_logged", strings.Join(append(have, missing...), " "))
	switch {
	case slices.Contains(missing, "log"):
		return problem(id, "calls under SCMP_ACT_LOG are not recorded", fix)
	case len(missing) > 0:
		return warning(id, "denials are not recorded: "+strings.Join(missing, " "), fix)
	}
	return ok(id, strings.Join(have, " ")+"; errors that a filter returns only if its profile has SECCOMP_FILTER_FLAG_LOG, which Docker before 23.0 ignores")
}

// judgeAudit reports whether records are made at all.
func judgeAudit(cmdline, release text, s auditstate.Status, err error) Check {
	const id = "audit"
	for _, word := range strings.Fields(cmdline.s) {
		if word == "audit=0" || word == "audit=off" {
			return problem(id, "switched off at boot ("+word+"): there are no records", "take "+word+" off the kernel's command line and boot again")
		}
	}
	switch {
	case errors.Is(err, syscall.EPROTONOSUPPORT):
		return problem(id, "the kernel has no audit subsystem", "boot a kernel with CONFIG_AUDIT and CONFIG_AUDITSYSCALL")
	case err != nil:
		return unseen(id, err)
	case s.Enabled == 0 && before414(release.s):
		return problem(id, "off: before Linux 4.14 nothing is recorded then", auditctlFix("-e 1"))
	case s.Enabled == 0:
		return ok(id, "off, which SECCOMP records do not depend on")
	case s.Enabled == 2:
		return ok(id, "on; settings are locked until the next boot")
	}
	return ok(id, "on")
}

// before414 reads a release such as 6.1.0-18-amd64.
func before414(release string) bool {
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return false
	}
	return major < 4 || major == 4 && minor < 14
}

// wideBacklog is what distributions set; the kernel's own 64 lost 15 of 4,027
// records, and 3,956 if programs are not made to wait.
const wideBacklog = 8192

func judgeBacklog(s auditstate.Status, err error) Check {
	const id = "backlog"
	if err != nil {
		return unseen(id, err)
	}
	detail := fmt.Sprintf("limit %d, %d queued now", s.BacklogLimit, s.Backlog)
	switch {
	case s.BacklogLimit == 0 || s.BacklogLimit >= wideBacklog && s.BacklogWaitTime > 0:
		return ok(id, detail)
	case s.BacklogWaitTime == 0:
		return problem(id, detail+", and programs do not wait for room: a burst is lost", auditctlFix("--backlog_wait_time 60000"))
	}
	return problem(id, detail+": a burst is lost, or stops the program for seconds", auditctlFix(fmt.Sprint("-b ", wideBacklog)))
}

func judgeLost(s auditstate.Status, err error) Check {
	const id = "lost"
	switch {
	case err != nil:
		return unseen(id, err)
	case s.Lost > 0:
		return warning(id, fmt.Sprintf("%d records were lost since boot (or since the count was reset)", s.Lost),
			"mend what the other lines say, then: auditctl --reset-lost")
	}
	return ok(id, "no record was lost")
}

func judgeRateLimit(s auditstate.Status, err error) Check {
	const id = "rate-limit"
	switch {
	case err != nil:
		return unseen(id, err)
	case s.RateLimit > 0:
		return problem(id, fmt.Sprintf("what goes beyond %d records a second is lost", s.RateLimit), auditctlFix("-r 0"))
	}
	return ok(id, "none")
}

// seccompType is AUDIT_SECCOMP of linux/audit.h.
const seccompType = 1326

func judgeRules(rules []auditstate.Rule, err error) Check {
	const id = "exclude-rules"
	if err != nil {
		return unseen(id, err)
	}
	for _, r := range rules {
		switch excludes, partly := r.Excludes(seccompType); {
		case excludes && partly:
			return problem(id, "an audit rule drops some SECCOMP records", "auditctl -l shows it (exclude); delete it with auditctl -d and from /etc/audit/rules.d")
		case excludes:
			return problem(id, "an audit rule drops all SECCOMP records", "auditctl -d always,exclude -F msgtype=SECCOMP (as auditctl -l shows it), and delete it from /etc/audit/rules.d")
		}
	}
	return ok(id, "no rule drops SECCOMP records")
}

// judgePrintk reads the limit on what the kernel prints, which is all that
// syslog and dmesg get without an audit daemon.
func judgePrintk(interval, burst text) Check {
	const id = "printk"
	if err := cmp.Or(interval.err, burst.err); err != nil {
		return unseen(id, err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(interval.s)); err == nil && n == 0 {
		return ok(id, "the kernel's log is not limited")
	}
	return warning(id, fmt.Sprintf("the kernel's log, and so syslog, gets %s records in %s s; the rest is dropped silently",
		strings.TrimSpace(burst.s), strings.TrimSpace(interval.s)), sysctlFix("kernel.printk_ratelimit", "0"))
}
