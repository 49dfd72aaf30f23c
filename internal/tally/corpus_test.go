package tally

import (
	"testing"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/parser"
)

// feed parses data into the current input of b.
func feed(b *Tally, layout parser.Layout, data []byte) {
	p := parser.New(layout)
	p.Reset(data)
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		add(b, p, item)
	}
	add(b, p, p.Flush())
	b.Lines(p.Line())
}

func add(b *Tally, p *parser.Parser, item parser.Item) { addAt(b, p, item, p.Line()) }

func addAt(b *Tally, p *parser.Parser, item parser.Item, line int64) {
	switch item {
	case parser.ItemRecord:
		addRecord(b, p.Record(), nil, line)
	case parser.ItemOther:
		b.AddOther(p.Record())
	case parser.ItemLoss:
		b.Loss(p.Loss(), line)
	case parser.ItemMalformed:
		b.Malformed(p.Malformed().Reason, line)
	}
}

// TestCorpusUnique checks that each event of the corpus counts once.
func TestCorpusUnique(t *testing.T) {
	for _, set := range corpustest.Sets() {
		for _, l := range set.Logs(t) {
			if l.Quality == "wrapped" || l.Quality == "quoted" || l.Quality == "edited" {
				continue
			}
			t.Run(l.File, func(t *testing.T) { countsUnique(t, l, set.Read(t, l.File)) })
		}
	}
}

func countsUnique(t *testing.T, l corpustest.Log, log []byte) {
	b := New(nil)
	b.Begin(Source{Name: l.File})
	feed(b, parser.Sniff(log), log)
	s := b.Summary()
	if s.Totals.Records != int64(l.Unique) {
		t.Errorf("%d records, want %d", s.Totals.Records, l.Unique)
	}
	if s.Inputs[0].Records != int64(l.Unique) {
		t.Errorf("input: %d records, want %d", s.Inputs[0].Records, l.Unique)
	}
}

// addRecord counts a record of a container, nil if that is unknown.
func addRecord(t *Tally, r *parser.Record, id *container.Identity, line int64) {
	e, ok := event.Of(r)
	if !ok {
		t.Malformed("its call or architecture is in no table, or its number is another call's", line)
		return
	}
	e.Container = id
	t.Event(&e, line)
}
