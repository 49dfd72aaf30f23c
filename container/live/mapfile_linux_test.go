package live

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
)

// In a directory where others can make names, a map is none of theirs: no link,
// no named pipe, no device, no file that somebody else made.
func TestAttackMapOfOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o1777); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "target")
	writeFile(t, target, "precious\n")
	name := func(base string) string { return filepath.Join(dir, base) }
	for base, make := range map[string]func(path string) error{
		"link":      func(path string) error { return os.Symlink(target, path) },
		"dangling":  func(path string) error { return os.Symlink(filepath.Join(dir, "none"), path) },
		"hard link": func(path string) error { return os.Link(target, path) },
		"pipe":      func(path string) error { return unix.Mkfifo(path, 0o600) },
		"zero":      func(path string) error { return os.Symlink("/dev/zero", path) },
		"foreign": func(path string) error {
			writeFile(t, path, "")
			return os.Chown(path, 65534, 65534)
		},
	} {
		for _, path := range []string{name(base), name(base) + "-map.lock"} { // the map, or its lock
			if err := make(path); err != nil {
				t.Logf("%s: not tried, as it cannot be made: %v", base, err)
				continue
			}
			w, _, err := OpenMap(t.Context(), strings.TrimSuffix(path, ".lock"))
			if err == nil {
				t.Errorf("%s: opened", path)
				w.Close()
			} else if !strings.Contains(err.Error(), path) {
				t.Errorf("%s: the error does not name it: %v", path, err)
			}
		}
	}
	if text, _ := os.ReadFile(target); string(text) != "precious\n" {
		t.Errorf("written through a link: %q", text)
	}
	if _, err := os.Lstat(filepath.Join(dir, "none")); err == nil {
		t.Error("a file was made through a link")
	}
}

// What is not a file is no map to read either: nobody waits for it.
func TestReadMapTakesFilesAlone(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{pipe: "a named pipe", "/dev/zero": "a device", t.TempDir(): "a directory"} {
		if _, _, err := ReadMap(t.Context(), name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want one that says %s", name, err, want)
		}
	}
}

// Where nothing of a line could be written, the next one begins no new line.
func TestMapWriterFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	name := filepath.Join(t.TempDir(), "pids.jsonl")
	w := mustOpenMap(t, name)
	defer w.Close()
	p := container.Process{PID: 8, Start: clock(t, "11:00:00"), End: clock(t, "11:00:01"), Container: &container.Identity{ID: "b"}}
	write(t, w, p)
	line, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file := w.file
	w.file = full
	if err := w.Write(p); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("written to a full disk: %v", err)
	}
	w.file = file
	write(t, w, p)
	wantFile(t, name, string(line)+string(line))
}
