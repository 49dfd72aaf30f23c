package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Container is a container to be run once.
type Container struct {
	Runtime         string // runc or crun, or a path to one
	Args            []string
	UID             uint32
	NoNewPrivileges bool
	Capabilities    []string        // beside those that every container has
	Mounts          []specs.Mount   // beside those that every container has
	Seccomp         json.RawMessage // an OCI profile; nil: none
}

// Bundle is a directory that containers are run from, one after another.
type Bundle struct {
	dir string
}

// runs counts the containers of all bundles, for their cgroups are told apart by
// name alone.
var runs atomic.Int64

// NewBundle makes a bundle in dir, with a root file system of the files given
// by name inside it and path on the host.
func NewBundle(dir string, files map[string]string) (*Bundle, error) {
	for name, host := range files {
		data, err := os.ReadFile(host)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, "rootfs", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, data, 0o755); err != nil {
			return nil, err
		}
	}
	return &Bundle{dir: dir}, nil
}

// BusyboxBundle makes a bundle that has the host's busybox, which has to be
// static, under a name of this process's own.
func BusyboxBundle(dir string) (b *Bundle, program string, err error) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		return nil, "", err
	}
	program = fmt.Sprintf("busybox-%d", os.Getpid()) // busybox wants its name to begin so
	b, err = NewBundle(dir, map[string]string{program: busybox, "bin/sh": busybox})
	return b, program, err
}

// Run runs the container until it ends and returns its standard output.
func (b *Bundle) Run(ctx context.Context, c Container) ([]byte, error) {
	cmd, err := b.command(ctx, c, "run", "--bundle", b.dir)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.Bytes(), fmt.Errorf("%s %v: %w: %s", c.Runtime, c.Args, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return stdout.Bytes(), nil
}

// CreateAndStart runs the container in two steps with a pause between them,
// as containerd and Docker do, and returns when it has ended. In the pause the
// runtime's process waits under the filter if no_new_privs is off.
func (b *Bundle) CreateAndStart(ctx context.Context, c Container, pause time.Duration) error {
	create, err := b.command(ctx, c, "create", "--bundle", b.dir)
	if err != nil {
		return err
	}
	if err := create.Run(); err != nil { // without pipes: the container would hold them open
		return fmt.Errorf("%s create: %w", c.Runtime, err)
	}
	id := create.Args[len(create.Args)-1]
	defer exec.Command(c.Runtime, append(b.global(c.Runtime), "delete", "--force", id)...).Run()
	pid, err := b.pid(ctx, c.Runtime, id)
	if err != nil {
		return err
	}
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(pidfd)
	time.Sleep(pause) // the thing that is measured, not a wait for something
	if out, err := exec.CommandContext(ctx, c.Runtime, append(b.global(c.Runtime), "start", id)...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s start: %w: %s", c.Runtime, err, out)
	}
	return ended(ctx, pidfd)
}

// pid asks the runtime for the process of a container.
func (b *Bundle) pid(ctx context.Context, runtime, id string) (int, error) {
	out, err := exec.CommandContext(ctx, runtime, append(b.global(runtime), "state", id)...).Output()
	if err != nil {
		return 0, fmt.Errorf("%s state: %w", runtime, err)
	}
	var state specs.State
	if err := json.Unmarshal(out, &state); err != nil || state.Pid <= 0 {
		return 0, fmt.Errorf("%s state: no pid in %s: %w", runtime, out, err)
	}
	return state.Pid, nil
}

// ended waits until the process of a pidfd has ended.
func ended(ctx context.Context, pidfd int) error {
	for ctx.Err() == nil {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}, 1000)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	return ctx.Err()
}

