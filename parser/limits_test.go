package parser_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestLimits: each number is read up to the largest that the kernel can print,
// in as many digits, and not one beyond. What is no value makes no record;
// what only identifies somebody is left unset.
func TestLimits(t *testing.T) {
	const (
		line  = `type=SECCOMP msg=audit(1717243200.123:77): auid=1 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000` + "\n"
		stamp = "1717243200.123:77"
		none  = "a record that cannot be used"
	)
	when := func(e event) string { return fmt.Sprint(e.stamp.Millis, e.stamp.HasTime) }
	serial := func(e event) string { return fmt.Sprint(e.stamp.Serial) }
	nr := func(e event) string { return fmt.Sprint(e.nr) }
	for _, tt := range []struct {
		from, to string
		value    func(event) string
		want     string
	}{
		{stamp, "253402300799.999:77", when, "253402300799999 true"},
		{stamp, "253402300800.000:77", when, "0 false"}, // the year 10000
		{stamp, "999999999999.999:77", when, "0 false"},
		{stamp, "001717243200.123:77", when, "1717243200123 true"},
		{stamp, "0001717243200.123:77", when, none},
		{stamp, "1717243200.0123:77", when, none},
		{stamp, "1717243200.12:77", when, none},
		{stamp, "1717243200.123:4294967295", serial, "4294967295"},
		{stamp, "1717243200.123:4294967296", serial, none},
		{stamp, "1717243200.123:0000000077", serial, "77"},
		{stamp, "1717243200.123:00000000077", serial, none},
		{"auid=1 ", "auid=4294967295 ", func(e event) string { return fmt.Sprint(e.auid) }, "4294967295"},
		{"auid=1 ", "auid=4294967296 ", func(e event) string { return fmt.Sprint(e.auid) }, "4294967295"},
		{" uid=33 ", " uid=4294967294 ", func(e event) string { return fmt.Sprint(e.uid) }, "4294967294"},
		{" gid=34 ", " gid=0000000034 ", func(e event) string { return fmt.Sprint(e.gid) }, "34"},
		{"ses=7 ", "ses=00000000007 ", func(e event) string { return fmt.Sprint(e.ses) }, "4294967295"},
		{" pid=4321 ", " pid=2147483647 ", func(e event) string { return fmt.Sprint(e.pid) }, "2147483647"},
		{" pid=4321 ", " pid=2147483648 ", nil, none},
		{" pid=4321 ", " pid=0 ", func(e event) string { return fmt.Sprint(e.pid) }, "0"},
		{" pid=4321 ", " pid=-1 ", nil, none},
		{"sig=0 ", "sig=0000000031 ", func(e event) string { return fmt.Sprint(e.sig) }, "31"},
		{"sig=0 ", "sig=00000000031 ", nil, none},
		{"arch=c000003e ", "arch=0000003e ", func(e event) string { return fmt.Sprintf("%x", e.arch) }, "3e"},
		{"arch=c000003e ", "arch=0c000003e ", nil, none},
		{"arch=c000003e ", "arch=1c000003e ", nil, none},
		{"syscall=202 ", "syscall=2147483647 ", nr, "2147483647"},
		{"syscall=202 ", "syscall=2147483648 ", nr, none},
		{"syscall=202 ", "syscall=-2147483648 ", nr, "-2147483648"},
		{"syscall=202 ", "syscall=-2147483649 ", nr, none},
		{"syscall=202 ", "syscall=0000000202 ", nr, "202"},
		{"syscall=202 ", "syscall=00000000202 ", nr, none},
		{"syscall=202 ", "syscall= ", nr, none},
		{"ip=0x7f00 ", "ip=0xffffffffffffffff ", func(e event) string { return fmt.Sprintf("%x", e.ip) }, "ffffffffffffffff"},
		{"ip=0x7f00 ", "ip=0x00000000000007f00 ", nil, none},
		{"ip=0x7f00 ", "ip=0x10000000000000000 ", nil, none},
		{`comm="nginx" `, "comm=C3A9 ", func(e event) string { return e.comm }, "é"},
		{`comm="nginx" `, "comm=C3A ", nil, none},
		{`comm="nginx" `, "comm= ", nil, none},
		{"code=0x7ffc0000", "code=0x0", func(e event) string { return fmt.Sprint(e.code) }, "0"},
		{"code=0x7ffc0000", "code=0x00", nil, none},
		{"code=0x7ffc0000", "code=0x00000000", nil, none},
		{"code=0x7ffc0000", "code=0x07ffc0000", nil, none},
		{"code=0x7ffc0000", "code=0x7ffc00000", nil, none},
	} {
		log := strings.Replace(line, tt.from, tt.to, 1)
		if log == line {
			t.Fatalf("nothing is replaced by %s", tt.to)
		}
		known := []byte(line + strings.Replace(line, ":77)", ":78)", 1)) // the fast paths have something to remember
		for how, p := range map[string]*parser.Parser{"general": parser.General(parser.New(parser.LayoutLines)), "fast": parser.New(parser.LayoutLines)} {
			all := items(p, known, []byte(log))
			got := none
			if last := all[len(all)-1]; len(all) == 3 && last.item == parser.ItemRecord && tt.value != nil {
				got = tt.value(last.event)
			} else if len(all) != 3 || last.item == parser.ItemRecord {
				got = fmt.Sprintf("%+v", all[len(all)-1])
			}
			if got != tt.want {
				t.Errorf("%s, %s: %s, want %s", tt.to, how, got, tt.want)
			}
		}
	}
}

