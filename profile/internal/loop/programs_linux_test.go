package loop

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/internal/lab"
)

//go:embed testdata/*.sh testdata/*.py
var work embed.FS

// program is a real program with work to do, which prints the same whenever
// it goes well.
type program struct {
	name  string
	args  []string
	needs []string // host programs, by path
	short bool     // in the short form, too
}

// script returns a program that is a shell script of testdata.
func script(name, file string, needs ...string) program {
	return program{name: name, args: []string{"/bin/sh", "-ec", `cd /tmp; . /programs/common.sh; . /programs/` + file}, needs: needs}
}

// programs returns all there are.
func programs() []program {
	list := []program{
		script("sh", "sh.sh", "/bin/sh"),
		script("coreutils", "coreutils.sh", "/usr/bin/split"),
		script("tar, gzip, find, sed, perl", "tools.sh", "/usr/bin/perl"),
		script("curl", "curl.sh", "/usr/bin/curl", "/usr/sbin/nginx"),
		script("nginx", "nginx.sh", "/usr/sbin/nginx", "/usr/bin/curl"),
		script("redis", "redis.sh", "/usr/bin/redis-server", "/usr/bin/redis-benchmark"),
		script("sshd", "sshd.sh", "/usr/sbin/sshd", "/usr/bin/sftp"),
		{name: "python3: threads, sockets", args: []string{"/usr/bin/python3", "/programs/threads.py"}, needs: []string{"/usr/bin/python3"}},
		{name: "Go", args: []string{"/programs/gowork"}},
		{name: "Go, 32 bit (i386)", args: []string{"/programs/gowork386"}},
		{name: "static C: files", args: []string{"/programs/static", "files"}, needs: []string{"/usr/bin/gcc"}},
		{name: "C: fork, exec, spawn", args: []string{"/programs/dynamic", "processes"}, needs: []string{"/usr/bin/gcc"}},
		{name: "C: signals, timers", args: []string{"/programs/dynamic", "timers"}, needs: []string{"/usr/bin/gcc"}},
	}
	for i := range list {
		switch list[i].name {
		case "sh", "Go, 32 bit (i386)", "static C: files":
			list[i].short = true
		}
	}
	return list
}

// need skips the test if something is missing.
func (p program) need(t *testing.T) {
	t.Helper()
	for _, path := range p.needs {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("needs %s (CONTRIBUTING.md names the packages): %v", path, err)
		}
	}
}

const rootUser, plainUser = 0, 1000

// etc is what programs read of /etc.
var etc = map[string]string{
	"passwd": fmt.Sprintf("root:x:%d:0:root:/root:/bin/sh\nuser:x:%d:%[2]d:user:/tmp/home:/bin/sh\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n", rootUser, plainUser),
	"group":  fmt.Sprintf("root:x:0:\nuser:x:%d:\n", plainUser),
	"hosts":  "127.0.0.1 localhost lab\n",
}

// bundle makes a root file system of the host's /usr, an /etc of its own, and
// the programs and scripts in /programs.
func bundle(t *testing.T) *lab.Bundle {
	t.Helper()
	made := t.TempDir()
	files := map[string]string{}
	for name, text := range etc {
		files["etc/"+name] = write(t, filepath.Join(made, name), text)
	}
	scripts, err := work.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scripts {
		files["programs/"+s.Name()] = filepath.Join("testdata", s.Name())
	}
	for name, path := range compile(t, made) {
		files["programs/"+name] = path
	}
	dir := t.TempDir()
	b, err := lab.NewBundle(dir, files)
	if err != nil {
		t.Fatal(err)
	}
	tmp := filepath.Join(dir, "rootfs/tmp")
	if err := errors.Join(os.Mkdir(tmp, 0o755), os.Chmod(tmp, 0o777|os.ModeSticky)); err != nil { // runc gives its mode to the tmpfs
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+name, filepath.Join(dir, "rootfs", name)); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// mounts are those that make the root file system whole.
func mounts() []specs.Mount {
	return []specs.Mount{
		{Destination: "/usr", Type: "bind", Source: "/usr", Options: []string{"rbind", "ro", "nosuid"}},
		{Destination: "/tmp", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "mode=1777"}},
	}
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// compile builds the programs of testdata, those in C where there is gcc.
func compile(t *testing.T, dir string) map[string]string {
	t.Helper()
	built := map[string]string{}
	build := func(name, env string, args ...string) {
		built[name] = filepath.Join(dir, name)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0", env)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", cmd, err, out)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	build("gowork", "GOARCH=amd64", "go", "build", "-o", at("gowork"), "./testdata/gowork")
	build("gowork386", "GOARCH=386", "go", "build", "-o", at("gowork386"), "./testdata/gowork")
	if _, err := exec.LookPath("gcc"); err == nil {
		build("static", "", "gcc", "-O2", "-static", "-o", at("static"), "testdata/calls.c")
		build("dynamic", "", "gcc", "-O2", "-o", at("dynamic"), "testdata/calls.c")
	}
	return built
}
