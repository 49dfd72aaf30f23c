package parser_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/auditscan/auditscan/parser"
)

// found is a copy of an item, comparable with ==.
type found struct {
	item  parser.Item
	line  int64
	event event
	loss  struct {
		kind  parser.LossKind
		count int64
		total int64
		stamp parser.Stamp
		text  string
	}
	reason, text string
}

// event is what a record says, however it is printed.
type event struct {
	stamp               parser.Stamp
	form                parser.Form
	legacy              bool
	node, subj          string
	auid, uid, gid, ses uint32
	pid                 int32
	comm, exe           string
	hasExe              bool
	sig                 int32
	arch                uint32
	nr                  int32
	compat              bool
	ip                  uint64
	code                uint32

	archName, syscallName, codeName string
	numbered                        bool
	container                       string
}

func eventOf(r *parser.Record) event {
	return event{
		stamp: r.Stamp, form: r.Form, legacy: r.Legacy, node: string(r.Node), subj: string(r.Subj),
		auid: r.AUID, uid: r.UID, gid: r.GID, ses: r.Ses, pid: r.PID,
		comm: r.Comm.String(), exe: r.Exe.String(), hasExe: r.Exe.Enc != parser.EncNone,
		sig: r.Sig, arch: r.Arch, nr: r.NR, compat: r.Compat, ip: r.IP, code: r.Code,
		archName: string(r.ArchName), syscallName: string(r.SyscallName), codeName: string(r.CodeName),
		numbered: r.Numbered, container: string(r.Container),
	}
}

func foundBy(p *parser.Parser, item parser.Item, before int64) found {
	f := found{item: item, line: before + p.Line()}
	switch item {
	case parser.ItemRecord, parser.ItemOther:
		f.event = eventOf(p.Record())
	case parser.ItemLoss:
		l := p.Loss()
		f.loss.kind, f.loss.count, f.loss.total, f.loss.stamp, f.loss.text = l.Kind, l.Count, l.Total, l.Stamp, string(l.Text)
	case parser.ItemMalformed:
		f.reason, f.text = p.Malformed().Reason, string(p.Malformed().Text)
	}
	return f
}

// items parses blocks with p to their end.
func items(p *parser.Parser, blocks ...[]byte) []found {
	var all []found
	before := int64(0)
	for _, b := range blocks {
		p.Reset(b)
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			all = append(all, foundBy(p, item, before))
		}
		before += p.Line()
	}
	p.Reset(nil)
	if item := p.Flush(); item != parser.ItemEnd {
		all = append(all, foundBy(p, item, before))
	}
	return all
}

// records are the events of a log in the layout that it seems to have.
func records(log string) []event {
	var all []event
	for _, f := range items(parser.New(parser.Sniff([]byte(log))), []byte(log)) {
		if f.item == parser.ItemRecord {
			all = append(all, f.event)
		}
	}
	return all
}

// reasons are why records of a log are malformed.
func reasons(log string) []string {
	var all []string
	for _, f := range items(parser.New(parser.Sniff([]byte(log))), []byte(log)) {
		if f.item == parser.ItemMalformed {
			all = append(all, f.reason)
		}
	}
	return all
}

// one is the only item of a log.
func one(t *testing.T, log string) found {
	t.Helper()
	all := items(parser.New(parser.Sniff([]byte(log))), []byte(log))
	if len(all) != 1 {
		t.Fatalf("%d items, want one: %+v\n%s", len(all), all, log)
	}
	return all[0]
}

// The record that the tests print in every rendering.
const (
	fields = `auid=1000 uid=33 gid=34 ses=7 pid=4321 comm="nginx" exe="/usr/sbin/nginx"` +
		` sig=0 arch=c000003e syscall=202 compat=0 ip=0x7f00 code=0x7ffc0000`
	stamp   = `audit(1717243200.123:77): `
	kernel  = `audit: type=1326 ` + stamp + fields
	auditd  = `type=SECCOMP msg=` + stamp + fields
	journal = `SECCOMP ` + fields
)

var stampTime = time.Date(2024, 6, 1, 12, 0, 0, 123e6, time.UTC).UnixMilli()

func nginx() event {
	return event{
		auid: 1000, uid: 33, gid: 34, ses: 7, pid: 4321, comm: "nginx", exe: "/usr/sbin/nginx", hasExe: true,
		arch: 0xc000003e, nr: 202, ip: 0x7f00, code: 0x7ffc0000,
	}
}

// splitLines cuts a log into lines with their newlines.
func splitLines(log []byte) [][]byte {
	var all [][]byte
	for line := range bytes.Lines(log) {
		all = append(all, line)
	}
	return all
}
