package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sys/unix"
)

var attack = flag.String("attack", "short", `how much the tests named TestAttack try: "short", or "long", minutes`)

// fileArguments are all that commands take names of files for: X.
var fileArguments = []string{
	"report X", "report -o ndjson X", "report --pidmap X LOG", "merge X",
	"profile X", "profile --merge X LOG", "profile -o X LOG", "profile --from X", "profile --explain X LOG", "profile --security-context X LOG",
	"profile --per comm --output-dir X LOG", "check X LOG", "check PROFILE X", "diff X PROFILE", "diff PROFILE X", "inspect X",
	"follow X", "follow --from-start X", "follow --state X LOG", "follow --pidmap X LOG", "containers --root X",
	"explain read X", "listen --socket SOCKET --state X", "listen --socket SOCKET --pidmap X", "listen --socket X",
	"record -o X -- true", "record --profile X -- true", "run --profile X -- true",
}

// TestAttackEndsWhenTold: a signal ends each command soon, whatever file it
// waits for or is in the middle of.
func TestAttackEndsWhenTold(t *testing.T) {
	kinds := map[string]func(t *testing.T, dir string) string{
		"pipe without writer": func(t *testing.T, dir string) string { return fifo(t, dir) },
		"disk that is stuck":  func(t *testing.T, dir string) string { return fuse(t, dir, false) },
		"disk that is gone":   func(t *testing.T, dir string) string { return fuse(t, dir, true) },
	}
	if *attack == "long" {
		bomb := gzipBomb(t)
		kinds["one endless line"] = func(t *testing.T, dir string) string { return "/dev/zero" }
		kinds["one line of 1 TB"] = sparse
		kinds["gzip of 16 GB"] = func(t *testing.T, dir string) string { return bomb }
	}
	for kind, make := range kinds {
		for _, line := range fileArguments {
			t.Run(kind+"/"+line, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				endsWhenTold(t, attacked(t, dir, line, make(t, dir)))
			})
		}
	}
}

