package profile_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/profile"
)

var updateShapes = flag.Bool("update-shapes", false, "rewrite testdata/shapes.txt")

// TestShapes reads profiles of the shapes that are found in public repositories
// (written for this test). testdata/shapes.txt says what is made of each: what is
// passed over with its place, how many calls run, or why it is refused.
func TestShapes(t *testing.T) {
	files, err := filepath.Glob("testdata/shapes/*")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d shapes: %v", len(files), err)
	}
	var out strings.Builder
	for _, file := range files {
		name := filepath.Base(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := profile.Read(bytes.NewReader(text), name, profile.ReadOptions{Host: x86_64})
		if err != nil {
			fmt.Fprintf(&out, "refused: %v\n", err)
			continue
		}
		p, err := d.Evaluate(profile.Environment{Arch: x86_64, Caps: profile.DefaultCaps()})
		if err != nil {
			t.Fatalf("%s is read, but not evaluated: %v", name, err)
		}
		in := p.Inspect()[0]
		fmt.Fprintf(&out, "%s: %d allowed, %d logged, %d depend, %d denied\n", name, len(in.Allowed), len(in.Logged), len(in.Depends), len(in.Denied))
		for _, note := range d.Notes {
			if note.Line == 0 || note.Column == 0 {
				t.Errorf("%s: a note without a place: %v", name, note)
			}
			fmt.Fprintf(&out, "\t%v\n", note)
		}
	}
	if *updateShapes {
		if err := os.WriteFile("testdata/shapes.txt", []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/shapes.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
