package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWriteToWayOut: a device, a pipe and an open descriptor are written to,
// not put a file in place of.
func TestWriteToWayOut(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	// Open for both, so that nobody waits for the other.
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	file, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("before "); err != nil {
		t.Fatal(err)
	}
	link := func(name, target string) string {
		path := filepath.Join(dir, name)
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stderr := link("stderr", fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	for _, path := range []string{pipe, link("null", "/dev/null"), stderr} {
		before, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(path); err != nil {
			t.Error(err)
		}
		if err := Write(t.Context(), path, 0o600, text("x")); err != nil {
			t.Error(err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s has been replaced: %v", path, err)
		}
	}
	got := make([]byte, 1)
	if _, err := io.ReadFull(reader, got); err != nil || string(got) != "x" {
		t.Errorf("read %q from the pipe: %v", got, err)
	}
	wantFile(t, file.Name(), "before x")
	if err := Write(t.Context(), link("full", "/dev/full"), 0o600, text("x")); err == nil {
		t.Error("a full device took it")
	}
}

// TestCheck tells of what Write would fail with, and leaves nothing behind.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := Check(path); err != nil {
		t.Error(err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if err := Check(filepath.Join(dir, "missing", "file")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("in a missing directory: %v", err)
	}
	if Check(dir) == nil {
		t.Error("a directory can be written")
	}
}
