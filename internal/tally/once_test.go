package tally

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
)

const (
	fields = `auid=1000 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx"` +
		` sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000`
	stamp = `audit(1717243200.123:77): `
)

// TestCountedOnce checks which renderings are one event and which are two.
func TestCountedOnce(t *testing.T) {
	const (
		auditd  = "type=SECCOMP msg=" + stamp + fields + "\n"
		dmesg   = "[  278.581938] audit: type=1326 " + stamp + fields + "\n"
		syslog  = "Jun  1 12:00:00 vm kernel: [  278.581938] audit: type=1326 " + stamp + fields + "\n"
		kernlog = "2024-06-01T12:00:00.123456+00:00 vm kernel: audit: type=1326 " + stamp + fields + "\n"
		journal = "Jun  1 12:00:00 vm audit[4321]: SECCOMP " + fields + "\n"
	)
	quoted := strings.ReplaceAll(fields, `"`, `\"`)
	audit := `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","_AUDIT_ID":"77","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000","_HOSTNAME":"vm","MESSAGE":"SECCOMP ` + quoted + "\"}\n"
	kernel := `{"_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","_HOSTNAME":"vm","MESSAGE":"audit: type=1326 ` + stamp + quoted + "\"}\n"
	laurel := `{"ID":"1717243200.123:77","SECCOMP":[{"pid":4321,"comm":"nginx","exe":"/usr/sbin/nginx","sig":0,"arch":"0xc000003e","syscall":202,"compat":0,"ip":"0x7f00","code":"0x7ffc0000"}]}` + "\n"
	own := `{"n":1,"time":"2024-06-01T12:00:00.123Z","serial":77,"node":null,"pid":4321,"comm":"nginx","exe":"/usr/sbin/nginx","arch":"x86_64","nr":202,"syscall":"futex","action":"log","sig":0,"compat":false,"ip":"0x7f00","uid":33,"gid":34,"auid":1000,"ses":7,"subj":null,"container":null}` + "\n"
	other := func(log, from, to string) string { return strings.ReplaceAll(log, from, to) }

	for _, tt := range []struct {
		name string
		logs []string
		want int64
	}{
		{"one line twice", []string{auditd + auditd}, 1},
		{"one log twice", []string{auditd, auditd}, 1},
		{"syslog and kern.log", []string{syslog, kernlog}, 1},
		{"dmesg and auditd, started later", []string{dmesg, auditd}, 1},
		{"auditd and laurel", []string{auditd, laurel}, 1},
		{"auditd and our own event of it", []string{auditd, own}, 1},
		{"our own event and journald's JSON", []string{own, audit}, 1},
		{"our own event of another arch", []string{auditd, other(own, `x86_64","nr":202`, `aarch64","nr":98`)}, 2},
		{"auditd and syslog, which names the host", []string{auditd, syslog}, 1},
		{"syslog and auditd", []string{syslog, auditd}, 1},
		{"journald's JSON and auditd", []string{audit, auditd, audit}, 1},
		{"auditd and two hosts' syslogs", []string{syslog, other(syslog, " vm ", " vm2 "), auditd}, 3},
		{"a syslog and another record of auditd's", []string{syslog, other(auditd, "4321", "1")}, 2},
		{"auditd enriched and raw", []string{auditd, strings.TrimSpace(auditd) + "\x1dAUID=\"x\"\n"}, 1},
		{"journald's two renderings, text", []string{syslog + journal}, 1},
		{"journald's two renderings, text, in two files", []string{journal, syslog}, 1},
		{"journald's two renderings, JSON", []string{audit + kernel}, 1},
		{"journald's JSON and syslog", []string{audit, syslog}, 1},
		{"journald's lines that are the same", []string{journal + journal}, 2},
		{"journald, of which printk lost one", []string{syslog + journal + journal}, 2},
		{"another call of the same process", []string{syslog + other(journal, "syscall=202", "syscall=1")}, 2},
		{"another node", []string{syslog, other(syslog, " vm ", " vm2 ")}, 2},
		{"another node=", []string{"node=a " + auditd, "node=b " + auditd}, 2},
		{"another serial", []string{auditd, other(auditd, ":77)", ":78)")}, 2},
		{"another boot", []string{auditd, other(auditd, "1717243200", "1717253200")}, 2},
		{"another millisecond", []string{auditd, other(auditd, "200.123", "200.124")}, 2},
		{"a claim to the same serial", []string{auditd + other(auditd, "4321", "1")}, 2},
		{"the claim twice", []string{auditd + other(auditd, "4321", "1") + auditd + other(auditd, "4321", "1")}, 2},
		{"claims of another call, name, code", []string{auditd + other(auditd, "syscall=202", "syscall=1") +
			other(auditd, `"nginx"`, `"x"`) + other(auditd, "0x7ffc0000", "0x50000") + other(auditd, "0x7f00", "0x7f01")}, 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var logs [][]byte
			given := int64(0)
			for _, log := range tt.logs {
				logs = append(logs, []byte(log))
				given += int64(strings.Count(log, "\n"))
			}
			s := summaryOf(nil, logs...)
			sum := int64(0)
			for _, in := range s.Inputs {
				sum += in.Records
			}
			if s.Totals.Records != tt.want || sum != tt.want || s.Totals.Duplicates != given-tt.want {
				t.Errorf("%d records, %d of the inputs, %d duplicates; want %d and %d",
					s.Totals.Records, sum, s.Totals.Duplicates, tt.want, given-tt.want)
			}
		})
	}
}

