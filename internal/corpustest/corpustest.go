// Package corpustest gives tests the real logs of testdata, with the answers
// that were worked out for them by hand.
package corpustest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// Set is a directory of logs.
type Set string

// The sets.
const (
	Corpus   Set = "corpus"   // public reports, and captures made elsewhere
	Captures Set = "captures" // what was run on one machine for these tests
)

// atLeast are fewer logs than each set has: a test of none would pass.
var atLeast = map[Set]int{Corpus: 80, Captures: 60}

// Sets are all sets.
func Sets() []Set { return []Set{Corpus, Captures} }

// Log is a log with its answers: a line of EXPECTED.jsonl.
type Log struct {
	Path     string `json:"-"`
	File     string
	Records  int
	Unique   int
	Partial  int
	Legacy   int
	Quality  string
	Losses   []Loss
	By       []Call
	LegacyBy []Call `json:"legacy_by"`
}

// Loss is a message that records are missing.
type Loss struct {
	Kind  string
	Count int64
}

// Call is how often a program made a call.
type Call struct {
	ArchHex *string `json:"arch_hex"`
	NR      int32
	Name    *string
	Action  string
	Comm    string
	PID     int32
	Count   int
	X32     bool
}

// Path returns the path of a file of the set, from the test's own directory.
func (s Set) Path(t testing.TB, name string) string {
	t.Helper()
	root := "."
	for range 8 {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return filepath.Join(root, "testdata", string(s), name)
		}
		root = filepath.Join("..", root)
	}
	t.Fatal("no go.mod above the test: where is testdata?")
	return ""
}

// Read returns the content of a file of the set.
func (s Set) Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(s.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Logs returns the logs of the set, with their answers.
func (s Set) Logs(t testing.TB) []Log {
	t.Helper()
	var all []Log
	for line := range bytes.Lines(s.Read(t, "EXPECTED.jsonl")) {
		var l Log
		if err := json.Unmarshal(line, &l); err != nil {
			t.Fatalf("EXPECTED.jsonl of %s: %v", s, err)
		}
		l.Path = s.Path(t, l.File)
		all = append(all, l)
	}
	if len(all) < atLeast[s] {
		t.Fatalf("%s has %d logs, want at least %d", s, len(all), atLeast[s])
	}
	return all
}

// Paths returns the paths of the set's logs.
func (s Set) Paths(t testing.TB) []string {
	t.Helper()
	var paths []string
	for _, l := range s.Logs(t) {
		paths = append(paths, l.Path)
	}
	return paths
}
