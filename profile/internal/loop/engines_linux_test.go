package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

// engine runs programs in containers, as people do. It is one of those that start
// them: the name tells it and its runtime.
type engine struct {
	name  string
	start func(t *testing.T, w *world) runner // skips the test where it is not to be had
}

// runner runs a program under a profile, and returns what it prints.
type runner func(ctx context.Context, p program, profile string) ([]byte, error)

var engines = []engine{
	{"Docker, runc", startDocker},
	{"Podman, crun", podman("crun", rootUser)},
	{"Podman, runc", podman("runc", rootUser)},
	{"Podman, crun, rootless", podman("crun", nobody)},
	{"Podman, runc, rootless", podman("runc", nobody)},
	{"containerd's CRI, runc", startCRI},
}

// nobody runs containers without being root.
const nobody = 65534

// TestEngines: what Docker, Podman and containerd ran once runs again under the
// profile of that run.
func TestEngines(t *testing.T) {
	if !long() {
		t.Skip("runs many containers (-loop=long); TestComplain of internal/e2e is its short form")
	}
	needRuntime(t, "runc")
	const runs = 20
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			w := newWorld(t)
			runIn := e.start(t, w)
			for _, p := range programs() {
				if !p.engines {
					continue
				}
				t.Run(p.name, func(t *testing.T) {
					w.need(t, p)
					r := runIn.closeLoop(t, p, runs)
					r.engine = e.name
					engineRows = append(engineRows, r)
					t.Log(r)
				})
			}
		})
	}
}

// closeLoop records a program once, and runs it under the profile.
func (run runner) closeLoop(t *testing.T, p program, runs int) engineRow {
	t.Helper()
	log := filepath.Join(t.TempDir(), "audit.log") // whose directory auditd closes to others
	file := filepath.Join(openDir(t), "profile.json")
	want := run.record(t, p, log, write(t, file, logEverything))
	text, notes, code := command("profile", "--require-trusted", log)
	if code != 0 {
		t.Fatalf("profile: exit code %d\n%s", code, notes)
	}
	write(t, file, string(text))
	rerun := func() error {
		out, err := run.patiently(p, file)
		return differs(out, err, want)
	}
	return engineRow{program: p.name, observed: len(seenCalls(t, log)), runs: runs, failures: repeat(t, runs, rerun, rerun)}
}

// patiently runs a program, and gives up some time.
func (run runner) patiently(p program, profile string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return run(ctx, p, profile)
}

// record runs the program while auditd writes to a log.
func (run runner) record(t *testing.T, p program, log, profile string) (printed []byte) {
	t.Helper()
	recorded := t.Run("record", func(t *testing.T) {
		stop := recordTo(t, log)
		var err error
		if printed, err = run.patiently(p, profile); err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		stop()
	})
	if !recorded {
		t.SkipNow()
	}
	return printed
}

// openDir makes a directory that other users may enter, of a short and plain name,
// as engines want it for their sockets.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "loop")
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// volumes are the flags of Docker and Podman that make the root file system whole.
func (w *world) volumes() (flags []string) {
	for _, m := range w.mounts(program{}) {
		if m.Type == "bind" {
			flags = append(flags, "-v", m.Source+":"+m.Destination+":ro")
		} else {
			flags = append(flags, "--tmpfs", m.Destination+":rw,exec,mode=1777")
		}
	}
	return flags
}

// startDocker starts a Docker daemon that has an image of the root file system.
func startDocker(t *testing.T, w *world) runner {
	t.Helper()
	dir := openDir(t)
	host := "unix://" + dir + "/docker.sock"
	docker := func(ctx context.Context, args ...string) *exec.Cmd {
		return exec.CommandContext(ctx, "docker", append([]string{"-H", host}, args...)...)
	}
	audittest.Daemon(t, func() bool { return docker(t.Context(), "info").Run() == nil }, "dockerd", "--data-root", dir+"/data", "--exec-root", dir+"/exec",
		"--pidfile", dir+"/pid", "-H", host, "--bridge", "none", "--iptables=false", "--ip-masq=false", "--storage-driver", "vfs")
	if _, err := output(docker(t.Context(), "load", "-i", w.image(t))); err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, p program, profile string) ([]byte, error) {
		args := append([]string{"run", "--rm", "--network", "none", "--user", fmt.Sprint(plainUser), "--security-opt", "seccomp=" + profile,
			"--entrypoint", p.args()[0]}, w.volumes()...)
		return output(docker(ctx, append(append(args, imageName), p.args()[1:]...)...))
	}
}

