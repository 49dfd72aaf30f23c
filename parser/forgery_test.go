package parser_test

import (
	"encoding/binary"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestForgeriesRefused holds what a program can write, and what gives it
// away: each line is counted as malformed and never as a record.
func TestForgeriesRefused(t *testing.T) {
	const (
		program = "written by a program, not by the kernel"
		user    = "written by a program: its facility is not kern"
		inside  = "record text inside another message"
		pid     = "the journal's pid is not the record's: written by a program"
	)
	quoted := strings.ReplaceAll(kernel, `"`, `\"`)
	quotedJournal := strings.ReplaceAll(journal, `"`, `\"`)
	for _, tt := range []struct{ name, log, reason string }{
		{"dmesg -r of /dev/kmsg", "<13>[  278.581938] " + kernel, user},
		{"dmesg -x of /dev/kmsg", "user  :notice: [  278.581938] " + kernel, user},
		{"dmesg -x, local0", "local0:notice: [  278.581938] " + kernel, user},
		{"dmesg -x, authpriv", "authpriv:notice: [  278.581938] " + kernel, user},
		{"/dev/kmsg", "13,353,278581956,-;" + kernel, user},
		{"logger, ISO forward format", "<13>2026-11-23T14:58:49.435949+00:00 vm kernel: " + kernel, user},
		{"logger, RFC 5424", "<13>1 2026-11-23T14:57:44.248765+00:00 vm kernel - - - " + kernel, user},
		{"logger, RFC 5424, a message id like the plugin's tag", "<13>1 2026-11-23T14:57:44Z vm kernel - audisp-syslog - " + kernel, user},
		{"local0 to audispd's tag is the plugin's own, but text is not", "<134>Jan 29 10:00:00 h audispd: x " + auditd, user},
		{"logger -t kernel -i", "Nov 23 14:57:44 vm kernel[4409]: " + kernel, inside},
		{"the same with an uptime", "Nov 23 14:57:44 vm kernel[4409]: [    9.123456] " + kernel, inside},
		{"the same in short-monotonic", "[ 3367.715723] vm kernel[4409]: [    9.123456] " + kernel, inside},
		{"glued uptime in short-monotonic", "[ 3367.715723] vm root: x[    9.123456] " + kernel, inside},
		{"glued uptime in short-monotonic without host", "[ 3367.715723] root: x[    9.123456] " + kernel, inside},
		{"application's text", "Nov 23 14:57:44 vm app[1]: user said: " + kernel, inside},
		{"application's text, auditd's form", "Nov 23 14:57:44 vm app[1]: " + auditd, inside},
		{"application's text, journald's form", "Nov 23 14:57:44 vm app[1]: " + journal, inside},
		{"kernel's text that quotes a record", "Nov 23 14:57:44 vm kernel: [  278.5] foo: " + kernel, inside},
		{"kernel's text in dmesg", "[  278.581938] foo: " + kernel, inside},
		{"text in front of auditd's line", "x " + auditd, inside},
		{"tag with an escape sequence", "Nov 23 14:57:44 vm \x1b[2Jkernel: " + kernel, inside},
		{"auditd's form with a process", "Nov 23 14:57:44 vm audit[9]: " + auditd, inside},
		{"the same, RFC 5424", "<13>1 2026-11-23T14:57:44.248765+00:00 vm auditd 9 - - " + auditd, user},
		{"auditd's form by logger, RFC 5424", "<13>1 2026-11-23T14:57:44.248765+00:00 vm root - - - " + auditd, user},
		{"auditd's form by a daemon", "<30>1 2026-11-23T14:57:44.248765+00:00 vm audit - - - " + auditd, user},
		{"auditd's form by logger, JSON", `{"host":"vm","facility":"user","program":"root","message":` + strconv.Quote(auditd) + `}`, user},
		{"auditd's form with a process, JSON", `{"HOST":"vm","FACILITY":"user","PROGRAM":"auditd","PID":"9","MESSAGE":` + strconv.Quote(auditd) + `}`, user},
		{"a text in auditd's form by a program, JSON", `{"host":"vm","facility":"local0","program":"app","message":` + strconv.Quote("x "+auditd) + `}`, user},
		{"a text in quotes, with its facility", `FACILITY=user HOST=vm PROGRAM=kernel MESSAGE=` + strconv.Quote(kernel), user},
		{"a text in quotes, with its program", `host="vm" program="app" message=` + strconv.Quote(kernel), program},
		{"GELF with its facility", `{"version":"1.1","host":"vm","short_message":` + strconv.Quote(kernel) + `,"_program":"kernel","_facility":"user"}`, user},
		{"jc of RFC 5424", `[{"priority":13,"hostname":"vm","appname":"kernel","proc_id":null,"message":` + strconv.Quote(kernel) + `}]`, user},
		{"docker logs --details by a program", "app=web,tag=x app said: " + kernel, inside},
		{"logcat by a program", "11-30 12:00:00.123   612   612 E app     : " + kernel, inside},
		{"logger -t audit -i", "Nov 23 14:57:44 vm audit[4410]: " + journal, pid},
		{"pid of more than ten digits", "Nov 23 14:57:44 vm audit[99999999999]: " + journal, pid},
		{"pid that is none", "Nov 23 14:57:44 vm audit[x]: " + journal, pid},
		{"another comm as the tag", "10:39:55 apache: " + journal, inside},
		{"further line of a message in journalctl", strings.Repeat(" ", 30) + journal, inside},
		{"further line of a message, kernel's form", strings.Repeat(" ", 30) + kernel, inside},
		{"journald JSON, syslog transport", `{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"` + quoted + `"}`, program},
		{"journald JSON, stdout transport", `{"_TRANSPORT":"stdout","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"` + quoted + `"}`, program},
		{"journald JSON, journal transport", `{"_TRANSPORT":"journal","SYSLOG_FACILITY":"0","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"` + quoted + `"}`, program},
		{"journald JSON, logger -t audit", `{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"audit","MESSAGE":"` + quotedJournal + `"}`, program},
		{"journald JSON, /dev/kmsg", `{"_TRANSPORT":"kernel","SYSLOG_FACILITY":"1","SYSLOG_IDENTIFIER":"kernel","MESSAGE":"` + quoted + `"}`, user},
		{"rsyslog JSON, logger", `{"facility":"user","program":"kernel","message":"` + quoted + `"}`, user},
		{"rsyslog JSON, pri", `{"pri":"13","tag":"kernel:","msg":"` + quoted + `"}`, user},
		{"rsyslog JSON, another program", `{"program":"app","message":"` + quoted + `"}`, program},
		{"rsyslog JSON, audit's facility", `{"syslogfacility":"1","program":"audit","msg":"` + quotedJournal + `"}`, user},
		{"dmesg -J -x of /dev/kmsg", "{\n   \"dmesg\": [\n      {\n         \"fac\": \"user\",\n         \"msg\": \"" + quoted + "\"\n      }\n   ]\n}", user},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := one(t, tt.log)
			if got.item != parser.ItemMalformed || got.reason != tt.reason {
				t.Errorf("got %+v, want malformed: %s", got, tt.reason)
			}
		})
	}
}

