package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNotesShown: of many things that are passed over in a profile the first are
// told, and how many others there are.
func TestNotesShown(t *testing.T) {
	for _, n := range []int{0, 1, notesShown, notesShown + 1, 3 * notesShown} {
		var text strings.Builder
		text.WriteString(`{"defaultAction": "SCMP_ACT_ERRNO"`)
		for i := range n {
			fmt.Fprintf(&text, `, "unknown%d": 1`, i)
		}
		text.WriteString("}")
		path := filepath.Join(t.TempDir(), "p.json")
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		env := &environment{stderr: &stderr}
		if _, err := readProfile(env, path); err != nil {
			t.Fatal(err)
		}
		more := max(0, n-notesShown)
		got := stderr.String()
		if told := strings.Count(got, "unknown key"); told != n-more || strings.Contains(got, fmt.Sprintf("and %d more", more)) != (more > 0) {
			t.Errorf("%d notes: %d told\n%s", n, told, got)
		}
		if _, err := (profileFile{strict: true}).read(env, path); (err == nil) != (n == 0) {
			t.Errorf("%d notes, strict: %v", n, err)
		}
	}
}
