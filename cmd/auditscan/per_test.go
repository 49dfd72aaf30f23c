package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

// TestIndexOverwrites checks that nothing is written where something is in the
// way.
func TestIndexOverwrites(t *testing.T) {
	dir := t.TempDir()
	ix := &profile.Index{Profiles: []profile.IndexEntry{{Name: "a", File: "a.json", Content: []byte("new")}, {Name: "b", File: "b.json", Content: []byte("new")}}}
	if err := os.WriteFile(filepath.Join(dir, "b.json"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := writeIndex(ix, dir, false); err == nil || !strings.Contains(err.Error(), "b.json exists") {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "a.json")); err == nil {
		t.Error("a.json was written although b.json was in the way")
	}
	if _, err := writeIndex(ix, dir, true); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.json", "b.json"} {
		if data, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(data) != "new" {
			t.Errorf("%s holds %q, %v", name, data, err)
		}
	}
}