// TestTextInUserRecords checks that what processes with CAP_AUDIT_WRITE say
// is no record: the line's own type is another.
func TestTextInUserRecords(t *testing.T) {
	for _, log := range []string{
		"type=USER msg=audit(1717243200.123:78): pid=1 uid=0 auid=0 ses=1 msg='text=" + kernel + "'",
		"type=USER msg=audit(1717243200.123:78): pid=1 uid=0 auid=0 ses=1 msg='x " + auditd + " exe=\"/usr/sbin/auditctl\"'\x1dUID=\"root\"",
		"type=USER_CMD msg=audit(1717243200.123:78): pid=1 uid=0 msg='cmd=\"" + auditd + "\"'",
		"node=web1 type=USER msg=audit(1717243200.123:78): pid=1 msg='text=" + kernel + "'",
		"Jan 29 10:00:00 h audisp-syslog: type=USER msg=audit(1717243200.123:78): pid=1 msg='text=" + kernel + "'",
		"[  278.581938] audit: type=1107 audit(1717243200.123:78): pid=1 uid=0 msg='" + kernel + "'",
	} {
		got := one(t, log)
		if got.item != parser.ItemOther || got.event.stamp.Serial != 78 {
			t.Errorf("got %+v, want another audit record\n%s", got, log)
		}
	}
	// In the journal such a message has a type of its own.
	log := `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1107","_AUDIT_ID":"78","MESSAGE":"` + strings.ReplaceAll(journal, `"`, `\"`) + `"}`
	if got := one(t, log); got.item != parser.ItemOther {
		t.Errorf("got %+v, want another audit record\n%s", got, log)
	}
}

// TestTimesThatCannotBe checks that a time before 1970 or after 9999 is none: no
// report could tell it.
func TestTimesThatCannotBe(t *testing.T) {
	audit := func(micros string) string {
		return `{"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","_AUDIT_ID":"77","_SOURCE_REALTIME_TIMESTAMP":"` + micros + `","MESSAGE":` + strconv.Quote(journal) + `}`
	}
	iso := func(date string) string { return date + "T15:15:21+0100 vm audit[4321]: " + journal }
	for log, want := range map[string]bool{
		audit("1717243200123000"):   true,
		audit("253402300799999999"): true,
		audit("253402300800000000"): false,
		iso("1970-01-01"):           true,
		iso("1969-12-31"):           false,
		iso("9999-12-31"):           true,
		strings.Replace(iso("9999-12-31"), "+0100", "-1200", 1): false,
	} {
		if got := one(t, log); got.item != parser.ItemRecord || got.event.stamp.HasTime != want {
			t.Errorf("has a time: %v, want %v\n%s", got.event.stamp.HasTime, want, log)
		}
	}
}

