package parser_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestQuoted checks that a text in quotes is read as it was before it was
// quoted, of each kind of line that is made of keys and values.
func TestQuoted(t *testing.T) {
	const line = `type=SECCOMP msg=audit(1717243200.123:77): auid=1000 uid=33 gid=34 ses=7 pid=4321 comm="a\b'c" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000` + "\x1dAUID=\"www\""
	double := strings.ReplaceAll(line, `"`, `""`)
	for name, log := range map[string]string{
		"logfmt":                    `time=2024-06-01T12:00:00Z level=info msg=` + strconv.Quote(line) + ` node=n1`,
		"logfmt behind a stamp":     `2024/06/01 12:00:00 msg=` + strconv.Quote(line),
		"logfmt behind a pod":       `[pod/web-1/app] msg=` + strconv.Quote(line),
		"logfmt in logfmt":          `msg=` + strconv.Quote(`level=info line=`+strconv.Quote(line)),
		"CSV":                       `2024-06-01 12:00:00,n1,"` + double + `",x`,
		"CSV, first":                `"` + double + `",x`,
		"CSV in CSV":                `"n1","` + strings.ReplaceAll(`n2,"`+double+`"`, `"`, `""`) + `"`,
		"tab":                       "n1\t\"" + double + "\"\tx",
		"Python's text":             `'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x1d", `\x1d`).Replace(line) + `'`,
		"Python's bytes":            `b'` + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x1d", `\x1d`).Replace(line) + `'`,
		"Python's dict":             `{'host': 'n1', 'n': None, 'message': '` + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(line) + `'}`,
		"Go's struct":               `&main.Line{Node:"n1", Text:` + strconv.Quote(line) + `}`,
		"Ruby's hash":               `{"message"=>` + strconv.Quote(line) + `, "host"=>"n1"}`,
		"Fluentd's":                 `[0] kernel.0: [1717243200.123, {"log"=>` + strconv.Quote(line) + `}]`,
		"YAML, double":              `- message: ` + strconv.Quote(line),
		"YAML, single":              `  textPayload: '` + strings.ReplaceAll(line, `'`, `''`) + `'`,
		"TOML":                      `message = ` + strconv.Quote(line),
		"Markdown":                  "`" + line + "`",
		"the text twice":            `raw=` + strconv.Quote(line) + ` msg=` + strconv.Quote(line),
		"a short text and the long": `short=` + strconv.Quote(line[:90]) + ` full=` + strconv.Quote(line),
	} {
		got := one(t, log)
		if got.item != parser.ItemRecord || got.event.comm != `a\b'c` || got.event.nr != 202 || got.event.form != parser.FormAudisp {
			t.Errorf("%s: got %+v\n%s", name, got, log)
		}
	}
}

// TestQuotedOthers checks that what else counts is found in quotes, too: else
// the serials of other records would be missing.
func TestQuotedOthers(t *testing.T) {
	other := strconv.Quote(`type=SYSCALL msg=audit(1717243200.123:78): arch=c000003e syscall=59 success=yes exit=0 pid=4321 comm="x" exe="/x"`)
	if got := one(t, "msg="+other); got.item != parser.ItemOther || got.event.stamp.Serial != 78 {
		t.Errorf("got %+v", got)
	}
	if got := one(t, `"n1","Nov 23 14:57:44 vm kernel: audit: kauditd_printk_skb: 29 callbacks suppressed"`); got.item != parser.ItemLoss || got.loss.count != 29 {
		t.Errorf("got %+v", got)
	}
	if got := one(t, `msg=`+strconv.Quote(ownEvent)); got.item != parser.ItemRecord || got.event.form != parser.FormEvent {
		t.Errorf("got %+v", got)
	}
}

// TestQuotedRefused checks that a record in the quotes of what a program said
// is none, and is counted.
func TestQuotedRefused(t *testing.T) {
	for _, log := range []string{
		`Nov 23 14:57:44 vm sshd[9]: Invalid user ` + strconv.Quote(kernel),
		`Nov 23 14:57:44 vm app[9]: msg=` + strconv.Quote(kernel),
		`Nov 23 14:57:44 vm app[9]: a,` + strconv.Quote(kernel),
		`Nov 23 14:57:44 vm kernel: foo ` + strconv.Quote(kernel),
		`user said "` + kernel + `"`,
		`somebody wrote msg=` + strconv.Quote(kernel),
		`somebody wrote: a,` + strconv.Quote(kernel),
		`10.0.0.1 - - [01/Jun/2024:12:00:00 +0000] "GET /` + kernel + `" 200`,
		`msg="somebody sent: ` + strings.ReplaceAll(kernel, `"`, `\"`) + `"`,
		`"n1" type=USER msg=audit(1717243200.123:78): pid=1 msg='` + kernel + `'`,
		`msg="` + strings.ReplaceAll(kernel, `"`, `\"`),
	} {
		if got := one(t, log); got.item != parser.ItemMalformed {
			t.Errorf("got %+v\n%s", got, log)
		}
	}
}