// attacked returns a command of which each X stands for a file of the
// attacker's, LOG, PROFILE and SOCKET for sound ones.
func attacked(t *testing.T, dir, line, x string) *exec.Cmd {
	t.Helper()
	log, profile := filepath.Join(dir, "audit.log"), filepath.Join(dir, "profile.json")
	appendTo(t, log, 1, 2, 3)
	if err := os.WriteFile(profile, []byte(`{"defaultAction":"SCMP_ACT_ERRNO"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("auditscan")
	for _, arg := range strings.Fields(line) {
		switch arg {
		case "X":
			arg = x
		case "LOG":
			arg = log
		case "PROFILE":
			arg = profile
		case "SOCKET":
			arg = socketName(t)
		}
		cmd.Args = append(cmd.Args, arg)
	}
	return cmd
}

// socketName returns a name that is short enough for a socket.
func socketName(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}

// slack is what a busy machine may add to the second that a command has to end.
const slack = 10 * time.Second

// endsWhenTold starts a command and tells it to end, unless it has refused what
// it was given by then.
func endsWhenTold(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	// It is at it by the end of this time, or about to be: both count.
	endsWhen(t, cmd, func(int) { time.Sleep(200 * time.Millisecond) })
}

// endsWhen starts a command and tells it to end when what is awaited has
// happened in its process.
func endsWhen(t *testing.T, cmd *exec.Cmd, await func(pid int)) {
	t.Helper()
	var stderr bytes.Buffer
	if cmd.Stderr == nil {
		cmd.Stderr = &stderr
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(cmd.Process.Pid)
	if err := cmd.Process.Signal(unix.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told, ended := time.Now(), make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-ended:
		t.Logf("ended %v after the signal", time.Since(told).Round(time.Millisecond))
	case <-time.After(time.Second + slack):
		cmd.Process.Kill()
		<-ended
		t.Fatalf("%q does not end:\n%s", cmd.Args, &stderr)
	}
	// A signal that comes before the command has begun ends it, too.
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !status.Exited() && status.Signal() != unix.SIGTERM || strings.Contains(stderr.String(), "goroutine") {
		t.Errorf("not a clean end: %v\n%s", cmd.ProcessState, &stderr)
	}
}

// awaitUnread waits until a thread of a process waits for the reader of a pipe.
func awaitUnread(t *testing.T, pid int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/wchan", pid))
		if err != nil || len(threads) == 0 {
			t.Fatalf("the process has ended: %v", err)
		}
		for _, name := range threads {
			if text, _ := os.ReadFile(name); strings.Contains(string(text), "pipe_write") {
				return
			}
		}
	}
}

func fifo(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func sparse(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "sparse")
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)); err != nil {
		t.Skipf("no file of 1 TB here: %v", err)
	}
	return path
}

// gzipBomb returns a file of 16 MB that holds 16 GB of zeros.
func gzipBomb(t *testing.T) string {
	t.Helper()
	var member bytes.Buffer
	w, err := gzip.NewWriterLevel(&member, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for range 1 << 8 {
		if _, err := w.Write(make([]byte, 1<<22)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "zeros.gz")
	if err := os.WriteFile(path, bytes.Repeat(member.Bytes(), 16), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// fuse returns a file on a disk that answers nothing, or fails whatever is asked.
func fuse(t *testing.T, dir string, fails bool) string {
	t.Helper()
	server, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("needs /dev/fuse: %v", err)
	}
	mounted := filepath.Join(dir, "disk")
	if err := os.Mkdir(mounted, 0o755); err != nil {
		t.Fatal(err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", server.Fd())
	if err := unix.Mount("stuck", mounted, "fuse", 0, options); err != nil {
		server.Close()
		t.Skipf("a file system cannot be mounted here: %v", err)
	}
	if fails {
		server.Close()
	}
	t.Cleanup(func() {
		server.Close()
		if err := unix.Unmount(mounted, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(mounted, "file")
}

// fullPipe returns the end of a pipe that takes no more.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	var err error
	for err == nil {
		_, err = unix.Write(ends[1], make([]byte, 1<<10))
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(ends[1], false); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(ends[0]), "reader"), os.NewFile(uintptr(ends[1]), "writer")
	t.Cleanup(func() { r.Close(); w.Close() })
	return w
}

// TestAttackUnread: nobody reads what a command writes.
func TestAttackUnread(t *testing.T) {
	for _, line := range []string{
		"report LOG", "report -o ndjson LOG", "report -o json LOG", "profile LOG", "profile --from PROFILE", "check PROFILE LOG", "merge LOG",
		"diff PROFILE runtime/default", "inspect PROFILE", "inspect 1", "syscall", "containers", "doctor", "version", "--help", "completion bash",
		"follow --from-start LOG", "follow --from-start -o json LOG",
	} {
		for name, stream := range map[string]func(*exec.Cmd, *os.File){
			"stdout": func(cmd *exec.Cmd, pipe *os.File) { cmd.Stdout = pipe },
			"stderr": func(cmd *exec.Cmd, pipe *os.File) { cmd.Stderr = pipe },
			"both":   func(cmd *exec.Cmd, pipe *os.File) { cmd.Stdout, cmd.Stderr = pipe, pipe },
		} {
			t.Run(line+"/"+name, func(t *testing.T) {
				t.Parallel()
				cmd := attacked(t, t.TempDir(), line, "")
				stream(cmd, fullPipe(t))
				endsWhenTold(t, cmd)
			})
		}
	}
}

// TestAttackUnreadState: follow saves what it has counted although nobody
// reads what it shows.
func TestAttackUnreadState(t *testing.T) {
	dir := t.TempDir()
	log, state := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state.json")
	const first, all = 10, 60_000 // more than catching up begins at
	for _, n := range []int{first, all} {
		os.Remove(state)
		os.Remove(log)
		var lines bytes.Buffer
		for i := range n {
			lines.WriteString(record(i + 1))
		}
		if err := os.WriteFile(log, lines.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("auditscan", "follow", "-q", "-o", "json", "--from-start", "--state", state, log)
		cmd.Stdout = fullPipe(t)
		endsWhen(t, cmd, func(pid int) { awaitUnread(t, pid) })
		var report struct{ Totals struct{ Records int } }
		readJSON(t, state, &report)
		before := report.Totals.Records
		f := follow(t, "-q", "-o", "json", "--state", state, log)
		appendTo(t, log, n+1)
		for f.serial() != n+1 {
		}
		f.stop(unix.SIGTERM)
		readJSON(t, state, &report)
		if before == 0 || report.Totals.Records != n+1 {
			t.Errorf("of %d records %d were saved, and %d in the end", n+1, before, report.Totals.Records)
		}
	}
}

func readJSON(t *testing.T, path string, doc any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, doc)
	}
	if err != nil {
		t.Fatal(err)
	}
}
