package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// openTerminal returns both sides of a new pseudo terminal.
func openTerminal(t *testing.T, rows, columns uint16) (control, tty *os.File) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { control.Close() })
	n, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	size := unix.Winsize{Row: rows, Col: columns}
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &size); err != nil {
		t.Fatal(err)
	}
	return control, tty
}

// screen is a terminal as far as follow needs one: it knows text, "up n
// lines" and "clear from here on".
type screen struct {
	lines []string // above the cursor, which is at the start of a line
	rest  string
}

func (s *screen) write(text string) {
	s.rest += text
	for {
		line, rest, whole := strings.Cut(s.rest, "\n")
		if !whole {
			return
		}
		var up int
		if n, _ := fmt.Sscanf(line, "\x1b[%dA\x1b[J", &up); n == 1 {
			s.lines = s.lines[:len(s.lines)-up]
			line = line[strings.Index(line, "\x1b[J")+len("\x1b[J"):]
		}
		s.lines = append(s.lines, strings.TrimSuffix(line, "\r"))
		s.rest = rest
	}
}

// onTerminal starts follow on a terminal, and returns a function that waits
// until the screen holds a line that begins as given.
func onTerminal(t *testing.T, rows uint16, args ...string) (cmd *exec.Cmd, s *screen, shows func(string), stderr *bytes.Buffer) {
	t.Helper()
	control, tty := openTerminal(t, rows, 80)
	stderr = new(bytes.Buffer)
	cmd = exec.Command("auditscan", append([]string{"follow", "-q", "--color=never"}, args...)...)
	cmd.Stdout, cmd.Stderr = tty, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty.Close() // so that there is nothing more to be read when follow has ended
	end := func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(end)
	s = new(screen)
	shows = func(want string) {
		t.Helper()
		buf := make([]byte, 64<<10)
		for {
			for _, line := range s.lines {
				if strings.HasPrefix(line, want) {
					return
				}
			}
			n, err := control.Read(buf)
			if err != nil {
				end()
				t.Fatalf("follow has ended (%v): no line %q in %q\n%s", err, want, s.lines, stderr)
			}
			s.write(string(buf[:n]))
		}
	}
	return cmd, s, shows, stderr
}

// TestFollowTerminal: one table, which is drawn again in its place.
func TestFollowTerminal(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	cmd, s, shows, stderr := onTerminal(t, 24, "--from-start", log)
	shows("1 record, 1 syscall, 1 group")
	appendTo(t, log, 2)
	shows("2 records, 2 syscalls, 1 group")
	appendTo(t, log, 302, 3)
	shows("4 records, 3 syscalls, 1 group")
	shows("unknown: ") // serials are missing, and the log has but SECCOMP records
	want := []string{
		"unknown: it holds SECCOMP records only: an extract, whose gaps prove nothing",
		"",
		"COMM    EXE      PID   SYSCALL   ARCH     ACTION   COUNT",
		"seven   /seven   7     write     x86_64   log      1",
		"seven   /seven   7     open      x86_64   log      2",
		"seven   /seven   7     close     x86_64   log      1",
		"",
		"4 records, 3 syscalls, 1 group",
	}
	if got := strings.Join(s.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("the screen shows\n%s", got)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(stderr.String(), "\n4 records, 3 syscalls, 1 group\n") {
		t.Errorf("no summary:\n%s", stderr)
	}
}

// TestFollowLowTerminal: a table that is higher than the terminal would
// scroll away what "up" cannot reach.
func TestFollowLowTerminal(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	for n := range 40 {
		appendTo(t, log, n)
	}
	_, s, shows, _ := onTerminal(t, 10, "--from-start", log)
	shows("40 records")
	shows("unknown: ")
	if len(s.lines) >= 10 {
		t.Errorf("%d lines on a terminal of 10:\n%s", len(s.lines), strings.Join(s.lines, "\n"))
	}
	appendTo(t, log, 40)
	shows("41 records")
	shows("unknown: ")
	if len(s.lines) >= 10 {
		t.Errorf("%d lines on a terminal of 10:\n%s", len(s.lines), strings.Join(s.lines, "\n"))
	}
}

// onScreen runs a command on a terminal and returns its lines.
func onScreen(t *testing.T, columns uint16, env []string, args ...string) []string {
	t.Helper()
	control, tty := openTerminal(t, 24, columns)
	defer tty.Close()
	cmd := exec.Command("auditscan", args...)
	cmd.Stdout = tty
	cmd.Env = append(append(os.Environ(), "NO_COLOR=", "CLICOLOR_FORCE=", "TERM=xterm"), env...)
	ended := make(chan error, 1)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		ended <- cmd.Wait()
		tty.Write([]byte("\x00")) // the end of what is to be read
	}()
	var text []byte
	buf := make([]byte, 64<<10)
	for !bytes.HasSuffix(text, []byte("\x00")) {
		n, err := control.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, buf[:n]...)
	}
	if err := <-ended; err != nil && cmd.ProcessState.ExitCode() != exitFailed { // doctor's, of most hosts
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\r\n\x00"), "\r\n")
}

const (
	yellow  = "\x1b[33m"
	uncolor = "\x1b[0m"
)

// TestReportTerminal: colours where they are wanted, the verdict first, and
// names cut to the terminal's width.
func TestReportTerminal(t *testing.T) {
	const verdict = "incomplete: 1 record known to be missing"
	tests := []struct {
		name  string
		args  []string
		env   string
		color bool
	}{
		{"plain", nil, "", true},
		{"NO_COLOR", nil, "NO_COLOR=1", false},
		{"never", []string{"--color", "never"}, "", false},
		{"dumb", nil, "TERM=dumb", false},
		{"always", []string{"--color", "always"}, "NO_COLOR=1", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"report", "../../testdata/corpus/015-sof-5440-firefox-enforce.log"}, tt.args...)
			lines := onScreen(t, 80, []string{tt.env}, args...)
			want := verdict
			if tt.color {
				want = yellow + verdict + uncolor
			}
			if lines[0] != want {
				t.Errorf("the first line is %q, want %q", lines[0], want)
			}
			text := strings.Join(lines, "\n")
			if strings.Contains(text, "\x1b[") != tt.color || !strings.Contains(text, "…") {
				t.Errorf("colour %v, names cut: want both as told in\n%q", tt.color, text)
			}
		})
	}
}

// TestFitsTerminal: no line of any table is wider than the terminal, but for a
// word that is.
func TestFitsTerminal(t *testing.T) {
	const log = "../../testdata/corpus/057-imx8-kauditd-suppressed.log"
	tests := []struct {
		columns []uint16
		args    []string
	}{
		{[]uint16{80, 200}, []string{"report", log}},
		{[]uint16{200}, []string{"report", "-o", "wide", log}}, // its two times alone take 48
		{[]uint16{80, 200}, []string{"doctor"}},
		{[]uint16{80, 200}, []string{"syscall", "read", "openat"}},
	}
	for _, tt := range tests {
		for _, columns := range tt.columns {
			for _, line := range onScreen(t, columns, []string{"NO_COLOR=1"}, tt.args...) {
				if n := utf8.RuneCountInString(line); n > int(columns) && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%q on %d columns has a line of %d: %s", tt.args, columns, n, line)
				}
			}
		}
	}
}