// asUser are shell scripts that run a command as a user. For crun, which refuses
// hosts that mix both versions of cgroups, there is the second one alone.
var asUser = map[string]string{
	"crun": `mount -t cgroup2 cgroup2 /sys/fs/cgroup; exec setpriv --reuid "$0" --regid "$0" --clear-groups "$@"`,
	"runc": `exec setpriv --reuid "$0" --regid "$0" --clear-groups "$@"`,
}

// podman returns how Podman is started, with a runtime and as a user.
func podman(runtime string, uid uint32) func(t *testing.T, w *world) runner {
	return func(t *testing.T, w *world) runner {
		t.Helper()
		for _, tool := range []string{"podman", runtime} {
			if _, err := exec.LookPath(tool); err != nil {
				t.Skipf("needs %s: %v", tool, err)
			}
		}
		dir := openDir(t)
		rootfs, _ := w.rootfs(t)
		user := plainUser
		args := []string{"--mount", "sh", "-c", asUser[runtime], fmt.Sprint(uid), "podman", "--root", dir + "/root", "--runroot", dir + "/run", "--cgroup-manager", "cgroupfs", "--events-backend", "none", "--storage-driver", "vfs", "--runtime", runtime,
			"run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1000:1000"}
		if runtime == "crun" {
			args = append(args, "--cgroups", "disabled") // it would want CAP_SYS_RESOURCE
		}
		if uid != rootUser {
			user = rootUser // who is nobody outside
			t.Cleanup(func() { endPause(t, dir) })
			if err := os.Chown(dir, int(uid), int(uid)); err != nil {
				t.Fatal(err)
			}
			if _, err := output(exec.Command("chown", "-R", fmt.Sprint(uid), filepath.Dir(rootfs))); err != nil {
				t.Fatal(err)
			}
		}
		args = append(append(args, "--user", fmt.Sprint(user)), w.volumes()...)
		return func(ctx context.Context, p program, profile string) ([]byte, error) {
			cmd := exec.CommandContext(ctx, "unshare", append(append(args, "--security-opt", "seccomp="+profile, "--rootfs", rootfs), p.args()...)...)
			cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "XDG_RUNTIME_DIR=" + dir}
			return output(cmd)
		}
	}
}

// endPause ends the process by which rootless Podman keeps its namespaces.
func endPause(t *testing.T, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "libpod/tmp/pause.pid"))
	if err != nil {
		return // there is none if nothing was run
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err == nil {
		err = unix.Kill(pid, unix.SIGKILL)
	}
	if err != nil {
		t.Error(err)
	}
}

// startCRI starts a containerd and has it run a pod, in which the programs are
// containers. The pod uses the host's network, which needs no plugins.
func startCRI(t *testing.T, w *world) runner {
	t.Helper()
	if _, err := exec.LookPath("crictl"); err != nil {
		t.Skipf("needs crictl (go install sigs.k8s.io/cri-tools/cmd/crictl@v1.34.0): %v", err)
	}
	dir := openDir(t)
	c := &cri{dir: dir, address: dir + "/containerd.sock", world: w}
	config := write(t, dir+"/config.toml", fmt.Sprintf("version = 2\nroot = %q\nstate = %q\n[grpc]\naddress = %q\n"+
		"[plugins.\"io.containerd.grpc.v1.cri\"]\nrestrict_oom_score_adj = true\nsandbox_image = %q\n"+
		"[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nsnapshotter = \"native\"\n", dir+"/root", dir+"/state", c.address, imageName))
	ctr := func(args ...string) *exec.Cmd {
		return exec.Command("ctr", append([]string{"--address", c.address, "--namespace", "k8s.io"}, args...)...)
	}
	audittest.Daemon(t, func() bool { return ctr("version").Run() == nil }, "containerd", "--config", config)
	if _, err := output(ctr("images", "import", "--snapshotter", "native", w.image(t))); err != nil {
		t.Fatal(err)
	}
	pod := object{"metadata": object{"name": "lab", "namespace": "default", "uid": "lab"}, "log_directory": dir,
		"linux": object{"security_context": object{"namespace_options": object{"network": nodeNetwork}}}}
	id, err := output(c.crictl(t.Context(), "runp", c.file("pod.json", pod)))
	if err != nil {
		t.Fatal(err)
	}
	c.pod = strings.TrimSpace(string(id))
	t.Cleanup(func() { output(c.crictl(context.Background(), "rmp", "--force", c.pod)) })
	return c.run
}

