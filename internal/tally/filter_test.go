package tally

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// The containers of the filter tests, by pid.
var containers = map[int32]*container.Identity{
	1: {ID: "0123456789abcdef0123", Name: "web", Pod: "web-1", Namespace: "shop", Workload: "web"},
	2: {ID: "fedcba9876543210fedc", Name: "db", Pod: "db-0", Namespace: "shop", Workload: "db"},
	3: {ID: "0123456700000000aaaa", Name: "web", Pod: "web-1", Namespace: "test", Workload: "web"},
}

// filterLog has one record of each pid, a second apart.
func filterLog() []byte {
	var b strings.Builder
	for i, line := range []string{
		`pid=1 comm="nginx" exe="/usr/sbin/nginx" sig=0 arch=c000003e syscall=39 compat=0 ip=0x1 code=0x7ffc0000`,
		`pid=2 comm=706F737467726573 exe="/usr/lib/postgres" sig=0 arch=40000003 syscall=20 compat=1 ip=0x1 code=0x50000`,
		`pid=3 comm="nginx-worker" exe="/usr/sbin/nginx" sig=31 arch=c000003e syscall=59 compat=0 ip=0x1 code=0x80000000`,
		`pid=4 comm="x32" exe="/opt/x32" sig=0 arch=c000003e syscall=1073741863 compat=0 ip=0x1 code=0x7ffc0000`,
		`pid=5 comm="odd" exe="/opt/odd" sig=0 arch=c000003e syscall=5000 compat=0 ip=0x1 code=0x7ffc0000`,
	} {
		fmt.Fprintf(&b, "type=SECCOMP msg=audit(171724320%d.000:%d): auid=1 uid=1 gid=1 ses=1 %s\n", i, i+1, line)
	}
	fmt.Fprintln(&b, `Jun  1 12:00:00 vm audit[6]: SECCOMP auid=1 uid=1 gid=1 ses=1 pid=6 comm="timeless" exe="/t" sig=0 arch=c000003e syscall=0 compat=0 ip=0x1 code=0x7ffc0000`)
	return []byte(b.String())
}

// withContainers counts the filter log.
func withContainers(f *aggregate.Filter) *aggregate.Summary {
	b := New(f)
	b.Begin(Source{Name: "log"})
	p := parser.New(parser.LayoutLines)
	p.Reset(filterLog())
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		addRecord(b, p.Record(), containers[p.Record().PID], p.Line())
	}
	return b.Summary()
}

func TestFilter(t *testing.T) {
	sec := func(n int64) time.Time { return time.Unix(1717243200+n, 0) }
	x86, _ := syscalltable.ParseArch("x86_64")
	x32, _ := syscalltable.ParseArch("x32")
	for _, tt := range []struct {
		name string
		f    aggregate.Filter
		want string // pids
	}{
		{"nothing", aggregate.Filter{}, "123456"},
		{"comm", aggregate.Filter{Comm: []string{"nginx"}}, "1"},
		{"comm in hex", aggregate.Filter{Comm: []string{"postgres"}}, "2"},
		{"comm, star behind", aggregate.Filter{Comm: []string{"nginx*"}}, "13"},
		{"comm, star before", aggregate.Filter{Comm: []string{"*worker"}}, "3"},
		{"comm, stars", aggregate.Filter{Comm: []string{"n*x*k*"}}, "3"},
		{"comm, a star needs no text", aggregate.Filter{Comm: []string{"x32*"}}, "4"},
		{"comm, parts do not overlap", aggregate.Filter{Comm: []string{"x3*32"}}, ""},
		{"comm, not a part", aggregate.Filter{Comm: []string{"ngin"}}, ""},
		{"several alternatives", aggregate.Filter{Comm: []string{"odd", "x32"}}, "45"},
		{"exe", aggregate.Filter{Exe: []string{"/opt/*"}}, "45"},
		{"pid", aggregate.Filter{PID: []int32{2, 6}}, "26"},
		{"all must hold", aggregate.Filter{Exe: []string{"/usr/*"}, PID: []int32{3, 4}}, "3"},
		{"arch", aggregate.Filter{Arch: []syscalltable.Arch{x86}}, "1356"},
		{"x32 is an arch of its own", aggregate.Filter{Arch: []syscalltable.Arch{x32}}, "4"},
		{"action", aggregate.Filter{Action: []syscalltable.Action{syscalltable.ActionErrno, syscalltable.ActionKillProcess}}, "23"},
		{"syscall", aggregate.Filter{Syscall: []string{"getpid"}}, "124"},
		{"syscall, star", aggregate.Filter{Syscall: []string{"exec*", "rea?"}}, "3"},
		{"container by name", aggregate.Filter{Container: []string{"web"}}, "13"},
		{"container by id", aggregate.Filter{Container: []string{"fedcba9876543210fedc"}}, "2"},
		{"container by the start of its id", aggregate.Filter{Container: []string{"01234567"}}, "13"},
		{"container by more of it", aggregate.Filter{Container: []string{"012345678"}}, "1"},
		{"too little of an id", aggregate.Filter{Container: []string{"0123456"}}, ""},
		{"pod", aggregate.Filter{Pod: []string{"web-*"}}, "13"},
		{"namespace", aggregate.Filter{Namespace: []string{"shop"}}, "12"},
		{"pod and namespace", aggregate.Filter{Pod: []string{"web-*"}, Namespace: []string{"test"}}, "3"},
		{"since", aggregate.Filter{Since: sec(3)}, "45"},
		{"until is exclusive", aggregate.Filter{Until: sec(3)}, "123"},
		{"since is inclusive", aggregate.Filter{Since: sec(1), Until: sec(2)}, "2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := withContainers(&tt.f)
			if got := pids(s); got != tt.want || s.Totals.Records != int64(len(tt.want)) || s.Inputs[0].Records != int64(len(tt.want)) {
				t.Errorf("pids %s of %+v, want %s", got, s.Totals, tt.want)
			}
			leftOut := int64(6 - len(tt.want))
			if s.Selected == nil != (leftOut == 0) || leftOut > 0 && s.Selected.LeftOut != leftOut {
				t.Errorf("left out: %+v, want %d", s.Selected, leftOut)
			}
			// A filter says the same of a report as of the log.
			if got := tt.f.Apply(withContainers(nil)); !reflect.DeepEqual(got.Groups, s.Groups) || got.Totals.Records != s.Totals.Records || !reflect.DeepEqual(got.Selected, s.Selected) ||
				got.Totals.Syscalls != s.Totals.Syscalls || got.Totals.Unresolved != s.Totals.Unresolved {
				t.Errorf("of a report: %+v, want %+v", got, s)
			}
		})
	}
}

