package live_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/audittest"
)

// engine is a container engine with all of its state below one directory.
type engine struct {
	root    string   // what a Resolver takes for the host's
	command []string // the client, up to its verb
	options []string // of run
}

func (e engine) run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(e.command[0], append(slices.Clone(e.command[1:]), args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.Bytes())
	}
	return strings.TrimSpace(string(out))
}

// checkNames starts a container and looks it up, as a process of this host
// and by what the engine has on disk.
func (e engine) checkNames(t *testing.T, runtime string) {
	image := filepath.Join(t.TempDir(), "image.tar")
	if out, err := exec.Command("tar", "-C", "/", "-cf", image, "bin/busybox").CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	e.run(t, "import", image, "auditscan-test:1")
	defer e.run(t, "rmi", "auditscan-test:1")
	args := append([]string{"run", "-d", "--name", "auditscan-web", "--network", "none", "--stop-timeout", "0"}, e.options...)
	id := e.run(t, append(args, "auditscan-test:1", "/bin/busybox", "sleep", "600")...)
	defer e.run(t, "rm", "-f", "auditscan-web")

	names, err := live.NewResolver(e.root)
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	list, err := live.List(names)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(p container.Process) bool { return p.Container.ID == id })
	if i < 0 {
		t.Fatalf("%s is not listed", id)
	}
	got := *list[i].Container
	got.Image = strings.TrimPrefix(got.Image, "localhost/")
	want := container.Identity{ID: id, Name: "auditscan-web", Image: "auditscan-test:1", Runtime: runtime, Via: container.ViaDirect}
	if p := names.Problems(); got != want || len(p) > 0 {
		t.Errorf("listed as %+v, want %+v; problems %v", got, want, p)
	}
	if list = slices.DeleteFunc(list, func(p container.Process) bool { return p.Container.ID != id }); len(list) != 1 {
		t.Errorf("%d processes in the container, want 1: no monitor", len(list))
	}
}

func TestNamesFromPodman(t *testing.T) {
	audittest.NeedRunc(t)
	if _, err := exec.LookPath("podman"); err != nil || os.Getuid() != 0 {
		t.Skip("podman is not installed, or this is not root")
	}
	root, err := os.MkdirTemp("/tmp", "") // podman wants a short path
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		// Podman leaves its storage mounted, where that is on an overlay.
		_ = exec.Command("umount", filepath.Join(root, "var/lib/containers/storage/overlay")).Run()
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	}()
	e := engine{
		root: root,
		command: []string{"podman", "--runtime", "runc", "--root", filepath.Join(root, "var/lib/containers/storage"),
			"--runroot", filepath.Join(root, "run/containers/storage"), "--tmpdir", filepath.Join(root, "run/libpod")},
		options: []string{"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"},
	}
	e.checkNames(t, "podman")
	e.options = append(e.options, "--rm")
	e.checkNames(t, "podman")
}

func TestNamesFromDocker(t *testing.T) {
	audittest.NeedRunc(t)
	if _, err := exec.LookPath("dockerd"); err != nil || os.Getuid() != 0 {
		t.Skip("docker.io is not installed, or this is not root")
	}
	root := t.TempDir()
	socket := "unix://" + filepath.Join(root, "socket")
	var log bytes.Buffer
	daemon := exec.Command("dockerd", "--data-root", filepath.Join(root, "var/lib/docker"), "--exec-root", filepath.Join(root, "run/docker"),
		"--pidfile", filepath.Join(root, "pid"), "--host", socket, "--bridge", "none", "--iptables=false", "--ip6tables=false", "--ip-masq=false")
	daemon.Stdout, daemon.Stderr = &log, &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		daemon.Process.Signal(os.Interrupt)
		daemon.Wait()
		if t.Failed() {
			t.Logf("dockerd: %s", log.Bytes())
		}
	}()
	e := engine{root: root, command: []string{"docker", "--host", socket}}
	deadline := time.Now().Add(30 * time.Second)
	for exec.Command("docker", "--host", socket, "version").Run() != nil {
		if time.Now().After(deadline) {
			t.Fatal("dockerd does not answer")
		}
		time.Sleep(50 * time.Millisecond) // nothing tells when it does
	}
	e.checkNames(t, "docker")
}
