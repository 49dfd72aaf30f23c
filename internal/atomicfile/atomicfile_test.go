package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

func TestWriteReplacesContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for _, content := range []string{"first", strings.Repeat("second\n", 10_000), ""} {
		if err := Write(t.Context(), path, 0o600, text(content)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, content)
	}
	wantAlone(t, path)
}

func TestWriteKeepsOldFileOnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := Write(t.Context(), path, 0o600, text("old")); err != nil {
		t.Fatal(err)
	}
	full := errors.New("disk full")
	err := Write(t.Context(), path, 0o600, func(w io.Writer) error {
		if _, err := io.WriteString(w, strings.Repeat("half", 100_000)); err != nil {
			return err
		}
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v, want one that wraps %v and names the file", err, full)
	}
	wantFile(t, path, "old")
	wantAlone(t, path)
}

func TestWriteOntoFolderFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "directory")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), path, 0o600, text("x")); err == nil {
		t.Error("a directory was replaced by a file")
	}
	wantAlone(t, path)
}

func TestWriteWithoutFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "state.json")
	err := Write(t.Context(), path, 0o600, text("x"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v, want fs.ErrNotExist", err)
	}
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("content is %.40q, want %.40q", got, want)
	}
}

// wantAlone checks that no temporary file stayed behind.
func wantAlone(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("directory holds %v, want only %s", entries, filepath.Base(path))
	}
}
