package parser_test

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

const ownEvent = `{"time":"2024-06-01T12:00:00.123Z","serial":77,"node":"vm","pid":4321,"comm":"nginx","exe":"/usr/sbin/nginx",` +
	`"arch":"x86_64","nr":202,"syscall":"futex","action":"log","sig":0,"compat":false,"ip":"0x7f00",` +
	`"uid":33,"gid":34,"auid":1000,"ses":7,"subj":null,"container":{"id":"4f1c","name":"web {\"x\"}","labels":{"a":[1,"]"]}}}`

// TestEvents checks that the events of collectors that tell all of a call are
// read as records.
func TestEvents(t *testing.T) {
	for name, log := range map[string]string{
		"own":                  ownEvent,
		"own behind a stamp":   "2024-06-01T12:00:00.1Z " + ownEvent,
		"own in CRI":           "2024-06-01T12:00:00.1Z stdout F " + ownEvent,
		"own in json-file":     `{"log":"` + escaped(ownEvent) + `\n","stream":"stdout"}`,
		"own behind kubectl":   "[pod/auditscan-x2v8k/auditscan] " + ownEvent,
		"own by a program":     "Nov 23 15:15:21 vm auditscan[77]: " + ownEvent,
		"own in the journal":   `{"_TRANSPORT":"stdout","SYSLOG_IDENTIFIER":"auditscan","MESSAGE":"` + escaped(ownEvent) + `"}`,
		"own behind a newline": "\n" + ownEvent,
		"auditbeat": `{"@timestamp":"2024-06-01T12:00:00.123Z","event":{"module":"auditd","action":"violated-seccomp-policy"},` +
			`"process":{"parent":{"pid":1,"name":"systemd"},"name":"nginx","executable":"/usr/sbin/nginx","pid":4321},"host":{"name":"vm"},` +
			`"user":{"audit":{"id":"1000"},"id":"33","group":{"id":"34"}},"auditd":{"session":"7","message_type":"seccomp","sequence":77,` +
			`"data":{"code":"0x7ffc0000","syscall":"futex","compat":"0","ip":"0x7f00","arch":"x86_64","sig":"0"}}}`,
		"osquery": `{"name":"seccomp_events","hostIdentifier":"vm","columns":{"arch":"X86_64","auid":"1000","code":"LOG","comm":"nginx","compat":"0",` +
			`"exe":"/usr/sbin/nginx","gid":"34","ip":"0x7f00","pid":"4321","ses":"7","sig":"0","syscall":"futex","time":"1717243200","uid":"33"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			got := one(t, log)
			e := got.event
			call := callOfEvent(t, e)
			if got.item != parser.ItemRecord || e.form != parser.FormEvent || call != "x86_64/futex/log" || e.node != "vm" || e.pid != 4321 ||
				e.comm != "nginx" || e.exe != "/usr/sbin/nginx" || e.uid != 33 || e.gid != 34 || e.auid != 1000 || e.ses != 7 || e.ip != 0x7f00 ||
				e.numbered != strings.HasPrefix(name, "own") {
				t.Errorf("%s: got %+v", call, got)
			}
			if name != "osquery" && (e.stamp.Serial != 77 || e.stamp.Millis != stampTime) {
				t.Errorf("stamp %+v", e.stamp)
			}
		})
	}
}

// callOfEvent is the call of an event: auditscan tells the number beside the
// name, others the name alone.
func callOfEvent(t *testing.T, e event) string {
	t.Helper()
	if e.numbered && e.nr != 202 {
		t.Errorf("number %d", e.nr)
	}
	return strings.ToLower(e.archName) + "/" + e.syscallName + "/" + e.codeName
}

// TestEventContainer checks that the container of an event is kept as it
// stands, also where the event is spread over lines and blocks.
func TestEventContainer(t *testing.T) {
	spread := strings.NewReplacer(`,"`, ",\n\"", `{"`, "{\n\"").Replace(ownEvent)
	for _, blocks := range [][][]byte{{[]byte(ownEvent)}, {[]byte(spread)}, splitLines([]byte(spread))} {
		p := parser.New(parser.LayoutJSON)
		var got []string
		for _, b := range blocks {
			p.Reset(b)
			for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
				got = append(got, strings.ReplaceAll(string(p.Record().Clone().Container), "\n", ""))
			}
		}
		if want := ownEvent[strings.Index(ownEvent, `{"id"`) : len(ownEvent)-1]; len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestEventUnknown checks what an event may leave open.
func TestEventUnknown(t *testing.T) {
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(ownEvent) }
	e := one(t, change(`"serial":77`, `"serial":null`, `"time":"2024-06-01T12:00:00.123Z"`, `"time":null`, `"uid":33`, `"uid":4294967295`,
		`"comm":"nginx"`, `"comm":""`, `"exe":"/usr/sbin/nginx"`, `"exe":null`, `"ip":"0x7f00"`, `"ip":null`, `"syscall":"futex"`, `"syscall":null`,
		`"pid":4321`, `"pid":null`, `"arch":"x86_64"`, `"arch":null`, `"action":"log"`, `"action":"errno"`)).event
	if e.stamp != (parser.Stamp{}) || e.uid != parser.NoID || e.hasExe || e.ip != 0 || e.nr != 202 || e.pid != 0 || e.arch != 0 || e.code != 0x50000 {
		t.Errorf("got %+v", e)
	}
	for _, action := range []string{"unknown", "kill"} {
		if e := one(t, change(`"action":"log"`, `"action":"`+action+`"`)).event; e.codeName != action {
			t.Errorf("%s: got %+v", action, e)
		}
	}
	if got := one(t, `{"loss":{"kind":"serial-gap","count":29,"time":"2024-06-01T12:00:00.123Z"}}`); got.item != parser.ItemLoss ||
		got.loss.kind != parser.LossGap || got.loss.count != 29 || got.loss.stamp.Millis != stampTime {
		t.Errorf("got %+v", got)
	}
	if got := one(t, `{"loss":{"kind":"lost-counter","count":0,"total":29,"time":null}}`).loss; got.kind != parser.LossCounter || got.count != 0 || got.total != 29 {
		t.Errorf("got %+v", got)
	}
	for _, none := range []string{`{"loss":{"kind":"lost-counter","count":0,"total":-1}}`, `{"loss":{"kind":"none","count":1}}`} {
		if got := one(t, none); got.item != parser.ItemMalformed {
			t.Errorf("%s: %+v", none, got)
		}
	}
	if got := one(t, ownEvent[:len(ownEvent)-150]); got.item != parser.ItemMalformed {
		t.Errorf("a cut event: %+v", got)
	}
}

