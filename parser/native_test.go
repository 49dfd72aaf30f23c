package parser_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
)

// foreign is the first foreign line of a log.
func foreign(p *parser.Parser, log string) int64 {
	p.Reset([]byte(log))
	for p.Next() != parser.ItemEnd {
	}
	return p.Foreign()
}

// natives are logs in which each line is of those who write it.
func natives() map[string]string {
	const serial = `"_TRANSPORT":"audit","_AUDIT_TYPE":"1300","_AUDIT_ID":"78","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000"`
	const other = "type=SYSCALL msg=audit(1717243200.123:78): arch=c000003e syscall=59\n"
	return map[string]string{
		"auditd":           auditd + "\n" + other + "type=DAEMON_END msg=audit(1717243201.123:8): op=terminate\n" + auditd + "\n",
		"auditd of a node": "node=web1 " + auditd + "\nnode=web1 " + other,
		"ausearch":         "----\ntime->Sat Jun  1 12:00:00 2024\n" + auditd + "\n" + other + "----\n" + other,
		"laurel":           `{"ID":"1717243200.123:77","SECCOMP":[{` + laurel + `}]}` + "\n" + `{"ID":"1717243200.123:78","NODE":"n","SYSCALL":{"syscall":59}}` + "\n",
		"journald JSON":    `{` + serial + `}` + "\n" + `{"_TRANSPORT":"syslog","MESSAGE":"Nov 23 14:57:44 vm kernel: type=1326 audit(1.2:3):"}` + "\n",
		"journald SSE":     `data: {` + serial + "}\n\ndata: {" + serial + "}\n\n",
		"journald seq":     "\x1e{" + serial + "}\n\x1e{" + serial + "}\n",
		"journald pretty":  "{\n\t\"_TRANSPORT\" : \"audit\",\n\t\"_AUDIT_ID\" : \"78\"\n}\n{\n\t\"_TRANSPORT\" : \"syslog\"\n}\n",
		"journald export":  "__CURSOR=s=1;i=2\n_TRANSPORT=audit\nMESSAGE\n\x03\x00\x00\x00\x00\x00\x00\x00a\nb\n\n__CURSOR=s=1;i=3\nMESSAGE=x\n\n",
		"journald verbose": "Mon 2026-11-23 15:15:21.801000 UTC [s=1;i=2;b=3;m=4;t=5;x=6]\n    _TRANSPORT=audit\n    MESSAGE=a\n            b\n-- Boot 1 --\nMon 2026-11-23 15:15:21.801000 UTC [s=1;i=2;b=3;m=4;t=5;x=6]\n    MESSAGE=c\n",
	}
}

// TestForeign checks that one line of another program anywhere in a log that is
// auditd's, laurel's or the journal's is noted, and no line of theirs is.
func TestForeign(t *testing.T) {
	strangers := []string{
		"Nov 23 14:57:44 vm app[17]: hello",
		"x",
		"\r",
		" ",
		"node=x",
		"[  278.581938] usb 1-1: new high-speed USB device number 2 using xhci_hcd",
		`{"message":"hello"}`,
		`[{"_TRANSPORT":"audit","_AUDIT_ID":"1"}]`,
		`{"a":{"_TRANSPORT":"audit"}}`,
		`["type=SYSCALL msg=audit(1717243200.123:78): arch=c000003e"]`,
		`Nov 23 14:57:44 vm app: {"_TRANSPORT":"audit"}`,
		"tag: " + kernel,
		strings.Repeat("a dull line of no interest, ", 5),
	}
	for name, log := range natives() {
		layout := parser.Sniff([]byte(log))
		if n := foreign(parser.New(layout), log); n != 0 {
			t.Errorf("%s: line %d is said to be foreign", name, n)
		}
		lines := strings.SplitAfter(log, "\n")
		for _, stranger := range strangers {
			if layout == parser.LayoutJSON && strings.TrimSpace(stranger) == "" {
				continue
			}
			at := len(lines) - 1 // behind all: no line belongs to the one before
			if layout == parser.LayoutLines {
				at = rand.IntN(len(lines))
			}
			mixed := strings.Join(lines[:at], "") + stranger + "\n" + strings.Join(lines[at:], "")
			if n := foreign(parser.New(layout), mixed); n != int64(at)+1 {
				t.Errorf("%s with %q at %d: %d", name, stranger, at+1, n)
			}
		}
	}
}

// TestForeignFast checks that the ways for common lines note what the general
// reader notes.
func TestForeignFast(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 8))
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog1, loggen.Rough} {
		var log bytes.Buffer
		if err := loggen.Write(&log, kind, 100_000, 7); err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			text := log.String()
			if i > 0 {
				text = string(damaged(r, log.Bytes()))
			}
			fast, general := foreign(parser.New(parser.LayoutLines), text), foreign(parser.General(parser.New(parser.LayoutLines)), text)
			if fast != general {
				t.Fatalf("%s: line %d, generally %d", kind, fast, general)
			}
			if i == 0 && (fast == 0) != (kind == loggen.Audit) {
				t.Errorf("%s: line %d is foreign", kind, fast)
			}
		}
	}
}
