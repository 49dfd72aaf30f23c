package parser_test

import (
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// rendering is one record as some printer shows it.
type rendering struct {
	name, log string
	form      parser.Form
	node      string
	time      bool  // the record's own time is known
	otherTime int64 // the printer's time is known instead, in ms
	serial    bool
	codeName  string
}

// shown gives the renderings of one record that FormKernel, FormAuditd and so
// on stand for: all of the forms that printers are known to give it.
func shown() []rendering {
	k := func(name, prefix, node string) rendering {
		return rendering{name: name, log: prefix + kernel, form: parser.FormKernel, node: node, time: true, serial: true}
	}
	d := func(name, log, node string) rendering {
		return rendering{name: name, log: log, form: parser.FormAuditd, node: node, time: true, serial: true}
	}
	a := func(name, log, node string) rendering {
		return rendering{name: name, log: log, form: parser.FormAudisp, node: node, time: true, serial: true}
	}
	j := func(name, prefix, node string) rendering {
		return rendering{name: name, log: prefix + journal, form: parser.FormJournal, node: node}
	}
	return append([]rendering{
		k("dmesg", "[  278.581938] ", ""),
		k("dmesg, day 100", "[8640278.581938] ", ""),
		k("dmesg -t", "", ""),
		k("dmesg with printk caller", "[  278.581938][   T55] ", ""),
		k("dmesg with printk caller on a CPU", "[  278.581938][    C1] ", ""),
		k("real-time kernel", "[28922.398944] 000: ", ""),
		k("dmesg -T", "[Mon Nov 23 14:57:44 2026] ", ""),
		k("dmesg -T, French", "[mer. 22 oct. 16:59:18 2025] ", ""),
		k("dmesg -T, Japanese", "[月 11月 23 14:57:44 2026] ", ""),
		k("dmesg -H", "[  +0.000002] ", ""),
		k("dmesg -H, first of a minute", "[Nov23 14:57] ", ""),
		k("dmesg -H, decimal comma", "[  +1,261094] ", ""),
		k("dmesg --time-format=delta", "[<    0.000002>] ", ""),
		k("dmesg -d", "[  278.581938 <    0.000824>] ", ""),
		k("dmesg --time-format=iso", "2026-11-23T14:57:44,581956+00:00 ", ""),
		k("dmesg -x", "kern  :notice: [  278.581938] ", ""),
		k("dmesg -x -T", "kern  :notice: [Mon Nov 23 14:57:44 2026] ", ""),
		k("dmesg -r", "<5>[  278.581938] ", ""),
		k("klogd -c", "<5>", ""),
		k("/dev/kmsg", "5,353,278581956,-;", ""),
		k("/dev/kmsg with caller", "5,353,278581956,-,caller=T55;", ""),
		k("rsyslog imklog", "Nov 23 14:57:44 vm kernel: [  278.581938] ", "vm"),
		k("rsyslog imkmsg", "Nov 23 14:57:44 vm kernel: ", "vm"),
		k("one-digit day", "Nov  3 14:57:44 vm kernel: ", "vm"),
		k("syslog with milliseconds", "Nov 23 14:57:44.123 vm kernel: ", "vm"),
		k("full host name", "Nov 23 14:57:44 web-1.example.org kernel: [  278.581938] ", "web-1.example.org"),
		k("address as host", "Nov 23 14:57:44 2001:db8::1 kernel: ", "2001:db8::1"),
		k("rsyslog file format", "2026-11-23T14:58:49.435949+00:00 vm kernel: [  278.581938] ", "vm"),
		k("rsyslog forward format", "<5>2026-11-23T14:58:49.435949+00:00 vm kernel: [  278.581938] ", "vm"),
		k("rsyslog traditional forward format", "<5>Nov 23 14:57:44 vm kernel: ", "vm"),
		k("RFC 5424", "<5>1 2026-11-23T14:57:44.248765+00:00 vm kernel - - - ", "vm"),
		k("RFC 5424, rsyslog with uptime", "<5>1 2026-11-23T14:57:44.248765+00:00 vm kernel - - - [  278.581938] ", "vm"),
		k("ChromeOS", "2026-11-23T14:57:44.248765Z NOTICE kernel: [  586.731094] ", ""),
		k("ChromeOS, no time", "NOTICE kernel: [  586.731094] ", ""),
		k("busybox syslogd", "Jan  1 00:00:03 host kern.notice kernel: [  92.403151] ", "host"),
		k("OpenWrt logread", "Mon Aug 31 00:02:23 2026 kern.notice kernel: [  92.403151] ", ""),
		k("journald, kernel transport", "Nov 23 15:15:21 vm kernel: ", "vm"),
		k("journalctl -o short-precise", "Nov 23 15:15:21.801000 vm kernel: ", "vm"),
		k("journalctl -o short-iso", "2026-11-23T15:15:21+0000 vm kernel: ", "vm"),
		k("journalctl -o short-iso, systemd 255", "2026-11-23T15:15:21+00:00 vm kernel: ", "vm"),
		k("journalctl -o short-full", "Mon 2026-11-23 15:15:21 UTC vm kernel: ", "vm"),
		k("journalctl -o short-full, zone without a name", "Mon 2026-11-23 15:15:21 -03 vm kernel: ", "vm"),
		k("journalctl -o short-unix", "1795446921.801000 vm kernel: ", "vm"),
		k("journalctl -o short-monotonic", "[ 1335.200876] vm kernel: ", "vm"),
		k("journalctl -o short-delta", "[ 1335.200876 <    0.000004 >] vm kernel: ", "vm"),
		k("journalctl --no-hostname", "Nov 23 15:15:21 kernel: ", ""),
		k("quoted in a mail", "> [  278.581938] ", ""),
		k("in a comment", "# [  278.581938] ", ""),
		k("indented", "    [  278.581938] ", ""),
		k("printed into another line of the console", "[   92.396607] general protection fault: 0000 [#1] [  387.811073] ", ""),
		{name: "kernel before 3.14", log: "[  278.581938] type=1326 " + stamp + fields, form: parser.FormKernel, time: true, serial: true},

		d("auditd", auditd, ""),
		d("auditd, enriched", auditd+"\x1d"+enriched, ""),
		d("auditd, enriched, separator lost", auditd+enriched, ""),
		d("auditd with name_format", "node=web1 "+auditd, "web1"),
		d("auditd that does not know the type", strings.Replace(auditd, "SECCOMP", "UNKNOWN[1326]", 1), ""),
		d("carriage return", auditd+"\r", ""),
		d("trailing blanks", auditd+"  ", ""),

		a("audispd", "Jan 29 10:00:00 h audispd[568]: node=web1 "+auditd, "web1"),
		a("audispd, no node=", "Jan 29 10:00:00 h audispd: "+auditd, "h"),
		a("audisp-syslog 3.x, enriched", "Jan 29 10:00:00 h audisp-syslog[568]: "+auditd+" "+enriched, "h"),
		a("audispd, enriched, through rsyslog", "Jan 29 10:00:00 h audispd: "+auditd+"#035"+enriched, "h"),
		a("audisp-syslog, RFC 5424", "<14>1 2026-11-23T18:14:43.723485+00:00 vm audisp-syslog - - -  "+auditd, "vm"),
		a("audisp-syslog with node=, RFC 5424", "<14>1 2026-11-23T18:14:43.723485+00:00 vm audisp-syslog - - -  node=web1 "+auditd, "web1"),

		j("journald", "Nov 23 15:15:21 vm audit[4321]: ", "vm"),
		j("journald, no host", "Jul 19 10:54:26 audit[4321]: ", ""),
		j("journald, tag without pid", "Nov 23 15:15:21 vm audit: ", "vm"),
		j("journalctl -o cat", "", ""),
		j("journalctl -o short-unix, audit", "1795446921.801000 vm audit[4321]: ", "vm"),
		j("journalctl -o short-monotonic, audit", "[ 1335.200876] vm audit[4321]: ", "vm"),
		j("GNOME Logs", "10:39:55 nginx: ", ""),
		{name: "journalctl -o short-iso, audit", log: "2026-11-23T15:15:21+0100 vm audit[4321]: " + journal, form: parser.FormJournal, node: "vm", otherTime: 1795443321000},
		{name: "journald that does not know the type", log: "Nov 23 15:15:21 vm audit[4321]: AUDIT1326 " + fields, form: parser.FormJournal, node: "vm"},
		{name: "systemd before 230", log: "Nov 23 15:15:21 vm audit[4321]: <audit-1326> " + fields, form: parser.FormJournal, node: "vm"},

		{name: "ausearch -i", log: "type=SECCOMP msg=audit(06/01/24 12:00:00.123:77) : " + interpreted, form: parser.FormInterpreted, serial: true, codeName: "log"},
		{name: "ausearch -i, node=", log: "node=web1 type=SECCOMP msg=audit(06/01/24 12:00:00.123:77) : " + interpreted, form: parser.FormInterpreted, node: "web1", serial: true, codeName: "log"},
		{name: "ausearch -i, Japanese", log: "type=SECCOMP msg=audit(2024年06月01日 12:00:00.123:77) : " + interpreted, form: parser.FormInterpreted, serial: true, codeName: "log"},
	}, wrapped()...)
}

const (
	enriched    = `AUID="www" UID="www-data" GID="www-data" ARCH=x86_64 SYSCALL=unknown-syscall(-1)`
	interpreted = `auid=www uid=www-data gid=www-data ses=7 pid=4321 comm=nginx exe=/usr/sbin/nginx` +
		` sig=SIG0 arch=x86_64 syscall=futex compat=0 ip=0x7f00 code=log `
)

// wrapped gives the renderings of the record as a value of something else.
func wrapped() []rendering {
	quote := strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", `\n`)
	slashes := strings.NewReplacer(`"`, `\"`, `/`, `\/`)
	trusted := `"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","_AUDIT_ID":"77","_HOSTNAME":"vm","_SOURCE_REALTIME_TIMESTAMP":"1717243200123000",`
	numbers := make([]string, 0, len(journal))
	for _, c := range []byte(journal) {
		numbers = append(numbers, itoa(int(c)))
	}
	js := func(name, log, node string, form parser.Form) rendering {
		return rendering{name: name, log: log, form: form, node: node, time: true, serial: true}
	}
	entry := "_TRANSPORT=audit\n_AUDIT_TYPE=1326\n_AUDIT_ID=77\n_HOSTNAME=vm\n_SOURCE_REALTIME_TIMESTAMP=1717243200123000\nMESSAGE=" + journal + "\n"
	return []rendering{
		js("docker json-file", `{"log":"`+quote.Replace(kernel)+`\n","stream":"stdout","time":"2024-06-01T12:00:00.1Z"}`, "", parser.FormKernel),
		js("docker json-file around syslog", `{"log":"Nov 23 14:57:44 vm kernel: `+quote.Replace(kernel)+`\n","stream":"stdout"}`, "vm", parser.FormKernel),
		js("rsyslog JSON", `{"host":"vm","facility":"kern","program":"kernel","message":"`+slashes.Replace(kernel)+`"}`, "vm", parser.FormKernel),
		js("rsyslog JSON with tag and pri", `{"hostname":"vm", "pri":"5", "tag":"kernel:", "msg":"[ 3367.699557] `+slashes.Replace(kernel)+`"}`, "vm", parser.FormKernel),
		js("journald JSON, kernel", `{"MESSAGE":"`+quote.Replace(kernel)+`","_TRANSPORT":"kernel","SYSLOG_FACILITY":"0","SYSLOG_IDENTIFIER":"kernel","_HOSTNAME":"vm"}`, "vm", parser.FormJournalKernel),
		js("journald JSON, kernel, without facility", `{"MESSAGE":"`+quote.Replace(kernel)+`","_TRANSPORT":"kernel","_HOSTNAME":"vm"}`, "vm", parser.FormKernel),
		js("rsyslog JSON, auditd's plugin", `{"host":"vm","syslogfacility":"1","programname":"audisp-syslog","msg":" `+quote.Replace(auditd)+`"}`, "vm", parser.FormAudisp),
		js("journald JSON", `{`+trusted+`"MESSAGE":"`+quote.Replace(journal)+`"}`, "vm", parser.FormJournal),
		js("journald JSON, message first", `{"MESSAGE":"`+quote.Replace(journal)+`",`+strings.TrimSuffix(trusted, ",")+`}`, "vm", parser.FormJournal),
		js("journald JSON, bytes as numbers", `{`+trusted+`"MESSAGE":[`+strings.Join(numbers, ",")+`]}`, "vm", parser.FormJournal),
		js("journald JSON, repeated message", `{`+trusted+`"MESSAGE":["`+quote.Replace(journal)+`","x"]}`, "vm", parser.FormJournal),
		js("journald JSON, \\u escapes", `{`+trusted+`"MESSAGE":"`+strings.ReplaceAll(quote.Replace(journal), "=", `\u003d`)+`"}`, "vm", parser.FormJournal),
		js("journald json-sse", `data: {`+trusted+`"MESSAGE":"`+quote.Replace(journal)+`"}`, "vm", parser.FormJournal),
		js("journald json-seq", "\x1e{"+trusted+`"MESSAGE":"`+quote.Replace(journal)+`"}`, "vm", parser.FormJournal),
		js("journald json-pretty", "{\n\t"+strings.ReplaceAll(strings.ReplaceAll(trusted, ",", ",\n\t"), `":`, `" : `)+`"MESSAGE" : "`+quote.Replace(journal)+"\"\n}", "vm", parser.FormJournal),
		js("journald JSON through jq", "{\n  "+strings.ReplaceAll(strings.ReplaceAll(trusted, ",", ",\n  "), `":`, `": `)+`"MESSAGE": "`+quote.Replace(journal)+"\"\n}", "vm", parser.FormJournal),
		js("journald export", "__CURSOR=s=1;i=2\n"+entry+"\n", "vm", parser.FormJournal),
		js("journald export, binary", "__CURSOR=s=1;i=2\n"+strings.Replace(entry, "MESSAGE=", "MESSAGE\n"+string([]byte{byte(len(journal))})+"\x00\x00\x00\x00\x00\x00\x00", 1)+"\n", "vm", parser.FormJournal),
		js("journald verbose", "Mon 2026-11-23 15:15:21.801000 UTC [s=1;i=2;b=3;m=4;t=5;x=6]\n    "+strings.ReplaceAll(strings.TrimSpace(entry), "\n", "\n    ")+"\n", "vm", parser.FormJournal),
		js("dmesg -J", "{\n   \"dmesg\": [\n      {\n         \"pri\": 5,\n         \"time\":   278.580827,\n         \"msg\": \""+quote.Replace(kernel)+"\"\n      }\n   ]\n}", "", parser.FormKernel),
		js("dmesg -J -x", "{\n   \"dmesg\": [\n      {\n         \"fac\": \"kern\",\n         \"pri\": \"notice\",\n         \"msg\": \""+quote.Replace(kernel)+"\"\n      },{\n         \"msg\": \"x\"\n      }\n   ]\n}", "", parser.FormKernel),
		js("a line of dmesg -J", `         "msg": "`+quote.Replace(kernel)+`"`, "", parser.FormKernel),
		js("laurel", `{"ID":"1717243200.123:77","SECCOMP":[{`+laurel+`}]}`, "", parser.FormJSON),
		js("laurel, NODE and enrichment", `{"ID":"1717243200.123:77","NODE":"web1","SECCOMP":[{`+laurel+`,"AUID":"www","PID":{"EVENT_ID":"1.2:3","comm":"x","pid":9}}]}`, "web1", parser.FormJSON),
		js("laurel, single object", `{"ID":"1717243200.123:77","SECCOMP":{`+laurel+`}}`, "", parser.FormJSON),
		js("docker json-file around auditd", `{"log":"`+quote.Replace(auditd)+`\n","stream":"stdout"}`, "", parser.FormAudisp),
		js("docker json-file around laurel", `{"log":"`+quote.Replace(`{"ID":"1717243200.123:77","NODE":"web1","SECCOMP":[{`+laurel+`}]}`)+`\n"}`, "web1", parser.FormAudisp),
		js("docker json-file around the journal", `{"log":"`+quote.Replace(`{`+trusted+`"MESSAGE":"`+quote.Replace(journal)+`"}`)+`\n"}`, "vm", parser.FormAudisp),
		js("CRI around auditd", "2024-06-01T12:00:00.1Z stdout F "+auditd, "", parser.FormAudisp),
		js("CRI around laurel, split", "2024-06-01T12:00:00.1Z stdout P {\"ID\":\"1717243200.123:77\",\n2024-06-01T12:00:00.1Z stdout F \"SECCOMP\":[{"+laurel+"}]}", "", parser.FormAudisp),
		js("CRI", "2024-06-01T12:00:00.100000000Z stdout F "+kernel, "", parser.FormKernel),
		js("CRI, split", "2024-06-01T12:00:00.1Z stdout P "+kernel[:90]+"\n2024-06-01T12:00:00.1Z stderr F other\n2024-06-01T12:00:00.1Z stdout F "+kernel[90:], "", parser.FormKernel),
	}
}

const laurel = `"auid":1000,"uid":33,"gid":34,"ses":7,"pid":4321,"comm":"nginx","exe":"/usr/sbin/nginx","sig":0,` +
	`"arch":"0xc000003e","syscall":202,"compat":0,"ip":"0x7f00","code":"0x7ffc0000"`

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

func (r rendering) want() event {
	e := nginx()
	e.form, e.node = r.form, r.node
	if r.time {
		e.stamp.Millis, e.stamp.HasTime = stampTime, true
	}
	if r.otherTime != 0 {
		e.stamp.Millis, e.stamp.HasTime = r.otherTime, true
	}
	if r.serial {
		e.stamp.Serial, e.stamp.HasSerial = 77, true
	}
	if r.codeName != "" {
		e.auid, e.uid, e.gid, e.ses = parser.NoID, parser.NoID, parser.NoID, parser.NoID
		e.arch, e.nr, e.code = 0, 0, 0
		e.archName, e.syscallName, e.codeName = "x86_64", "futex", r.codeName
	}
	return e
}

func TestRenderings(t *testing.T) {
	for _, r := range shown() {
		t.Run(r.name, func(t *testing.T) {
			got := one(t, r.log)
			if got.item != parser.ItemRecord {
				t.Fatalf("%+v\n%s", got, r.log)
			}
			if got.event != r.want() {
				t.Errorf("\n got %+v\nwant %+v\n%s", got.event, r.want(), r.log)
			}
		})
	}
}

// TestRenderingsTogether checks that no rendering leaves anything behind that
// changes how the next one is read.
func TestRenderingsTogether(t *testing.T) {
	var log strings.Builder
	var want []event
	for _, r := range shown() {
		if parser.Sniff([]byte(r.log)) == parser.LayoutLines {
			log.WriteString(r.log + "\n")
			want = append(want, r.want())
		}
	}
	got := records(log.String())
	if len(got) != len(want) {
		t.Fatalf("%d records, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("\n got %+v\nwant %+v", got[i], want[i])
		}
	}
}
