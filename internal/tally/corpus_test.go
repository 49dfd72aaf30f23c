package tally

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

const (
	corpusDir   = "../../testdata/corpus"
	capturesDir = "../../testdata/captures"
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
		b.Other(p.Record())
	case parser.ItemLoss:
		b.Loss(p.Loss(), line)
	case parser.ItemMalformed:
		b.Malformed(p.Malformed().Reason, line)
	}
}

// TestCorpusUnique checks that each event of the corpus counts once.
func TestCorpusUnique(t *testing.T) {
	for _, dir := range []string{corpusDir, capturesDir} {
		corpusUnique(t, dir)
	}
}

func corpusUnique(t *testing.T, dir string) {
	data, err := os.ReadFile(filepath.Join(dir, "EXPECTED.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var e struct {
			File, Quality string
			Unique        int64
			Legacy        int64
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		if e.Quality == "wrapped" || e.Quality == "quoted" || e.Quality == "edited" {
			continue
		}
		t.Run(e.File, func(t *testing.T) {
			log, err := os.ReadFile(filepath.Join(dir, e.File))
			if err != nil {
				t.Fatal(err)
			}
			b := New(nil)
			b.Begin(Source{Name: e.File})
			feed(b, parser.Sniff(log), log)
			s := b.Summary()
			if s.Totals.Records != e.Unique {
				t.Errorf("%d records, want %d", s.Totals.Records, e.Unique)
			}
			if s.Inputs[0].Records != e.Unique {
				t.Errorf("input: %d records, want %d", s.Inputs[0].Records, e.Unique)
			}
		})
	}
}

// addRecord counts a record of a container, nil if that is unknown.
func addRecord(t *Tally, r *parser.Record, id *container.Identity, line int64) {
	e, ok := event.Of(r)
	if !ok {
		t.Malformed("interpreted name is in no table", line)
		return
	}
	e.Container = id
	t.Event(&e, line)
}
