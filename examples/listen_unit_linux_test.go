package examples_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/internal/audittest"
)

const listenDir = "/var/lib/auditscan-listen"

// inHost is the command that runs another on the host.
func (h host) inHost(args ...string) *exec.Cmd {
	return exec.CommandContext(h.t.Context(), "nsenter", append([]string{"-t", h.pid, "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", "--"}, args...)...)
}

// installListen installs the units of listen and starts them.
func (h host) installListen() {
	h.t.Helper()
	for _, name := range []string{"auditscan-listen.service", "auditscan-listen.socket"} {
		text, err := os.ReadFile(filepath.Join("systemd", name))
		if err != nil {
			h.t.Fatal(err)
		}
		write(h.t, filepath.Join("/proc", h.pid, "root/etc/systemd/system", name), string(text), 0o644)
	}
	h.run("systemctl", "daemon-reload")
	h.run("systemctl", "start", "auditscan-listen")
}

// bundle makes what runc runs on the host: a script under the profile that has
// listen told of its calls.
func (h host) bundle(script string) (dir string) {
	h.t.Helper()
	dir = "/run/bundle"
	h.run("sh", "-ec", "mkdir -p "+dir+"/rootfs/bin; cp /bin/busybox "+dir+"/rootfs/bin/; ln -sf busybox "+dir+"/rootfs/bin/sh; cd "+dir+"; [ -e config.json ] || runc spec")
	config := filepath.Join("/proc", h.pid, "root", dir, "config.json")
	var spec specs.Spec
	text, err := os.ReadFile(config)
	if err == nil {
		err = json.Unmarshal(text, &spec)
	}
	if err == nil {
		spec.Process.Args, spec.Process.Terminal = []string{"/bin/sh", "-c", script}, false
		spec.Linux.Seccomp = &specs.LinuxSeccomp{}
		err = json.Unmarshal([]byte(h.run("/usr/local/bin/auditscan", "profile", "-q", "--recording", "--notify")), spec.Linux.Seccomp)
	}
	if err == nil {
		text, err = json.Marshal(&spec)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	write(h.t, config, string(text), 0o644)
	return dir
}

// TestListenUnitLives: while the listener is started anew, whether it was asked to
// end or killed, a container goes on, and none of its calls fails. Of one that was
// asked to end every call is in the events.
func TestListenUnitLives(t *testing.T) {
	audittest.NeedRunc(t)
	h := bootHost(t)
	h.installListen()
	dir := h.bundle("echo up; read x; i=0; while [ $i -lt 50 ]; do busybox rmdir /nonexistent 2>/dev/null; i=$((i+1)); done; echo done")
	for _, tt := range []struct {
		name string
		end  []string
	}{
		{"restarted", []string{"systemctl", "restart", "auditscan-listen"}},
		{"killed", []string{"systemctl", "kill", "--signal=KILL", "auditscan-listen"}},
	} {
		cmd := h.inHost("runc", "--root", "/run/runc-test", "run", "--bundle", dir, tt.name)
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		var notes bytes.Buffer
		cmd.Stderr = &notes
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		up := make([]byte, 3)
		if _, err := stdout.Read(up); err != nil || string(up) != "up\n" {
			t.Fatalf("%s: %q, %v: %s", tt.name, up, err, &notes)
		}
		before := bytes.Count(h.read(listenDir+"/events.ndjson"), []byte(`"syscall":"rmdir"`))
		h.run(tt.end...)
		if _, err := stdin.Write([]byte("go on\n")); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := out.ReadFrom(stdout); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil || out.String() != "done\n" {
			log, _ := h.try("journalctl", "-u", "auditscan-listen", "--no-pager", "-n", "20")
			t.Fatalf("%s: %q, %v: %s\n%s", tt.name, &out, err, &notes, log)
		}
		h.run("systemctl", "restart", "auditscan-listen") // which writes what it has
		if n := bytes.Count(h.read(listenDir+"/events.ndjson"), []byte(`"syscall":"rmdir"`)) - before; n != 50 {
			t.Errorf("%s: %d of 50 calls are in the events", tt.name, n)
		}
	}
	h.run("systemctl", "stop", "auditscan-listen")
	if out := h.run("systemctl", "show", "-p", "Result", "auditscan-listen"); out != "Result=success\n" {
		t.Errorf("stopped with %s", out)
	}
}

// TestListenUnitVerifies has systemd read the units of listen.
func TestListenUnitVerifies(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	dir := t.TempDir()
	service, socket := filepath.Join(dir, "auditscan-listen.service"), filepath.Join(dir, "auditscan-listen.socket")
	write(t, service, replaced(t, "systemd/auditscan-listen.service", "/usr/local/bin/auditscan", auditscan), 0o644)
	text, err := os.ReadFile("systemd/auditscan-listen.socket")
	if err != nil {
		t.Fatal(err)
	}
	write(t, socket, string(text), 0o644)
	out, err := exec.Command("systemd-analyze", "verify", service, socket).CombinedOutput()
	if about := regexp.MustCompile(`(?m)^.*auditscan-listen.*$`).FindAll(out, -1); err != nil || len(about) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
