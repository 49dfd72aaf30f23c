package parser_test

import (
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// notice is a record of another type, the number of its type, and what it tells
// of the recording.
type notice struct {
	kind   string // its type
	number string
	body   string
	tells  bool
	what   parser.LossKind
	pid    int32
}

func notices() []notice {
	config := func(tells bool, what parser.LossKind, body string) notice {
		return notice{kind: "CONFIG_CHANGE", number: "1305", body: body, tells: tells, what: what}
	}
	abend := func(tells bool, body string) notice {
		return notice{kind: "ANOM_ABEND", number: "1701", body: body, tells: tells, what: parser.LossKilled, pid: 4321}
	}
	return []notice{
		config(true, parser.LossLimits, `op=set audit_backlog_wait_time=0 old=60000 auid=0 ses=1 res=1`),
		config(false, 0, `op=set audit_backlog_wait_time=60000 old=0 auid=0 ses=1 res=1`),
		config(false, 0, `op=set audit_backlog_wait_time=0 old=60000 auid=0 ses=1 res=0`),
		config(true, parser.LossLimits, `op=set audit_backlog_limit=64 old=8192 auid=0 ses=1 subj=unconfined res=1`),
		config(false, 0, `op=set audit_backlog_limit=8192 old=64 auid=4294967295 ses=4294967295 res=1`),
		config(false, 0, `op=set audit_backlog_limit=0 old=64 auid=0 ses=1 res=1`),
		config(true, parser.LossLimits, `op=set audit_rate_limit=10 old=0 auid=0 ses=1 res=1`),
		config(false, 0, `op=set audit_rate_limit=0 old=0 auid=0 ses=1 res=1`),
		config(true, parser.LossOff, `op=set audit_enabled=0 old=1 auid=0 ses=1 res=1`),
		config(false, 0, `op=set audit_enabled=1 old=0 auid=0 ses=1 res=1`),
		config(false, 0, `op=set audit_failure=1 old=1 auid=0 ses=1 res=1`),
		config(true, parser.LossExclude, `auid=0 ses=1 op=add_rule key=(null) list=5 res=1`),
		config(false, 0, `auid=0 ses=1 op=add_rule key=(null) list=4 res=1`),
		config(false, 0, `auid=0 ses=1 op=remove_rule key=(null) list=5 res=1`),
		config(true, parser.LossActions, `op=seccomp-logging actions=kill_process,kill_thread,trap,errno old-actions=kill_process,kill_thread,trap,errno,user_notif,trace,log res=1`),
		config(true, parser.LossActions, `op=seccomp-logging actions=(none) old-actions=log res=1`),
		config(false, 0, `op=seccomp-logging actions=kill_process,kill_thread,trap,errno,user_notif,trace,log old-actions=errno res=1`),
		abend(true, `auid=1 uid=1 gid=1 ses=1 pid=4321 comm="x" exe="/x" sig=31 res=1`),
		abend(true, `auid=1 uid=1 gid=1 ses=1 subj=a sig=11 pid=1 (enforce) pid=4321 comm="x" exe="/x" sig=31 res=1`),
		abend(false, `auid=1 uid=1 gid=1 ses=1 pid=4321 comm="x" exe="/x" sig=6 res=1`),
	}
}

// renderings are the forms in which a record can come.
func (n notice) renderings() map[string]string {
	const st = "audit(1717243200.123:78): "
	forms := map[string]string{
		"auditd":         "type=" + n.kind + " msg=" + st + n.body,
		"auditd, tail":   "type=" + n.kind + " msg=" + st + n.body + "\x1dAUID=\"root\"",
		"kernel":         "[  278.581938] audit: type=" + n.number + " " + st + n.body,
		"ausearch -i":    "type=" + n.kind + " msg=audit(06/01/24 12:00:00.123:78) : " + n.body + " ",
		"syslog in JSON": `{"message":"Nov 23 14:57:44 vm kernel: audit: type=` + n.number + " " + st + strings.ReplaceAll(n.body, `"`, `\"`) + `"}`,
		"journald": `{"_TRANSPORT":"audit","_AUDIT_TYPE":"` + n.number + `","_AUDIT_ID":"78","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000",` +
			`"MESSAGE":"` + n.kind + " " + strings.ReplaceAll(n.body, `"`, `\"`) + `"}`,
	}
	if !strings.Contains(n.body, "(enforce)") {
		forms["laurel"] = `{"ID":"1717243200.123:78","` + n.kind + `":[{` + n.laurel() + `}]}`
	}
	return forms
}

// laurel is the body as members of JSON.
func (n notice) laurel() string {
	var members []string
	for _, f := range strings.Fields(n.body) {
		key, value, _ := strings.Cut(f, "=")
		if strings.Trim(value, "0123456789") != "" {
			value = `"` + strings.Trim(value, `"`) + `"`
		}
		members = append(members, `"`+key+`":`+value)
	}
	return strings.Join(members, ",")
}

// TestNotices checks what records of other types tell of the recording itself,
// in each form that they come in, and that their serials count all the same.
func TestNotices(t *testing.T) {
	for _, n := range notices() {
		for form, log := range n.renderings() {
			var others, losses int
			for _, got := range items(parser.New(parser.LayoutLines), []byte(log+"\n")) {
				switch {
				case got.item == parser.ItemOther && got.event.stamp.Serial == 78:
					others++
				case got.item == parser.ItemLoss && got.loss.kind == n.what && got.line == 1:
					losses++
				default:
					t.Errorf("%s: %+v\n%s", form, got, log)
				}
			}
			if others != 1 || losses != map[bool]int{true: 1}[n.tells] {
				t.Errorf("%s: %d records, %d losses\n%s", form, others, losses, log)
			}
		}
	}
}

// TestDaemonRecords checks that auditd's own records show that a log is auditd's,
// lend no serial, and tell when auditd failed.
func TestDaemonRecords(t *testing.T) {
	for kind, item := range map[string]parser.Item{
		"DAEMON_START": parser.ItemOther, "DAEMON_END": parser.ItemOther, "DAEMON_ROTATE": parser.ItemOther, "DAEMON_ABORT": parser.ItemLoss, "DAEMON_RESUME": parser.ItemLoss,
	} {
		got := one(t, "type="+kind+" msg=audit(1717243200.123:78): op=x auid=0 pid=1 res=success")
		if got.item != item || got.event.stamp.HasSerial || item == parser.ItemLoss && got.loss.kind != parser.LossDaemon {
			t.Errorf("%s: %+v", kind, got)
		}
	}
}