// TestElsewhere checks that the events of tools that tell no arch or no action
// are named and counted.
func TestElsewhere(t *testing.T) {
	for log, want := range map[string]string{
		`I0921 14:13:20.123000    1 enricher.go:445] log-enricher "msg"="audit" "node"="n1" "pid"=4711 "syscallID"=41 "syscallName"="socket" "type"="seccomp"`:                                                "log enricher",
		`{"level":"info","msg":"audit","node":"n1","pid":4711,"syscallID":41,"syscallName":"socket","type":"seccomp"}`:                                                                                        "log enricher",
		`{"auditID":"x","node":{"name":"n1"},"pid":4711,"syscalls":["socket"],"version":"spo/v1_alpha"}`:                                                                                                      "JSON enricher",
		`{"type":"normal","node":"n1","pod":"p1","syscall":"socket","code":"log","pid":4711,"pcomm":"worker"}`:                                                                                                "inspektor-gadget",
		`,SECCOMP,11/23/26,18:14:39,7003876,dac-decision,unset,system,root,privileged-acct,called-seccomp-controlled-syscall,failed,getppid,,process,/opt/act`:                                                "ausearch",
		`At 18:14:39 11/23/26 system, acting as root, unsuccessfully called-seccomp-controlled-syscall getppid using /opt/act`:                                                                                "ausearch",
		"CEF:0|Linux|audit|1|x|x|3|msg=Nov 23 15:15:21 vm audit[4321]: " + strings.ReplaceAll(journal, "=", `\=`):                                                                                             "escapes",
		`1. 11/23/26 18:14:39 SECCOMP /opt/lab/act ? ? -1 7003876`:                                                                                                                                            "aureport",
		`{"eventType":"Seccomp","action":"AUDIT|ALLOWED","nodeName":"n1","pid":4321,"event":{"auditID":"1717243200.123:77","comm":"nginx","syscall":"futex"}}`:                                                "vArmor",
		"K8S.NAMESPACE    K8S.POD    K8S.CONTAINER    PID     COMM    SYSCALL    CODE   ":                                                                                                                     "inspektor-gadget",
		`Log: auid=1000 uid=1000 gid=1000 ses=2 pid=15214 comm="x" exe="/x" sig=31 arch=c000003e 51(getsockname) compat=0 ip=0x7f code=0x0`:                                                                   "snappy-debug",
		`I0921 14:13:20.123000       1 enricher.go:608] "audit" logger="log-enricher" timestamp="1790000000.123:500" type="seccomp" node="n1" executable="/bin/a" pid=4711 syscallID=41 syscallName="socket"`: "log enricher",
	} {
		if got := one(t, log); got.item != parser.ItemMalformed || !strings.Contains(got.reason, want) {
			t.Errorf("%s: got %+v", want, got)
		}
		if got := amongOthers(log); want != "inspektor-gadget" && len(got.malformed) != 1 || got.records != 0 {
			t.Errorf("%s, in a large log: %+v", want, got)
		}
	}
}

