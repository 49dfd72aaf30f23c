//go:build unix

// auparse does not build on windows.

package parser_test

import (
	"bytes"
	"maps"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/elastic/go-libaudit/v2/auparse"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/parser"
)

// TestAuparse compares each raw record of the real logs with what go-libaudit
// reads from the same text. How often the two differ, and in what, is held
// exactly, so that a change on either side is noticed.
func TestAuparse(t *testing.T) {
	got := map[string]int{}
	for _, log := range corpusLogs(t) {
		for _, line := range splitLines(log.data) {
			line = bytes.TrimSpace(line)
			i := bytes.Index(line, []byte("audit("))
			all := records(string(line))
			if i < 0 || len(all) != 1 || bytes.IndexByte(line, '\\') >= 0 || all[0].form == parser.FormInterpreted || all[0].form == parser.FormJournal {
				continue
			}
			for _, d := range auparseDiffers(string(line[i:]), all[0]) {
				if d.asExpected == nil || !d.asExpected(all[0]) {
					t.Errorf("%s: %s: auparse has %q, we have %+v\n%s", log.name, d.what, d.theirs, all[0], line)
				}
				got[d.what]++
			}
			got["compared"]++
		}
	}
	want := map[string]int{
		"compared":             873,
		"refused: no arch":     8, // kernels before 3.16
		"comm is left in hex":  234,
		"code runs into AUID=": 75,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

// difference is one between auparse and us. It is expected where asExpected
// says so.
type difference struct {
	what, theirs string
	asExpected   func(event) bool
}

func auparseDiffers(text string, e event) (all []difference) {
	always := func(event) bool { return true }
	add := func(what, theirs string, f func(event) bool) { all = append(all, difference{what, theirs, f}) }
	msg, err := auparse.Parse(auparse.AUDIT_SECCOMP, text)
	if err != nil {
		add("header", err.Error(), nil)
		return all
	}
	if msg.Timestamp.UnixMilli() != e.stamp.Millis || msg.Sequence != e.stamp.Serial {
		add("stamp", msg.Timestamp.String(), nil)
	}
	data, err := msg.Data()
	if err != nil {
		add("refused: no arch", err.Error(), func(e event) bool { return e.arch == 0 })
		return all
	}
	same := func(what, theirs, ours string) {
		if theirs != ours {
			add(what, theirs, nil)
		}
	}
	same("pid", data["pid"], strconv.Itoa(int(e.pid)))
	same("sig", data["sig"], signalName(e.sig))
	same("arch", data["arch"], auparse.AuditArch(e.arch).String())
	same("syscall", data["syscall"], auparseCall(e))
	same("ip", data["ip"], "0x"+strconv.FormatUint(e.ip, 16))
	code, _, runsOn := strings.Cut(data["code"], "AUID=")
	same("code", strings.TrimSuffix(strings.TrimSuffix(code, "\x1d"), "#035"), "0x"+strconv.FormatUint(uint64(e.code), 16))
	if runsOn {
		add("code runs into AUID=", data["code"], always)
	}
	switch {
	case data["comm"] != e.comm && data["comm"] == untrusted(e.comm):
		add("comm is left in hex", data["comm"], always)
	default:
		same("comm", data["comm"], e.comm)
	}
	same("exe", data["exe"], e.exe)
	return all
}

func signalName(sig int32) string {
	if name := unix.SignalName(syscall.Signal(sig)); name != "" {
		return name
	}
	return strconv.Itoa(int(sig))
}

func auparseCall(e event) string {
	if name, ok := auparse.AuditSyscalls[auparse.AuditArch(e.arch).String()][int(e.nr)]; ok {
		return name
	}
	return strconv.Itoa(int(e.nr))
}

// TestAuparseAccepts checks the other direction: a line of an audit log that
// auparse takes for a SECCOMP record with all its parts gives a record, or is
// refused for a known reason.
func TestAuparseAccepts(t *testing.T) {
	refused := map[string]int{}
	n := 0
	for _, log := range corpusLogs(t) {
		for _, line := range splitLines(log.data) {
			text := strings.TrimSpace(string(line))
			msg, err := auparse.ParseLogLine(text)
			if err != nil || msg.RecordType != auparse.AUDIT_SECCOMP || parser.Sniff(log.data) != parser.LayoutLines {
				continue
			}
			if data, err := msg.Data(); err != nil || data["code"] == "" {
				continue
			}
			n++
			if len(records(text)) == 0 {
				for _, reason := range reasons(text) {
					refused[reason]++
				}
			}
		}
	}
	want := map[string]int{}
	if !maps.Equal(refused, want) {
		t.Errorf("refused of %d: %v, want %v", n, refused, want)
	}
	if n < 100 {
		t.Errorf("only %d lines", n)
	}
}
