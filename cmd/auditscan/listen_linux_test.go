package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/audittest"
)

// bundle is what runc runs: busybox in a directory of its own.
type bundle struct {
	dir    string
	config specs.Spec
}

func newBundle(t *testing.T, script string) *bundle {
	t.Helper()
	b := &bundle{dir: t.TempDir()}
	if out, err := exec.Command("runc", "spec", "--bundle", b.dir).CombinedOutput(); err != nil {
		t.Fatalf("runc spec: %v\n%s", err, out)
	}
	busybox, err := os.ReadFile("/bin/busybox")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(b.dir, "config.json"))
	err = errors.Join(err, json.Unmarshal(text, &b.config), os.MkdirAll(filepath.Join(b.dir, "rootfs/bin"), 0o755),
		os.WriteFile(filepath.Join(b.dir, "rootfs/bin/busybox"), busybox, 0o755), os.Symlink("busybox", filepath.Join(b.dir, "rootfs/bin/sh")))
	if err != nil {
		t.Fatal(err)
	}
	b.config.Process.Args, b.config.Process.Terminal = []string{"/bin/sh", "-c", script}, false
	return b
}

// run runs the bundle under a profile, in a container of an id that nobody has.
func (b *bundle) run(t *testing.T, seccomp []byte) (id, output string, err error) {
	t.Helper()
	b.config.Linux.Seccomp = &specs.LinuxSeccomp{}
	if err := json.Unmarshal(seccomp, b.config.Linux.Seccomp); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(b.config)
	if err == nil {
		err = os.WriteFile(filepath.Join(b.dir, "config.json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	id = audittest.RandomHex(t, 32)
	cmd := exec.CommandContext(t.Context(), "runc", "--root", filepath.Join(b.dir, "state"), "run", "--bundle", b.dir, id)
	out, err := cmd.CombinedOutput()
	return id, string(out), err
}

// listener is a running `auditscan listen`.
type listener struct {
	cmd    *exec.Cmd
	out    bytes.Buffer
	notes  *bufio.Reader
	socket string
}

// startListen returns when the socket is there.
func startListen(t *testing.T, args ...string) *listener {
	t.Helper()
	l := &listener{socket: filepath.Join(t.TempDir(), "s")}
	l.cmd = exec.Command("auditscan", append([]string{"listen", "--socket", l.socket}, args...)...)
	l.cmd.Stdout = &l.out
	stderr, err := l.cmd.StderrPipe()
	if err == nil {
		err = l.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.cmd.Process.Kill(); l.cmd.Wait() })
	l.notes = bufio.NewReader(stderr)
	if line, err := l.notes.ReadString('\n'); err != nil || line != "auditscan: listening on "+l.socket+"\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return l
}

// end ends it as systemd would, and returns what it wrote.
func (l *listener) end(t *testing.T) (stdout, stderr string) {
	t.Helper()
	if err := l.cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	var notes strings.Builder
	if _, err := l.notes.WriteTo(&notes); err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Wait(); err != nil {
		t.Errorf("listen: %v\n%s", err, &notes)
	}
	return l.out.String(), notes.String()
}

// TestListenKilled: the state of a listener that was killed does not pass for
// complete, neither by itself nor when another run has gone on with it.
func TestListenKilled(t *testing.T) {
	audittest.NeedRunc(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, as runc does here")
	}
	b := newBundle(t, "exit 0")
	state := filepath.Join(t.TempDir(), "state.json")
	record := func(end func(*listener)) (report string) {
		l := startListen(t, "--state", state)
		recording, _ := auditscan(t, 0, "profile", "--recording", "--notify="+l.socket)
		if _, out, err := b.run(t, []byte(recording)); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		end(l)
		report, _ = auditscan(t, 0, "report", state)
		return report
	}
	terminate := func(l *listener) { l.end(t) }
	if got := record(terminate); !strings.Contains(got, "\ncomplete: ") {
		t.Errorf("one that ended: %s", got)
	}
	kill := func(l *listener) {
		l.cmd.Process.Kill()
		if err := l.cmd.Wait(); err == nil {
			t.Error("it was not killed")
		}
	}
	for _, end := range []func(*listener){kill, terminate} {
		if got := record(end); !strings.Contains(got, "the listener still runs, or was killed") {
			t.Errorf("one that was killed: %s", got)
		}
	}
}

// TestListenRunc is the whole way: the profile to record under, the recording of
// a real container, its profile, and the container under that. A call less, and
// the container fails.
func TestListenRunc(t *testing.T) {
	audittest.NeedRunc(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, as runc does here")
	}
	b := newBundle(t, "busybox ls -l /bin; busybox mkdir /dev/shm/a && busybox rmdir /dev/shm/a && busybox uname -s")
	state := filepath.Join(t.TempDir(), "state.json")
	l := startListen(t, "-o", "json", "--state", state)
	recording, _ := auditscan(t, 0, "profile", "--recording", "--notify="+l.socket)
	id, out, err := b.run(t, []byte(recording))
	if err != nil || !strings.Contains(out, "Linux") {
		t.Fatalf("%v\n%s", err, out)
	}
	run, notes := l.end(t)
	if !strings.Contains(notes, "\ncomplete: no record is missing\n") {
		t.Errorf("notes: %s", notes)
	}
	for _, want := range []string{`"comm":"busybox","exe":"/bin/busybox"`, `"comm":"runc:[2:INIT]"`, `"container":{"id":"` + id + `"`} {
		if !strings.Contains(run, want) {
			t.Errorf("no %s in\n%.2000s", want, run)
		}
	}
	events := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(events, []byte(run), 0o600); err != nil {
		t.Fatal(err)
	}
	made, _ := auditscan(t, 0, "profile", "-q", events)
	if fromState, _ := auditscan(t, 0, "profile", "-q", state); fromState != made {
		t.Error("the state's profile is another than that of the events")
	}
	if _, out, err := b.run(t, []byte(made)); err != nil || !strings.Contains(out, "Linux") {
		t.Errorf("under its own profile: %v\n%s", err, out)
	}
	less := strings.Replace(made, `"uname",`, "", 1)
	if less == made {
		t.Fatalf("no uname in %s", made)
	}
	if _, out, err := b.run(t, []byte(less)); err == nil && strings.Contains(out, "Linux") {
		t.Errorf("without uname it runs as well:\n%s", out)
	}
}