// TestFollowed checks that auditd's lines are read that a collector followed into
// JSON, and that the pairs around a text in quotes tell its node.
func TestFollowed(t *testing.T) {
	q := strconv.Quote(auditd)
	for _, log := range []string{
		`{"PROGRAM":"","PRIORITY":"notice","MESSAGE":` + q + `,"HOST":"vm","FACILITY":"user"}`,
		`{"PROGRAM":"auditd","PRIORITY":"notice","MESSAGE":` + q + `,"HOST":"vm","FACILITY":"user"}`,
		`{"hostname":"vm","syslogfacility":"16","programname":"tag_audit_log","procid":"-","msg":` + q + `}`,
		`{"hostname":"vm","syslogfacility-text":"local6","facility":"local6","syslogtag":"secure:","msg":` + q + `}`,
		`<13>1 2026-11-30T12:17:37+00:00 vm  - - - ` + auditd,
		`<13>1 2026-11-30T12:17:37+00:00 vm auditd - - - ` + auditd,
		`<133>1 2026-11-30T12:17:37+00:00 vm secure - - - ` + auditd,
		`DATE="Nov 30 12:17:37" FACILITY=user HOST=vm MESSAGE=` + q + ` PRIORITY=notice SOURCE=s`,
		`{'host': 'vm', 'message': '` + auditd + `'}`,
		`ok: [vm] => {"changed":false,"stdout":` + q + `}`,
		`fatal: [vm]: FAILED! => {"changed":false,"stdout":` + q + `}`,
	} {
		got := one(t, log)
		if got.item != parser.ItemRecord || got.event.node != "vm" || got.event.form != parser.FormAudisp {
			t.Errorf("got %+v\n%s", got, log)
		}
	}
}

// TestTextsTwice checks that what a document has twice counts as often as the
// place has it that has it more often: an array of lines beside their text, and
// a message beside its original, but not the same line twice in one place.
func TestTextsTwice(t *testing.T) {
	j := strconv.Quote(journal)
	both := strconv.Quote(`{"message":` + j + `,"event":{"original":` + j + `}}`)
	two := strconv.Quote(journal + "\n" + journal)
	for _, tt := range []struct {
		log  string
		want int
	}{
		{`{"message":` + j + `,"event":{"original":` + j + `}}`, 1},
		{`{"message":` + j + `,"fields":{"message":[` + j + `]}}`, 1},
		{`{"fields":{"message":[` + j + `]},"message":` + j + `}`, 1},
		{`{"stdout":` + two + `,"stdout_lines":[` + j + `,` + j + `]}`, 2},
		{`{"stdout_lines":[` + j + `,` + j + `],"stdout":` + two + `}`, 2},
		{`{"message":` + j + `,"lines":[` + j + `,` + j + `]}`, 2},
		{`{"values":[["1",` + j + `],["1",` + j + `]]}`, 2},
		{`[{"message":` + j + `},{"message":` + j + `}]`, 2},
		{`{"values":[` + both + `,` + both + `]}`, 2},
		{`{"message":` + both + `,"fields":{"message":[` + both + `]}}`, 1},
		{`{"stdout":` + strconv.Quote("msg="+j+"\nmsg="+j) + `,"stdout_lines":[` + strconv.Quote("msg="+j) + `,` + strconv.Quote("msg="+j) + `]}`, 2},
		{`{"values":[` + strconv.Quote(`{"message":`+j+`}`) + `,` + strconv.Quote(`{"message":`+j+`}`) + `]}`, 2},
		{`{"short_message":` + strconv.Quote(journal[:60]) + `,"full_message":` + j + `}`, 1},
		{`{"full_log":` + strconv.Quote(`{"message":`+j+`}`) + `,"data":{"audit":{"type":"SECCOMP","pid":"4321","syscall":"202","arch":"c000003e"}}}`, 1},
		{`{"full_message":` + j + `,"short_message":` + strconv.Quote(journal[:60]) + `}`, 1},
	} {
		got := parseAll(parser.LayoutLines, []byte(tt.log))
		if got.records != tt.want || len(got.malformed) > 0 {
			t.Errorf("%d records, want %d, malformed %q\n%s", got.records, tt.want, got.malformed, tt.log)
		}
	}
	lost := `"audit: kauditd_printk_skb: 29 callbacks suppressed"`
	if got := parseAll(parser.LayoutLines, []byte(`{"stdout":`+lost+`,"stdout_lines":[`+lost+`]}`)); len(got.losses) != 1 {
		t.Errorf("losses %v", got.losses)
	}
}
