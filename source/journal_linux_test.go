package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// journalRemote makes journal files without a running journald.
const journalRemote = "/lib/systemd/systemd-journal-remote"

func needJournal(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("journalctl"); err != nil {
		t.Skip("journalctl is not installed")
	}
	if _, err := os.Stat(journalRemote); err != nil {
		t.Skipf("%s is not installed", journalRemote)
	}
}

// entry is one of the journal, by transport and message.
type entry struct{ transport, message string }

// writeJournal appends entries, numbered on from first, to a journal in dir.
func writeJournal(t *testing.T, dir string, first int, entries ...entry) {
	t.Helper()
	var export bytes.Buffer
	for i, e := range entries {
		n := first + i
		fmt.Fprintf(&export, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=53c2cda7a55447969b7cf5edbf97d741\n_TRANSPORT=%s\nMESSAGE=%s\n\n",
			1_795_446_921_000_000+int64(n)*1_000_000, int64(n)*1_000_000, e.transport, e.message)
	}
	cmd := exec.Command(journalRemote, "--output="+filepath.Join(dir, "test.journal"), "-")
	cmd.Stdin = &export
	run(t, cmd)
}

// nextEntries reads until n lines have come.
func nextEntries(t *testing.T, s Stream, n int) (lines []string, notes []Note) {
	t.Helper()
	for len(lines) < n {
		c, err := s.Next(t.Context())
		if err != nil {
			t.Fatalf("after %d of %d lines: %v", len(lines), n, err)
		}
		notes = append(notes, c.Notes...)
		for line := range bytes.Lines(c.Lines) {
			lines = append(lines, string(line))
		}
	}
	return lines, notes
}

func checkMessages(t *testing.T, lines []string, want ...string) {
	t.Helper()
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d: %q", len(lines), len(want), lines)
	}
	for i, w := range want {
		if !strings.Contains(lines[i], `"MESSAGE":"`+w+`"`) || !strings.HasSuffix(lines[i], "}\n") {
			t.Errorf("line %d: %s, want message %s", i, lines[i], w)
		}
	}
}