// TestLimitsElsewhere: the same for numbers in other renderings.
func TestLimitsElsewhere(t *testing.T) {
	interpreted := func(serial string) string {
		return "type=SECCOMP msg=audit(06/01/2024 12:00:00.123:" + serial + ") : auid=unset uid=www-data gid=www-data ses=unset pid=4321 comm=nginx exe=/usr/sbin/nginx sig=SIG0 arch=x86_64 syscall=futex compat=0 ip=0x7f00 code=log\n"
	}
	journal := func(pid string) string {
		return "Jun 01 12:00:00 vm audit[" + pid + `]: SECCOMP auid=1 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000` + "\n"
	}
	for log, want := range map[string]parser.Item{
		interpreted("4294967295"):  parser.ItemRecord,
		interpreted("0000000077"):  parser.ItemRecord,
		interpreted("4294967296"):  parser.ItemMalformed,
		interpreted("00000000077"): parser.ItemMalformed,
		journal("4321"):            parser.ItemRecord,
		journal("0000004321"):      parser.ItemRecord,
		journal("00000004321"):     parser.ItemMalformed,
		journal("4322"):            parser.ItemMalformed,
	} {
		if got := one(t, log); got.item != want {
			t.Errorf("%s: %+v", log, got)
		}
	}
}

// TestSerialAlone: a serial that is a value of its own is read whole or not at
// all. One beyond the counter's end is not that of another record.
func TestSerialAlone(t *testing.T) {
	message := strconv.Quote(fields)
	for how, log := range map[string]func(serial string) string{
		"bare": func(serial string) string {
			return `{"message":` + message + `,"time":"2024-06-01T12:00:00.123Z","serial":"` + serial + `"}`
		},
		"journal": func(serial string) string {
			return `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","_AUDIT_ID":"` + serial + `","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000","MESSAGE":` + strconv.Quote(journal) + `}`
		},
		"export": func(serial string) string {
			return "__CURSOR=s=1\n_TRANSPORT=audit\n_AUDIT_TYPE=1326\n_AUDIT_ID=" + serial + "\n_SOURCE_REALTIME_TIMESTAMP=1717243200123000\nMESSAGE=" + journal + "\n\n"
		},
		"event": func(serial string) string {
			return `{"time":"2024-06-01T12:00:00.123Z","serial":"` + serial + `","pid":4321,"comm":"nginx","exe":"/usr/sbin/nginx","arch":"x86_64","nr":202,"syscall":"futex","action":"log"}`
		},
	} {
		for serial, want := range map[string]string{
			"77": "77", "0": "0", "0000000077": "77", "4294967295": "4294967295",
			"4294967296": "none", "4294967373": "none", "00000000077": "none", "18446744073709551693": "none", "77x": "none", "": "none",
		} {
			got := "none"
			if st := one(t, log(serial)+"\n").event.stamp; st.HasSerial {
				got = strconv.FormatUint(uint64(st.Serial), 10)
			}
			if got != want {
				t.Errorf("%s: %q is %s, want %s", how, serial, got, want)
			}
		}
	}
}

