package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
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

// TestFollowStateOnFullDisk: it ends with an error, and what was saved stays
// whole.
func TestFollowStateOnFullDisk(t *testing.T) {
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
	if r := command(t, "report", "--by", "comm", state); !strings.Contains(r.stdout, "\n2 records, 2 syscalls, 1 group\ncomplete: ") {
		t.Errorf("the state is not what was saved last:\n%s%s", r.stdout, r.stderr)
	}
	if names, err := filepath.Glob(filepath.Join(disk, ".state*")); err != nil || len(names) > 0 {
		t.Errorf("left behind: %q, %v", names, err)
	}
}

// TestFollowPidmapOnFullDisk: a map that lacks processes is not made silently.
func TestFollowPidmapOnFullDisk(t *testing.T) {
	disk, log := smallDisk(t), filepath.Join(t.TempDir(), "audit.log")
	inContainer(t, "sleep", "600")
	fill(t, disk)
	appendTo(t, log, 1)
	pidmap := filepath.Join(disk, "pidmap.jsonl")
	f := follow(t, "-q", "-o", "json", "--pidmap", pidmap, log)
	f.ends(exitFailed)
	if !strings.Contains(f.stderr.String(), pidmap) || !strings.Contains(f.stderr.String(), "no space left on device") {
		t.Errorf("stderr does not name the file and the reason:\n%s", &f.stderr)
	}
}

// inContainer runs a command in the cgroup of a container named after
// Docker's, until the test is over.
func inContainer(t *testing.T, args ...string) {
	t.Helper()
	root, err := cgroup2()
	if err != nil {
		t.Skip(err)
	}
	top := filepath.Join(root, fmt.Sprintf("auditscan-test-%d", os.Getpid()))
	dir := filepath.Join(top, "docker", strings.Repeat("0123456789abcdef", 4))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Skipf("needs to make cgroups: %v", err)
	}
	cgroup, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer cgroup.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		for ; dir != root; dir = filepath.Dir(dir) {
			if err := os.Remove(dir); err != nil {
				t.Errorf("the test's cgroup stays behind: %v", err)
			}
		}
	})
}

// cgroup2 returns where the unified hierarchy is mounted.
func cgroup2() (string, error) {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1], nil
		}
	}
	return "", errors.New("needs cgroup v2 mounted")
}
