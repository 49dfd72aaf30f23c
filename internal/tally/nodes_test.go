package tally

import (
	"fmt"
	"github.com/auditscan/auditscan/aggregate"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestManyNodesInParts checks that no part leaves out a node that the whole has
// kept, however many are in it or were in those before: what it had of that one
// would seem to be missing.
func TestManyNodesInParts(t *testing.T) {
	record := func(node string, serial uint32) *parser.Record {
		return &parser.Record{
			Process: &parser.Process{PID: 1, Arch: 0xc000003e}, Form: parser.FormAuditd, Node: []byte(node), Code: 0x7ffc0000,
			Stamp: parser.Stamp{Serial: serial, HasSerial: true, Millis: 1_700_000_000_000, HasTime: true},
		}
	}
	total, worker := New(nil), NewWorker(nil)
	var part Part
	for _, b := range []*Tally{total, worker} {
		b.Begin(Source{Name: "log"})
	}
	hand := func() {
		worker.Cut(&part)
		if !total.Append(&part) {
			t.Fatal("refused")
		}
	}
	worker.AddOther(record("first", 1))
	addRecord(worker, record("first", 2), nil, 1)
	hand()
	for serial := range uint32(4) {
		for i := range maxNodes {
			addRecord(worker, record(fmt.Sprintf("node%d", i), 1+serial), nil, 1)
		}
		addRecord(worker, record("first", 3+serial), nil, 1)
		hand()
	}
	if n := total.nodes["first"].newest(); n.seen != 0b1111110 {
		t.Errorf("seen of the first node: %b", n.seen)
	}
	if len(total.nodes) != maxNodes {
		t.Errorf("%d nodes are kept", len(total.nodes))
	}
}

// TestNothingProved checks that neither a log of more nodes than serials are
// kept of is complete, nor what has no input at all.
func TestNothingProved(t *testing.T) {
	b := New(nil)
	if v := b.Summary().Completeness.Verdict; v != aggregate.Unknown {
		t.Errorf("without an input: %s", v)
	}
	for i, want := range map[int]aggregate.Verdict{maxNodes: aggregate.Complete, maxNodes + 1: aggregate.Unknown} {
		b := New(nil)
		b.Begin(Source{Name: "audit.log"})
		for n := range 2 * i {
			b.AddOther(&parser.Record{
				Process: &parser.Process{}, Form: parser.FormAuditd, Node: fmt.Appendf(nil, "node%d", n%i),
				Stamp: parser.Stamp{Serial: uint32(1 + n/i), HasSerial: true, Millis: 1_700_000_000_000, HasTime: true},
			})
		}
		if v := b.Summary().Completeness.Verdict; v != want {
			t.Errorf("%d nodes: %s, want %s", i, v, want)
		}
	}
}

// TestNodesWithoutAllocations checks that a record takes no memory where a log
// has those of several nodes.
func TestNodesWithoutAllocations(t *testing.T) {
	b := New(nil)
	b.Begin(Source{Name: "log"})
	records := make([]*parser.Record, 3)
	for i := range records {
		records[i] = &parser.Record{Process: &parser.Process{PID: 1, Arch: 0xc000003e}, Node: fmt.Appendf(nil, "worker-node-%d", i), Code: 0x7ffc0000}
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, r := range records {
			addRecord(b, r, nil, 1)
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d records", n, len(records))
	}
}
