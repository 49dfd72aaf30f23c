package atomicfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func namesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestWriteSet(t *testing.T) {
	dir := t.TempDir()
	if err := WriteSet(dir, 0o644, []File{{"a", []byte("1")}, {"b", []byte("1")}}, File{"index", []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := WriteSet(dir, 0o644, []File{{"a", []byte("2")}, {"c", []byte("2")}}, File{"index", []byte("2")}, "b", "gone"); err != nil {
		t.Fatal(err)
	}
	if got := namesIn(t, dir); !slices.Equal(got, []string{"a", "c", "index"}) {
		t.Errorf("the directory holds %q", got)
	}
	for _, name := range []string{"a", "c", "index"} {
		wantFile(t, filepath.Join(dir, name), "2")
	}
}

// TestSetThatFails: where one name cannot be replaced there is no index, and no
// temporary file.
func TestSetThatFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "b", "in"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index"), []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := WriteSet(dir, 0o644, []File{{"a", nil}, {"b", nil}, {"c", nil}}, File{"index", []byte("new")})
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory was replaced by a file: %v", err)
	}
	if got := namesIn(t, dir); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("the directory holds %q", got)
	}
	if err := WriteSet(dir, 0o644, []File{{"../out", nil}}, File{"index", nil}); err == nil {
		t.Error("a name led out of the directory")
	}
	if err := WriteSet(filepath.Join(dir, "missing"), 0o644, nil, File{"index", nil}); err == nil {
		t.Error("wrote into a directory that is not there")
	}
}

func TestSetIsExclusive(t *testing.T) {
	if !locks {
		t.Skip("there is no flock here")
	}
	dir := t.TempDir()
	directory, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	if err := lock(directory); err != nil {
		t.Fatal(err)
	}
	if err := WriteSet(dir, 0o644, nil, File{"index", nil}); err == nil || !strings.Contains(err.Error(), "another auditscan") {
		t.Errorf("two wrote into one directory: %v", err)
	}
}
