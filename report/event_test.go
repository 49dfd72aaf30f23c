package report

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestEvent has the record of design and documentation as a line of JSON.
func TestEvent(t *testing.T) {
	const want = `{"time":"2022-09-01T17:39:56.821Z","serial":272,"node":"lpul-k8stestwrk09","pid":801989,"comm":"runc:[2:INIT]",` +
		`"exe":"/","arch":"x86_64","nr":202,"syscall":"futex","action":"log","sig":0,"compat":false,"ip":"0x55ed9c8764f3",` +
		`"uid":0,"gid":0,"auid":4294967295,"ses":4294967295,"subj":null,"container":null}` + "\n"
	if got := string(eventsOf(t, nil, AppendEvent, "087-k8s-runc-init-exe-slash.log")); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	const identity = `"container":{"id":"4f1c6dd1d6d7a1f0d9a3c5b0e4e8f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c","name":"nginx",` +
		`"image":"docker.io/library/nginx:1.27","pod":"web-7c5ddbdf54-x2v8k","namespace":"shop","workload":"web",` +
		`"runtime":"containerd","via":"lineage","workloadGuessed":true}}` + "\n"
	got := string(eventsOf(t, map[int32]*container.Identity{801989: &web}, AppendEvent, "087-k8s-runc-init-exe-slash.log"))
	if want := strings.Replace(want, "\"container\":null}\n", identity, 1); got != want {
		t.Errorf("in a container:\n%swant\n%s", got, want)
	}
}

