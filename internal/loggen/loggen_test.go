package loggen

import (
	"bytes"
	"testing"

	"github.com/auditscan/auditscan/parser"
)

// TestShare checks that the logs are what they claim to be: every record
// parses, none is malformed, and the share of records is the kind's.
func TestShare(t *testing.T) {
	for _, test := range []struct {
		kind     Kind
		from, to float64
	}{{Audit, 0.94, 0.96}, {Syslog1, 0.007, 0.013}, {Syslog30, 0.31, 0.36}, {Groups, 0.94, 0.96}, {Distinct, 0.94, 0.96}, {Filebeat, 0.94, 0.96}} {
		var log bytes.Buffer
		if err := Write(&log, test.kind, 4<<20, 7); err != nil {
			t.Fatal(err)
		}
		p := parser.New(parser.LayoutLines)
		p.Reset(log.Bytes())
		records := 0
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			switch item {
			case parser.ItemRecord:
				records++
			case parser.ItemMalformed, parser.ItemLoss:
				t.Fatalf("%s:%d: %s", test.kind, p.Line(), p.Malformed().Reason)
			}
		}
		if share := float64(records) / float64(p.Line()); share < test.from || share > test.to {
			t.Errorf("%s: %.3f of the lines are records, want %g to %g", test.kind, share, test.from, test.to)
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	var a, b, c bytes.Buffer
	for _, w := range []struct {
		out  *bytes.Buffer
		seed uint64
	}{{&a, 1}, {&b, 1}, {&c, 2}} {
		if err := Write(w.out, Syslog30, 1<<20, w.seed); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("one seed gives different logs")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("two seeds give the same log")
	}
}

// TestRough checks that everything happens to a rough log.
func TestRough(t *testing.T) {
	var log bytes.Buffer
	if err := Write(&log, Rough, 8<<20, 7); err != nil {
		t.Fatal(err)
	}
	p := parser.New(parser.LayoutLines)
	p.Reset(log.Bytes())
	items := map[parser.Item]int{}
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		items[item]++
	}
	for _, item := range []parser.Item{parser.ItemRecord, parser.ItemOther, parser.ItemLoss, parser.ItemMalformed} {
		if items[item] < 50 {
			t.Errorf("%d items of kind %d, want more", items[item], item)
		}
	}
}

func TestUnknownKind(t *testing.T) {
	if err := Write(&bytes.Buffer{}, "nosuch", 1, 1); err == nil {
		t.Error("an unknown kind is accepted")
	}
}

// TestSize: lines are written until there is enough, and none beyond.
func TestSize(t *testing.T) {
	var none, one bytes.Buffer
	if err := Write(&none, Audit, 0, 1); err != nil || none.Len() != 0 {
		t.Errorf("of size 0: %d bytes, %v", none.Len(), err)
	}
	if err := Write(&one, Audit, 1, 1); err != nil || bytes.Count(one.Bytes(), []byte("\n")) != 1 {
		t.Fatalf("of size 1: %q, %v", one.Bytes(), err)
	}
	n := int64(one.Len())
	for size, lines := range map[int64]int{n: 1, n + 1: 2} {
		var log bytes.Buffer
		if err := Write(&log, Audit, size, 1); err != nil || bytes.Count(log.Bytes(), []byte("\n")) != lines {
			t.Errorf("of size %d: %d lines, %v, want %d", size, bytes.Count(log.Bytes(), []byte("\n")), err, lines)
		}
	}
}