// TestNoEvents checks that what merely has the word in it is not taken for an
// event.
func TestNoEvents(t *testing.T) {
	for _, log := range []string{
		`{"rule":"x","output_fields":{"evt.type":"seccomp","proc.name":"nginx","proc.pid":4321}}`,
		`{"name":"seccomp","version":"2.5.4"}`,
		`{"type":"seccomp","path":"/etc/profile.json"}`,
		`{"names":["read","seccomp"],"action":"SCMP_ACT_ALLOW"}`,
	} {
		if got := items(parser.New(parser.LayoutLines), []byte(log)); len(got) != 0 {
			t.Errorf("got %+v\n%s", got, log)
		}
	}
}

// TestGoAudit checks that go-audit's events are read, also those that it gives to
// syslog.
func TestGoAudit(t *testing.T) {
	event := `{"sequence":77,"timestamp":"1717243200.123","messages":[{"type":1326,"data":` + strconv.Quote(fields) + `},` +
		`{"type":1327,"data":"proctitle=6E67696E78"}],"uid_map":{"33":"www-data"}}`
	for _, log := range []string{
		event,
		"2024/06/01 12:00:00 " + event,
		"Jun  1 12:00:00 vm go-audit[123]: " + event,
		`{"program":"go-audit","host":"vm","message":` + strconv.Quote(event) + `}`,
		`{"_TRANSPORT":"syslog","SYSLOG_IDENTIFIER":"go-audit","MESSAGE":` + strconv.Quote(event) + `}`,
	} {
		got := one(t, log)
		want := nginx()
		want.form, want.node, want.stamp = got.event.form, got.event.node, parser.Stamp{Millis: stampTime, Serial: 77, HasTime: true, HasSerial: true}
		if got.item != parser.ItemRecord || got.event != want || got.event.form == parser.FormAuditd {
			t.Errorf("got %+v\n%s", got, log)
		}
	}
	other := `{"sequence":78,"timestamp":"1717243200.124","messages":[{"type":1300,"data":"arch=c000003e syscall=59 success=yes pid=1 auid=1 ses=7 comm=\"ls\" exe=\"/bin/ls\""}]}`
	if got := items(parser.New(parser.LayoutLines), []byte(other)); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

// amongOthers parses a line in a log of many that hold nothing.
func amongOthers(line string) outcome {
	others := strings.Repeat("Jun  1 11:59:00 vm CRON[812]: (root) CMD (run-parts /etc/x)\n", 200)
	return parseAll(parser.LayoutLines, []byte(others+line+"\n"+others))
}

// TestEncoded checks that a record in base64 or in an address is counted, with
// what to do.
func TestEncoded(t *testing.T) {
	for _, line := range []string{kernel, auditd, "Nov 23 15:15:21 vm audit[4321]: " + journal, `{"message":"` + escaped(auditd) + `"}`, `{"ID":"1717243200.123:77","SECCOMP":[{` + laurel + `}]}`} {
		for before := range 3 {
			text := base64.StdEncoding.EncodeToString([]byte("xyz"[:before] + line))
			for _, log := range []string{text, "  audit.log: " + text, `{"records":[{"data":"` + text + `"}]}`, `{"a":"see ` + text + `"}`, `{"records":[{"data":"` + text + `","node":"n1"},{"data":"bm90aGluZw=="}]}`} {
				if got := amongOthers(log); len(got.malformed) != 1 || got.malformed[0] != "base64 text: decode it first" || got.records != 0 {
					t.Errorf("got %+v\n%s", got, log)
				}
			}
		}
	}
	for _, line := range []string{kernel, auditd, journal} {
		text := url.QueryEscape(line)
		for _, log := range []string{text, strings.ReplaceAll(text, "+", "%20"), `10.0.0.1 - - [01/Jun/2024:12:00:00 +0000] "GET /?q=` + text + ` HTTP/1.1" 200 12`, `{"query":"` + text + `"}`} {
			if got := amongOthers(log); len(got.malformed) != 1 || got.malformed[0] != "URL-encoded text: decode it first" || got.records != 0 {
				t.Errorf("got %+v\n%s", got, log)
			}
		}
	}
	for _, log := range []string{"hdWRpdCgx", "see U0VDQ09N there, and TRUNDT01Q, in a line that is long enough for it, which no base64 is", "%1326 type audit("} {
		if got := amongOthers(log); len(got.malformed) != 0 {
			t.Errorf("got %+v\n%s", got, log)
		}
	}
}

// TestBrokenLines checks that a record that a terminal has broken into lines is
// counted, wherever that was, and gives no call.
func TestBrokenLines(t *testing.T) {
	for _, line := range []string{kernel, auditd, "Nov 23 14:57:44 vm kernel: [  278.581938] " + kernel, "2026-11-23T14:58:49.435949+00:00 web-1.example.org kernel: " + kernel, "web-1 app " + auditd} {
		for width := 60; width < 200; width++ {
			var broken []string
			for s := line; s != ""; s = s[min(width, len(s)):] {
				broken = append(broken, s[:min(width, len(s))])
			}
			if len(broken) == 1 {
				continue
			}
			got := amongOthers(strings.Join(broken, "\n"))
			if got.records != 0 || len(got.malformed) == 0 {
				t.Errorf("width %d: %d records, malformed %q\n%s", width, got.records, got.malformed, strings.Join(broken, "\n"))
			}
		}
	}
}

// TestLabelHoldsRecord checks that a security module's label, which may be
// almost any text, hides no record and makes none: whatever was read before.
func TestLabelHoldsRecord(t *testing.T) {
	const fake = `x pid=4242 comm="victim" exe="/usr/sbin/victim" sig=0 arch=c000003e syscall=165 compat=0 ip=0x1 code=0x7ffc0000`
	head := "type=SECCOMP msg=" + stamp + "auid=1000 uid=33 gid=34 ses=7 subj="
	own := fields[strings.Index(fields, "pid="):]
	innocent := head + fake + "\n"
	for _, glue := range []string{` AUID="u" (enforce) `, "\x1dAUID=\"u\" ", " (enforce) ", "\x1dAUID=\"" + strings.Repeat("u", 100) + `" ARCH=x86_64 SYSCALL=read `} {
		for _, tail := range []string{"", "\x1d" + enriched} {
			line := head + fake + glue + own + tail + "\n"
			for _, log := range []string{line + line, innocent + line + line, innocent + innocent + line, line + innocent} {
				for _, p := range []*parser.Parser{parser.New(parser.LayoutLines), parser.General(parser.New(parser.LayoutLines))} {
					got := items(p, []byte(log))
					for i, at := range strings.SplitAfter(strings.TrimSuffix(log, "\n"), "\n") {
						want := int32(4321)
						if at == innocent || at == strings.TrimSuffix(innocent, "\n") {
							want = 4242
						}
						if got[i].item != parser.ItemRecord || got[i].event.pid != want {
							t.Fatalf("line %d: pid %d, want %d: %+v\n%s", i+1, got[i].event.pid, want, got[i], log)
						}
					}
				}
			}
		}
	}
}

// TestTornInLabel checks that where a line was cut within its label and another
// record follows in it, no record is made of the start of the one and the end of
// the other.
func TestTornInLabel(t *testing.T) {
	head := auditd[:strings.Index(auditd, "pid=")] + "subj="
	for _, cut := range []string{"", "x", "x ", "x pid=4", "x pid=4 ", `x pid=4 comm="a" `, "x ppid=1 pid=4 comm=61 exe="} {
		for _, next := range []string{auditd, kernel, "node=vm " + auditd} {
			next = strings.Replace(next, ":77)", ":78)", 1)
			for _, p := range []*parser.Parser{parser.New(parser.LayoutLines), parser.General(parser.New(parser.LayoutLines))} {
				for _, got := range items(p, []byte(auditd+"\n"+head+cut+next+"\n"))[1:] {
					if got.item == parser.ItemRecord {
						t.Errorf("%q before %q: %+v", cut, next, got.event)
					}
				}
			}
		}
	}
}

// TestZeroValues checks that no method panics on a value that nothing was put
// into.
func TestZeroValues(t *testing.T) {
	if r := new(parser.Record).Clone(); r.Process == nil || r.UID != parser.NoID {
		t.Errorf("got %+v", r)
	}
	var p parser.Parser
	p.Reset([]byte(auditd + "\n" + ownEvent + "\n"))
	if p.Record().PID != 0 || p.Next() != parser.ItemRecord || p.Next() != parser.ItemRecord || p.Next() != parser.ItemEnd || p.Flush() != parser.ItemEnd {
		t.Error("the zero parser does not read lines")
	}
	for _, name := range []string{parser.Item(99).String(), parser.Form(99).String(), parser.Encoding(99).String(), parser.LossKind(99).String(), parser.Layout(99).String()} {
		if name != "unknown" {
			t.Errorf("got %q", name)
		}
	}
}

// TestRepeatedField checks that a record that has a field twice is none: one of
// the two was put in.
func TestRepeatedField(t *testing.T) {
	for _, field := range []string{"uid=33", "pid=4321", "sig=0", "syscall=202", "compat=0"} {
		if got := one(t, strings.Replace(auditd, field, field+" "+field, 1)); got.item != parser.ItemMalformed {
			t.Errorf("%s twice: got %+v", field, got)
		}
	}
}

// TestEventLeavesNothing checks that a record that is read in the fast way has
// nothing of the event before it.
func TestEventLeavesNothing(t *testing.T) {
	bare := strings.Replace(ownEvent, `"arch":"x86_64"`, `"arch":"c000003e"`, 1) // all of its call is numbers
	for _, event := range []string{ownEvent, bare} {
		log := strings.Repeat(auditd+"\n", 3) + event + "\n" + strings.Repeat(auditd+"\n", 2)
		got := items(parser.New(parser.LayoutLines), []byte(log))
		if len(got) != 6 || got[3].event.container == "" {
			t.Fatalf("got %+v", got)
		}
		for _, i := range []int{4, 5} {
			if got[i].event != got[0].event {
				t.Errorf("record %d: got %+v, want %+v", i, got[i].event, got[0].event)
			}
		}
	}
}
