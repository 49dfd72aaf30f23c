package parser_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/parser"
)

// generated is a log of about 16 MB.
func generated(b *testing.B, kind loggen.Kind) []byte {
	b.Helper()
	var log bytes.Buffer
	if err := loggen.Write(&log, kind, 16<<20, 1); err != nil {
		b.Fatal(err)
	}
	return log.Bytes()
}

// raw is an enriched log without auditd's own part.
func raw(enriched []byte) []byte {
	var log []byte
	for line := range bytes.Lines(enriched) {
		head, _, _ := bytes.Cut(line, []byte("\x1d"))
		log = append(append(log, bytes.TrimSuffix(head, []byte("\n"))...), '\n')
	}
	return log
}

// repeated is a rendering over and over.
func repeated(name string) []byte {
	for _, r := range shown() {
		if r.name == name {
			return []byte(strings.Repeat(r.log+"\n", 16<<20/len(r.log)))
		}
	}
	panic("no rendering " + name)
}

// BenchmarkParse reads a log of many programs, and one record over and over in
// the less frequent renderings. The logs without memory show what a record
// costs that was not seen before.
func BenchmarkParse(b *testing.B) {
	audit := generated(b, loggen.Audit)
	for _, bb := range []struct {
		name string
		log  []byte
		p    *parser.Parser
	}{
		{"auditd-enriched", audit, parser.New(parser.LayoutLines)},
		{"auditd-enriched-general", audit, parser.General(parser.New(parser.LayoutLines))},
		{"auditd-raw", raw(audit), parser.New(parser.LayoutLines)},
		{"syslog-1-percent", generated(b, loggen.Syslog1), parser.New(parser.LayoutLines)},
		{"syslog-30-percent", generated(b, loggen.Syslog30), parser.New(parser.LayoutLines)},
		{"syslog-30-percent-general", generated(b, loggen.Syslog30), parser.General(parser.New(parser.LayoutLines))},
		{"journald-text", repeated("journald"), parser.New(parser.LayoutLines)},
		{"journald-json", repeated("journald JSON"), parser.New(parser.LayoutLines)},
		{"journald-export", repeated("journald export"), parser.New(parser.LayoutEntries)},
		{"laurel", repeated("laurel"), parser.New(parser.LayoutLines)},
		{"docker", repeated("docker json-file"), parser.New(parser.LayoutLines)},
		{"filebeat", generated(b, loggen.Filebeat), parser.New(parser.LayoutLines)},
		{"ausearch-i", repeated("ausearch -i"), parser.New(parser.LayoutLines)},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.SetBytes(int64(len(bb.log)))
			b.ReportAllocs()
			records := 0
			for b.Loop() {
				records += parse(bb.p, bb.log)
			}
			if records == 0 {
				b.Fatal("no record")
			}
			b.ReportMetric(float64(records)/b.Elapsed().Seconds(), "records/s")
		})
	}
}

// parse counts the records of a log in blocks of 1 MB, as the pipeline reads.
func parse(p *parser.Parser, log []byte) (records int) {
	for len(log) > 0 {
		n := min(len(log), 1<<20)
		n = bytes.LastIndexByte(log[:n], '\n') + 1
		p.Reset(log[:n])
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			if item == parser.ItemRecord {
				records++
			}
		}
		log = log[n:]
	}
	return records
}
