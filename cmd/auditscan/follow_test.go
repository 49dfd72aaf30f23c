//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/corpustest"
	"github.com/auditscan/auditscan/report"
)

// following is `auditscan follow` as a process of its own, whose stdout is a
// real pipe.
type following struct {
	t      testing.TB
	cmd    *exec.Cmd
	lines  *bufio.Reader
	stdout *os.File
	stderr bytes.Buffer
}

func follow(t testing.TB, args ...string) *following {
	t.Helper()
	f := &following{t: t, cmd: exec.Command("auditscan", append([]string{"follow"}, args...)...)}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	f.cmd.Stdout, f.cmd.Stderr = write, &f.stderr
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	f.stdout, f.lines = read, bufio.NewReader(read)
	t.Cleanup(func() {
		f.cmd.Process.Kill()
		f.cmd.Wait()
		read.Close()
	})
	return f
}

// line waits for the next line.
func (f *following) line() string {
	f.t.Helper()
	line, err := f.lines.ReadString('\n')
	if err != nil {
		f.t.Fatalf("%v after %q\n%s", err, line, &f.stderr)
	}
	return strings.TrimSuffix(line, "\n")
}

// serial waits for the next line, an event, and returns its serial.
func (f *following) serial() int {
	f.t.Helper()
	var e struct{ Serial int }
	line := f.line()
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		f.t.Fatalf("%v in %s", err, line)
	}
	return e.Serial
}

// ends waits for the end of the process and returns what it still wrote.
func (f *following) ends(wantCode int) (rest string) {
	f.t.Helper()
	data, err := io.ReadAll(f.lines)
	if err != nil {
		f.t.Fatal(err)
	}
	f.cmd.Wait()
	if strings.Contains(f.stderr.String(), "goroutine") { // a panic, or a race
		f.t.Errorf("not a clean end:\n%s", &f.stderr)
	}
	if code := f.cmd.ProcessState.ExitCode(); code != wantCode {
		f.t.Errorf("ended with %v, want exit code %d\n%s", f.cmd.ProcessState, wantCode, &f.stderr)
	}
	return string(data)
}

// stop sends a signal and waits for the end.
func (f *following) stop(sig os.Signal) (rest string) {
	f.t.Helper()
	if err := f.cmd.Process.Signal(sig); err != nil {
		f.t.Fatal(err)
	}
	return f.ends(0)
}

// record is a line of auditd's log; its call is the serial's number.
func record(serial int) string {
	return fmt.Sprintf(`type=SECCOMP msg=audit(%d.%03d:%d): auid=4294967295 uid=0 gid=0 ses=4294967295 pid=7 comm="seven" exe="/seven"`+
		" sig=0 arch=c000003e syscall=%d compat=0 ip=0x7f0000000001 code=0x7ffc0000\n",
		1795446783+serial/1000, serial%1000, serial, serial%300)
}

