package confine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// folderVar has the child confine itself to a folder.
const folderVar = "AUDITSCAN_CONFINE"

// TestWrites runs a child, as nothing that is given up can be had back.
func TestWrites(t *testing.T) {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION); errno != 0 {
		t.Skipf("the kernel has no Landlock: %v", errno)
	}
	if err := onAllThreads(unix.SYS_GETPID, 0, 0); errors.Is(err, unix.ENOTSUP) {
		t.Skip("needs a binary without cgo, which the race detector is made with")
	}
	dir := t.TempDir()
	for _, name := range []string{"in", "out"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestWritesChild$")
	cmd.Env = append(os.Environ(), folderVar+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWritesChild(t *testing.T) {
	dir := os.Getenv(folderVar)
	if dir == "" {
		t.Skip("runs as the child of TestWrites only")
	}
	inside, outside := filepath.Join(dir, "in", "a"), filepath.Join(dir, "out", "a")
	write(t, inside, outside)
	open, err := os.OpenFile(outside, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if err := Writes(filepath.Dir(inside)); err != nil {
		t.Fatal(err)
	}
	for range 4 { // any thread
		checked := make(chan error)
		go func() {
			runtime.LockOSThread()
			checked <- confined(inside, outside)
		}()
		if err := <-checked; err != nil {
			t.Error(err)
		}
	}
	if _, err := open.WriteString("more"); err != nil {
		t.Errorf("what was open: %v", err)
	}
	if _, err := os.ReadFile(outside); err != nil {
		t.Errorf("reading: %v", err)
	}
}

func write(t *testing.T, paths ...string) {
	t.Helper()
	for _, p := range paths {
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// confined checks what the calling thread may do.
func confined(inside, outside string) error {
	status, err := os.ReadFile("/proc/thread-self/status")
	if err == nil && !strings.Contains(string(status), "NoNewPrivs:\t1\n") {
		err = errors.New("no_new_privs is not set")
	}
	for path, want := range map[string]error{inside: nil, inside + "b": nil, outside: fs.ErrPermission, outside + "b": fs.ErrPermission} {
		if got := os.WriteFile(path, nil, 0o600); !errors.Is(got, want) {
			err = errors.Join(err, fmt.Errorf("write %s: %v, want %v", path, got, want))
		}
	}
	return errors.Join(err, os.Rename(inside, inside+"c"), os.Rename(inside+"c", inside))
}