// pids are those of a summary's groups, in order.
func pids(s *aggregate.Summary) string {
	var all []byte
	for pid := range int32(10) {
		for _, g := range s.Groups {
			if g.PID == pid {
				all = append(all, byte('0'+pid))
			}
		}
	}
	return string(all)
}

// TestFilterAfterFolding checks that records still pass by the keys that the
// groups no longer have.
func TestFilterAfterFolding(t *testing.T) {
	b := New(&aggregate.Filter{Comm: []string{"a"}, PID: []int32{7}})
	b.Begin(Source{Name: "log"})
	record := func(pid int32, comm string) {
		addRecord(b, &parser.Record{Process: &parser.Process{PID: pid, Comm: parser.Text{Bytes: []byte(comm), Enc: parser.EncQuoted}}, Code: 0x7ffc0000}, nil, 1)
	}
	for i := range int32(aggregate.MaxGroups + 10) {
		record(i, "b")
		record(7, "a")
	}
	record(8, "a")
	if s := b.Summary(); s.Totals.Records != aggregate.MaxGroups+10 {
		t.Errorf("%+v", s.Totals)
	}
}

// TestContainerFoundTwice checks that a container is one, however its records
// were attributed.
func TestContainerFoundTwice(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	for _, via := range []string{container.ViaLineage, container.ViaDirect, container.ViaPidmap} {
		addRecord(b, &parser.Record{Process: &parser.Process{PID: 1}, Code: 0x7ffc0000},
			&container.Identity{ID: "0123456789abcdef0123", Name: "web", Via: via}, 1)
	}
	s := b.Summary()
	if len(s.Groups) != 1 || s.Groups[0].Records != 3 || s.Groups[0].Container.Via != container.ViaDirect {
		t.Errorf("%+v", s.Groups)
	}
	by := s.Regroup([]aggregate.Key{aggregate.ByContainer})
	if len(by.Groups) != 1 || by.Groups[0].Records != 3 {
		t.Errorf("%+v", by.Groups)
	}
}

func TestRegroupByPod(t *testing.T) {
	s := withContainers(nil)
	for _, tt := range []struct {
		by   aggregate.Key
		want string
	}{
		{aggregate.ByPod, "=3 db-0=1 web-1=2"},
		{aggregate.ByNamespace, "=3 shop=2 test=1"},
		{aggregate.ByWorkload, "=3 db=1 web=2"},
		{aggregate.ByContainer, "=3 db=1 web=1 web=1"}, // two containers of one name
		{aggregate.ByExe, "/opt/odd=1 /opt/x32=1 /t=1 /usr/lib/postgres=1 /usr/sbin/nginx=2"},
	} {
		var got []string
		for _, g := range s.Regroup([]aggregate.Key{tt.by}).Groups {
			got = append(got, fmt.Sprintf("%s=%d", g.Value(tt.by), g.Records))
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("by %s: %s, want %s", tt.by, strings.Join(got, " "), tt.want)
		}
	}
}

func TestParseKeys(t *testing.T) {
	keys, err := aggregate.ParseKeys("pid, exe,node,exe")
	if err != nil || !reflect.DeepEqual(keys, []aggregate.Key{aggregate.ByNode, aggregate.ByExe, aggregate.ByPID}) {
		t.Errorf("%v %v", keys, err)
	}
	for _, list := range []string{"", "exe,", "uid", "Exe"} {
		if _, err := aggregate.ParseKeys(list); err == nil || !strings.Contains(err.Error(), "one of node, container") {
			t.Errorf("%q: %v", list, err)
		}
	}
}
