package examples_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/auditscan/auditscan/internal/audittest"
)

// boot starts a service manager as the first process of a host of its own: the
// files of this one, where nothing that is changed is kept, a fresh
// /var/lib/auditscan, and no other service than the journal.
// $1 is an empty folder, $2 the unit, $3 the program, $4 the name of a cgroup.
const boot = `set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
R=$1/root
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" overlay "$R"
mount -t proc proc "$R/proc"
mount -t sysfs sysfs "$R/sys"
mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
for folder in run tmp var/log; do mount -t tmpfs tmpfs "$R/$folder"; done
mount --rbind /dev "$R/dev"
mkdir "$R/sys/fs/cgroup/$4"
echo $$ >"$R/sys/fs/cgroup/$4/cgroup.procs"
rm -rf "$R/var/lib/auditscan" "$R/etc/systemd/system" "$R/usr/lib/systemd/system/"*.wants
mkdir -p "$R/etc/systemd/system/auditscan-follow.service.d"
printf '[Service]\nRestartSec=100ms\n' >"$R/etc/systemd/system/auditscan-follow.service.d/fast.conf"
printf '[Unit]\nDefaultDependencies=no\nWants=systemd-journald.service\nAfter=systemd-journald.service\n' >"$R/etc/systemd/system/test.target"
cp "$2" "$R/etc/systemd/system/auditscan-follow.service"
install -D -m 0755 "$3" "$R/usr/local/bin/auditscan"
exec env container=test chroot "$R" /lib/systemd/systemd --system --unit=test.target --log-target=null --show-status=no
`

// unboot removes the cgroups that are left of it, once the last process of
// each has ended.
const unboot = `mount -t cgroup2 cgroup2 /mnt
for try in $(seq 200); do
	find "/mnt/$1" -depth -type d -exec rmdir {} \; 2>/dev/null
	[ -d "/mnt/$1" ] || exit 0
	sleep 0.05
done
exit 1`

// host is what boot has started.
type host struct {
	t   *testing.T
	pid string // of its first process
}

func bootHost(t *testing.T) host {
	t.Helper()
	audittest.Need(t)
	for _, tool := range []string{"unshare", "nsenter", "chroot", "systemctl", "/lib/systemd/systemd"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is missing", tool)
		}
	}
	cgroup := fmt.Sprintf("auditscan-test-%d", os.Getpid())
	cmd := exec.Command("unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "sh", "-c", boot, "boot", t.TempDir(), unit, auditscan, cgroup)
	var notes bytes.Buffer
	cmd.Stdout, cmd.Stderr = &notes, &notes
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait() // it is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		if out, err := exec.Command("unshare", "--mount", "sh", "-c", unboot, "unboot", cgroup).CombinedOutput(); err != nil {
			t.Logf("a cgroup is left: %v: %s", err, out)
		}
	})
	h := host{t: t}
	for {
		select {
		case <-ended:
			t.Skipf("needs a service manager that runs here: %s", &notes)
		case <-time.After(50 * time.Millisecond): // nothing tells when it has booted
		}
		child, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		if h.pid = strings.TrimSpace(string(child)); h.pid == "" {
			continue
		}
		if out, _ := h.try("systemctl", "is-system-running"); strings.HasPrefix(out, "running") || strings.HasPrefix(out, "degraded") {
			return h
		}
	}
}

// try runs a command on the host.
func (h host) try(args ...string) (string, error) {
	out, err := exec.Command("nsenter", append([]string{"-t", h.pid, "--mount", "--pid", "--uts", "--ipc", "--root", "--wd", "--"}, args...)...).CombinedOutput()
	return string(out), err
}

func (h host) run(args ...string) string {
	h.t.Helper()
	out, err := h.try(args...)
	if err != nil {
		h.t.Fatalf("%q: %v\n%s", args, err, out)
	}
	return out
}

// read returns a file of the host; none is empty.
func (h host) read(path string) []byte {
	text, _ := os.ReadFile(filepath.Join("/proc", h.pid, "root", path))
	return text
}

