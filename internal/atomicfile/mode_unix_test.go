//go:build unix

package atomicfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestMode: as the umask says, and never wider than what was there.
func TestMode(t *testing.T) {
	tests := []struct {
		umask  int
		before fs.FileMode // 0: there is no file
		mode   fs.FileMode
		want   fs.FileMode
	}{
		{0o022, 0, 0o644, 0o644},
		{0o022, 0, 0o666, 0o644},
		{0o077, 0, 0o644, 0o600},
		{0o000, 0, 0o666, 0o666},
		{0o022, 0o600, 0o644, 0o600},
		{0o022, 0o640, 0o644, 0o640},
		{0o022, 0o666, 0o644, 0o644},
		{0o077, 0o644, 0o644, 0o600},
		{0o022, 0o644, 0o600, 0o600},
	}
	defer syscall.Umask(syscall.Umask(0))
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "file")
		if tt.before != 0 {
			syscall.Umask(0)
			if err := os.WriteFile(path, nil, tt.before); err != nil {
				t.Fatal(err)
			}
		}
		syscall.Umask(tt.umask)
		if err := Write(t.Context(), path, tt.mode, text("x")); err != nil {
			t.Fatal(err)
		}
		wantMode(t, path, tt.want)
		if tt.before != 0 {
			continue
		}
		dir := t.TempDir()
		if err := WriteSet(dir, tt.mode, nil, File{"index", nil}); err != nil {
			t.Fatal(err)
		}
		wantMode(t, filepath.Join(dir, "index"), tt.want)
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != want {
		t.Errorf("%s has the mode %v, want %v", path, info.Mode(), want)
	}
}
