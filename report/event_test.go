package report

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"slices"
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
	for _, text := range append(slices.Clip(hostile), "four digits \uffff", "eight \U00010fff\U0010ffff") {
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
		{AppendLoss([]byte("x"), aggregate.Loss{Kind: aggregate.Suppressed, Count: 29, Time: at}), `x{"loss":{"kind":"suppressed","count":29,"time":"2022-09-01T16:46:36.821Z"}}` + "\n"},
		{AppendLoss(nil, aggregate.Loss{Kind: aggregate.LostCounter, Total: 7}), `{"loss":{"kind":"lost-counter","count":0,"total":7,"time":null}}` + "\n"},
		{AppendLoss(nil, aggregate.Loss{Kind: aggregate.Overrun}), `{"loss":{"kind":"overrun","count":0,"time":null}}` + "\n"},
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
		if got := string(LineIn(nil)([]byte("x"), &test.event)); got != "x"+test.want {
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
	for name, f := range map[string]func([]byte, *event.Event) []byte{"AppendEvent": AppendEvent, "LineIn": LineIn(nil)} {
		if n := testing.AllocsPerRun(100, func() { buf = f(buf[:0], e) }); n != 0 {
			t.Errorf("%s allocates %v times, want 0", name, n)
		}
	}
}
