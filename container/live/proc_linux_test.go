package live

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A process that ends while it is being read reads as gone, whatever has its
// pid since: never as somebody else, and never as half of a reading.
func TestReadProcessVanishes(t *testing.T) {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := cmd.Process.Pid
	dir, err := unix.Open(procDir+"/"+strconv.Itoa(pid), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(dir)
	if n, err := readAt(dir, "cgroup", make([]byte, 4096)); err != nil || n == 0 {
		t.Errorf("while it lives: %d bytes, %v", n, err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cgroup", "stat"} {
		if n, err := readAt(dir, name, make([]byte, 4096)); !errors.Is(err, unix.ESRCH) && !errors.Is(err, unix.ENOENT) {
			t.Errorf("%s of a process that has ended meanwhile: %d bytes, %v", name, n, err)
		}
	}
}
