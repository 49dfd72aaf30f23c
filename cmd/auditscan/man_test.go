package main

import (
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// man is where a release has its manual pages made: the library that makes them
// is in no binary.
var man = flag.String("man", "", "a `directory` that the manual pages are written to")

// TestManual: each command has a page, with its flags and examples.
func TestManual(t *testing.T) {
	dir := *man
	if dir == "" {
		dir = t.TempDir()
	}
	root := newRoot(&environment{stdout: io.Discard, stderr: io.Discard})
	root.DisableAutoGenTag = true
	header := doc.GenManHeader{Section: "1", Source: tool, Manual: "auditscan"} // its date is SOURCE_DATE_EPOCH
	if err := doc.GenManTree(root, &header, dir); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range append(root.Commands(), root) {
		if cmd.IsAvailableCommand() && cmd.Name() != "help" {
			checkPage(t, dir, cmd)
		}
	}
}

func checkPage(t *testing.T, dir string, cmd *cobra.Command) {
	t.Helper()
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-") + ".1"
	page, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Error(err)
		return
	}
	for _, want := range []string{".SH SYNOPSIS", cmd.Short} {
		if plain := strings.NewReplacer(`\-`, "-", `\&`, "", "\n", " ").Replace(string(page)); !strings.Contains(plain, want) {
			t.Errorf("%s has no %q", name, want)
		}
	}
}