// command writes the bundle's configuration and returns a command of the
// runtime for a new container, whose name is the last argument.
func (b *Bundle) command(ctx context.Context, c Container, verb ...string) (*exec.Cmd, error) {
	config, err := json.Marshal(c.spec())
	if err != nil {
		return nil, err
	}
	if c.Seccomp != nil { // verbatim, so that nothing of it is lost
		seccomp := fmt.Appendf(nil, `"linux":{"seccomp":%s,`, c.Seccomp)
		config = bytes.Replace(config, []byte(`"linux":{`), seccomp, 1)
	}
	if err := os.WriteFile(filepath.Join(b.dir, "config.json"), config, 0o644); err != nil {
		return nil, err
	}
	id := fmt.Sprintf("auditscan-lab-%d-%d", os.Getpid(), runs.Add(1))
	args := append(b.global(c.Runtime), verb...)
	cmd := exec.CommandContext(ctx, c.Runtime, append(args, id)...)
	cmd.Cancel = func() error { // ends the container's processes, too, which hold the pipes open
		return exec.Command(c.Runtime, append(b.global(c.Runtime), "delete", "--force", id)...).Run()
	}
	cmd.WaitDelay = time.Second // for one that waits for a thread that was killed
	return cmd, nil
}

// global returns the flags that stand before the runtime's verb.
func (b *Bundle) global(runtime string) []string {
	args := []string{"--root", filepath.Join(b.dir, "state")}
	if filepath.Base(runtime) == "crun" {
		args = append(args, "--cgroup-manager", "disabled")
	}
	return args
}

// spec returns a configuration as large as those of Kubernetes: how much a
// runtime has to set up decides how busy its Go runtime is when the filter is
// loaded, and so which calls are seen.
func (c Container) spec() *specs.Spec {
	caps := append([]string{"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"}, c.Capabilities...)
	mount := func(kind, at string, options ...string) specs.Mount {
		return specs.Mount{Destination: at, Type: kind, Source: kind, Options: append([]string{"nosuid"}, options...)}
	}
	spec := &specs.Spec{
		Version:  "1.0.2",
		Hostname: "lab",
		Root:     &specs.Root{Path: "rootfs", Readonly: true},
		Process: &specs.Process{
			Args:            c.Args,
			Cwd:             "/",
			User:            specs.User{UID: c.UID, GID: c.UID},
			Env:             []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"},
			NoNewPrivileges: c.NoNewPrivileges,
			Capabilities:    &specs.LinuxCapabilities{Bounding: caps, Effective: caps, Permitted: caps},
			Rlimits:         []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Hard: 1024, Soft: 1024}},
		},
		Mounts: []specs.Mount{
			mount("proc", "/proc"),
			mount("tmpfs", "/dev", "strictatime", "mode=755"),
			mount("devpts", "/dev/pts", "noexec", "newinstance", "ptmxmode=0666"),
			mount("tmpfs", "/dev/shm", "noexec", "nodev", "mode=1777"),
			mount("mqueue", "/dev/mqueue", "noexec", "nodev"),
			mount("sysfs", "/sys", "noexec", "nodev", "ro"),
			mount("cgroup", "/sys/fs/cgroup", "noexec", "nodev", "relatime", "ro"),
		},
		Linux: &specs.Linux{
			Namespaces: []specs.LinuxNamespace{
				{Type: specs.PIDNamespace}, {Type: specs.MountNamespace}, {Type: specs.IPCNamespace},
				{Type: specs.UTSNamespace}, {Type: specs.NetworkNamespace},
			},
			MaskedPaths: []string{
				"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
				"/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
			},
			ReadonlyPaths: []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"},
		},
	}
	for i := range 100 { // as of the services of a namespace
		spec.Process.Env = append(spec.Process.Env, fmt.Sprintf("SERVICE_%d_PORT=tcp://10.0.0.%d:443", i, i))
	}
	for i := range 10 { // as of volumes
		spec.Mounts = append(spec.Mounts, mount("tmpfs", fmt.Sprintf("/dev/volume%d", i), "noexec", "nodev"))
	}
	spec.Mounts = append(spec.Mounts, c.Mounts...)
	return spec
}

// PrivateCgroup2 gives the calling goroutine's thread, and with it everything
// that it starts, a mount namespace where /sys/fs/cgroup is cgroup v2 alone:
// crun refuses hosts that mix both versions.
func PrivateCgroup2() error {
	runtime.LockOSThread() // for good: the thread is not to be used by others
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unshare the mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	if err := unix.Mount("cgroup2", "/sys/fs/cgroup", "cgroup2", 0, ""); err != nil {
		return fmt.Errorf("mount cgroup v2: %w", err)
	}
	return nil
}
