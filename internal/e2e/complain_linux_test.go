package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/internal/audittest"
)

// engine runs a shell's command in a container under a profile, or under its own
// where that is "", and returns what it prints.
type engine func(t *testing.T, profile, command string) string

// engines start what they need, and skip the test where that is not to be had.
var engines = map[string]func(t *testing.T, rootfs string) engine{
	"docker":     startDocker,
	"podman":     startPodman,
	"containerd": startContainerd,
}

// TestComplain: a profile breaks a container and nothing is recorded of it. Made
// into one that complains (profile --recording --merge), it lets the container
// work and what it would have denied is recorded, and added to it.
func TestComplain(t *testing.T) {
	audittest.Need(t)
	const command = "mkdir /tmp/d && echo made; rmdir /tmp/d"
	for name, start := range engines {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			runIn := start(t, busyboxRoot(t))
			file := func(name string) string { return filepath.Join(dir, name) }
			write := func(name, text string) string {
				if err := os.WriteFile(file(name), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				return file(name)
			}
			broken := write("broken.json", withoutCalls(t, run(t, 0, "profile", "-q", "--from", "runtime/default"), "mkdir", "mkdirat"))
			if out := runIn(t, broken, command); !strings.Contains(out, "Operation not permitted") {
				t.Fatalf("under the broken profile: %s", out)
			}
			state := file("state")
			f := followAudit(t, state)
			complain := write("complain.json", run(t, 0, "profile", "-q", "--recording", "--merge", broken))
			if out := runIn(t, complain, command); !strings.Contains(out, "made") {
				t.Fatalf("under the profile that complains: %s", out)
			}
			f.await(func() bool {
				out, _ := exec.Command(auditscan, "report", "--comm", "mkdir", "-o", "csv", state).Output()
				return strings.Contains(string(out), ",mkdir,")
			})
			f.stop()
			out, err := exec.Command(auditscan, "profile", "-q", "--comm", "mkdir", "--merge", broken, state).Output()
			if err != nil && !strings.Contains(err.Error(), "exit status 3") { // others may have lost records
				t.Fatal(err)
			}
			fixed := write("fixed.json", string(out))
			added, _ := exec.Command(auditscan, "diff", broken, fixed).Output()
			if got := strings.Fields(string(added)); strings.Count(string(added), "\n") != 2 || !slices.Contains(got, "mkdir") { // head and row
				t.Errorf("what was added is not mkdir alone:\n%s", added)
			}
			if out := runIn(t, fixed, command); !strings.Contains(out, "made") {
				t.Errorf("under the mended profile: %s", out)
			}
		})
	}
}

// withoutCalls takes calls out of a profile.
func withoutCalls(t *testing.T, text string, calls ...string) string {
	t.Helper()
	for _, name := range calls {
		if !strings.Contains(text, `"`+name+`",`) {
			t.Fatalf("no %s in the profile", name)
		}
		text = strings.ReplaceAll(text, `"`+name+`",`, "")
	}
	if !json.Valid([]byte(text)) {
		t.Fatal("the profile is no JSON any more")
	}
	return text
}

// busyboxRoot makes the file system of a container.
func busyboxRoot(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"bin", "tmp", "proc", "dev", "sys", "etc"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	program, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Skip(err)
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "bin/busybox"), program, 0o755), os.Symlink("busybox", filepath.Join(dir, "bin/sh"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// printed returns all that a command prints.
func printed(cmd *exec.Cmd) string {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}

// underProfile returns the flag for a profile; none for the engine's own.
func underProfile(flag, profile string) []string {
	if profile == "" {
		return nil
	}
	return []string{flag + profile}
}

func startDocker(t *testing.T, rootfs string) engine {
	dir := t.TempDir()
	host := "unix://" + dir + "/docker.sock"
	docker := func(args ...string) *exec.Cmd {
		return exec.Command("docker", append([]string{"-H", host}, args...)...)
	}
	audittest.Daemon(t, func() bool { return docker("info").Run() == nil }, "dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec",
		"--pidfile", dir+"/pid", "-H", host, "--bridge", "none", "--iptables=false", "--ip-masq=false", "--storage-driver", "vfs")
	tar := exec.Command("tar", "-C", rootfs, "-c", ".")
	image := docker("import", "-", "busybox")
	var err error
	if image.Stdin, err = tar.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := tar.Start(); err != nil {
		t.Fatal(err)
	}
	if out, err := image.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := tar.Wait(); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T, profile, command string) string {
		args := append([]string{"run", "--rm", "--network", "none"}, underProfile("--security-opt=seccomp=", profile)...)
		return printed(docker(append(args, "busybox", "/bin/sh", "-c", command)...))
	}
}

func startPodman(t *testing.T, rootfs string) engine {
	dir := t.TempDir()
	if _, err := exec.LookPath("podman"); err != nil {
		t.Skipf("needs podman: %v", err)
	}
	return func(t *testing.T, profile, command string) string {
		args := append([]string{"--root", dir + "/root", "--runroot", dir + "/run", "--cgroup-manager", "cgroupfs", "--events-backend", "none", "--runtime", "runc",
			"run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"}, underProfile("--security-opt=seccomp=", profile)...)
		return printed(exec.Command("podman", append(args, "--rootfs", rootfs, "/bin/sh", "-c", command)...))
	}
}

func startContainerd(t *testing.T, rootfs string) engine {
	dir := t.TempDir()
	address := dir + "/containerd.sock"
	ctr := func(args ...string) *exec.Cmd {
		return exec.Command("ctr", append([]string{"--address", address}, args...)...)
	}
	audittest.Daemon(t, func() bool { return ctr("version").Run() == nil }, "containerd", "--root", dir+"/root", "--state", dir+"/state", "--address", address)
	return func(t *testing.T, profile, command string) string {
		args := append([]string{"run", "--rm", "--seccomp"}, underProfile("--seccomp-profile=", profile)...)
		return printed(ctr(append(args, "--rootfs", rootfs, "auditscan-"+audittest.RandomHex(t, 4), "/bin/sh", "-c", command)...))
	}
}
