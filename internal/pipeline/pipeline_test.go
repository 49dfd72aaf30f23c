package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// asEvents shows events and losses as JSON.
func asEvents(w io.Writer) Output {
	return Output{Writer: w, Event: report.AppendEvent, Loss: report.AppendLoss}
}

// read returns the report and the events of some inputs.
func read(t *testing.T, o Options, names ...string) (doc, events string) {
	t.Helper()
	var text, stream bytes.Buffer
	o.Output = asEvents(&stream)
	s, err := Read(context.Background(), named(names...), strings.NewReader(""), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(&text, s, report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return text.String(), stream.String()
}

// logs are the whole corpus, and logs of many blocks: one of losses that have
// no time of their own, and generated ones.
func logs(t *testing.T) []string {
	t.Helper()
	names := append(corpustest.Corpus.Paths(t), losses(t))
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Syslog30} {
		var log bytes.Buffer
		if err := loggen.Write(&log, kind, 2<<20, 3); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(t.TempDir(), string(kind)+".log")
		if err := os.WriteFile(name, log.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	return names
}

// losses is a log whose losses stand in other blocks than the records around
// them. Half of it is there twice.
func losses(t *testing.T) (name string) {
	t.Helper()
	var log bytes.Buffer
	for line := range bytes.Lines(corpustest.Captures.Read(t, "loss-rsyslog.log")) {
		log.Write(line)
		log.WriteString(strings.Repeat("Nov 23 18:14:14 vm app[1]: nothing of interest\n", 200))
	}
	log.Write(log.Bytes()[:log.Len()/2])
	name = filepath.Join(t.TempDir(), "losses.log")
	if err := os.WriteFile(name, log.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestSameForAnyWorkers checks that neither the number of workers nor the size
// of the blocks shows in the report or in the events.
func TestSameForAnyWorkers(t *testing.T) {
	for _, name := range logs(t) {
		doc, events := read(t, Options{Workers: 1, BlockSize: 4 << 20}, name)
		for _, o := range []Options{{Workers: 1, BlockSize: 16 << 10}, {Workers: 2, BlockSize: 16 << 10}, {Workers: 7, BlockSize: 20000}} {
			d, e := read(t, o, name)
			if d != doc {
				t.Errorf("%s: %d workers, blocks of %d: another report", name, o.Workers, o.BlockSize)
			}
			if e != events {
				t.Errorf("%s: %d workers, blocks of %d: other events", name, o.Workers, o.BlockSize)
			}
		}
	}
}

// TestTwiceCountsOnce checks that a log that is given again, also compressed
// and in other blocks, adds nothing but duplicates.
func TestTwiceCountsOnce(t *testing.T) {
	for _, kind := range []loggen.Kind{loggen.Audit, loggen.Groups} { // every record has a serial
		t.Run(string(kind), func(t *testing.T) { twiceCountsOnce(t, kind) })
	}
}

func twiceCountsOnce(t *testing.T, kind loggen.Kind) {
	var text bytes.Buffer
	if err := loggen.Write(&text, kind, 4<<20, 3); err != nil {
		t.Fatal(err)
	}
	data, log := text.Bytes(), filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(log, data, 0o644); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again := log + ".gz"
	if err := os.WriteFile(again, packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	once, err := Read(ctx, named(log), nil, Options{Workers: 2, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	twice, err := Read(ctx, named(log, again), nil, Options{Workers: 3, BlockSize: 48 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%+v", twice.Groups), fmt.Sprintf("%+v", once.Groups); got != want {
		t.Error("the groups differ")
	}
	if twice.Totals.Records != once.Totals.Records || twice.Totals.Duplicates != once.Totals.Records {
		t.Errorf("%d records and %d duplicates, want %d of each", twice.Totals.Records, twice.Totals.Duplicates, once.Totals.Records)
	}
}

// TestMalformedPlaces checks that a record that cannot be used is told with
// its line, whatever block it is in.
func TestMalformedPlaces(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.log")
	line := `type=SECCOMP msg=audit(1795446782.601:%d): auid=0 uid=0 gid=0 ses=1 pid=7 comm="a" exe="/a" sig=0 arch=c000003e syscall=1 compat=0 ip=0x1 code=%s` + "\n"
	var log strings.Builder
	for i := 1; i <= 3000; i++ {
		code := "0x7ffc0000"
		if i == 3 || i == 2500 {
			code = "0x7ffc"
		}
		fmt.Fprintf(&log, line, i, code)
	}
	if err := os.WriteFile(name, []byte(log.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []int64
	_, err := Read(context.Background(), named(name), nil, Options{
		Workers: 4, BlockSize: 16 << 10,
		Malformed: func(_ string, line int64, _ string, _ []byte) { got = append(got, line) },
	})
	if err != nil || len(got) != 2 || got[0] != 3 || got[1] != 2500 {
		t.Errorf("malformed at lines %v, %v; want 3 and 2500", got, err)
	}
}

// TestBadInputs checks that what is no log gives an error that names it, and
// no part of a report.
func TestBadInputs(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, path := range []string{
		filepath.Join(dir, "missing"), write("empty", ""), write("binary", "\x7fELF\x02\x01\x01"+strings.Repeat("\x00", 600)),
		write("cut.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00"),
	} {
		s, err := Read(context.Background(), named(path), nil, Options{})
		if err == nil || !strings.Contains(err.Error(), path) || s != nil {
			t.Errorf("%s: %v, report %v", path, err, s != nil)
		}
	}
	if _, err := Read(context.Background(), named(write("one", "x\n"), filepath.Join(dir, "empty")), nil, Options{}); errors.Is(err, source.ErrEmpty) {
		t.Error("an empty file among others is an error")
	}
	if s, err := Read(context.Background(), named(filepath.Join(dir, "empty"), write("empty.1", "")), nil, Options{}); !errors.Is(err, source.ErrEmpty) || s != nil {
		t.Errorf("nothing but empty files: %v", err)
	}
}

// TestHole checks that a log is read whose writer went on at its old offset
// when the file was truncated: what was there is a hole.
func TestHole(t *testing.T) {
	log, err := os.ReadFile("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Count(log, []byte("\n"))
	for _, hole := range []int{600, 601, 100 << 10} {
		name := filepath.Join(t.TempDir(), "audit.log")
		first := bytes.IndexByte(log, '\n') + 1
		where := first * (hole % 2) // in front, or behind a line as a crash leaves it
		if err := os.WriteFile(name, slices.Insert(slices.Clone(log), where, make([]byte, hole)...), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := Read(context.Background(), named(name), nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if s.Totals.Records != 430 || s.Totals.Lines != int64(lines) {
			t.Errorf("a hole of %d bytes: %+v", hole, s.Totals)
		}
	}
}

// TestForeignLineOfAnyBlock checks that the first line of another program makes
// a log text, and is told by its number, whoever counted its block, also where
// the block is counted again since it repeats records.
func TestForeignLineOfAnyBlock(t *testing.T) {
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 1<<20, 3); err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(log.Bytes(), []byte("\n"))
	at := 2 * len(lines) / 3
	text := slices.Concat(bytes.Join(lines[:at], nil), bytes.Join(lines[:10], nil), []byte("hello\n"), bytes.Join(lines[at:], nil), []byte("again\n"))
	name := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`"line %d is none `, at+11)
	for _, o := range []Options{{Workers: 1, BlockSize: 4 << 20}, {Workers: 1, BlockSize: 16 << 10}, {Workers: 3, BlockSize: 16 << 10}} {
		doc, _ := read(t, o, name)
		if !strings.Contains(doc, want) || !strings.Contains(doc, `"trust": "text"`) {
			t.Errorf("%d workers, blocks of %d: no %s in %.600s", o.Workers, o.BlockSize, want, doc)
		}
	}
}
