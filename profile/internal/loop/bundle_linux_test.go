package loop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/internal/lab"
)

const rootUser, plainUser = 0, 1000

// etc is what programs read of /etc.
var etc = map[string]string{
	"passwd": fmt.Sprintf("root:x:%d:0:root:/root:/bin/sh\nuser:x:%d:%[2]d:user:/tmp/home:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"+
		"postfix:x:101:101::/var/spool/postfix:/usr/sbin/nologin\nnobody:x:65534:65534::/:/usr/sbin/nologin\n", rootUser, plainUser),
	"group":         fmt.Sprintf("root:x:0:\nuser:x:%d:\npostfix:x:101:\npostdrop:x:102:\nnogroup:x:65534:\n", plainUser),
	"hosts":         "127.0.0.1 localhost lab\n",
	"nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
	"shadow":        "root:*:20000::::::\nuser:*:20000::::::\n",
	"services":      "smtp 25/tcp\ndomain 53/udp\n",
	"crontab":       "@reboot root echo root >/tmp/as-root\n@reboot user id -u >/tmp/as-user\n",
	"pam.d/cron":    "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n",
}

// world is a file system that programs run in: a root of its own, of which /usr is
// that of the programs' root, and the programs that were built in /built.
type world struct {
	root  *root
	built string // directory on the host
}

// newWorld makes the file system.
func newWorld(t *testing.T) *world {
	t.Helper()
	return &world{root: needRoot(t), built: openDir(t)}
}

// bundle makes a bundle: one for each container that runs at the same time.
func (w *world) bundle(t *testing.T) *lab.Bundle {
	t.Helper()
	_, b := w.rootfs(t)
	return b
}

// rootfs makes a root file system, which lacks what is mounted there, and the
// bundle around it.
func (w *world) rootfs(t *testing.T) (dir string, b *lab.Bundle) {
	t.Helper()
	made := t.TempDir()
	files := map[string]string{}
	for name, text := range etc {
		files["etc/"+name] = write(t, filepath.Join(made, filepath.Base(name)), text)
	}
	names, err := scripts.ReadDir("testdata/programs")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.DeleteFunc(names, fs.DirEntry.IsDir) {
		files["programs/"+s.Name()] = filepath.Join("testdata/programs", s.Name())
	}
	top := openDir(t)
	if b, err = lab.NewBundle(top, files); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(top, "rootfs")
	for _, name := range scratch { // a runtime gives its mode to the tmpfs
		at := filepath.Join(dir, name)
		if err := errors.Join(os.Mkdir(at, 0o755), os.Chmod(at, 0o777|os.ModeSticky)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+name, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir, b
}

// scratch are the directories that programs may write to.
var scratch = []string{"/tmp", "/var", "/run"}

// container is what a program runs in.
func (w *world) container(p program) lab.Container {
	c := lab.Container{Runtime: "runc", Args: p.args(), UID: plainUser, Mounts: w.mounts(p)}
	if p.root {
		c.UID, c.Capabilities = rootUser, dockersCapabilities
	}
	return c
}

// dockersCapabilities are those that Docker and Podman give, beside those that
// each container of the lab has.
var dockersCapabilities = []string{"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_SETGID", "CAP_SETUID", "CAP_SYS_CHROOT"}

// mounts are those that make a program's root file system whole.
func (w *world) mounts(p program) []specs.Mount {
	list := []specs.Mount{bind(filepath.Join(w.root.dir, "usr"), "/usr", "ro"), bind(w.built, "/built", "ro")}
	for _, at := range scratch {
		list = append(list, specs.Mount{Destination: at, Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=1777"}})
	}
	for _, name := range p.etc {
		list = append(list, bind(filepath.Join(w.root.dir, "etc", name), "/etc/"+name, "ro"))
	}
	return list
}

func bind(from, to, access string) specs.Mount {
	return specs.Mount{Destination: to, Type: "bind", Source: from, Options: []string{"rbind", access, "nosuid"}}
}

// need skips the test if the program cannot be run here, and builds it if it has
// to be built.
func (w *world) need(t *testing.T, p program) {
	t.Helper()
	if why := w.root.lacking(p); why != "" {
		notHad = append(notHad, fmt.Sprintf("%s: needs %s", p.name, why))
		t.Skip("needs ", why)
	}
	if p.built != "" {
		w.build(t, p.built)
	}
}

// builds are the programs that are built by compilers of the programs' root; those
// in Go are built by the host's.
var builds = map[string]string{
	"static":   "gcc -O2 -static -o /built/static /programs/calls.c",
	"dynamic":  "gcc -O2 -o /built/dynamic /programs/calls.c",
	"rustwork": "rustc -O -C linker=gcc -o /built/rustwork /programs/rustwork.rs",
	"dwork":    "gdc -O -o /built/dwork /programs/dwork.d",
}

// build builds a program.
func (w *world) build(t *testing.T, name string) {
	t.Helper()
	command, ok := builds[name]
	if !ok {
		w.buildGo(t, name)
		return
	}
	c := lab.Container{Runtime: "runc", Args: []string{"/bin/sh", "-ec", command}, Mounts: append(w.mounts(program{}), bind(w.built, "/built", "rw"))}
	run(t, w.bundle(t), c)
}

// buildGo builds gowork, for the architecture that a name ends with.
func (w *world) buildGo(t *testing.T, name string) {
	t.Helper()
	arch := "amd64"
	if strings.HasSuffix(name, "386") {
		arch = "386"
	}
	cmd := exec.Command("go", "build", "-o", filepath.Join(w.built, name), "./testdata/programs/gowork")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
