package parser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// wrapper puts something around a line, as those do through whose hands it
// goes.
type wrapper struct {
	name string
	wrap func(r *rand.Rand, line string) string
}

var wrappers = []wrapper{
	{"JSON", func(r *rand.Rand, s string) string { return object(r, s, r.IntN(4)) }},
	{"JSON in an array", func(r *rand.Rand, s string) string { return "[" + object(r, s, r.IntN(3)) + "]" }},
	{"text in an array", func(_ *rand.Rand, s string) string { return `["` + escaped(s) + `","x"]` }},
	{"JSON among others", func(r *rand.Rand, s string) string {
		return `[{"a":1},` + object(r, s, 1) + `,{"log":"nothing to see"}]`
	}},
	{"JSON in JSON", func(r *rand.Rand, s string) string { return object(r, object(r, s, 1), 1) }},
	{"JSON with escapes", func(_ *rand.Rand, s string) string {
		return `{"log":"` + strings.ReplaceAll(strings.ReplaceAll(escaped(s), "/", `\/`), "=", `\u003d`) + `"}`
	}},
	{"a text in JSON", func(_ *rand.Rand, s string) string { return `"` + escaped(s) + `"` }},
	{"a member of JSON", func(_ *rand.Rand, s string) string { return `   "message" : "` + escaped(s) + `",` }},
	{"docker json-file", func(_ *rand.Rand, s string) string {
		return `{"log":"` + escaped(s) + `\n","stream":"stdout","time":"2024-06-01T12:00:00.1Z"}`
	}},
	{"CRI", before("2024-06-01T12:00:00.123456789Z stdout F ", "2024-06-01T12:00:00.123456789+02:00 stderr F ")},
	{"kubectl --prefix", before("[pod/web-7c5ddbdf54-x2v8k/app] ")},
	{"kubectl --timestamps, docker logs -t, GitHub", before("2026-09-21T14:13:20.1234567Z ", "2026-09-21T14:13:20.123456789Z ")},
	{"GitLab", before("2026-09-21T14:13:20.123456Z 00O ", "2026-09-21T14:13:20.123456Z 01E ")},
	{"stern", before("web-7c5ddbdf54-x2v8k app ", "kube-system web-7c5ddbdf54-x2v8k app ")},
	{"docker compose", before("web-1  | ", "web_1 | ")},
	{"logcli", before(`2026-09-21T14:13:20Z {app="web", node="n1"} `, `{app="web"} `)},
	{"Talos", before("192.0.2.7: ", "2001:db8::7: ")},
	{"pdsh", before("node1: ", "n-1.example.org: ")},
	{"oc adm node-logs", before("ip-192-0-2-7.example.internal ")},
	{"grep -H", before("/var/log/audit/audit.log:", "syslog.1:", "messages:", "./a b.log:")},
	{"grep -Hn", before("/var/log/audit/audit.log:12:", "syslog:7:345:")},
	{"grep -n", before("12:", "12-")},
	{"grep -C", before("/var/log/syslog-12-", "kern.log.1-")},
	{"grep -T", before("/var/log/syslog:   1:\t", "audit.log:  12:\t", "x:\t", " 345:\t")},
	{"rg --vimgrep", before("/var/log/syslog:10:57:", "kern.log:1:1:")},
	{"cat -n, nl", before("     1\t", "000012\t", " 12345\t")},
	{"awk NR", before("12: ", "1: ")},
	{"diff", before("+", "+ ")},
	{"a list", before("- ", "* ", "| ", "  - ")},
	{"multilog", before("@400000006a0c1b2c0f3d9a5c ")},
	{"ts", before("Nov 30 03:49:20 ", "00:00:01 ", "0.000012 ", "1790000000.123456 ", "2026-11-30 03:49:20 ")},
	{"a time in brackets", before("[2026-11-30 03:49:20] ", "[2026-11-30T03:49:20Z] ", "[03:49:20.123] ")},
	{"a level", before("INFO ", "[INFO] ", "notice: ", "[warn] ")},
	{"klog", before("I0921 14:13:20.123000    1 main.go:445] ")},
	{"docker logs --details", before("app=web,tag=x ", "2026-11-30T12:16:04.876055590Z app=web ")},
	{"GitHub's client", before("build (ubuntu-24.04, 1.22)\tRun make test\t2026-11-30T12:00:00.1234567Z ", "build\tTest\t\ufeff2026-11-30T12:00:00.1234567Z ")},
	{"a group of GitHub's", before("2026-11-30T12:00:00.1234567Z ##[group]", "2026-11-30T12:00:00.1234567Z ##[debug]")},
	{"Promtail", before("2026-11-30T12:00:00.123456+0000{filename=\"/var/log/audit/audit.log\", job=\"audit\"}\t")},
	{"aws logs tail", before("2026-11-30T12:00:00.123000+00:00 ip-10-0-1-2/audit ", "2026-11-30T12:00:00.123000+00:00 host-1 ", "2026-11-30T12:00:00 ")},
	{"Wazuh", before("2026 Nov 30 12:00:00 (web-1) any->/var/log/audit/audit.log ", "2026 Nov 30 12:00:00 wazuh->/var/log/syslog ")},
	{"logcat", before("11-30 12:00:00.123   612   612 E audit   : ", "2026-11-30 12:00:00.123 +0000  root   612   612 I auditd  : ", "1790000000.123   612   612 E audit   : ", "E/audit   (  612): ", "E audit   : ")},
	{"less -N, bat", before("      1 ", "   12 │ ")},
	{"a mail", before("> ", ">> ", "# ", "  ")},
	{"logfmt", func(r *rand.Rand, s string) string {
		return pick(r, `time="2024-06-01T12:00:00Z" level=info msg=`, `node=n1 line=`, "", `ts=2024-06-01T12:00:00Z caller=main.go:12 text=`) + strconv.Quote(s) +
			pick(r, "", " stream=stdout", ` host="n1"`)
	}},
	{"CSV", func(r *rand.Rand, s string) string {
		return pick(r, "", "n1,", `"n1",`, `2024-06-01 12:00:00.123,"a ""b"" c",`, "n1;", "n1\t") + `"` + strings.ReplaceAll(s, `"`, `""`) + `"` + pick(r, "", ",x", `,"x","y"`)
	}},
	{"Python's repr", func(r *rand.Rand, s string) string {
		text := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\x1d", `\x1d`, "\x1b", `\x1b`, "\r", `\r`).Replace(s) + "'"
		return pick(r, text, "b"+text, "["+text+", 'x']", "{'host': 'n1', 'n': None, 'message': "+text+"}", "('n1', "+text+")")
	}},
	{"Ruby's inspect", func(_ *rand.Rand, s string) string { return `{"host"=>"n1", "message"=>` + strconv.Quote(s) + "}" }},
	{"YAML", func(r *rand.Rand, s string) string {
		return pick(r, "message: ", "- message: ", "  textPayload: ") + pick(r, strconv.Quote(s), "'"+strings.ReplaceAll(s, "'", "''")+"'")
	}},
	{"a byte order mark", before("\ufeff")},
	{"a carriage return", func(_ *rand.Rand, s string) string { return s + "\r" }},
	{"colours", colored},
}

