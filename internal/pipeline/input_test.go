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
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/auditscan/auditscan/internal/loggen"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// packed returns what a compressor makes of some text.
func packed(t *testing.T, name string, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if filepath.Ext(name) == ".zst" {
		z, err := zstd.NewWriter(&out)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// set is a set of inputs of every kind: logs of several layouts, plain and
// compressed, some of them twice, and files without a byte.
func set(t *testing.T) (names []string) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		names = append(names, path)
	}
	for i, name := range logs(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		switch base := fmt.Sprintf("%d-%s", i, filepath.Base(name)); i % 4 {
		case 0:
			write(base+".gz", packed(t, ".gz", text))
		case 1:
			write(base+".zst", packed(t, ".zst", text))
		case 2:
			write(base, text)
		default:
			names = append(names, name)
		}
		if i%10 == 0 {
			names = append(names, names[len(names)/2])
			write(fmt.Sprintf("empty%d", i), nil)
		}
	}
	return names
}

// TestInputsInOrder checks that neither how many inputs are read at once nor
// who reads them shows: not in the report, not in the events, and not in what
// is told of records that cannot be used.
func TestInputsInOrder(t *testing.T) {
	names := set(t)
	all := func(o Options) (doc, events, bad string) {
		var told strings.Builder
		o.Malformed = func(input string, line int64, reason string, _ []byte) {
			fmt.Fprintln(&told, input, line, reason)
		}
		doc, events = read(t, o, names...)
		return doc, events, told.String()
	}
	doc, events, bad := all(Options{Workers: 1, BlockSize: 4 << 20})
	if strings.Count(bad, "\n") < 10 || len(events) < 1<<20 {
		t.Fatalf("%d bytes of events, and of records that cannot be used only:\n%s", len(events), bad)
	}
	for _, o := range []Options{{Workers: 2, BlockSize: 16 << 10}, {Workers: 3}, {Workers: 13, BlockSize: 20000}} {
		d, e, b := all(o)
		if d != doc {
			t.Errorf("%d workers: another report", o.Workers)
		}
		if e != events {
			t.Errorf("%d workers: other events", o.Workers)
		}
		if b != bad {
			t.Errorf("%d workers: other records that cannot be used:\n%s\nwant\n%s", o.Workers, b, bad)
		}
	}
}

// TestReportsAmongLogs checks that reports add up with the logs between them.
func TestReportsAmongLogs(t *testing.T) {
	dir, names := t.TempDir(), logs(t)[:30]
	mixed := make([]string, len(names))
	for i, name := range names {
		mixed[i] = name
		if i%3 > 0 {
			continue
		}
		s, err := Read(context.Background(), []string{name}, nil, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		if err := report.Write(&text, s, report.JSON, report.Options{}); err != nil {
			t.Fatal(err)
		}
		mixed[i] = filepath.Join(dir, fmt.Sprint(i, ".json"))
		if err := os.WriteFile(mixed[i], text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var docs []string
	for _, workers := range []int{1, 2, 9} {
		s, err := Read(context.Background(), mixed, nil, Options{Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(s.Inputs); got != len(names) || s.Runs == nil || s.Runs.Count != 11 {
			t.Fatalf("%d workers: %d inputs, %+v; want %d and 11 runs", workers, got, s.Runs, len(names))
		}
		var text bytes.Buffer
		if err := report.Write(&text, s, report.JSON, report.Options{}); err != nil {
			t.Fatal(err)
		}
		docs = append(docs, text.String())
	}
	if docs[0] != docs[1] || docs[0] != docs[2] {
		t.Error("another result with more workers")
	}
}

// TestFirstErrorCounts checks that of several inputs that cannot be read the
// first is named, whichever was found first.
func TestFirstErrorCounts(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	if err := loggen.Write(&log, loggen.Audit, 1<<20, 1); err != nil {
		t.Fatal(err)
	}
	whole := packed(t, "x.gz", log.Bytes())
	good, cut := filepath.Join(dir, "good.gz"), filepath.Join(dir, "cut.gz")
	for path, data := range map[string][]byte{good: whole, cut: whole[:len(whole)-9]} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		s, err := Read(context.Background(), []string{good, cut, dir, filepath.Join(dir, "none")}, nil, Options{Workers: 4, BlockSize: 32 << 10})
		if damage := (*source.DamageError)(nil); s != nil || !errors.As(err, &damage) || damage.Path != cut {
			t.Fatalf("%v, report %v; want the damage of %s", err, s != nil, cut)
		}
	}
}

// TestErrorWhileAnotherWaits checks that an error ends the reading of a pipe
// that gives nothing.
func TestErrorWhileAnotherWaits(t *testing.T) {
	silent, writer := io.Pipe()
	defer writer.Close()
	cut := filepath.Join(t.TempDir(), "cut.gz")
	if err := os.WriteFile(cut, packed(t, cut, bytes.Repeat([]byte("a line\n"), 1000))[:60], 0o600); err != nil {
		t.Fatal(err)
	}
	for _, workers := range []int{1, 2, 5} {
		if _, err := Read(context.Background(), []string{cut, "-"}, silent, Options{Workers: workers}); !errors.As(err, new(*source.DamageError)) {
			t.Errorf("%d workers: %v, want the damage", workers, err)
		}
	}
}