// TestLogsTwice checks on real logs that giving one twice changes nothing,
// where its records have serials.
func TestLogsTwice(t *testing.T) {
	n := 0
	for name, log := range corpusLines(t) {
		journal := bytes.Contains(log, []byte("SECCOMP")) && !bytes.Contains(log, []byte("type=SECCOMP"))
		if journal && log[0] != '{' || name == "journalctl-json-fields.log" {
			continue // no serials
		}
		once, twice := summaryOf(nil, log), summaryOf(nil, log, log)
		if twice.Totals.Records != once.Totals.Records || twice.Totals.Groups != once.Totals.Groups {
			t.Errorf("%s: twice %+v, once %+v", name, twice.Totals, once.Totals)
		}
		n++
	}
	if n < 60 {
		t.Errorf("only %d logs", n)
	}
}

// TestVerdict checks what is said of real logs, and why.
func TestVerdict(t *testing.T) {
	const seen, lost, cannot = aggregate.Complete, aggregate.Incomplete, aggregate.Unknown
	for _, tt := range []struct {
		log      string
		trust    aggregate.Trust
		verdict  aggregate.Verdict
		evidence string
	}{
		{"corpus/106-lab-enriched-all-actions.log", aggregate.TrustAuditd, seen, ""},
		{"corpus/112-lab-raw-mixed-rule.log", aggregate.TrustAuditd, seen, ""},
		{"corpus/118-lab-laurel-actions.log", aggregate.TrustAuditd, seen, ""},
		{"corpus/145-lab-journalctl-json.log", aggregate.TrustKernel, seen, ""},
		{"corpus/146-lab-journalctl-export.log", aggregate.TrustKernel, seen, ""},
		{"corpus/152-lab-user-msg-quotes-1326.log", aggregate.TrustAuditd, cannot, ""}, // one line
		{"corpus/061-ausearch-time-separators.log", aggregate.TrustAuditd, cannot, ""}, // an extract
		{"corpus/114-lab-ausearch-i-mixed.log", aggregate.TrustText, cannot, ""},
		{"corpus/116-lab-ausearch-csv.log", aggregate.TrustText, cannot, ""},
		{"corpus/136-lab-journalctl-short.log", aggregate.TrustText, cannot, ""},
		{"corpus/043-varmor-tests.log", aggregate.TrustText, cannot, ""},
		{"corpus/153-wrapped-docker-json-file.log", aggregate.TrustText, cannot, ""},
		{"corpus/045-go-libaudit-test3.log", aggregate.TrustAuditd, aggregate.Unknown, ""}, // samples of several hosts
		{"corpus/159-lab-audispd-gs-escaped.log", aggregate.TrustText, lost, "serial-gap"},
		{"corpus/121-lab-dmesg.log", aggregate.TrustText, lost, "suppressed"}, // it ends with a full burst
		{"corpus/057-imx8-kauditd-suppressed.log", aggregate.TrustText, lost, "suppressed malformed"},
		{"corpus/075-backlog-exceeded-mail.log", aggregate.TrustText, lost, "suppressed backlog lost-counter"},
		{"corpus/103-journal-cut-d3-leg.log", aggregate.TrustText, lost, "malformed"},
		{"corpus/029-ubuntuforums-2012-legacy-no-compat.log", aggregate.TrustText, lost, "suppressed legacy"},
		{"corpus/033-blog-2018-sles12-sshd-no-arch.log", aggregate.TrustText, lost, "unresolved"},
		{"corpus/108-lab-enriched-odd-numbers.log", aggregate.TrustAuditd, lost, "unresolved"},
		{"captures/loss-dmesg-x.log", aggregate.TrustText, lost, "suppressed backlog rate-limit lost-counter"},
		{"captures/journalctl-json.log", aggregate.TrustKernel, lost, "malformed unresolved"},
		{"captures/audisp-sysl-json.log", aggregate.TrustText, lost, "unresolved"},
		{"captures/auditd-raw.log", aggregate.TrustAuditd, lost, "unresolved"},
	} {
		log, err := os.ReadFile(filepath.Join("../../testdata", tt.log))
		if err != nil {
			t.Fatal(err)
		}
		s := summaryOf(nil, log)
		var kinds []string
		for _, e := range s.Completeness.Evidence {
			kinds = append(kinds, string(e.Kind))
		}
		if s.Inputs[0].Trust != tt.trust || s.Completeness.Verdict != tt.verdict || strings.Join(kinds, " ") != tt.evidence {
			t.Errorf("%s: %s %s %v, want %s %s %s", tt.log, s.Inputs[0].Trust, s.Completeness.Verdict, kinds, tt.trust, tt.verdict, tt.evidence)
		}
	}
}

// TestExtract checks that an extract of SECCOMP records alone proves nothing
// by its gaps, and that auditd's own records, with serials of their own,
// make none.
func TestExtract(t *testing.T) {
	at := func(kind, serial string) string {
		return strings.Replace("type="+kind+" msg="+stamp+fields+"\n", ":77)", ":"+serial+")", 1)
	}
	for _, tt := range []struct {
		name, log string
		want      aggregate.Verdict
	}{
		{"no gap, but an extract has none either", at("SECCOMP", "77") + at("SECCOMP", "78"), aggregate.Unknown},
		{"one record of another type", at("SYSCALL", "77"), aggregate.Unknown},
		{"extract", at("SECCOMP", "77") + at("SECCOMP", "99"), aggregate.Unknown},
		{"others between", at("SECCOMP", "77") + at("SYSCALL", "78") + at("SECCOMP", "79"), aggregate.Complete},
		{"others, one missing", at("SECCOMP", "77") + at("SYSCALL", "78") + at("SECCOMP", "80"), aggregate.Incomplete},
		{"auditd's own", at("SECCOMP", "77") + at("DAEMON_ROTATE", "8000") + at("SYSCALL", "78"), aggregate.Complete},
		{"nothing", "", aggregate.Unknown},
	} {
		if got := summaryOf(nil, []byte(tt.log)).Completeness.Verdict; got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}
