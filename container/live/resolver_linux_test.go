package live

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/container"
)

func TestUnreadableDirectory(t *testing.T) {
	r, _ := hostTree(t, map[string]string{
		"var/lib/docker/containers/x": "", "var/log/containers/web-0_prod_nginx-" + idA + ".log": ""})
	dir := filepath.Join(r.files.root.Name(), dockerDir)
	if err := os.Chmod(dir, 0); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if os.Getuid() == 0 { // whom no permission holds back: read as nobody
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		unix.Setfsuid(65534)
		defer unix.Setfsuid(0)
	}
	if got := r.identify(container.Ref{ID: idA}); got.Name != "nginx" {
		t.Errorf("%+v: nothing from the places that can be read", got)
	}
	checkProblems(t, r.Problems(), "/"+dockerDir+": permission denied")
}

func TestFIFODoesNotBlock(t *testing.T) {
	r, _ := hostTree(t, map[string]string{"var/lib/docker/containers/" + idA + "/x": ""})
	fifo := filepath.Join(r.files.root.Name(), dockerDir, idA, "config.v2.json")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r.identify(container.Ref{ID: idA})
	checkProblems(t, r.Problems(), "not a regular file")
}