// TestMicros: the same for journald's time of a record.
func TestMicros(t *testing.T) {
	for micros, want := range map[string]int64{
		"1717243200123000": 1717243200123, "253402300799999999": 253402300799999, "1": 0,
		"253402300800000000": -1, "18446744073709551616123000": -1, "1717243200123000x": -1, "": -1,
	} {
		log := `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","_AUDIT_ID":"77","_SOURCE_REALTIME_TIMESTAMP":"` + micros + `","MESSAGE":` + strconv.Quote(journal) + "}\n"
		got := int64(-1)
		if st := one(t, log).event.stamp; st.HasTime {
			got = st.Millis
		}
		if got != want {
			t.Errorf("%q is %d, want %d", micros, got, want)
		}
	}
}

// TestUnknownSyscall: numbers of 32 bits, in auparse's words or bare.
func TestUnknownSyscall(t *testing.T) {
	for text, want := range map[string]int32{
		"500": 500, "unknown-syscall(500)": 500, "2147483647": 1<<31 - 1, "-2147483648": -1 << 31, "unknown-syscall(-1)": -1, "0000000500": 500,
	} {
		if nr, ok := parser.UnknownSyscall([]byte(text)); !ok || nr != want {
			t.Errorf("%s is %d, %v", text, nr, ok)
		}
	}
	for _, text := range []string{"", "-", "read", "2147483648", "-2147483649", "4294967297", "00000000500", "5x", "unknown-syscall(", "--1"} {
		if nr, ok := parser.UnknownSyscall([]byte(text)); ok {
			t.Errorf("%q is %d", text, nr)
		}
	}
}

// TestJoinedLimit: the parts of a line of a container runtime's log are put
// together up to 64 KiB.
func TestJoinedLimit(t *testing.T) {
	for _, size := range []int{1000, 64<<10 - 1, 64 << 10, 64<<10 + 1} {
		text := strings.Replace(kernel, `exe="/`, `exe="/`+strings.Repeat("a", size-len(kernel)), 1)
		log := "2024-06-01T12:00:00.1Z stdout P " + text[:300] + "\n2024-06-01T12:00:00.1Z stdout F " + text[300:] + "\n"
		got := one(t, log)
		if whole := got.item == parser.ItemRecord && len(got.event.exe) > size-len(kernel); whole != (size <= 64<<10) {
			t.Errorf("%d bytes: %v, %q", size, got.item, got.reason)
		}
	}
}

// TestJournalOfOthers: what an entry of the journal holds beside its message is
// a program's, and a list of entries is not the journal's own form.
func TestJournalOfOthers(t *testing.T) {
	entry := func(transport, key, text string) string {
		return `{"_TRANSPORT":"` + transport + `","SYSLOG_FACILITY":"0","_AUDIT_TYPE":"1326","_AUDIT_ID":"77","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000","` + key + `":` + strconv.Quote(text) + "}"
	}
	for log, want := range map[string]parser.Form{
		entry("audit", "MESSAGE", journal):                   parser.FormJournal,
		entry("kernel", "MESSAGE", kernel):                   parser.FormJournalKernel,
		"[" + entry("audit", "MESSAGE", journal) + "]":       parser.FormAudisp,
		"[" + entry("kernel", "MESSAGE", kernel) + "]":       parser.FormKernel,
		`{"log":` + entry("audit", "MESSAGE", journal) + "}": parser.FormAudisp,
	} {
		if got := one(t, log+"\n"); got.item != parser.ItemRecord || got.event.form != want {
			t.Errorf("%s: %v of form %v, want %v", log, got.item, got.event.form, want)
		}
	}
	for _, transport := range []string{"audit", "kernel", "syslog", "stdout"} {
		for _, text := range []string{kernel, auditd, journal} {
			for _, got := range items(parser.New(parser.Sniff([]byte("{"))), []byte(entry(transport, "NOTE", text)+"\n")) {
				if got.item == parser.ItemRecord {
					t.Errorf("a record beside the message of %s: %s", transport, text)
				}
			}
		}
	}
}
