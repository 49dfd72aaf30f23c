package report

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// BenchmarkWrite reports how many rows a second each format takes, for a
// table of an ordinary size and for a large one.
func BenchmarkWrite(b *testing.B) {
	for _, rows := range []int{100, 1000, 100_000} {
		s := manyCalls(rows)
		for _, f := range Formats() {
			b.Run(fmt.Sprintf("%s/%d", f, rows), func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(render(b, s, f, Options{}))))
				for b.Loop() {
					if err := Write(io.Discard, s, f, Options{}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for _, rows := range []int{100, 100_000} {
		doc := render(b, manyCalls(rows), JSON, Options{})
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if _, err := Read(bytes.NewReader(doc), "bench"); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkAppend encodes a real record, outside and inside of a container.
func BenchmarkAppend(b *testing.B) {
	var record parser.Record
	walk(b, "087-k8s-runc-init-exe-slash.log", func(p *parser.Parser, item parser.Item) {
		if item == parser.ItemRecord {
			record = *p.Record()
			record.Comm.Bytes, record.Exe.Bytes = bytes.Clone(record.Comm.Bytes), bytes.Clone(record.Exe.Bytes)
			record.Node = bytes.Clone(record.Node)
		}
	})
	for _, bench := range []struct {
		name   string
		append func([]byte, *event.Event) []byte
		id     *container.Identity
	}{
		{"event", AppendEvent, nil},
		{"event-in-container", AppendEvent, &web},
		{"line", LineIn(nil), nil},
	} {
		b.Run(bench.name, func(b *testing.B) {
			e := &event.Event{Record: &record, Arch: 0xc000003e, NR: 202, Action: 8, Container: bench.id}
			buf := bench.append(nil, e)
			b.ReportAllocs()
			b.SetBytes(int64(len(buf)))
			for b.Loop() {
				buf = bench.append(buf[:0], e)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
		})
	}
}
