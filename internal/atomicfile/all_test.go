package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// named is a file of a name that holds a text.
func named(name, content string) File {
	return File{name, func(w io.Writer) error { _, err := io.WriteString(w, content); return err }}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[e.Name()] = string(data)
	}
	return found
}

// TestWriteAllOrNothing: an error while any file is written, as of a full disk,
// leaves the old set as it was and nothing beside it.
func TestWriteAllOrNothing(t *testing.T) {
	dir := t.TempDir()
	if err := WriteAll(dir, 0o644, []File{named("a", "old"), named("index", "old")}); err != nil {
		t.Fatal(err)
	}
	full := errors.New("no space left")
	for _, files := range [][]File{
		{named("a", "new"), named("z", "new"), {"index", func(io.Writer) error { return full }}},
		{{"a", func(io.Writer) error { return full }}, named("index", "new")},
	} {
		if err := WriteAll(dir, 0o644, files); !errors.Is(err, full) {
			t.Fatal(err)
		}
		if got := contents(t, dir); len(got) != 2 || got["a"] != "old" || got["index"] != "old" {
			t.Errorf("after an error: %v", got)
		}
	}
	if err := WriteAll(dir, 0o644, []File{named("a", "new"), named("b", "new"), named("index", "new")}); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, dir); len(got) != 3 || got["a"] != "new" || got["b"] != "new" || got["index"] != "new" {
		t.Errorf("replaced: %v", got)
	}
	if err := WriteAll(dir, 0o644, nil); err != nil {
		t.Error(err)
	}
}

// TestWriteAllWithoutIndex: where a file cannot be put in its place, the index
// is gone: it would speak of files that are not there.
func TestWriteAllWithoutIndex(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "b", "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index"), []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := WriteAll(dir, 0o644, []File{named("a", "new"), named("b", "new"), named("index", "new")}); err == nil {
		t.Fatal("a directory was replaced")
	}
	entries, err := filepath.Glob(filepath.Join(dir, ".*"))
	if err != nil || len(entries) > 0 {
		t.Errorf("left over: %q, %v", entries, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "index")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the index of the old set is still there: %v", err)
	}
}