type object = map[string]any

// Values of the CRI's enumerations.
const (
	nodeNetwork      = 2 // NamespaceMode NODE
	localhostProfile = 2 // SecurityProfile Localhost
)

// cri is a pod of containerd's.
type cri struct {
	dir, address, pod string
	world             *world
	containers        atomic.Int32
}

func (c *cri) crictl(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "crictl", append([]string{"--runtime-endpoint", "unix://" + c.address, "--image-endpoint", "unix://" + c.address}, args...)...)
}

// file writes what crictl is to read.
func (c *cri) file(name string, v object) string {
	path := filepath.Join(c.dir, name)
	text, err := json.Marshal(v)
	if err = errors.Join(err, os.WriteFile(path, text, 0o644)); err != nil {
		panic(err) // the directory is the test's own
	}
	return path
}

// run runs a container of the pod.
func (c *cri) run(ctx context.Context, p program, profile string) ([]byte, error) {
	n := c.containers.Add(1)
	log := fmt.Sprintf("%d.log", n)
	var mounts []object
	for _, m := range c.world.mounts(program{}) {
		if m.Type == "bind" {
			mounts = append(mounts, object{"container_path": m.Destination, "host_path": m.Source, "readonly": true})
		}
	}
	container := c.file(fmt.Sprintf("%d.json", n), object{
		"metadata": object{"name": "program", "attempt": n}, "image": object{"image": imageName}, "command": p.args(), "log_path": log, "mounts": mounts,
		"linux": object{"security_context": object{"run_as_user": object{"value": plainUser}, "no_new_privs": true,
			"seccomp": object{"profile_type": localhostProfile, "localhost_ref": profile}}}})
	out, err := output(c.crictl(ctx, "create", c.pod, container, filepath.Join(c.dir, "pod.json")))
	if err != nil {
		return nil, err
	}
	id := strings.TrimSpace(string(out))
	defer c.crictl(context.Background(), "rm", "--force", id).Run()
	if _, err := output(c.crictl(ctx, "start", id)); err != nil {
		return nil, err
	}
	code, err := c.wait(ctx, id)
	if err != nil {
		return nil, err
	}
	printed, err := criOutput(filepath.Join(c.dir, log))
	if code != 0 {
		err = errors.Join(err, fmt.Errorf("exit code %d", code))
	}
	return printed, err
}

// wait returns the exit code of a container when it has ended, which nothing tells
// of.
func (c *cri) wait(ctx context.Context, id string) (code int, err error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := output(c.crictl(ctx, "inspect", "-o", "json", id))
		if err != nil {
			return 0, err
		}
		var seen struct {
			Status struct {
				State    string
				ExitCode int
			}
		}
		if err := json.Unmarshal(out, &seen); err != nil {
			return 0, err
		}
		if seen.Status.State == "CONTAINER_EXITED" {
			return seen.Status.ExitCode, nil
		}
		<-tick.C
	}
}

// criOutput reads what a container has written to its standard output, out of a
// log of the CRI's form.
func criOutput(path string) (printed []byte, err error) {
	text, err := os.ReadFile(path)
	for line := range bytes.Lines(text) {
		f := bytes.SplitN(line, []byte(" "), 4) // time, stream, F or P, text
		if len(f) == 4 && string(f[1]) == "stdout" {
			printed = append(printed, f[3]...)
		}
	}
	return printed, err
}
