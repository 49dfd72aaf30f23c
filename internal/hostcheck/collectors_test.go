package hostcheck

import "testing"

// netlinkHead and netlinkKernel are of /proc/net/netlink on Linux 6.18.
const (
	netlinkHead   = "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n"
	netlinkKernel = "0000000020dca5b1 9   0          00000000 0        0        0     2        0        6       \n"
)

func TestAuditListeners(t *testing.T) {
	tests := []struct {
		name      string
		sockets   string
		listeners int
		drops     uint64
	}{
		{"kernel only", netlinkHead + netlinkKernel, 0, 0},
		{"one", netlinkHead + netlinkKernel + "000000000730294d 9   19174      00000001 0        0        0     2        0        2546802 \n", 1, 0},
		{"two, one too slow", netlinkHead +
			"000000000730294d 9   1          00000001 0        0        0     2        3        1 \n" +
			"000000000730294e 9   4294963195 00000001 8448     0        0     2        1534     2 \n", 2, 1537},
		{"another protocol", netlinkHead + "000000000730294d 0   19174      00000001 0        0        0     2        9        2546802 \n", 0, 0},
		{"another group", netlinkHead + "000000000730294d 9   19174      00000002 0        0        0     2        9        2546802 \n", 0, 0},
		{"groups in hex", netlinkHead + "000000000730294d 9   19174      0000000f 0        0        0     2        9        2546802 \n", 1, 9},
		{"cut", netlinkHead + "000000000730294d 9   19174      00000001 0 \n", 0, 0},
		{"empty", "", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			listeners, drops := auditListeners(tt.sockets)
			if listeners != tt.listeners || drops != tt.drops {
				t.Errorf("%d listeners, %d drops; want %d, %d", listeners, drops, tt.listeners, tt.drops)
			}
		})
	}
}

func TestJudgeJournald(t *testing.T) {
	deaf := have(netlinkHead + netlinkKernel)
	listens := have(netlinkHead + "000000000730294d 9   1      00000001 0        0        0     2        0        2546802 \n")
	drops := have(netlinkHead + "000000000730294d 9   1      00000001 0        0        0     2        12        2546802 \n")
	check(t, "journald", []judgement{
		{"listens", judgeJournald("[Journal]\n#Storage=none\n", listens), OK, "listens", ""},
		{"deaf", judgeJournald("", deaf), Warning, "kernel's log", "systemd-journald-audit.socket"},
		{"drops", judgeJournald("", drops), Warning, "12 records", "ReceiveBuffer=128M"},
		{"stores nothing", judgeJournald("[Journal]\nStorage=auto\n[Journal]\n storage = None \n", listens), Warning, "Storage=none", "Storage=auto"},
		{"later file wins", judgeJournald("Storage=none\nStorage=persistent\n", listens), OK, "", ""},
		{"denied", judgeJournald("", denied), Unknown, "permission", "root"},
	})
}

func TestJudgeRsyslog(t *testing.T) {
	check(t, "rsyslog", []judgement{
		{"debian's", judgeRsyslog("module(load=\"imuxsock\") # provides support for local system logging\nmodule(load=\"imklog\")   # provides kernel logging support\n"), OK, "none", ""},
		{"red hat's", judgeRsyslog("module(load=\"imjournal\" # provides access to the systemd journal\n       StateFile=\"imjournal.state\")\n"), Warning, "imjournal", `Ratelimit.Interval="0"`},
		{"red hat's, unlimited", judgeRsyslog("module(load=\"imjournal\"\n  StateFile=\"imjournal.state\"\n  RateLimit.Interval=\"0\")\n"), OK, "", ""},
		{"old form", judgeRsyslog("$ModLoad imjournal\n"), Warning, "imjournal", "Ratelimit"},
		{"old form, unlimited", judgeRsyslog("$ModLoad imjournal\n$imjournalRatelimitInterval 0\n"), OK, "", ""},
		{"commented out", judgeRsyslog("#module(load=\"imjournal\")\n"), OK, "", ""},
		{"commented limit", judgeRsyslog("module(load=\"imjournal\")\n#$imjournalRatelimitInterval 0\n"), Warning, "imjournal", ""},
		{"kernel log limited", judgeRsyslog("module(load=\"imklog\"\n  ratelimitInterval=\"5\")\n"), Warning, "imklog", `ratelimitInterval="0"`},
		{"imkmsg", judgeRsyslog("module(load=\"imkmsg\")\n"), Warning, "overwritten", `load="imklog"`},
		{"imkmsg, old form", judgeRsyslog("$ModLoad imkmsg\n"), Warning, "overwritten", "imklog"},
		{"another module limited", judgeRsyslog("module(load=\"imklog\")\nmodule(load=\"imfile\" ratelimitInterval=\"5\")\n"), OK, "", ""},
	})
}
