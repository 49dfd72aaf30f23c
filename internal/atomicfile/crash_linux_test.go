package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// pathVar has a child write to a path until it is killed.
const pathVar = "AUDITSCAN_ATOMICFILE"

// TestAttackKilled: what a killed process left is gone after the next write, however
// often that happens; what a living one writes stays.
func TestAttackKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	for range 3 {
		kill := startWriter(t, path)
		if err := Write(t.Context(), path, 0o600, text("beside a living one")); err != nil {
			t.Fatal(err)
		}
		if n := countFiles(t, path); n != 2 {
			t.Errorf("%d files, want what was written and what the child writes", n)
		}
		kill()
		if n := countFiles(t, path); n != 2 {
			t.Fatalf("%d files, want the child's, too: it was not killed while it wrote", n)
		}
		if err := Write(t.Context(), path, 0o600, text("after")); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, "after")
		wantAlone(t, path)
	}
}

// startWriter starts a child that is writing when this returns.
func startWriter(t *testing.T, path string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAttackKilledChild$")
	cmd.Env = append(os.Environ(), pathVar+"="+path)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "writing\n" {
		t.Fatalf("the child says %q: %v", line, err)
	}
	return func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
}

func TestAttackKilledChild(t *testing.T) {
	path := os.Getenv(pathVar)
	if path == "" {
		t.Skip("runs as the child of TestAttackKilled only")
	}
	_ = Write(t.Context(), path, 0o600, func(w io.Writer) error {
		fmt.Println("writing")
		select {}
	})
}

func countFiles(t *testing.T, path string) int {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// smallDisk returns a directory with room for some 64 KiB.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// TestAttackFullDisk: nothing is half written.
func TestAttackFullDisk(t *testing.T) {
	dir := smallDisk(t)
	path := filepath.Join(dir, "state.json")
	if err := Write(t.Context(), path, 0o600, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := Write(t.Context(), path, 0o600, text(strings.Repeat("x", 1<<20))); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error is %v, want ENOSPC", err)
	}
	wantFile(t, path, "old")
	wantAlone(t, path)
}

// TestAttackSetOnFullDisk: a set that does not fit leaves the set before it as it was.
func TestAttackSetOnFullDisk(t *testing.T) {
	dir := smallDisk(t)
	set := func(size int) []File {
		var files []File
		for i := range 8 {
			files = append(files, File{fmt.Sprint(i, ".json"), []byte(strings.Repeat(fmt.Sprint(size%10), size))})
		}
		return files
	}
	if err := WriteSet(dir, 0o644, set(1), File{"index.json", []byte("old")}); err != nil {
		t.Fatal(err)
	}
	if err := WriteSet(dir, 0o644, set(16<<10), File{"index.json", []byte("new")}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error is %v, want ENOSPC", err)
	}
	for _, f := range set(1) {
		wantFile(t, filepath.Join(dir, f.Name), string(f.Data))
	}
	wantFile(t, filepath.Join(dir, "index.json"), "old")
	if n := countFiles(t, filepath.Join(dir, "x")); n != 9 {
		t.Errorf("%d files, want 9", n)
	}
}
