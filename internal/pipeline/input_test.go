package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/auditscan/auditscan/aggregate"
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
		s, err := Read(context.Background(), named(name), nil, Options{})
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
		s, err := Read(context.Background(), named(mixed...), nil, Options{Workers: workers})
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
	good, missing := filepath.Join(dir, "good.gz"), filepath.Join(dir, "missing")
	if err := os.WriteFile(good, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s, err := Read(context.Background(), named(good, missing, dir, filepath.Join(dir, "none")), nil, Options{Workers: 4, BlockSize: 32 << 10})
		if s != nil || !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), missing) {
			t.Fatalf("%v, report %v; want that there is no %s", err, s != nil, missing)
		}
	}
}

// TestErrorWhileAnotherWaits checks that an error ends the reading of a pipe
// that gives nothing.
func TestErrorWhileAnotherWaits(t *testing.T) {
	silent, writer := io.Pipe()
	defer writer.Close()
	missing := filepath.Join(t.TempDir(), "missing")
	for _, workers := range []int{1, 2, 5} {
		if _, err := Read(context.Background(), named(missing, "-"), silent, Options{Workers: workers}); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d workers: %v, want that it is missing", workers, err)
		}
	}
}

// named are inputs that a user has named.
func named(paths ...string) (inputs []source.Input) {
	for _, path := range paths {
		inputs = append(inputs, source.Input{Path: path})
	}
	return inputs
}

// TestDirectoryAsItIs checks that what lies beside logs keeps none of them from
// being read: what is no log is passed over and told of, and what is damaged is
// read up to that place, which is evidence.
func TestDirectoryAsItIs(t *testing.T) {
	log, err := os.ReadFile("../../testdata/nginx/audit.log")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	whole := packed(t, "x.gz", bytes.Repeat(log, 20))
	for name, data := range map[string][]byte{
		"audit.log": log, "wtmp": []byte("\x07\x00\x00\x00\x01\x02\x03\x04"), "empty": nil, "policy.json": []byte(`{"no": "log"}`),
		"old/cut.gz": whole[:len(whole)-9], "old/header.gz": whole[:5], "wide.log": []byte("\xff\xfe\x00\x00a\x00\x00\x00"),
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	inputs, notes, err := source.Expand([]string{dir}, source.Nodes{})
	if err != nil {
		t.Fatal(err)
	}
	var passed []string
	s, err := Read(t.Context(), inputs, nil, Options{
		Notes: notes, Workers: 2,
		PassedOver: func(err error) { passed = append(passed, err.Error()) },
		Refuse: func(head []byte) error {
			if bytes.HasPrefix(head, []byte("{")) {
				return errors.New("a profile")
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(passed) != 3 || !strings.Contains(passed[0], "policy.json: a profile") || !strings.Contains(passed[1], "UTF-32") || !strings.Contains(passed[2], "wtmp: not a log") {
		t.Errorf("passed over %q", passed)
	}
	var damaged []string
	for _, e := range s.Completeness.Evidence {
		if e.Kind == aggregate.TruncatedInput {
			damaged = append(damaged, e.Detail)
		}
	}
	if s.Totals.Records != 430 || s.Completeness.Verdict != aggregate.Incomplete || len(damaged) != 2 {
		t.Errorf("%d records, %s, damaged: %q", s.Totals.Records, s.Completeness.Verdict, damaged)
	}
	if _, err := Read(t.Context(), named(filepath.Join(dir, "wtmp")), nil, Options{}); !errors.Is(err, source.ErrNotLog) {
		t.Errorf("what was named as a log: %v", err)
	}
	if s, err := Read(t.Context(), named(filepath.Join(dir, "old/header.gz")), nil, Options{}); s != nil || !errors.As(err, new(*source.DamageError)) {
		t.Errorf("nothing but damage: %v, %v", s, err)
	}
}

// TestNotesOfDirectories checks that a directory that was not read is evidence,
// and an error where nothing else was read.
func TestNotesOfDirectories(t *testing.T) {
	notes := []source.Note{{Kind: source.Info, Detail: "info"}, {Kind: source.TruncatedInput, Detail: "the directory x was not read"}}
	s, err := Read(t.Context(), named("../../testdata/nginx/audit.log"), nil, Options{Notes: notes})
	if err != nil {
		t.Fatal(err)
	}
	if e := s.Completeness.Evidence; len(e) != 1 || e[0].Kind != aggregate.TruncatedInput || e[0].Detail != notes[1].Detail {
		t.Errorf("the evidence is %+v", e)
	}
	if s, err := Read(t.Context(), nil, nil, Options{Notes: notes}); s != nil || err == nil || err.Error() != notes[1].Detail {
		t.Errorf("nothing but a directory that was not read: %v, %v", s, err)
	}
}

// TestNamedOrFound: what somebody has named must be a log that can be read. What
// was found beside logs may be none, and what of it nobody may read is missing.
func TestNamedOrFound(t *testing.T) {
	log := logs(t)[0]
	binary := filepath.Join(t.TempDir(), "wtmp")
	if err := os.WriteFile(binary, bytes.Repeat([]byte{1, 2, 0xff, 7}, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		binary:                           source.ErrNotLog,
		"/proc/sys/vm/compact_memory":    fs.ErrPermission, // which root may write alone
		filepath.Join(binary, "nothing"): nil,
	} {
		if f, err := os.Open(path); want == fs.ErrPermission && !errors.Is(err, want) {
			t.Logf("%s: not tried: %v", path, err)
			f.Close()
			continue
		}
		inputs := append(named(log), source.Input{Path: path})
		if s, err := Read(t.Context(), inputs, nil, Options{}); err == nil || want != nil && !errors.Is(err, want) || s != nil {
			t.Errorf("%s, named: %v", path, err)
		}
		if want == nil {
			continue
		}
		inputs[1].Found = true
		passed := 0
		s, err := Read(t.Context(), inputs, nil, Options{PassedOver: func(error) { passed++ }})
		if err != nil {
			t.Errorf("%s, found: %v", path, err)
			continue
		}
		missing := slices.ContainsFunc(s.Completeness.Evidence, func(e aggregate.Evidence) bool { return e.Kind == aggregate.TruncatedInput })
		if denied := want == fs.ErrPermission; missing != denied || (passed == 1) == denied {
			t.Errorf("%s, found: %+v, %d passed over", path, s.Completeness, passed)
		}
	}
}

// TestReportedIsTold: what was read from a report is known to be, also among logs.
func TestReportedIsTold(t *testing.T) {
	log := logs(t)[0]
	doc, _ := read(t, Options{}, log)
	saved := filepath.Join(t.TempDir(), "report.json")
	if err := os.WriteFile(saved, []byte(doc), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		names    []string
		reported bool
	}{{[]string{log}, false}, {[]string{saved}, true}, {[]string{log, saved}, true}, {[]string{saved, log}, true}} {
		s, err := Read(t.Context(), named(tt.names...), nil, Options{})
		if err != nil || s.Reported != tt.reported {
			t.Errorf("%q: reported %v, %v", tt.names, s.Reported, err)
		}
	}
}
