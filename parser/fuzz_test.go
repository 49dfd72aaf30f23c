package parser_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/parser"
)

// namedLog is a log of the corpus or of the captures.
type namedLog struct {
	name string
	data []byte
}

// corpusLogs reads all real logs.
func corpusLogs(t testing.TB) []namedLog {
	t.Helper()
	var all []namedLog
	for _, set := range corpustest.Sets() {
		for _, l := range set.Logs(t) {
			all = append(all, namedLog{l.File, set.Read(t, l.File)})
		}
	}
	return all
}

var layouts = []parser.Layout{parser.LayoutLines, parser.LayoutEntries, parser.LayoutCRI}

// FuzzItems checks, on any bytes and in every layout, that items are sane,
// and that neither the way in which the input comes in blocks nor the memory
// for what was read before changes them.
func FuzzItems(f *testing.F) {
	for i, log := range corpusLogs(f) {
		f.Add(log.data, uint64(i))
	}
	for i, r := range shown() {
		f.Add([]byte(r.log), uint64(i))
	}
	f.Fuzz(func(t *testing.T, log []byte, seed uint64) {
		blocks := randomBlocks(log, seed)
		for _, layout := range append(layouts, parser.Sniff(log)) {
			whole := items(parser.New(layout), log)
			for i := range whole {
				whole[i].sane(t, log)
			}
			same(t, "in blocks", items(parser.New(layout), blocks...), whole)
			same(t, "in general", items(parser.General(parser.New(layout)), log), whole)
			p := parser.New(layout)
			items(p, log)
			if layout == parser.LayoutLines {
				same(t, "read again", items(p, log), whole)
				amid := amidDull(log)
				same(t, "amid dull lines", items(parser.New(layout), amid), items(parser.General(parser.New(layout)), amid))
			}
		}
	})
}

// amidDull puts lines that hold nothing before and behind each line.
func amidDull(log []byte) []byte {
	const dull = "Nov  5 15:13:02 node-17 app[17]: a line without anything in it\n"
	amid := []byte(dull)
	for line := range bytes.Lines(log) {
		amid = append(append(amid, line...), dull...)
	}
	return amid
}

// randomBlocks cuts a log at some of its line ends.
func randomBlocks(log []byte, seed uint64) [][]byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var blocks [][]byte
	start, end := 0, 0
	for line := range bytes.Lines(log) {
		end += len(line)
		if rnd.IntN(3) == 0 {
			blocks = append(blocks, log[start:end])
			start = end
		}
	}
	return append(blocks, log[start:])
}

func same(t *testing.T, how string, got, want []found) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: item %d differs\n got %+v\nwant %+v", how, i, got[min(i, len(got)):], want[min(i, len(want)):])
		}
	}
}

// sane checks what holds for every item of any input.
func (f *found) sane(t *testing.T, log []byte) {
	t.Helper()
	if f.line < 1 || f.line > int64(bytes.Count(log, []byte("\n")))+1 {
		t.Fatalf("line %d of %d", f.line, bytes.Count(log, []byte("\n"))+1)
	}
	e := f.event
	switch f.item {
	case parser.ItemRecord:
		if e.pid < 0 || e.stamp.Millis < 0 || e.stamp.Millis > 253402300799_999 || !e.stamp.HasTime && e.stamp.Millis != 0 || !e.stamp.HasSerial && e.stamp.Serial != 0 ||
			(e.form == parser.FormInterpreted) != (e.syscallName != "") || e.form > parser.FormJournalKernel {
			t.Fatalf("%+v", e)
		}
	case parser.ItemOther:
		if e.comm != "" || e.pid != 0 || e.form > parser.FormJournalKernel {
			t.Fatalf("%+v", e)
		}
	case parser.ItemLoss:
		if f.loss.count < 0 || f.loss.total < 0 || f.loss.text == "" || f.loss.kind > parser.LossDaemon {
			t.Fatalf("%+v", f.loss)
		}
	case parser.ItemMalformed:
		if f.reason == "" || f.text == "" && f.reason != "journal entry without its record" {
			t.Fatalf("malformed: %q %q", f.reason, f.text)
		}
	default:
		t.Fatalf("item %d", f.item)
	}
}

// FuzzReencode checks that a record printed in its canonical form parses to
// the same record.
func FuzzReencode(f *testing.F) {
	for _, log := range corpusLogs(f) {
		f.Add(log.data)
	}
	for _, r := range shown() {
		f.Add([]byte(r.log))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		for _, e := range records(string(log)) {
			e.reencodes(t)
		}
	})
}

// FuzzPrefix checks that a whole record cut anywhere is never read as another
// record: a prefix gives the records of the whole, or fewer.
func FuzzPrefix(f *testing.F) {
	seen := map[string]bool{}
	for _, log := range corpusLogs(f) {
		for _, line := range splitLines(log.data) {
			if !seen[string(line)] && len(records(string(line))) > 0 {
				f.Add(line)
				seen[string(line)] = true
			}
		}
	}
	for _, r := range shown() {
		f.Add([]byte(r.log))
	}
	if len(seen) < 800 {
		f.Fatalf("only %d records", len(seen))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(line) > 4096 {
			return
		}
		layout := parser.Sniff(line)
		p := parser.New(layout)
		whole := recordsOf(p, line)
		if len(whole) == 0 || len(whole) < len(items(p, line)) {
			return // no record, or one that is not whole
		}
		for n := range line {
			if layout != parser.LayoutLines {
				p = parser.General(parser.New(layout))
			}
			for _, e := range recordsOf(p, line[:n]) {
				if !e.among(whole) {
					t.Fatalf("cut at %d: %+v\nof %+v\n%q", n, e, whole, line[:n])
				}
			}
		}
	})
}

func recordsOf(p *parser.Parser, log []byte) []event {
	var all []event
	for _, f := range items(p, log) {
		if f.item == parser.ItemRecord {
			all = append(all, f.event)
		}
	}
	return all
}

// among reports whether e is one of all. Interpreted text has one pair of
// codes of which one is the start of the other, and the shorter says less:
// "kill" leaves open which kill it was.
func (e event) among(all []event) bool {
	for _, x := range all {
		if e.codeName == "kill" && (x.codeName == "kill-process" || x.codeName == "kill-thread" || x.codeName == "kill_process" || x.codeName == "kill_thread") {
			x.codeName = "kill"
		}
		if e == x {
			return true
		}
	}
	return false
}
