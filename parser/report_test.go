package parser_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	ev "github.com/auditscan/auditscan/event" // event is what the tests here compare
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
)

// TestReportByGeneralAlone holds the reports of all real logs to what the
// general reader alone makes of them, byte for byte.
func TestReportByGeneralAlone(t *testing.T) {
	var names []string
	for _, pattern := range []string{"corpus/*.log", "captures/*.log", "nginx/audit.log", "nginx/syslog"} {
		found, err := filepath.Glob(filepath.Join("../testdata", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %q, %v", pattern, found, err)
		}
		names = append(names, found...)
	}
	for _, name := range names {
		log, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		layout := parser.Sniff(log[:min(len(log), 4<<10)])
		want := reportBy(t, parser.New(layout), name, log)
		if got := reportBy(t, parser.General(parser.New(layout)), name, log); got != want {
			t.Errorf("%s: another report:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// reportBy is the report of what a parser makes of a log.
func reportBy(t *testing.T, p *parser.Parser, name string, log []byte) string {
	t.Helper()
	b := tally.New(nil)
	b.Begin(tally.Source{Name: name})
	p.Reset(log)
	for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
		count(b, p, item)
	}
	count(b, p, p.Flush())
	b.Lines(p.Line())
	var text bytes.Buffer
	if err := report.Write(&text, b.Summary(), report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func count(b *tally.Tally, p *parser.Parser, item parser.Item) {
	switch item {
	case parser.ItemRecord:
		if e, ok := ev.Of(p.Record()); ok {
			b.Event(&e, p.Line())
		} else {
			b.Malformed("its call or architecture is in no table, or its number is another call's", p.Line())
		}
	case parser.ItemOther:
		b.AddOther(p.Record())
	case parser.ItemLoss:
		b.Loss(p.Loss(), p.Line())
	case parser.ItemMalformed:
		b.Malformed(p.Malformed().Reason, p.Line())
	}
}
