package parser_test

import (
	"os"
	"slices"
	"testing"

	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/syscalltable"
)

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
	losses               []corpustest.Loss
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
			o.losses = append(o.losses, corpustest.Loss{Kind: lossName[p.Loss().Kind], Count: max(p.Loss().Count, p.Loss().Total)})
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

func wanted(by []corpustest.Call) map[call]int {
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
	for _, e := range corpustest.Corpus.Logs(t) {
		t.Run(e.File, func(t *testing.T) { checkLog(t, e) })
	}
}

func TestCaptures(t *testing.T) {
	for _, e := range corpustest.Captures.Logs(t) {
		t.Run(e.File, func(t *testing.T) {
			got := checkLog(t, e)
			if !slices.Equal(got.losses, e.Losses) {
				t.Errorf("losses: %v, want %v", got.losses, e.Losses)
			}
		})
	}
}

// checkLog parses a log and compares.
func checkLog(t *testing.T, e corpustest.Log) outcome {
	data, err := os.ReadFile(e.Path)
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
func noWrongCall(t *testing.T, got outcome, want map[call]int, e corpustest.Log) {
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
