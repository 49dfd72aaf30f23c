package event_test

import (
	"testing"
	"time"

	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// TestOf: the call and the action of records by number, and of those whose
// names ausearch has put in their place.
func TestOf(t *testing.T) {
	number := func(arch uint32, nr int32, code uint32) parser.Record {
		return parser.Record{Process: &parser.Process{Arch: arch}, NR: nr, Code: code}
	}
	name := func(arch, call, action string) parser.Record {
		return parser.Record{Process: &parser.Process{}, ArchName: []byte(arch), SyscallName: []byte(call), CodeName: []byte(action)}
	}
	for what, tt := range map[string]struct {
		record parser.Record
		want   string // "": it names what no table has
	}{
		"by number":                {number(0xc000003e, 0, 0x7ffc0000), "x86_64 0 read log"},
		"x32 by number":            {number(0xc000003e, 1<<30, 0x50001), "x32 1073741824 read errno"},
		"a number without a name":  {number(0xc000003e, 9999, 0x80000000), "x86_64 9999 #9999 kill_process"},
		"no architecture":          {number(0, 4, 0), " 4 #4 kill_thread"},
		"by name":                  {name("x86_64", "read", "log"), "x86_64 0 read log"},
		"of another architecture":  {name("i386", "read", "errno"), "i386 3 read errno"},
		"x32 by name":              {name("x86_64", "1073741824", "log"), "x32 1073741824 read log"},
		"audit's spelling":         {name("x86_64", "pread", "log"), "x86_64 17 pread64 log"},
		"audit's unknown number":   {name("x86_64", "unknown-syscall(500)", "trap"), "x86_64 500 #500 trap"},
		"an action of no name":     {name("x86_64", "read", "unknown-action(0x1)"), "x86_64 0 read unknown"},
		"audit's name of killing":  {name("x86_64", "read", "kill-process"), "x86_64 0 read kill_process"},
		"a call of no table":       {name("x86_64", "make_coffee", "log"), ""},
		"an architecture of none":  {name("pdp11", "read", "log"), ""},
		"a call of another's":      {name("aarch64", "open", "log"), ""},
		"a name without an action": {name("x86_64", "read", ""), "x86_64 0 read unknown"},
	} {
		got := ""
		if e, ok := event.Of(&tt.record); ok {
			got = e.Arch.String() + " " + itoa(e.NR) + " " + e.Call() + " " + e.Action.String()
			if e.Name() != "" && e.Name() != e.Call() {
				t.Errorf("%s: name %s, call %s", what, e.Name(), e.Call())
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", what, got, tt.want)
		}
	}
}

func itoa(nr int32) string { return syscalltable.NoArch.CallName(nr)[1:] }

// TestCloneStays: a copy keeps its texts when the parser goes on.
func TestCloneStays(t *testing.T) {
	block := []byte(`type=SECCOMP msg=audit(1717243200.123:77): auid=1 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000` + "\n")
	p := parser.New(parser.LayoutLines)
	p.Reset(block)
	if item := p.Next(); item != parser.ItemRecord {
		t.Fatal(item)
	}
	e, ok := event.Of(p.Record())
	if !ok || e.Name() != "futex" || !e.Time().Equal(time.UnixMilli(1717243200123)) {
		t.Fatalf("%+v", e)
	}
	kept := e.Clone()
	clear(block)
	p.Reset([]byte("type=SECCOMP msg=audit(1717243201.000:78): pid=1 comm=\"other\"\n"))
	p.Next()
	if got := kept.Comm.String() + " " + kept.Exe.String() + " " + kept.Name(); kept.PID != 4321 || got != "nginx /usr/sbin/nginx futex" {
		t.Errorf("pid %d, %s", kept.PID, got)
	}
}

// TestZeroEvent: an event without a record says nothing, and does not panic.
func TestZeroEvent(t *testing.T) {
	var e event.Event
	if c := e.Clone(); e.Name() != "" || !e.Time().IsZero() || c.Record != nil || e.Call() != "#0" {
		t.Errorf("%+v, %s", c, e.Call())
	}
	if e, ok := event.Of(&parser.Record{}); !ok || e.Arch != syscalltable.NoArch {
		t.Errorf("of a record without a process: %+v, %v", e, ok)
	}
}