func pick(r *rand.Rand, texts ...string) string { return texts[r.IntN(len(texts))] }

func before(heads ...string) func(*rand.Rand, string) string {
	return func(r *rand.Rand, s string) string { return pick(r, heads...) + s }
}

// colored colours what grep --color could have searched for.
func colored(r *rand.Rand, s string) string {
	for _, word := range []string{"1326", "SECCOMP", "audit", "type=1326", "comm", "pid="} {
		if r.IntN(2) == 0 && strings.Contains(s, word) {
			return strings.Replace(s, word, "\x1b[01;31m\x1b[K"+word+"\x1b[m\x1b[K", 1)
		}
	}
	return "\x1b[32m" + s + "\x1b[0m"
}

// escaped is a text between the quotes of JSON. Bytes that are no UTF-8 stay as
// they are, as most writers leave them.
func escaped(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// object puts a text into an object, under any key, at a depth, among others.
func object(r *rand.Rand, text string, depth int) string {
	keys := []string{
		"message", "MESSAGE", "msg", "log", "line", "body", "stringValue", "text", "textPayload", "short_message", "full_message",
		"full_log", "_raw", "original", "@message", "data", "x", "", "0", "événement",
	}
	value := `"` + escaped(text) + `"`
	if depth > 0 {
		value = object(r, text, depth-1)
		if r.IntN(3) == 0 {
			value = "[" + value + "]"
		}
	}
	members := []string{fmt.Sprintf(`"%s":%s`, keys[r.IntN(len(keys))], value)}
	for _, other := range []string{
		`"@timestamp":"2026-09-21T14:13:20.123Z"`, `"log":{"file":{"path":"/var/log/audit/audit.log"},"offset":9}`, `"n":-1.5e3`, `"t":true`, `"u":null`,
		`"a":[1,2,[3]]`, `"stream":"stdout"`, `"tags":["a b","beats_input_codec_plain_applied"]`, `"e":{}`, `"f":[]`, `"level":"info"`, `"q":"a \"b\" {c} \\"`,
	} {
		if r.IntN(4) == 0 {
			members = append(members, other)
		}
	}
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	space := [...]string{"", " ", "\t"}[r.IntN(3)]
	return "{" + space + strings.Join(members, space+","+space) + space + "}"
}

// wholeRecords are the lines of the real logs that are a record alone.
func wholeRecords(t testing.TB) []string {
	t.Helper()
	seen := map[string]bool{}
	var all []string
	for _, log := range corpusLogs(t) {
		for _, line := range splitLines(log.data) {
			text := strings.TrimRight(string(line), "\r\n")
			if seen[text] {
				continue
			}
			seen[text] = true
			got := items(parser.New(parser.LayoutLines), []byte(text))
			if len(got) == 1 && got[0].item == parser.ItemRecord {
				all = append(all, text)
			}
		}
	}
	if len(all) < 500 {
		t.Fatalf("only %d records", len(all))
	}
	return all
}

// TestWrapped checks that a record is found in whatever wrappers, one in the
// other, or is counted as one that cannot be read; and in each of them alone it
// is found.
func TestWrapped(t *testing.T) {
	lines := wholeRecords(t)
	r := rand.New(rand.NewPCG(13, 26))
	for _, w := range wrappers {
		read := 0
		for i := r.IntN(2); i < len(lines); i += 2 {
			text := w.wrap(r, lines[i])
			if wrappedCall(t, text, lines[i], w.name) {
				read++
			}
		}
		if read*200 < 90*len(lines) {
			t.Errorf("%s: %d of %d are read", w.name, read, len(lines))
		}
	}
	for range 25_000 {
		line := lines[r.IntN(len(lines))]
		text, name := line, ""
		for range 2 + r.IntN(2) {
			w := wrappers[r.IntN(len(wrappers))]
			text, name = w.wrap(r, text), w.name+" around "+name
		}
		wrappedCall(t, text, line, name)
	}
}

// wrappedCall reports whether the call of a line comes out of a text that was
// made of it. If not, there must be a record that cannot be used.
func wrappedCall(t *testing.T, text, line, name string) (read bool) {
	t.Helper()
	want := parseAll(parser.LayoutLines, []byte(line))
	got := parseAll(parser.Sniff([]byte(text)), []byte(text))
	for c := range got.calls {
		if want.calls[c] != got.calls[c] {
			t.Fatalf("%s: got %+v, want %+v\n%s", name, got.calls, want.calls, text)
		}
	}
	for c := range got.legacy {
		if want.legacy[c] != got.legacy[c] {
			t.Fatalf("%s: got %+v, want %+v\n%s", name, got.legacy, want.legacy, text)
		}
	}
	n := got.records + got.legacyCount
	if n == 0 && len(got.malformed) == 0 && want.records > 0 || n > 0 && len(got.malformed) > 0 {
		t.Fatalf("%s: %d records, malformed %q\n%s", name, n, got.malformed, text)
	}
	return n > 0
}

// FuzzWrapped is TestWrapped with wrappers and records of the fuzzer's choice.
func FuzzWrapped(f *testing.F) {
	for i, line := range wholeRecords(f) {
		f.Add(line, uint64(i), uint8(i%3))
	}
	f.Fuzz(func(t *testing.T, line string, seed uint64, depth uint8) {
		if strings.ContainsAny(line, "\n\r\x1b") || len(line) > 4096 {
			return
		}
		got := items(parser.New(parser.LayoutLines), []byte(line))
		if len(got) != 1 || got[0].item != parser.ItemRecord {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		text, name := line, ""
		for range 1 + depth%3 {
			w := wrappers[r.IntN(len(wrappers))]
			text, name = w.wrap(r, text), w.name+" around "+name
		}
		wrappedCall(t, text, line, name)
	})
}

// TestWrappedPretty checks the same of documents that are spread over lines.
func TestWrappedPretty(t *testing.T) {
	lines := wholeRecords(t)
	r := rand.New(rand.NewPCG(13, 27))
	for range 3000 {
		line := lines[r.IntN(len(lines))]
		text := object(r, line, r.IntN(4))
		if r.IntN(2) == 0 {
			text = `[{"x":"y"},` + text + `,{"z":[]}]`
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, []byte(text), "", [...]string{"  ", "\t", ""}[r.IntN(3)]); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		wrappedCall(t, pretty.String(), line, "pretty")
	}
}
