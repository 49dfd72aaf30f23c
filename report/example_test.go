package report_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

func nginx() *aggregate.Summary {
	group := aggregate.Group{Comm: "nginx", Calls: []aggregate.Call{
		{Arch: syscalltable.X86_64, NR: 257, Action: syscalltable.ActionLog, Count: 3},
		{Arch: syscalltable.X86_64, NR: 9999, Action: syscalltable.ActionErrno, Count: 1},
	}}
	group.Recount()
	s := &aggregate.Summary{
		By: []aggregate.Key{aggregate.ByComm}, Groups: []aggregate.Group{group},
		Completeness: aggregate.Completeness{Verdict: aggregate.Complete},
	}
	s.Retotal()
	return s
}

// A table for people.
func ExampleWrite() {
	if err := report.Write(os.Stdout, nginx(), report.Table, report.Options{}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// COMM    SYSCALL   ARCH     ACTION   COUNT
	// nginx   openat    x86_64   log      3
	// nginx   #9999     x86_64   errno    1
	//
	// 4 records, 2 syscalls, 1 group; 1 without a name
	// complete: no record is missing
}

// One event is a line for people, or one of JSON.
func ExampleLineIn() {
	e, _ := event.Of(&parser.Record{
		Stamp: parser.Stamp{Millis: 1717243200102, HasTime: true, Serial: 73, HasSerial: true}, NR: 101, Code: 0x50000,
		Process: &parser.Process{PID: 4712, Arch: 0xc000003e, Comm: parser.Text{Bytes: []byte("sh"), Enc: parser.EncPlain}},
	})
	fmt.Print(string(report.LineIn(nil)(nil, &e)))
	fmt.Print(string(report.AppendEvent(nil, &e)))
	fmt.Print(string(report.AppendLoss(nil, aggregate.Loss{Kind: aggregate.SerialGap, Count: 29, Time: e.Time()})))
	// Output:
	// 2024-06-01T12:00:00.102Z sh[4712] ptrace x86_64 errno
	// {"time":"2024-06-01T12:00:00.102Z","serial":73,"node":null,"pid":4712,"comm":"sh","exe":null,"arch":"x86_64","nr":101,"syscall":"ptrace","action":"errno","sig":0,"compat":false,"ip":null,"uid":0,"gid":0,"auid":0,"ses":0,"subj":null,"container":null}
	// {"loss":{"kind":"serial-gap","count":29,"time":"2024-06-01T12:00:00.102Z"}}
}

// A report in JSON is read back as it was.
func ExampleRead() {
	var saved bytes.Buffer
	if err := report.Write(&saved, nginx(), report.JSON, report.Options{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.Sniff(saved.Bytes()))
	s, err := report.Read(&saved, "nginx.json")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Totals.Records, s.Groups[0].Calls[0].Name())
	_, err = report.Read(strings.NewReader(`{"version":1,"tool":7}`), "bad.json")
	fmt.Println(err)
	// Output:
	// true
	// 4 openat
	// bad.json:1:21: a string expected, not a number
}

// Each JSON has a schema, for programs in other languages.
func ExampleSchemas() {
	names, err := fs.Glob(report.Schemas(), "*.json")
	fmt.Println(names, err)
	// Output: [event.schema.json report.schema.json] <nil>
}

func ExampleAppendLoss() {
	stream := report.NewEventWriter(os.Stdout)
	stream.Write(report.AppendLoss(nil, aggregate.Loss{Kind: aggregate.Suppressed, Count: 29}))
	// Output: {"n":1,"loss":{"kind":"suppressed","count":29,"time":null}}
}