// TestJournalFollows has a real journalctl read a real journal while it grows,
// and goes on at the cursor.
func TestJournalFollows(t *testing.T) {
	needJournal(t)
	dir := t.TempDir()
	long := strings.Repeat("x", 9000) // journalctl leaves fields over 4 KiB out unless told to
	writeJournal(t, dir, 0, entry{"audit", "a0"}, entry{"syslog", "forged"}, entry{"kernel", "k2"}, entry{"stdout", "no"}, entry{"driver", "Missed 3 kernel messages"})
	s, err := Journal(JournalOptions{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lines, _ := nextEntries(t, s, 3)
	checkMessages(t, lines, "a0", "k2", "Missed 3 kernel messages")
	writeJournal(t, dir, 5, entry{"syslog", "forged"}, entry{"audit", long})
	lines, notes := nextEntries(t, s, 1)
	checkMessages(t, lines, long)
	if len(notes) > 0 {
		t.Errorf("notes: %+v", notes)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Next(t.Context()); err != io.EOF {
		t.Errorf("after Close: %v", err)
	}

	writeJournal(t, dir, 7, entry{"audit", "a7"})
	s, err = Journal(JournalOptions{Directory: dir, Cursor: s.Cursor()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lines, notes = nextEntries(t, s, 1)
	checkMessages(t, lines, "a7")
	if len(notes) > 0 {
		t.Errorf("notes: %+v", notes)
	}
}

func TestJournalSince(t *testing.T) {
	needJournal(t)
	dir := t.TempDir()
	writeJournal(t, dir, 0, entry{"audit", "a0"}, entry{"audit", "a1"}, entry{"audit", "a2"})
	s, err := Journal(JournalOptions{Directory: dir, Since: time.Unix(1_795_446_922, 0)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lines, _ := nextEntries(t, s, 2)
	checkMessages(t, lines, "a1", "a2")
}

// TestJournalCursorGone resumes in a journal that has thrown the entry away.
func TestJournalCursorGone(t *testing.T) {
	needJournal(t)
	old, dir := t.TempDir(), t.TempDir()
	writeJournal(t, old, 0, entry{"audit", "a0"})
	s, err := Journal(JournalOptions{Directory: old})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	nextEntries(t, s, 1)
	writeJournal(t, dir, 5, entry{"audit", "a5"})
	s2, err := Journal(JournalOptions{Directory: dir, Cursor: s.Cursor()})
	if err != nil {
		t.Fatal(err)
	}
	defer s2.Close()
	lines, notes := nextEntries(t, s2, 1)
	checkMessages(t, lines, "a5")
	if len(notes) != 1 || notes[0].Kind != RotationGap {
		t.Errorf("notes: %+v", notes)
	}
}

// fakeJournalctl puts a shell script in journalctl's place. It is run with
// the number of its start in $n and its directory in $dir.
func fakeJournalctl(t *testing.T, script string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	head := fmt.Sprintf("#!/bin/sh\ndir=%s\necho \"$@\" >>$dir/args\nn=$(grep -c . $dir/args)\necho $$ >>$dir/pids\n", dir)
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(head+script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return dir
}

// TestJournalRestarts has journalctl die after two lines and in the middle of
// a third: the next one goes on after the second.
func TestJournalRestarts(t *testing.T) {
	dir := fakeJournalctl(t, `
case $n in
1) printf '{"__CURSOR":"c1","MESSAGE":"one"}\n{"__CURSOR":"c2","MESSAGE":"two"}\n{"__CURSOR":"c3","MESS'
   echo "journal file corrupted" >&2
   exit 3;;
2) printf '{"__CURSOR":"c2","MESSAGE":"two"}\n{"__CURSOR":"c3","MESSAGE":"three"}\n'
   exec sleep 1000;;
esac
`)
	s, err := startJournal(JournalOptions{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lines, notes := nextEntries(t, s, 3)
	checkMessages(t, lines, "one", "two", "three")
	ended := func(n Note) bool {
		return n.Kind == Info && strings.Contains(n.Detail, "exit status 3") && strings.Contains(n.Detail, "journal file corrupted")
	}
	if !slices.ContainsFunc(notes, ended) || slices.ContainsFunc(notes, func(n Note) bool { return n.Kind != Info }) {
		t.Errorf("notes: %+v", notes)
	}
	if s.Cursor() != "c3" {
		t.Errorf("cursor %q", s.Cursor())
	}
	args, _ := os.ReadFile(filepath.Join(dir, "args"))
	starts := strings.Split(string(args), "\n")
	if strings.Contains(starts[0], "--cursor") || !strings.Contains(starts[1], "--cursor=c2 ") {
		t.Errorf("started with\n%s", args)
	}
}

// TestJournalGivesUp ends when journalctl never works, and says why.
func TestJournalGivesUp(t *testing.T) {
	dir := fakeJournalctl(t, "echo 'Failed to seek to cursor' >&2; exit 1\n")
	s, err := startJournal(JournalOptions{Cursor: "bad"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for err == nil {
		_, err = s.Next(t.Context())
	}
	if !strings.Contains(err.Error(), "exit status 1 (Failed to seek to cursor)") {
		t.Error(err)
	}
	args, _ := os.ReadFile(filepath.Join(dir, "args"))
	if n := bytes.Count(args, []byte("\n")); n != 1+journalRetries {
		t.Errorf("%d starts", n)
	}
}

// TestJournalLongLine skips what no record can be, in bounded memory.
func TestJournalLongLine(t *testing.T) {
	fakeJournalctl(t, `
head -c 2000000 /dev/zero | tr '\0' x; echo
echo '{"__CURSOR":"c1","MESSAGE":"after"}'
exec sleep 1000
`)
	s, err := startJournal(JournalOptions{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	lines, notes := nextEntries(t, s, 1)
	checkMessages(t, lines, "after")
	if len(notes) != 1 || notes[0].Kind != LongLine || notes[0].Count != 1 {
		t.Errorf("notes: %+v", notes)
	}
}

// TestJournalMessages bounds what journalctl says of itself.
func TestJournalMessages(t *testing.T) {
	fakeJournalctl(t, `
echo 'Hint: You are currently not seeing messages from other users and the system.' >&2
i=0; while [ $i -lt 100 ]; do echo "message $i" >&2; i=$((i+1)); done
echo '{"__CURSOR":"c1","MESSAGE":"x"}'
exec sleep 1000
`)
	s, err := startJournal(JournalOptions{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, notes := nextEntries(t, s, 1)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	_, rest := readToEnd(t, s)
	notes = append(notes, rest...)
	if len(notes) == 0 || len(notes) > journalMessages || !strings.Contains(notes[0].Detail, "not seeing messages") {
		t.Errorf("%d notes: %+v", len(notes), notes)
	}
}

// pidOf is the process that the script runs as.
func pidOf(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func exists(pid int) bool { return unix.Kill(pid, 0) == nil }

const quietScript = "echo '{\"__CURSOR\":\"c1\",\"MESSAGE\":\"x\"}'\nexec sleep 1000\n"

// TestJournalClose leaves neither process nor zombie, even while nobody reads.
func TestJournalClose(t *testing.T) {
	scripts := map[string]string{
		"quiet":  quietScript,
		"flood":  "exec yes '{\"__CURSOR\":\"c1\",\"MESSAGE\":\"x\"}'\n",
		"broken": "exit 1\n",
	}
	for name, script := range scripts {
		t.Run(name, func(t *testing.T) {
			dir := fakeJournalctl(t, script)
			s, err := startJournal(JournalOptions{}, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
			pid := pidOf(t, dir)
			for range 2 {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			if exists(pid) {
				t.Errorf("process %d is left", pid)
			}
			readToEnd(t, s)
		})
	}
}

// TestJournalParentKilled kills the process that started journalctl.
func TestJournalParentKilled(t *testing.T) {
	dir := fakeJournalctl(t, quietScript)
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestJournalParent$")
	cmd.Env = append(os.Environ(), "JOURNAL_PARENT=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("ready"))); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(pidOf(t, dir), 0)
	if err != nil {
		t.Skipf("pidfd_open: %v", err)
	}
	defer unix.Close(fd)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(poll, 10_000); n != 1 {
		t.Errorf("journalctl outlives its parent (%v)", err)
		unix.Kill(pidOf(t, dir), unix.SIGKILL)
	}
}

func TestJournalParent(t *testing.T) {
	if os.Getenv("JOURNAL_PARENT") == "" {
		t.Skip("runs as the child of TestJournalParentKilled")
	}
	s, err := startJournal(JournalOptions{}, journalPause)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(context.Background()); err != nil {
		t.Fatal(err)
	}
	fmt.Print("ready")
	<-t.Context().Done()
}

// TestJournalOfNobody: a journal that nobody writes, or that only others may read,
// is not just silent.
func TestJournalOfNobody(t *testing.T) {
	why := systemJournal("/")
	if why == nil {
		t.Skip("the journal of this host can be read")
	}
	fakeJournalctl(t, quietScript)
	s, err := Journal(JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := s.Next(t.Context())
	if err != nil || len(c.Notes) != 1 || c.Notes[0].Kind != Info || !strings.Contains(c.Notes[0].Detail, why.Error()) {
		t.Errorf("%+v, %v", c.Notes, err)
	}
}

func TestJournalMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := Journal(JournalOptions{}); err == nil || !strings.Contains(err.Error(), "without journalctl") {
		t.Error(err)
	}
}

func TestCursorOf(t *testing.T) {
	const cursor = "s=ec18;i=16a;b=53c2;m=4f95;t=660f;x=2bd9"
	tests := []struct{ name, line, want string }{
		{"systemd 252", `{"_UID":"0","__CURSOR":"` + cursor + `","_GID":"0"}`, cursor},
		{"systemd 219", `{ "__CURSOR" : "` + cursor + `", "MESSAGE" : "x" }`, cursor},
		{"text that looks like it", `{"MESSAGE":"\"__CURSOR\":\"forged\"","__CURSOR":"` + cursor + `"}`, cursor},
		{"text that is it", `{"MESSAGE":"__CURSOR","X":"a","__CURSOR":"` + cursor + `"}`, cursor},
		{"text that ends in it", `{"MESSAGE":"x \"__CURSOR","X":"a","__CURSOR":"` + cursor + `"}`, cursor},
		{"text that begins with it", `{"MESSAGE":"__CURSOR\" : \"a","__CURSOR":"` + cursor + `"}`, cursor},
		{"none", `{"MESSAGE":"x"}`, ""},
		{"not text", `{"__CURSOR":null}`, ""},
		{"cut", `{"__CURSOR"`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := cursorOf([]byte(tt.line)); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
