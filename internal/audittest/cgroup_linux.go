package audittest

import (
	"bufio"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// NewCgroup makes a cgroup in the unified hierarchy for the time of the test,
// with those above it that are missing. It skips the test where there is no
// right to.
func NewCgroup(t testing.TB, path string) *os.File {
	t.Helper()
	dir := cgroup2(t)
	for name := range strings.SplitSeq(path, "/") {
		dir = filepath.Join(dir, name)
		makeCgroup(t, dir)
	}
	f, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// makeCgroup makes one cgroup, unless others have it already. It stays behind
// where others use it by the end.
func makeCgroup(t testing.TB, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o755); os.IsExist(err) {
		return
	} else if err != nil {
		t.Skipf("needs to make cgroups: %v", err)
	}
	t.Cleanup(func() {
		below, _ := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs"))
		if err := os.Remove(dir); err != nil && len(below) == 0 {
			t.Errorf("the test's cgroup stays behind: %v", err)
		}
	})
}

// cgroup2 returns where the unified hierarchy is mounted.
func cgroup2(t testing.TB) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return f[1]
		}
	}
	t.Skip("needs cgroup v2 mounted")
	return ""
}

// StartIn runs a command in a cgroup; it ends with the test at the latest.
// Its stdin stays open as long.
func StartIn(t testing.TB, cgroup *os.File, args ...string) (cmd *exec.Cmd, stdout *bufio.Reader) {
	t.Helper()
	cmd = exec.Command(args[0], args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(cgroup.Fd())}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewReader(out)
}

// RemoveCgroups removes a tree of empty cgroups from every hierarchy.
func RemoveCgroups(t testing.TB, root string) {
	t.Helper()
	tops, err := filepath.Glob("/sys/fs/cgroup/*")
	if err != nil {
		t.Error(err)
	}
	for _, top := range append(tops, "/sys/fs/cgroup") {
		var dirs []string
		filepath.WalkDir(top+root, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				dirs = append(dirs, path)
			}
			return nil
		})
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if err := os.Remove(dir); err != nil {
				t.Errorf("the test's cgroup stays behind: %v", err)
			}
		}
	}
}
