package tally

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
)

// auditLog is auditd's log of many programs, about 16 MB.
func auditLog(b *testing.B) []byte {
	b.Helper()
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 16<<20, 1); err != nil {
		b.Fatal(err)
	}
	return log.Bytes()
}

// BenchmarkCount counts records that were parsed before.
func BenchmarkCount(b *testing.B) {
	log := auditLog(b)
	p := parser.New(parser.LayoutLines)
	p.Reset(log)
	var records []parser.Record
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		if item == parser.ItemRecord {
			r := *p.Record()
			r.Comm.Bytes, r.Exe.Bytes = slices.Clone(r.Comm.Bytes), slices.Clone(r.Exe.Bytes)
			records = append(records, r)
		}
	}
	for _, bb := range []struct {
		name   string
		origin bool
	}{{"known", true}, {"unknown", false}} {
		b.Run("origin-"+bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				count := New(nil)
				count.Begin(Source{Name: "audit.log"})
				for i := range records {
					r := records[i]
					if !bb.origin {
						r.Origin = 0
					}
					addRecord(count, &r, nil, int64(i))
				}
			}
			b.ReportMetric(float64(b.N)*float64(len(records))/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// BenchmarkParseAndCount is what one worker does, without reading.
func BenchmarkParseAndCount(b *testing.B) {
	log := auditLog(b)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	records := int64(0)
	for b.Loop() {
		w := newWorker(nil)
		for block := log; len(block) > 0; {
			n := bytes.LastIndexByte(block[:min(len(block), 1<<20)], '\n') + 1
			w.block(block[:n])
			block = block[n:]
		}
		records += w.b.Summary().Totals.Records
	}
	b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkSummary makes the report of 20,000 groups.
func BenchmarkSummary(b *testing.B) {
	count := New(nil)
	count.Begin(Source{Name: "log"})
	for i := range int32(20000) {
		for nr := range int32(20) {
			addRecord(count, &parser.Record{Process: &parser.Process{PID: i, Arch: 0xc000003e}, NR: nr, Code: 0x7ffc0000}, nil, 1)
		}
	}
	for b.Loop() {
		count.Summary()
	}
}

// BenchmarkDivide divides the room among as many groups as there ever are, of
// which one owner has far too many.
func BenchmarkDivide(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		count := New(nil)
		count.Begin(Source{Name: "log"})
		for i := range int32(aggregate.MaxGroups + aggregate.MaxGroups/4) {
			addRecord(count, &parser.Record{Process: &parser.Process{PID: 1 + i, UID: uint32(i % 1000), Arch: 0xc000003e}, Code: 0x7ffc0000}, nil, 1)
		}
		b.StartTimer()
		count.counts.divide()
	}
}

// BenchmarkSummaryOfMany makes the report of 100,000 groups, three times as many
// as there ever are, of 1,000 containers. One in between finds nothing sorted.
func BenchmarkSummaryOfMany(b *testing.B) {
	count := New(nil)
	count.counts.room = 1 << 17
	count.Begin(Source{Name: "log"})
	ids := make([]*container.Identity, 1000)
	for i := range ids {
		ids[i] = &container.Identity{ID: fmt.Sprintf("%064x", i*7919), Name: fmt.Sprintf("app-%d", i%100), Runtime: "docker"}
	}
	for i := range int32(100_000) {
		comm := parser.Text{Bytes: fmt.Appendf(nil, "worker-%d", i*31%1000), Enc: parser.EncQuoted}
		for nr := range int32(3) {
			addRecord(count, &parser.Record{Process: &parser.Process{PID: 1 + i, Comm: comm, Arch: 0xc000003e}, NR: nr, Code: 0x7ffc0000}, ids[i%1000], 1)
		}
	}
	for b.Loop() {
		if n := count.Summary().Totals.Groups; n != 100_000 {
			b.Fatal(n)
		}
	}
}
