package hostcheck

import (
	"fmt"
	"regexp"
	"strings"
)

// judgeJournald reads journald.conf (all of its files, one after the other)
// and /proc/net/netlink.
func judgeJournald(conf string, sockets text) Check {
	const id = "journald"
	settings := iniSettings(conf)
	if strings.EqualFold(settings["storage"], "none") {
		return warning(id, "stores nothing (Storage=none)", "set Storage=auto in /etc/systemd/journald.conf, then: systemctl restart systemd-journald")
	}
	if sockets.err != nil {
		return unseen(id, sockets.err)
	}
	listeners, drops := auditListeners(sockets.s)
	switch {
	case listeners == 0:
		return warning(id, "hears of records only through the kernel's log",
			"systemctl enable --now systemd-journald-audit.socket && systemctl restart systemd-journald")
	case drops > 0:
		return warning(id, fmt.Sprintf("%d records did not reach a listener on the audit socket in time", drops),
			"set ReceiveBuffer=128M in systemd-journald-audit.socket, or use: auditscan follow audit:")
	}
	return ok(id, "listens to the audit socket, nothing dropped")
}

// iniSettings returns the settings of a systemd configuration file, keys in
// lower case; later ones win.
func iniSettings(conf string) map[string]string {
	settings := map[string]string{}
	for line := range strings.Lines(conf) {
		line = strings.TrimSpace(line)
		key, value, found := strings.Cut(line, "=")
		if found && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, ";") {
			settings[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return settings
}

// auditListeners counts the sockets in the multicast group of audit records,
// and the messages that were dropped because they did not read them in time.
func auditListeners(sockets string) (listeners int, drops uint64) {
	for line := range strings.Lines(sockets) {
		var sk string
		var protocol, port, rmem, wmem, dump, locks int
		var groups uint32
		var dropped uint64
		_, err := fmt.Sscan(line, &sk, &protocol, &port, (*hex)(&groups), &rmem, &wmem, &dump, &locks, &dropped)
		if err == nil && protocol == netlinkAudit && groups&1 != 0 {
			listeners++
			drops += dropped
		}
	}
	return listeners, drops
}

// netlinkAudit is NETLINK_AUDIT of linux/netlink.h.
const netlinkAudit = 9

// hex scans a number without 0x.
type hex uint32

// Scan implements [fmt.Scanner].
func (h *hex) Scan(state fmt.ScanState, _ rune) error {
	_, err := fmt.Fscanf(state, "%x", (*uint32)(h))
	return err
}

// judgeRsyslog reads rsyslog.conf and what it includes.
func judgeRsyslog(conf string) Check {
	const id = "rsyslog"
	conf = withoutComments(conf)
	switch {
	case imjournal.MatchString(conf) && !unlimited.MatchString(conf):
		return warning(id, "imjournal drops what goes beyond a limit (20,000 messages in 600 s unless set otherwise)", `module(load="imjournal" Ratelimit.Interval="0") in rsyslog.conf, then: systemctl restart rsyslog`)
	case imkmsg.MatchString(conf):
		return warning(id, "imkmsg passes over messages of the kernel that are overwritten before it reads them, without a word", `module(load="imklog") in place of imkmsg in rsyslog.conf, then: systemctl restart rsyslog`)
	case imklogLimit.MatchString(conf):
		return warning(id, "imklog drops what goes beyond its limit", `module(load="imklog" ratelimitInterval="0") in rsyslog.conf, then: systemctl restart rsyslog`)
	}
	return ok(id, "drops none of the kernel's messages")
}

// rsyslog's settings in the new form, module(load="x" parameter="1"), and in
// the old one, $xParameter 1.
var (
	imjournal   = regexp.MustCompile(`(?i)(load\s*=\s*"imjournal"|\$modload\s+imjournal)`)
	unlimited   = regexp.MustCompile(`(?i)(ratelimit\.interval\s*=\s*"0"|\$imjournalratelimitinterval\s+0\b)`)
	imkmsg      = regexp.MustCompile(`(?i)(load\s*=\s*"imkmsg"|\$modload\s+imkmsg)`) // read(2) of /dev/kmsg failed with EPIPE: 8.2302 reads on
	imklogLimit = regexp.MustCompile(`(?i)load\s*=\s*"imklog"[^)]*ratelimitinterval\s*=\s*"[1-9]`)
)

func withoutComments(conf string) string {
	var b strings.Builder
	for line := range strings.Lines(conf) {
		line, _, _ = strings.Cut(line, "#")
		b.WriteString(line)
		b.WriteByte('\n')
	}
	return b.String()
}
