// Package hostcheck finds out whether this host records SECCOMP events
// without losing any: the facts behind `auditscan doctor`.
//
// Reading is apart from judging: gather looks at the host, every judge
// function is pure.
package hostcheck

import (
	"fmt"
	"os"
	"runtime"
	"slices"
)

// Report is the answer, and its JSON form.
type Report struct {
	Version int `json:"version"` // of this form: 1
	// Ready says that following here loses nothing: no check found a
	// problem, and none was unable to look.
	Ready  bool    `json:"ready"`
	Checks []Check `json:"checks"`
}

// Check is one thing that was looked at.
type Check struct {
	ID     string `json:"id"`
	Status Status `json:"status"`
	Detail string `json:"detail"` // what was found
	Fix    string `json:"fix"`    // the command or setting that mends it; empty if ok
}

// Status is a judgement.
type Status string

// The judgements. Warning is for what loses records only under a load or
// with a source that need not be used.
const (
	OK      Status = "ok"
	Warning Status = "warning"
	Problem Status = "problem"
	Unknown Status = "unknown" // could not be seen from here
)

// Run looks at the host whose file system is at root ("/", or where a
// container has it mounted) and at the running kernel. It needs no rights;
// without them some checks are unknown. Checks of services that do not run
// are left out.
func Run(root string) Report {
	if runtime.GOOS != "linux" {
		return report([]Check{problem("seccomp", "this is "+runtime.GOOS+": seccomp is Linux's", "run it on the Linux host")})
	}
	return report(gather(os.DirFS(root), root).judge())
}

func report(checks []Check) Report {
	bad := func(c Check) bool { return c.Status == Problem || c.Status == Unknown }
	return Report{Version: 1, Ready: !slices.ContainsFunc(checks, bad), Checks: checks}
}

// judge goes from the kernel to the files.
func (f facts) judge() []Check {
	checks := []Check{
		judgeSeccomp(f.avail, f.release),
		judgeLogged(f.avail, f.logged),
		judgeAudit(f.cmdline, f.release, f.status, f.statusErr),
		judgeDaemon(f.daemon, f.hears()),
		judgeBacklog(f.status, f.statusErr),
		judgeLost(f.status, f.statusErr),
		judgeRateLimit(f.status, f.statusErr),
		judgeRules(f.rules, f.rulesErr),
	}
	if f.daemon.isAuditd() {
		checks = append(checks, f.judgeAuditd()...)
	}
	if f.daemon.pid == 0 {
		checks = append(checks, f.judgePrintkReaders()...)
	}
	return append(checks, judgeDisk(f.space, f.conf), judgeRights(f.rights, f.logErr), judgeNamespaces(f.rights))
}

// judgeAuditd judges the settings of the auditd that runs.
func (f facts) judgeAuditd() []Check {
	if f.confErr != nil {
		return []Check{unseen("auditd-log", f.confErr)}
	}
	return []Check{judgeLog(f.conf), judgeRotation(f.conf)}
}

// judgePrintkReaders judges what the records go through if no audit daemon
// takes them.
func (f facts) judgePrintkReaders() []Check {
	checks := []Check{judgePrintk(f.printkInterval, f.printkBurst)}
	if f.journald.err == nil {
		checks = append(checks, judgeJournald(f.journald.s, f.sockets))
	}
	if f.rsyslog.err == nil {
		checks = append(checks, judgeRsyslog(f.rsyslog.s))
	}
	return checks
}

func ok(id, detail string) Check           { return Check{id, OK, detail, ""} }
func warning(id, detail, fix string) Check { return Check{id, Warning, detail, fix} }
func problem(id, detail, fix string) Check { return Check{id, Problem, detail, fix} }

// unseen is a check that could not be made.
func unseen(id string, err error) Check {
	return Check{id, Unknown, fmt.Sprintf("cannot be seen: %v", err), "run it as root, in the host's namespaces: sudo auditscan doctor"}
}

func sysctlFix(name, value string) string {
	return fmt.Sprintf("sysctl -w %[1]s='%[2]s'; to keep it: echo '%[1]s = %[2]s' >/etc/sysctl.d/90-auditscan.conf", name, value)
}

func auditctlFix(option string) string {
	return fmt.Sprintf("auditctl %[1]s; to keep it: echo '%[1]s' >>/etc/audit/rules.d/90-auditscan.rules", option)
}

func auditdFix(settings string) string {
	return fmt.Sprintf("set %s in auditd.conf, then: pkill -HUP -x auditd", settings)
}
