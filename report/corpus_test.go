package report

import (
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
)

// corpusFiles returns the names of all logs of the corpus.
func corpusFiles(t testing.TB) []string {
	t.Helper()
	var names []string
	for _, l := range corpustest.Corpus.Logs(t) {
		names = append(names, l.File)
	}
	return names
}

// walk parses a log of the corpus and returns how many lines it has.
func walk(t testing.TB, name string, visit func(*parser.Parser, parser.Item)) int64 {
	t.Helper()
	data := corpustest.Corpus.Read(t, name)
	p := parser.New(parser.Sniff(data))
	p.Reset(data)
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		visit(p, item)
	}
	if item := p.Flush(); item != parser.ItemEnd {
		visit(p, item)
	}
	return p.Line()
}

// summarize counts the records of logs; containers are known by pid.
func summarize(t testing.TB, containers map[int32]*container.Identity, names ...string) *aggregate.Summary {
	t.Helper()
	b := tally.New(nil)
	for _, name := range names {
		b.Begin(tally.Source{Name: name})
		b.Lines(walk(t, name, func(p *parser.Parser, item parser.Item) {
			switch item {
			case parser.ItemRecord:
				countRecord(b, p, containers)
			case parser.ItemOther:
				b.AddOther(p.Record())
			case parser.ItemLoss:
				b.Loss(p.Loss(), p.Line())
			case parser.ItemMalformed:
				b.Malformed(p.Malformed().Reason, p.Line())
			}
		}))
	}
	return b.Summary()
}

// countRecord counts the parser's record, and returns it if it counts.
func countRecord(b *tally.Tally, p *parser.Parser, containers map[int32]*container.Identity) (e event.Event, counts bool) {
	e, ok := event.Of(p.Record())
	if !ok {
		b.Malformed("its call or architecture is in no table, or its number is another call's", p.Line())
		return e, false
	}
	e.Container = containers[e.PID]
	_, counts = b.Event(&e, p.Line())
	return e, counts
}

// eventsOf encodes the records that count, and the losses, as encode does.
func eventsOf(t testing.TB, containers map[int32]*container.Identity, encode func([]byte, *event.Event) []byte, names ...string) []byte {
	t.Helper()
	var out []byte
	b := tally.New(nil)
	for _, name := range names {
		b.Begin(tally.Source{Name: name})
		walk(t, name, func(p *parser.Parser, item parser.Item) {
			switch item {
			case parser.ItemRecord:
				if e, counts := countRecord(b, p, containers); counts {
					out = encode(out, &e)
				}
			case parser.ItemLoss:
				l := p.Loss()
				if kind, ok := b.Loss(l, p.Line()); ok {
					out = AppendLoss(out, aggregate.Loss{Kind: kind, Count: l.Count, Total: l.Total, Time: l.Stamp.Time()})
				}
			}
		})
	}
	return out
}
