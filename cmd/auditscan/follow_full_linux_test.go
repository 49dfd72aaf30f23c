package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

// smallDisk is a file system with room for next to nothing.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all room that there is.
func fill(t *testing.T, dir string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "fill"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, unix.ENOSPC) {
		t.Fatal(err)
	}
}

// TestAttackStateOnFullDisk: it ends with an error, and what was saved stays
// whole.
func TestAttackStateOnFullDisk(t *testing.T) {
	disk, log := smallDisk(t), filepath.Join(t.TempDir(), "audit.log")
	state := filepath.Join(disk, "state.json")
	appendTo(t, log, 1, 2)
	f := follow(t, "-q", "-o", "json", "--from-start", "--state", state, log)
	f.serial()
	f.serial()
	f.stop(unix.SIGTERM)
	fill(t, disk)
	f = follow(t, "-q", "-o", "json", "--state", state, log)
	f.ends(exitFailed)
	if !strings.Contains(f.stderr.String(), state) || !strings.Contains(f.stderr.String(), "no space left on device") {
		t.Errorf("stderr does not name the file and the reason:\n%s", &f.stderr)
	}
	if r := command(t, "report", "--by", "comm", state); !strings.Contains(r.stdout, "\n2 records, 2 syscalls, 1 group\nunknown: ") {
		t.Errorf("the state is not what was saved last:\n%s%s", r.stdout, r.stderr)
	}
	if names, err := filepath.Glob(filepath.Join(disk, ".state*")); err != nil || len(names) > 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
}

// TestAttackPidmapOnFullDisk: a map that lacks processes is not made silently.
func TestAttackPidmapOnFullDisk(t *testing.T) {
	disk, log := smallDisk(t), filepath.Join(t.TempDir(), "audit.log")
	cgroup := audittest.NewCgroup(t, fmt.Sprintf("auditscan-test-%d/docker/%s", os.Getpid(), audittest.RandomHex(t, 32)))
	audittest.StartIn(t, cgroup, "sleep", "600")
	fill(t, disk)
	appendTo(t, log, 1)
	pidmap := filepath.Join(disk, "pidmap.jsonl")
	f := follow(t, "-q", "-o", "json", "--pidmap", pidmap, log)
	f.ends(exitFailed)
	if !strings.Contains(f.stderr.String(), pidmap) || !strings.Contains(f.stderr.String(), "no space left on device") {
		t.Errorf("stderr does not name the file and the reason:\n%s", &f.stderr)
	}
}
