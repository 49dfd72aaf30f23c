package parser_test

import (
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestLosses checks each message of loss behind each prefix that its printer
// gives it.
func TestLosses(t *testing.T) {
	kernelPrefixes := []string{
		"", "[  278.581938] ", "[  278.581938][   T55] ", "<4>[  278.581938] ", "kern  :warn  : [  278.581938] ", "4,353,278581956,-;",
		"[Mon Nov 23 14:57:44 2026] ", "2026-11-23T14:57:44,581956+00:00 ", "Nov 23 14:57:44 vm kernel: [  278.581938] ", "Nov 23 14:57:44 vm kernel: ",
		"2026-11-23T14:58:49.435949+00:00 vm kernel: [  278.581938] ", "<4>1 2026-11-23T14:57:44.248765+00:00 vm kernel - - - ", "[ 1335.200876] vm kernel: ",
	}
	for _, tt := range []struct {
		message string
		kind    parser.LossKind
		count   int64
	}{
		{"kauditd_printk_skb: 29 callbacks suppressed", parser.LossSuppressed, 29},
		{"audit_printk_skb: 3 callbacks suppressed", parser.LossSuppressed, 3},
		{"audit_log_start: 3 callbacks suppressed", parser.LossSuppressed, 3},
		{"audit: audit_lost=148 audit_rate_limit=5 audit_backlog_limit=64", parser.LossCounter, 148},
		{"audit_log_start: 4294967295 callbacks suppressed", parser.LossSuppressed, 1<<32 - 1},
		{"audit_log_start: 9223372036854775807 callbacks suppressed", parser.LossSuppressed, 0},
		{"audit: audit_lost=9223372036854775807 audit_rate_limit=5 audit_backlog_limit=64", parser.LossCounter, 0},
		{"audit: backlog limit exceeded", parser.LossBacklog, 0},
		{"audit: audit_backlog=65 > audit_backlog_limit=64", parser.LossBacklog, 0},
		{"audit: rate limit exceeded", parser.LossRateLimit, 0},
		{"audit: kauditd hold queue overflow", parser.LossQueue, 0},
		{"audit: kauditd retry queue overflow", parser.LossQueue, 0},
		{"audit: out of memory in audit_log_start", parser.LossQueue, 0},
		{"audit: out of memory in audit_expand", parser.LossQueue, 0},
	} {
		for _, prefix := range kernelPrefixes {
			lossOf(t, prefix+tt.message, tt.kind, tt.count)
		}
		lossOf(t, `{"_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"`+tt.message+`"}`, tt.kind, tt.count)
		lossOf(t, "__CURSOR=s=1\n_TRANSPORT=kernel\nMESSAGE="+tt.message+"\n\n", tt.kind, tt.count)
	}
	for log, count := range map[string]int64{
		"Jun  1 12:00:00 vm systemd-journald[310]: Suppressed 1153 messages from app.service":                                  1153,
		"Jun  1 12:00:00 vm systemd-journald[310]: Suppressed 1153 messages from /system.slice/app.service":                    1153,
		"Jun  1 12:00:00 vm systemd-journald[310]: Missed 12 kernel messages":                                                  12,
		`{"SYSLOG_IDENTIFIER":"systemd-journald","_TRANSPORT":"driver","MESSAGE":"Suppressed 1153 messages from app.service"}`: 1153,
		"Jun  1 12:00:00 vm rsyslogd: imuxsock[pid 8311]: 40 messages lost due to rate-limiting (limit is 200 in 5 seconds)":   40,
		"Jun  1 12:00:00 vm rsyslogd[77]: imjournal: 40 messages lost due to rate-limiting (20000 allowed within 600 seconds)": 40,
		"2026-11-23T14:58:49.435949+00:00 vm rsyslogd: imklog: 40 messages lost due to rate-limiting":                          40,
		`{"program":"rsyslogd","message":"imuxsock[pid 8311]: 40 messages lost due to rate-limiting"}`:                         40,
		"Jun  1 12:00:00 vm rsyslogd-2177: imuxsock lost 57 messages from pid 1342 due to rate-limiting":                       57,
		"Jun  1 12:00:00 vm rsyslogd-2177: imuxsock begins to drop messages from pid 1342 due to rate-limiting":                0,
		"Jun  1 12:00:00 vm rsyslogd: imuxsock[pid: 1342, name: x] from <x:u>: begin to drop messages due to rate-limiting":    0,
		"Jun  1 12:00:00 vm systemd-journald[310]: /dev/kmsg buffer overrun, some messages lost.":                              0,
		"Jun  1 12:00:00 vm rsyslogd: imkmsg: cannot open kernel log (/dev/kmsg): Broken pipe. [v8.2302.0]":                    0,
	} {
		lossOf(t, log, parser.LossCollector, count)
	}
	lossOf(t, "Jun  1 12:00:00 vm auditd[1]: queue to plugins is full - dropping event", parser.LossQueue, 0)
	lossOf(t, "<28>1 2026-11-23T14:57:44Z vm auditd 1 - - queue to plugins is full - dropping event", parser.LossQueue, 0)
}

func lossOf(t *testing.T, log string, kind parser.LossKind, count int64) {
	t.Helper()
	total := int64(0)
	if kind == parser.LossCounter {
		count, total = 0, count
	}
	got := items(parser.New(parser.Sniff([]byte(log))), []byte(log))
	if len(got) != 1 || got[0].item != parser.ItemLoss || got[0].loss.kind != kind || got[0].loss.count != count || got[0].loss.total != total {
		t.Errorf("got %+v, want loss of kind %d, count %d, total %d\n%s", got, kind, count, total, log)
	}
}

// TestNoLosses checks what is said of something else.
func TestNoLosses(t *testing.T) {
	for _, log := range []string{
		"[  278.5] net_ratelimit: 29 callbacks suppressed",
		"[  278.5] audit: initializing netlink subsys (disabled)",
		"Jun  1 12:00:00 vm app[1]: kauditd_printk_skb: 29 callbacks suppressed, it says",
		"Jun  1 12:00:00 vm app[1]: Suppressed 3 messages from above",
		"Jun  1 12:00:00 vm app[1]: 40 messages lost due to rate-limiting",
		"Jun  1 12:00:00 vm systemd-journald[310]: Journal started",
		"type=USER msg=audit(1717243200.123:78): pid=1 msg='audit: backlog limit exceeded'",
		`{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"audit: backlog limit exceeded"}`,
	} {
		for _, got := range items(parser.New(parser.Sniff([]byte(log))), []byte(log)) {
			if got.item != parser.ItemOther {
				t.Errorf("got %+v\n%s", got, log)
			}
		}
	}
}