// appendTo writes records to the end of a file, which it makes if need be.
func appendTo(t testing.TB, path string, serials ...int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, n := range serials {
		if _, err := f.WriteString(record(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// onlyEnd checks that a stream has ended as it should, with nothing before.
func onlyEnd(t *testing.T, rest string) {
	t.Helper()
	_, text, found := strings.Cut(strings.TrimSuffix(rest, "}\n"), `,"end":`)
	if !found || report.ReadEventEnd([]byte(text)) == nil || strings.Count(rest, "\n") != 1 {
		t.Errorf("not just the end of the stream: %s", rest)
	}
}

// TestFollowSeveral: logs that grow beside each other are one: what is in both
// counts once, what lacks in one is no gap of the other, and a pipe that ends
// leaves the rest.
func TestFollowSeveral(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one.log"), filepath.Join(dir, "two.log")
	appendTo(t, one, 1)
	appendTo(t, two, 100)
	f := follow(t, "-o", "json", "--from-start", one, two, "-")
	got := []int{f.serial(), f.serial()}
	for n := 2; n < 20; n++ {
		path := one
		if n%3 == 0 {
			path = two
		}
		appendTo(t, path, n)
		got = append(got, f.serial())
	}
	appendTo(t, one, 200)
	appendTo(t, two, 200, 201)
	appendTo(t, one, 201, 202)
	got = append(got, f.serial(), f.serial(), f.serial())
	slices.Sort(got)
	want := []int{1}
	for n := 2; n < 20; n++ {
		want = append(want, n)
	}
	if want = append(want, 100, 200, 201, 202); !slices.Equal(got, want) {
		t.Errorf("serials %v, want %v", got, want)
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
	if !strings.Contains(f.stderr.String(), "\n23 records, 23 syscalls, 1 group; 2 duplicate\n") {
		t.Errorf("the summary is\n%s", &f.stderr)
	}
}

// TestFollowDirectory: of each rotated set the log that grows, and nothing that is
// no text.
func TestFollowDirectory(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"audit.log": record(2), "audit.log.1": record(1), "syslog": "", "wtmp": "\x00\x01\x02\x00", "old.log.2.gz": "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", "below/kern.log": record(3),
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := follow(t, "-o", "json", "--tail", "1", dir)
	got := []int{f.serial(), f.serial()}
	appendTo(t, filepath.Join(dir, "syslog"), 4)
	got = append(got, f.serial())
	slices.Sort(got)
	if !slices.Equal(got, []int{2, 3, 4}) {
		t.Errorf("serials %v", got)
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
	if want := "following 3 files of " + dir + "; those that it gets later are not followed"; !strings.Contains(f.stderr.String(), want) {
		t.Errorf("no %q in\n%s", want, &f.stderr)
	}
}

// TestFollowTail: the last lines of what is there come first.
func TestFollowTail(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1, 2, 3)
	f := follow(t, "-o", "json", "--tail", "2", log)
	for n := 2; n < 5; n++ {
		if got := f.serial(); got != n {
			t.Fatalf("serial %d, want %d", got, n)
		}
		if n == 3 {
			appendTo(t, log, 4)
		}
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
}

// TestFollowJSON: each record comes out whole, before the next is written.
func TestFollowJSON(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	f := follow(t, "-o", "json", "--from-start", log)
	if got := f.serial(); got != 1 {
		t.Fatalf("first serial %d, want 1", got)
	}
	for n := 2; n < 30; n++ {
		appendTo(t, log, n)
		if got := f.serial(); got != n {
			t.Fatalf("serial %d, want %d", got, n)
		}
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
	if !strings.Contains(f.stderr.String(), "\n29 records, 29 syscalls, 1 group\nunknown: it holds SECCOMP records only: an extract, whose gaps prove nothing\n") {
		t.Errorf("no summary:\n%s", &f.stderr)
	}
}

// TestFollowHangup: a terminal that is closed ends the stream as Ctrl-C does.
func TestFollowHangup(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("SIGHUP is ignored here, as under nohup, and so it is in what is started")
	}
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	f := follow(t, "-o", "json", "--from-start", log)
	f.serial()
	onlyEnd(t, f.stop(syscall.SIGHUP))
}

// TestFollowText: a line for people a record, and the summary at Ctrl-C.
func TestFollowText(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 39)
	f := follow(t, "--from-start", log)
	if got, want := f.line(), "2026-11-23T15:13:03.039Z seven[7] getpid x86_64 log"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	f.stop(os.Interrupt)
	want := `COMM    EXE      PID   SYSCALL   ARCH     ACTION   COUNT
seven   /seven   7     getpid    x86_64   log      1

1 record, 1 syscall, 1 group
unknown: it holds SECCOMP records only: an extract, whose gaps prove nothing
`
	if got := f.stderr.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// TestFollowFromEnd: what was there before is not shown. Nothing tells from
// outside when the end was looked for, so records are written until one comes.
func TestFollowFromEnd(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1, 2, 3)
	f := follow(t, "-q", "-o", "json", log)
	first := make(chan int)
	go func() { first <- f.serial() }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 4; ; n++ {
		select {
		case got := <-first:
			if got <= 3 {
				t.Errorf("serial %d was there before", got)
			}
			f.stop(syscall.SIGTERM)
			return
		case <-tick.C:
			appendTo(t, log, n)
		}
	}
}

// TestFollowNew: only the first of each group, call and action.
func TestFollowNew(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1, 301, 2, 601, 302, 3) // calls 1 1 2 1 2 3
	f := follow(t, "-o", "json", "--new", "--from-start", log)
	got := []int{f.serial(), f.serial(), f.serial()}
	appendTo(t, log, 602, 603, 4)
	got = append(got, f.serial())
	if want := []int{1, 2, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("serials %d, want %d", got, want)
	}
	if rest := f.stop(syscall.SIGTERM); strings.Contains(rest, `"syscall"`) {
		t.Errorf("more than was new: %s", rest)
	}
	if !strings.Contains(f.stderr.String(), "\n9 records, 4 syscalls, 1 group") {
		t.Errorf("the summary lacks what was not shown:\n%s", &f.stderr)
	}
}

// TestFollowFilter: filters hold for events and for the summary, which is without
// its table if that is asked for.
func TestFollowFilter(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1, 2, 3, 4)
	f := follow(t, "-q", "-o", "json", "--syscall", "open,stat", "--from-start", log)
	if got, want := []int{f.serial(), f.serial()}, []int{2, 4}; !slices.Equal(got, want) {
		t.Errorf("serials %d, want %d", got, want)
	}
	f.stop(syscall.SIGTERM)
	if !strings.HasPrefix(f.stderr.String(), "2 records, 2 syscalls, 1 group\n") {
		t.Errorf("summary:\n%s", &f.stderr)
	}
}

// TestFollowRotation: rename and create, with records on both sides, again
// and again.
func TestFollowRotation(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 0)
	f := follow(t, "-q", "-o", "json", "--from-start", log)
	if got := f.serial(); got != 0 {
		t.Fatalf("first serial %d, want 0", got)
	}
	next := 1
	for rotation := range 3 {
		appendTo(t, log, next, next+1)
		if err := os.Rename(log, fmt.Sprintf("%s.%d", log, 3-rotation)); err != nil {
			t.Fatal(err)
		}
		appendTo(t, log, next+2, next+3)
		for range 4 {
			if got := f.serial(); got != next {
				t.Fatalf("rotation %d: serial %d, want %d", rotation, got, next)
			}
			next++
		}
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
}

// TestFollowState: a second run goes on where the first was ended, and sums
// up both.
func TestFollowState(t *testing.T) {
	dir := t.TempDir()
	log, state := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state.json")
	appendTo(t, log, 1, 2)
	f := follow(t, "-o", "json", "--from-start", "--state", state, log)
	f.serial()
	f.serial()
	f.stop(syscall.SIGTERM)
	appendTo(t, log, 3)
	f = follow(t, "-o", "json", "--state", state, log)
	if got := f.serial(); got != 3 {
		t.Errorf("goes on at serial %d, want 3", got)
	}
	f.stop(syscall.SIGTERM)
	if !strings.Contains(f.stderr.String(), "\n3 records, 3 syscalls, 1 group\nunknown: ") {
		t.Errorf("summary:\n%s", &f.stderr)
	}
	if r := command(t, "report", "--by", "comm", state); !strings.Contains(r.stdout, "\n3 records, 3 syscalls, 1 group\nunknown: ") {
		t.Errorf("the state is no report:\n%s%s", r.stdout, r.stderr)
	}
}

// TestFollowStdin: the end of stdin is the end.
func TestFollowStdin(t *testing.T) {
	in, err := os.Open(corpustest.Corpus.Path(t, "057-imx8-kauditd-suppressed.log"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("auditscan", "follow", "-q", "--strict", "-o", "json", "-")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != exitIncomplete {
		t.Errorf("exit code %d, want %d\n%s", code, exitIncomplete, &stderr)
	}
	var kinds []string
	for line := range strings.Lines(stdout.String()) {
		var e struct {
			Syscall string
			Loss    struct{ Kind string }
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		kinds = append(kinds, e.Syscall+e.Loss.Kind)
	}
	if want := []string{"suppressed", "socket", "connect", "nanosleep", "malformed", "" /* the end */}; !slices.Equal(kinds, want) {
		t.Errorf("got %q, want %q", kinds, want)
	}
}

// TestFollowReaderGone: when nobody reads any more, there is nothing to do.
func TestFollowReaderGone(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	f := follow(t, "-q", "-o", "json", "--from-start", log)
	f.serial()
	f.stdout.Close()
	ended := make(chan struct{})
	go func() {
		f.cmd.Wait()
		close(ended)
	}()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for n := 2; ; n++ {
		select {
		case <-ended:
			if strings.Contains(f.stderr.String(), "goroutine") {
				t.Errorf("not a clean end:\n%s", &f.stderr)
			}
			return
		case <-tick.C:
			appendTo(t, log, n)
		}
	}
}

// TestFollowTellsLossOnce: what was told of in its place in the stream is not
// told again at the end.
func TestFollowTellsLossOnce(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	f := follow(t, "-q", "-o", "json", "--from-start", log)
	f.serial()
	if err := os.Rename(log, log+".1"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(log, log); err != nil { // leads to itself: it cannot be opened
		t.Fatal(err)
	}
	if got := f.line(); !strings.HasPrefix(got, `{"n":2,"loss":{"kind":"truncated-input","count":0,`) {
		t.Errorf("got %s, want a loss", got)
	}
	onlyEnd(t, f.stop(syscall.SIGTERM))
}

// TestFollowerBegins: what is missing since the run before is in the state as
// soon as the place behind it is, since this run may be killed at once.
func TestFollowerBegins(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "audit.log"), filepath.Join(dir, "state")
	begin := func(serial int) {
		t.Helper()
		appendTo(t, path, serial)
		st, err := loadState(file)
		if err != nil {
			t.Fatal(err)
		}
		defer st.close()
		f := &followFlags{}
		from, err := f.open(&environment{}, []string{path}, st, nil)
		if err != nil {
			t.Fatal(err)
		}
		reader := newReader(from)
		defer reader.Close()
		w := newFollower(&environment{stderr: new(bytes.Buffer)}, f, from, reader, nil, true)
		w.state = st
		w.newCounts(&attribution{})
		if err := w.begin(); err != nil {
			t.Fatal(err)
		}
	}
	begin(1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	begin(2)
	begin(3)
	st, err := loadState(file)
	if err != nil {
		t.Fatal(err)
	}
	if e := st.before.Completeness.Evidence; len(e) != 1 || e[0].Kind != aggregate.RotationGap {
		t.Errorf("the evidence is %+v, want one rotation-gap", e)
	}
}
