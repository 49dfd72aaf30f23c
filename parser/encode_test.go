package parser_test

import (
	"fmt"
	"strings"
	"testing"
)

// canonical prints an event as auditd would, or as journald would where it
// has no stamp. It is not ok for events that no raw record can say.
func (e event) canonical() (line string, ok bool) {
	if e.syscallName != "" || strings.ContainsAny(e.subj, "\n\r") || strings.Contains(e.subj, " pid=") || strings.Contains(e.subj, " ppid=") {
		return "", false
	}
	var b strings.Builder
	switch {
	case !e.stamp.HasTime || !e.stamp.HasSerial:
		b.WriteString("SECCOMP ")
	case e.node != "" && !strings.ContainsAny(e.node, " \n\r"):
		fmt.Fprintf(&b, "node=%s ", e.node)
		fallthrough
	default:
		fmt.Fprintf(&b, "type=%s msg=audit(%d.%03d:%d): ", e.typeName(), e.stamp.Millis/1000, e.stamp.Millis%1000, e.stamp.Serial)
	}
	fmt.Fprintf(&b, "auid=%d uid=%d gid=%d ses=%d", e.auid, e.uid, e.gid, e.ses)
	if e.subj != "" {
		fmt.Fprintf(&b, " subj=%s", e.subj)
	}
	fmt.Fprintf(&b, " pid=%d comm=%s", e.pid, untrusted(e.comm))
	if e.legacy {
		b.WriteString(` reason="seccomp"`)
	}
	if e.hasExe {
		fmt.Fprintf(&b, " exe=%s", untrusted(e.exe))
	}
	fmt.Fprintf(&b, " sig=%d", e.sig)
	if e.arch != 0 {
		fmt.Fprintf(&b, " arch=%x", e.arch)
	}
	compat := 0
	if e.compat {
		compat = 1
	}
	fmt.Fprintf(&b, " syscall=%d compat=%d ip=0x%x code=0x%x", e.nr, compat, e.ip, e.code)
	return b.String(), true
}

func (e event) typeName() string {
	if e.legacy {
		return "ANOM_ABEND"
	}
	return "SECCOMP"
}

// untrusted prints a name as the kernel's audit_log_untrustedstring does.
func untrusted(s string) string {
	if s == "(null)" {
		return s
	}
	for _, c := range []byte(s) {
		if c == '"' || c < 0x21 || c > 0x7e {
			return fmt.Sprintf("%X", s)
		}
	}
	return `"` + s + `"`
}

// raw is what an event and its canonical form have in common.
func (e event) raw() event {
	e.form = 0
	if !e.stamp.HasTime || !e.stamp.HasSerial {
		e.stamp.HasTime, e.stamp.HasSerial, e.stamp.Millis, e.stamp.Serial = false, false, 0, 0
		e.node = ""
	}
	if strings.ContainsAny(e.node, " \n\r") {
		e.node = ""
	}
	return e
}

// reencodes checks that the canonical form of an event says the same.
func (e event) reencodes(t *testing.T) {
	t.Helper()
	line, ok := e.canonical()
	if !ok {
		return
	}
	got := one(t, line)
	if got.event.raw() != e.raw() {
		t.Errorf("\n got %+v\nwant %+v\n%s", got.event.raw(), e.raw(), line)
	}
}

func TestReencode(t *testing.T) {
	n := 0
	for _, log := range corpusLogs(t) {
		for _, e := range records(string(log.data)) {
			e.reencodes(t)
			n++
		}
	}
	for _, r := range shown() {
		e := records(r.log)[0]
		e.reencodes(t)
	}
	if n < 500 {
		t.Errorf("only %d records", n)
	}
}