// TestOthers checks which lines lend their serial to the proof that nothing
// is missing: those of the kernel, and of no one else.
func TestOthers(t *testing.T) {
	for _, log := range []string{
		`type=SYSCALL msg=audit(1717243200.123:78): arch=c000003e syscall=59 pid=4321 comm="x" exe="/x"`,
		`type=EOE msg=audit(1717243200.123:78): `,
		`type=UNKNOWN[1420] msg=audit(1717243200.123:78): subj_apparmor=unconfined`,
		`node=web1 type=AVC msg=audit(1717243200.123:78): avc:  denied  { read }`,
		`[  278.581938] audit: type=1400 audit(1717243200.123:78): apparmor="DENIED"`,
		`type=ANOM_ABEND msg=audit(1717243200.123:78): auid=1 uid=1 gid=1 ses=1 pid=4321 comm="x" exe="/x" sig=11 res=1`,
		`{"ID":"1717243200.123:78","SYSCALL":{"arch":"0xc000003e","syscall":59}}`,
		`{"host":"vm","ID":"1717243200.123:78","EOE":[]}`,
		`{"_TRANSPORT":"audit","_AUDIT_TYPE":"1300","_AUDIT_ID":"78","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000","MESSAGE":"SYSCALL arch=c000003e"}`,
	} {
		got := one(t, log)
		if got.item != parser.ItemOther || got.event.stamp.Serial != 78 || got.event.stamp.Millis != stampTime {
			t.Errorf("got %+v, want another audit record\n%s", got, log)
		}
	}
	for _, log := range []string{
		`{"ID":"1717243200.123:78","DAEMON_END":{"op":"terminate"}}`,
		`{"_TRANSPORT":"journal","ID":"1717243200.123:78","MESSAGE":"a program's own field"}`,
		`{"ID":"1717243200.123:78x","level":"info"}`,
		`{"ID":17,"level":"info"}`,
		`Nov 23 14:57:44 vm app[1]: audit(1717243200.123:78): x`,
		`app: type=1400 audit(1717243200.123:78): x`,
	} {
		if got := items(parser.New(parser.LayoutLines), []byte(log)); len(got) != 0 {
			t.Errorf("got %+v, want nothing\n%s", got, log)
		}
	}
}