// TestEventUnknown checks that what a record does not tell is null.
func TestEventUnknown(t *testing.T) {
	const want = `{"time":null,"serial":null,"node":null,"pid":null,"comm":null,"exe":null,"arch":null,"nr":-1,"syscall":null,` +
		`"action":"unknown","sig":0,"compat":false,"ip":null,"uid":0,"gid":0,"auid":0,"ses":0,"subj":null,"container":null}` + "\n"
	if got := string(AppendEvent(nil, &event.Event{Record: &parser.Record{Process: &parser.Process{}}, NR: -1})); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestEventText checks the encodings of comm against encoding/json.
func TestEventText(t *testing.T) {
	for _, text := range hostile {
		for _, comm := range []parser.Text{
			{Bytes: []byte(text), Enc: parser.EncPlain},
			{Bytes: []byte(strings.ToUpper(hex.EncodeToString([]byte(text)))), Enc: parser.EncHex},
		} {
			process := parser.Process{Comm: comm, Exe: comm, Subj: []byte(text)}
			e := &event.Event{Record: &parser.Record{Process: &process, Node: []byte(text)}}
			var got struct{ Comm, Exe, Node, Subj string }
			if err := json.Unmarshal(AppendEvent(nil, e), &got); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			want := strings.ToValidUTF8(text, "\ufffd")
			if text == "not utf-8 \xff\xfe" {
				want = "not utf-8 \ufffd\ufffd"
			}
			if got.Comm != want || got.Exe != want || got.Node != want || got.Subj != want {
				t.Errorf("%q comes back as %q", text, got)
			}
		}
	}
}

func TestEventTime(t *testing.T) {
	for _, test := range []struct {
		millis int64
		want   string
	}{
		{0, `"1970-01-01T00:00:00.000Z"`},
		{114040, `"1970-01-01T00:01:54.040Z"`},
		{1662053996821, `"2022-09-01T17:39:56.821Z"`},
		{951782400001, `"2000-02-29T00:00:00.001Z"`},
		{253402300799999, `"9999-12-31T23:59:59.999Z"`},
		{253402300800000, `null`},
		{1 << 62, `null`},
		{-1, `null`},
	} {
		e := &event.Event{Record: &parser.Record{Stamp: parser.Stamp{Millis: test.millis, HasTime: true}, Process: &parser.Process{}}}
		if got := AppendEvent(nil, e); !bytes.HasPrefix(got, []byte(`{"time":`+test.want+`,"serial":`)) {
			t.Errorf("%d ms: %.40s, want %s", test.millis, got, test.want)
		}
	}
}

func TestLoss(t *testing.T) {
	at := time.Date(2022, 9, 1, 18, 46, 36, 821_000_000, time.FixedZone("CEST", 7200))
	for _, test := range []struct {
		got  []byte
		want string
	}{
		{AppendLoss([]byte("x"), aggregate.Suppressed, 29, at), `x{"loss":{"kind":"suppressed","count":29,"time":"2022-09-01T16:46:36.821Z"}}` + "\n"},
		{AppendLoss(nil, aggregate.Overrun, 0, time.Time{}), `{"loss":{"kind":"overrun","count":0,"time":null}}` + "\n"},
	} {
		if string(test.got) != test.want {
			t.Errorf("got %s want %s", test.got, test.want)
		}
	}
}

func TestLine(t *testing.T) {
	named := &container.Identity{ID: "0123456789abcdef", Name: "web"}
	bare := &container.Identity{ID: "0123456789abcdef"}
	record := parser.Record{
		Stamp:   parser.Stamp{Millis: 1662053996821, HasTime: true},
		Process: &parser.Process{PID: 801989, Comm: parser.Text{Bytes: []byte("runc:[2:INIT]"), Enc: parser.EncQuoted}},
	}
	onNode := record
	onNode.Node = []byte("worker\x1b9")
	hidden := *record.Clone()
	hidden.Comm = parser.Text{Bytes: []byte("1B5B33316D0AE280AE"), Enc: parser.EncHex}
	timeless := record
	timeless.HasTime = false
	for _, test := range []struct {
		event event.Event
		want  string
	}{
		{event.Event{Record: &record, Arch: syscalltable.X86_64, NR: 202, Action: syscalltable.ActionLog},
			"2022-09-01T17:39:56.821Z runc:[2:INIT][801989] futex x86_64 log\n"},
		{event.Event{Record: &onNode, Arch: syscalltable.I386, NR: 500, Action: syscalltable.ActionErrno},
			`2022-09-01T17:39:56.821Z worker\x1b9 runc:[2:INIT][801989] #500 i386 errno` + "\n"},
		{event.Event{Record: &onNode, Arch: syscalltable.X32, NR: 0x40000000, Action: syscalltable.ActionLog, Container: named},
			`2022-09-01T17:39:56.821Z worker\x1b9/web runc:[2:INIT][801989] read x32 log` + "\n"},
		{event.Event{Record: &record, NR: 5, Action: syscalltable.ActionKillThread, Container: bare},
			"2022-09-01T17:39:56.821Z 0123456789ab runc:[2:INIT][801989] #5 kill_thread\n"},
		{event.Event{Record: &hidden, Arch: syscalltable.X86_64, NR: 12, Action: syscalltable.ActionLog},
			`2022-09-01T17:39:56.821Z \x1b[31m\x0a\u202e[801989] brk x86_64 log` + "\n"},
		{event.Event{Record: &timeless, Arch: syscalltable.X86_64, NR: 12, Action: syscalltable.ActionLog},
			"runc:[2:INIT][801989] brk x86_64 log\n"},
	} {
		if got := string(AppendLine([]byte("x"), &test.event)); got != "x"+test.want {
			t.Errorf("got  %q\nwant %q", got, "x"+test.want)
		}
	}
}

// TestAppendDoesNotAllocate checks it with a name that must be decoded and
// escaped, and a container.
func TestAppendDoesNotAllocate(t *testing.T) {
	e := &event.Event{
		Record: &parser.Record{
			Stamp:   parser.Stamp{Millis: 1662053996821, HasTime: true, Serial: 272, HasSerial: true},
			Process: &parser.Process{PID: 801989, Comm: parser.Text{Bytes: []byte("1B5B33316D0AE280AEFF"), Enc: parser.EncHex}},
			Node:    []byte("node\x1b"), IP: 0x55ed9c8764f3,
		},
		Arch: syscalltable.X86_64, NR: 202, Action: syscalltable.ActionLog, Container: &web,
	}
	buf := make([]byte, 0, 4096)
	for name, f := range map[string]func([]byte, *event.Event) []byte{"AppendEvent": AppendEvent, "AppendLine": AppendLine} {
		if n := testing.AllocsPerRun(100, func() { buf = f(buf[:0], e) }); n != 0 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
}

// TestReadEvents checks that the events of a log give the groups that the log
// gives, for every log of the corpus.
func TestReadEvents(t *testing.T) {
	ids := map[int32]*container.Identity{11748: &web, 801989: &web}
	for _, name := range corpusFiles(t) {
		want := summarize(t, ids, name)
		events := eventsOf(t, ids, AppendEvent, name)
		if len(events) == 0 {
			continue
		}
		got, err := Read(bytes.NewReader(events), "events.json")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(got.Groups, want.Groups) {
			t.Errorf("%s: the groups of its events\n%+v\nwant\n%+v", name, got.Groups, want.Groups)
		}
		if got.Completeness.Verdict == aggregate.Complete {
			t.Errorf("%s: events cannot prove to be complete", name)
		}
		if in := got.Inputs[0]; in.Lines != int64(bytes.Count(events, []byte("\n"))) || in.Trust != aggregate.TrustText || in.Records != want.Totals.Records {
			t.Errorf("%s: input %+v", name, in)
		}
	}
}

const (
	eventLine = `{"time":"2022-09-01T17:39:56.821Z","serial":272,"node":"worker","pid":801989,"comm":"runc:[2:INIT]","exe":"/",` +
		`"arch":"x86_64","nr":202,"syscall":"futex","action":"log","sig":0,"compat":false,"ip":"0x55ed9c8764f3",` +
		`"uid":0,"gid":0,"auid":4294967295,"ses":4294967295,"subj":null,"container":null}` + "\n"
	lossLine = `{"loss":{"kind":"suppressed","count":29,"time":"2022-09-01T17:39:56.821Z"}}` + "\n"
)

// TestReadEventsCounts checks what becomes of events and losses beside the
// groups.
func TestReadEventsCounts(t *testing.T) {
	other := strings.Replace(eventLine, `"serial":272`, `"serial":273`, 1)
	unnamed := strings.NewReplacer(`"serial":272`, `"serial":null`, `"nr":202`, `"nr":5000`, `"futex"`, `null`).Replace(eventLine)
	events := lossLine + eventLine + other + eventLine + "\n" + unnamed + strings.TrimSuffix(lossLine, "\n")
	s, err := Read(strings.NewReader(events), "events.json")
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1662053996821).UTC()
	wantInput := aggregate.Input{
		Name: "events.json", Trust: aggregate.TrustText, Lines: 7, Records: 3, Duplicates: 1, First: at, Last: at,
	}
	if s.Inputs[0] != wantInput {
		t.Errorf("input %+v\nwant  %+v", s.Inputs[0], wantInput)
	}
	if len(s.Groups) != 1 || s.Groups[0].Records != 3 || len(s.Groups[0].Calls) != 2 || s.Groups[0].Calls[0].Count != 2 {
		t.Errorf("groups %+v, want one of 2 futex and a number without a name", s.Groups)
	}
	c := s.Completeness
	if c.Verdict != aggregate.Incomplete || c.Lost != 58 || len(c.Evidence) != 2 {
		t.Fatalf("completeness %+v, want 58 records lost", c)
	}
	e := c.Evidence[0]
	if e.Kind != aggregate.Suppressed || e.Count != 58 || e.Input != "events.json" || !e.First.Equal(at) || e.Detail == "" {
		t.Errorf("evidence %+v", e)
	}
	if e := c.Evidence[1]; e.Kind != aggregate.Unresolved || e.Count != 1 {
		t.Errorf("evidence %+v", e)
	}
}

func TestReadEventErrors(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{`{"time"`, `{"loss":{"kind":"suppressed","count":1,"time":null},"time"`, `events.json:2:1: a loss and an event in one`},
		{`"serial":272,`, ``, `events.json:2:1: no key "serial"`},
		{`"sig":0`, `"sig":0,"signal":"SIGSYS"`, `events.json:2:177: unknown key "signal"`},
		{`"sig":0`, `"sig":0,"sig":0`, `events.json:2:177: key "sig" stands here twice`},
		{`"arch":"x86_64"`, `"arch":"x86-64"`, `events.json:2:118: unknown architecture "x86-64"`},
		{`"nr":202`, `"nr":null`, `events.json:2:132: a number expected, not null`},
		{`"nr":202`, `"nr":203`, `events.json:2:1: call 203 of x86_64 is "futex" there and "sched_setaffinity" in the tables of this auditscan`},
		{`"nr":202`, `"nr":5000`, `events.json:2:1: call 5000 of x86_64 is "futex" there and "" in the tables of this auditscan`},
		{`"log"`, `"logged"`, `events.json:2:163: unknown action "logged"`},
		{`"compat":false`, `"compat":0`, `events.json:2:186: true or false expected, not a number`},
		{`"0x55ed9c8764f3"`, `"55ed9c8764f3"`, `events.json:2:197: "55ed9c8764f3" is no address`},
		{`"0x55ed9c8764f3"`, `"0x55ED9C8764F3"`, `events.json:2:197: "0x55ED9C8764F3" is no address`},
		{`"uid":0`, `"uid":-1`, `events.json:2:220: -1 is no whole number from 0 to 4294967295`},
		{eventLine, "Sep  1 10:39:56 kernel: audit: type=1326\n", `events.json:2:1: not JSON: invalid character 'S' at start of value`},
		{eventLine, lossLine + `{"loss":{"kind":"magic","count":1,"time":null}}`, `events.json:3:17: unknown kind of evidence "magic"`},
		{eventLine, `{"loss":{"kind":"suppressed","time":null}}`, `events.json:2:9: no key "count"`},
	} {
		bad := strings.Replace(eventLine, test.old, test.new, 1)
		if bad == eventLine {
			t.Fatalf("the event holds no %s", test.old)
		}
		s, err := Read(strings.NewReader(lossLine+bad), "events.json")
		if s != nil || err == nil || err.Error() != test.want {
			t.Errorf("%s: error\n     %v\nwant %s", test.new, err, test.want)
		}
	}
	line := strings.TrimSuffix(eventLine, "\n")
	for n := 1; n < len(line); n++ {
		if s, err := Read(strings.NewReader(lossLine+line[:n]), "events.json"); err == nil {
			t.Fatalf("an event cut after %q is read as %+v", line[:n], s)
		}
	}
}
