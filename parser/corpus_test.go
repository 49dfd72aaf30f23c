package parser_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

// Real logs with their answers: corpus holds public reports and captures made
// elsewhere, captures what was run on one machine for these tests.
const (
	corpusDir   = "../testdata/corpus"
	capturesDir = "../testdata/captures"
)

// expected is a line of EXPECTED.jsonl.
type expected struct {
	File     string
	Records  int
	Unique   int
	Partial  int
	Legacy   int
	Quality  string
	Losses   []expectedLoss
	By       []expectedCall
	LegacyBy []expectedCall `json:"legacy_by"`
}

type expectedLoss struct {
	Kind  string
	Count int64
}

type expectedCall struct {
	ArchHex *string `json:"arch_hex"`
	NR      int32
	Name    *string
	Action  string
	Comm    string
	PID     int32
	Count   int
	X32     bool
}

// readExpected reads the answers of the at least min logs in dir.
func readExpected(t testing.TB, dir string, min int) []expected {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "EXPECTED.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var all []expected
	for line := range bytes.Lines(data) {
		var e expected
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("EXPECTED.jsonl: %v", err)
		}
		all = append(all, e)
	}
	if len(all) < min {
		t.Fatalf("%s has %d logs, want at least %d", dir, len(all), min)
	}
	return all
}

// call is what identifies a record in the corpus' answers.
type call struct {
	arch   uint32
	nr     int32
	name   string
	action string
	comm   string
	pid    int32
}

// outcome is what a parser found in one input.
type outcome struct {
	calls, legacy        map[call]int
	records, legacyCount int
	malformed            []string
	losses               []expectedLoss
}

func parseAll(layout parser.Layout, blocks ...[]byte) outcome {
	o := outcome{calls: map[call]int{}, legacy: map[call]int{}}
	p := parser.New(layout)
	for _, b := range blocks {
		p.Reset(b)
		for item := p.Next(); item != parser.ItemEnd; item = p.Next() {
			o.add(p, item)
		}
	}
	if item := p.Flush(); item != parser.ItemEnd {
		o.add(p, item)
	}
	return o
}

func (o *outcome) add(p *parser.Parser, item parser.Item) {
	switch item {
	case parser.ItemRecord:
		c := callOf(p.Record())
		if p.Record().Legacy {
			o.legacy[c]++
			o.legacyCount++
			return
		}
		o.calls[c]++
		o.records++
	case parser.ItemMalformed:
		o.malformed = append(o.malformed, p.Malformed().Reason)
	case parser.ItemLoss:
		if p.Loss().Kind != parser.LossKilled { // a filter killed it: the record is there
			o.losses = append(o.losses, expectedLoss{lossName[p.Loss().Kind], p.Loss().Count})
		}
	}
}

var lossName = map[parser.LossKind]string{
	parser.LossSuppressed: "suppressed", parser.LossBacklog: "backlog", parser.LossRateLimit: "rate-limit",
	parser.LossCounter: "lost-counter", parser.LossQueue: "overrun", parser.LossCollector: "dropped-by-collector",
}

func callOf(r *parser.Record) call {
	arch := syscalltable.Resolve(r.Arch, r.NR)
	c := call{arch: r.Arch, nr: r.NR, action: syscalltable.ActionOf(r.Code).String(), comm: r.Comm.String(), pid: r.PID}
	if r.SyscallName != nil {
		arch, _ = syscalltable.ParseArch(string(r.ArchName))
		c.arch = uint32(arch)
		var ok bool
		if c.nr, ok = parser.UnknownSyscall(r.SyscallName); !ok {
			c.nr, _ = arch.NumberAudit(string(r.SyscallName))
		}
		arch = syscalltable.Resolve(c.arch, c.nr)
		action, _ := syscalltable.ParseAction(string(r.CodeName))
		c.action = action.String()
	}
	c.name, _ = arch.Name(c.nr)
	return c
}

func wanted(by []expectedCall) map[call]int {
	m := map[call]int{}
	for _, e := range by {
		c := call{nr: e.NR, action: e.Action, comm: e.Comm, pid: e.PID}
		if e.ArchHex != nil {
			arch, _ := syscalltable.ParseArch(*e.ArchHex)
			c.arch = uint32(arch)
		}
		if e.Name != nil {
			c.name = *e.Name
		}
		m[c] += e.Count
	}
	return m
}

func TestCorpus(t *testing.T) {
	for _, e := range readExpected(t, corpusDir, 80) {
		t.Run(e.File, func(t *testing.T) { e.check(t, corpusDir) })
	}
}

func TestCaptures(t *testing.T) {
	for _, e := range readExpected(t, capturesDir, 60) {
		t.Run(e.File, func(t *testing.T) {
			got := e.check(t, capturesDir)
			if !slices.Equal(got.losses, e.Losses) {
				t.Errorf("losses: %v, want %v", got.losses, e.Losses)
			}
		})
	}
}

// check parses the log and compares.
func (e expected) check(t *testing.T, dir string) outcome {
	data, err := os.ReadFile(filepath.Join(dir, e.File))
	if err != nil {
		t.Fatal(err)
	}
	got := parseAll(parser.Sniff(data), data)
	want := wanted(e.By)
	switch e.Quality {
	case "wrapped", "quoted", "edited":
		noWrongCall(t, got, want, e)
		return got
	}
	sameCalls(t, got.calls, want)
	sameCalls(t, got.legacy, wanted(e.LegacyBy))
	if got.legacyCount != e.Legacy {
		t.Errorf("%d legacy records, want %d", got.legacyCount, e.Legacy)
	}
	if e.Quality != "noise" && len(got.malformed) != e.Partial {
		t.Errorf("malformed: %q, want %d", got.malformed, e.Partial)
	}
	return got
}

func sameCalls(t *testing.T, got, want map[call]int) {
	t.Helper()
	for c, n := range got {
		if want[c] != n {
			t.Errorf("got %d of %+v, want %d", n, c, want[c])
		}
	}
	for c, n := range want {
		if got[c] == 0 {
			t.Errorf("missing %d of %+v", n, c)
		}
	}
}

// noWrongCall allows that folded or edited records are not read, but then
// they must be counted as malformed.
func noWrongCall(t *testing.T, got outcome, want map[call]int, e expected) {
	t.Helper()
	for c, n := range got.calls {
		if n > want[c] {
			t.Errorf("got %d of %+v, want at most %d", n, c, want[c])
		}
	}
	if n := got.records + len(got.malformed); n < e.Records+e.Partial {
		t.Errorf("%d records and %d malformed (%q), want %d together",
			got.records, len(got.malformed), got.malformed, e.Records+e.Partial)
	}
}
