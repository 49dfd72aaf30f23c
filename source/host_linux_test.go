package source

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// asNobody makes the calling test's thread an ordinary user for the file
// system, also where the tests run as root.
func asNobody(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobody = 65534
	runtime.LockOSThread()
	if err := unix.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Setfsuid(0); err != nil {
			t.Fatal(err)
		}
		runtime.UnlockOSThread()
	})
}

func TestFindHostDenied(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "var/log/syslog")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, "x")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t)
	_, _, err := FindHost(root)
	if err == nil || !strings.Contains(err.Error(), "permission denied") || !strings.Contains(err.Error(), "group adm") {
		t.Errorf("error is %v", err)
	}
}

func TestOpenDenied(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	writeFile(t, path, "x")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t)
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path+": permission denied (run as root") {
		t.Errorf("error is %v", err)
	}
}