// restarts is how often the service was started again.
func (h host) restarts() int {
	_, value, _ := strings.Cut(strings.TrimSpace(h.run("systemctl", "show", "-p", "NRestarts", "auditscan-follow")), "=")
	n, err := strconv.Atoi(value)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// hears waits until the service hears a program, and then expects all of what
// another does.
func (h host) hears() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for before := len(h.read(eventsFile)); len(h.read(eventsFile)) == before; {
		run(h.t, audittest.Burst(1))
		if ctx.Err() != nil {
			out, _ := h.try("journalctl", "-u", "auditscan-follow", "--no-pager", "-n", "20")
			h.t.Fatalf("nothing was heard within a minute:\n%s", out)
		}
	}
	const n = 200
	burst := audittest.Burst(n)
	run(h.t, burst)
	for eventsOf(h.t, wholeLines(h.read(eventsFile)), burst.Process.Pid) != n {
		if ctx.Err() != nil {
			h.t.Fatalf("%d events of %d", eventsOf(h.t, wholeLines(h.read(eventsFile)), burst.Process.Pid), n)
		}
	}
}

const eventsFile = "/var/lib/auditscan/events.ndjson"

// wholeLines leaves out a line that is being written.
func wholeLines(text []byte) []byte { return text[:bytes.LastIndexByte(text, '\n')+1] }

// rotates has logrotate rotate the events, after which the service writes into
// the new file.
func (h host) rotates() {
	h.t.Helper()
	if _, err := exec.LookPath("logrotate"); err != nil {
		h.t.Log("logrotate is missing: events are not rotated here")
		return
	}
	text, err := os.ReadFile("systemd/auditscan-follow.logrotate")
	if err != nil {
		h.t.Fatal(err)
	}
	const conf = "/etc/logrotate.d/auditscan-follow"
	write(h.t, filepath.Join("/proc", h.pid, "root", conf), string(text), 0o644)
	before := h.read(eventsFile)
	h.run("logrotate", "--force", "--state", "/run/logrotate", conf)
	if rotated := h.read(eventsFile + ".1"); !bytes.HasPrefix(rotated, before) {
		h.t.Errorf("%d bytes of %d are in the rotated file", len(rotated), len(before))
	}
	h.hears()
}

// TestUnitLives starts the unit on a fresh host, and lets happen to it what
// happens to services: it is killed, the disk is full, it is stopped. What it
// says is in the journal, and nothing but events among the events.
func TestUnitLives(t *testing.T) {
	h := bootHost(t)
	h.run("systemctl", "start", "auditscan-follow")
	h.hears()

	h.run("systemctl", "kill", "--signal=KILL", "auditscan-follow")
	h.hears()
	if n := h.restarts(); n != 1 {
		t.Errorf("started again %d times, want once", n)
	}
	h.rotates()
	h.run("systemctl", "stop", "auditscan-follow")
	state := filepath.Join(t.TempDir(), "state.json")
	write(t, state, string(h.read("/var/lib/auditscan/state.json")), 0o600)
	if out := output(t, auditscan, "report", "-o", "json", state); !strings.Contains(out, `"getppid"`) {
		t.Errorf("the state has no counts:\n%s", out)
	}

	// Full for longer than systemd's own limit of starts lets a service try.
	h.run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", "/var/lib/auditscan")
	h.try("dd", "if=/dev/zero", "of=/var/lib/auditscan/fill", "bs=1k", "count=300") // fails: that is what it is for
	h.run("systemctl", "start", "auditscan-follow")
	for before := h.restarts(); h.restarts() < before+8; {
		if out, _ := h.try("systemctl", "is-active", "auditscan-follow"); strings.HasPrefix(out, "failed") {
			t.Fatal("a full disk has ended it for good")
		}
	}
	if out := h.run("journalctl", "-u", "auditscan-follow", "--no-pager"); !strings.Contains(out, "no space left on device") {
		t.Errorf("the journal does not say why:\n%s", out)
	}
	h.run("rm", "/var/lib/auditscan/fill")
	h.hears()
	h.run("systemctl", "stop", "auditscan-follow")
	if out := h.run("systemctl", "show", "-p", "Result", "auditscan-follow"); out != "Result=success\n" {
		t.Errorf("stopped with %s", out)
	}
}

// TestUnitExposure: what systemd thinks of the unit, from 0 to 10.
func TestUnitExposure(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is missing (Debian: systemd)")
	}
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", unit).CombinedOutput()
	m := regexp.MustCompile(`Overall exposure level for auditscan-follow.service: ([0-9.]+)`).FindSubmatch(out)
	if m == nil {
		t.Skipf("systemd-analyze knows no --offline (%v): %s", err, out)
	}
	if level, err := strconv.ParseFloat(string(m[1]), 64); err != nil || level > 2.5 {
		t.Errorf("exposure %s, want at most 2.5", m[1])
	}
}