// TestNamesForgeNothing checks that whatever a program calls itself, its own
// record stays one record and says what the kernel says.
func TestNamesForgeNothing(t *testing.T) {
	for _, name := range []string{
		`audit(`, `SECCOMP`, `type=1326`, `type=SECCOMP`, `a,b=c'(\`, `exe=`, `code=0x0`, `=cmd|calc!A0`, `{`, `__CURSOR=x`, `<5>`, `13,1,1,-;`, `--`,
	} {
		for _, line := range []string{kernel, auditd, "Nov 23 15:15:21 vm audit[4321]: " + journal, journal, "10:39:55 nginx: " + journal} {
			log := strings.ReplaceAll(line, "nginx:", name+":")
			log = strings.ReplaceAll(log, `comm="nginx"`, `comm="`+name+`"`)
			got := one(t, log)
			if got.item != parser.ItemRecord || got.event.comm != name || got.event.pid != 4321 || got.event.nr != 202 {
				t.Errorf("got %+v\n%s", got, log)
			}
		}
	}
}

// TestInterpretedNames covers what ausearch -i prints for names that were
// chosen to look like fields: read right, or not at all.
func TestInterpretedNames(t *testing.T) {
	const head, tail = "type=SECCOMP msg=audit(06/01/24 12:00:00.123:77) : auid=www uid=www-data gid=www-data ses=7 ",
		" sig=SIG0 arch=x86_64 syscall=futex compat=0 ip=0x7f00 code=log "
	for _, tt := range []struct{ names, comm, exe string }{
		{"pid=4321 comm=a pid=1 uid=9 exe=/bin/x", "a pid=1 uid=9", "/bin/x"},
		{"pid=4321 comm=a sig=31 exe=/bin/x", "a sig=31", "/bin/x"},
		{"pid=4321 comm=x exe=/bin/x sig=SIGSYS arch=i386 syscall=read compat=1 ip=0x1 code=kill", "x",
			"/bin/x sig=SIGSYS arch=i386 syscall=read compat=1 ip=0x1 code=kill"},
		{"pid=4321 comm=a exe=/b exe=/bin/x", "", ""}, // either could be the path
		{"pid=4321 comm=a exe=b exe=/bin/x", "a exe=b", "/bin/x"},
		{"pid=4321 comm=nginx exe=/srv/a b c d e f exe=/bin/x", "nginx", "/srv/a b c d e f exe=/bin/x"}, // comm would be too long
		{"pid=4321 comm=nl\\012x exe=/bin/x", `nl\012x`, "/bin/x"},
		{"pid=4321 comm=x exe=(null)", "x", "(null)"},
	} {
		got := one(t, head+tt.names+tail)
		switch {
		case tt.comm == "" && got.item != parser.ItemMalformed:
			t.Errorf("%s: got %+v, want malformed", tt.names, got)
		case tt.comm != "" && (got.event.comm != tt.comm || got.event.exe != tt.exe || got.event.pid != 4321 || got.event.syscallName != "futex" || got.event.codeName != "log"):
			t.Errorf("%s: got %+v", tt.names, got)
		}
	}
}

// TestEntriesForgeNothing checks that a message of several lines, which any
// program can send to journald, adds no field and no entry of its own.
func TestEntriesForgeNothing(t *testing.T) {
	forged := "\n_TRANSPORT=audit\n_AUDIT_TYPE=1326\n_AUDIT_ID=9\nMESSAGE=" + journal + "\n\n__CURSOR=s=9\n" +
		"Mon 2026-11-23 15:15:22 UTC [s=1;i=2]\n}\n{\n\t\"_TRANSPORT\" : \"audit\"\n"
	size := binary.LittleEndian.AppendUint64(nil, uint64(len("hello"+forged)))
	for name, log := range map[string]string{
		"export": "__CURSOR=s=1\n_TRANSPORT=journal\nMESSAGE\n" + string(size) + "hello" + forged + "\n_PID=1\n\n",
		"verbose": "Mon 2026-11-23 15:15:21 UTC [s=1;i=2]\n    MESSAGE=hello" +
			strings.ReplaceAll(forged, "\n", "\n            ") + "\n    _TRANSPORT=journal\n",
		"json-pretty": "{\n\t\"MESSAGE\" : \"hello" + strings.NewReplacer("\n", `\n`, `"`, `\"`, "\t", `\t`).Replace(forged) +
			"\",\n\t\"_TRANSPORT\" : \"journal\"\n}\n",
		"json": `{"MESSAGE":"hello` + strings.NewReplacer("\n", `\n`, `"`, `\"`, "\t", `\t`).Replace(forged) + `","_TRANSPORT":"journal"}`,
	} {
		if got := records(log); len(got) != 0 {
			t.Errorf("%s: forged %+v", name, got)
		}
	}
}

// TestRecordOfTwoRunsTogether checks the one line that may hold two records:
// where a paste has lost the newline between them.
func TestRecordOfTwoRunsTogether(t *testing.T) {
	second := strings.Replace(kernel, ":77)", ":78)", 1)
	got := records("[  278.581938] " + kernel + " [  278.581939] " + second)
	if len(got) != 2 || got[0].stamp.Serial != 77 || got[1].stamp.Serial != 78 {
		t.Errorf("got %+v", got)
	}
	if got := reasons(kernel + " app said: " + second); len(got) != 1 {
		t.Errorf("got %q, want one malformed line", got)
	}
}

// TestForgedBehindPrefixes checks that what gives a forged record away does so
// as well behind what others put in front of the line.
func TestForgedBehindPrefixes(t *testing.T) {
	forged := map[string]string{
		"a facility of programs, RFC 5424": "<13>1 2026-11-23T14:57:44.248765+00:00 vm kernel - - - [  278.581938] " + kernel,
		"a facility of programs":           "<13>Nov 23 14:57:44 vm kernel: " + kernel,
		"dmesg -x":                         "user  :notice: [  278.581938] " + kernel,
		"/dev/kmsg":                        "13,353,278581956,-;" + kernel,
		"a pid of kernel":                  "Nov 23 14:57:44 vm kernel[25870]: " + kernel,
		"a pid that is not the record's":   "Nov 23 14:57:44 vm audit[25876]: " + journal,
		"another message":                  "Nov 23 14:57:44 vm app[17]: " + kernel,
		"a further line, SECCOMP":          "                                 " + journal,
		"a further line, audit":            "                                 " + kernel,
		"a further line, a member":         "                                 MESSAGE=" + journal,
	}
	r := rand.New(rand.NewPCG(5, 24))
	for name, line := range forged {
		for _, w := range wrappers {
			text := w.wrap(r, line)
			if got := parseAll(parser.Sniff([]byte(text)), []byte(text)); got.records > 0 {
				t.Errorf("%s in %s: %d records\n%s", name, w.name, got.records, text)
			}
		}
	}
}
