package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/auditscan/auditscan/profile"
)

// multiplexer is a terminal that a program really draws on: tmux, whose screen
// can be read.
type multiplexer struct {
	t    *testing.T
	name string // of its socket
}

// onTmux starts auditscan in a terminal of a size, in a directory of its own,
// with a variable of its environment set.
func onTmux(t *testing.T, columns, lines int, env string, args ...string) (m *multiplexer, directory string) {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux here: the live view is not drawn on a real terminal (Debian: tmux)")
	}
	path, err := exec.LookPath("auditscan")
	if err != nil {
		t.Fatal(err)
	}
	directory = t.TempDir()
	m = &multiplexer{t, filepath.Join(directory, "tmux")}
	// The shell tells how the command has ended, and has the next line typed.
	command := fmt.Sprintf("cd %s; stty -a <&1 >before; env HOME=/ TERM=screen TZ=UTC %s %s %s; code=$?; stty -a <&1 >after; echo exit code $code; read line", directory, env, path, strings.Join(args, " "))
	m.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(lines), command)
	t.Cleanup(func() { exec.Command("tmux", "-S", m.name, "kill-server").Run() })
	return m, directory
}

func (m *multiplexer) tmux(args ...string) string {
	m.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", m.name}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		m.t.Fatalf("tmux %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// screen returns the lines of the screen.
func (m *multiplexer) screen() []string {
	m.t.Helper()
	return strings.Split(strings.TrimSuffix(m.tmux("capture-pane", "-p"), "\n"), "\n")
}

// shows waits until the screen has each of the texts.
func (m *multiplexer) shows(texts ...string) {
	m.t.Helper()
	const patience = 20 * time.Second
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		screen, missing := strings.Join(m.screen(), "\n"), ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Since(begun) > patience {
			m.t.Fatalf("no %q on the screen:\n%s", missing, screen)
		}
	}
}

func (m *multiplexer) press(keys ...string) {
	m.t.Helper()
	m.tmux(append([]string{"send-keys"}, keys...)...)
}

// TestView: follow on a real terminal, small and large: what comes is shown,
// the verdict first, and keys do what the help says.
func TestView(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {200, 50}} {
		t.Run(fmt.Sprint(size[0], "x", size[1]), func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "audit.log")
			appendTo(t, log, 1)
			m, directory := onTmux(t, size[0], size[1], "A=b", "follow", "--from-start", log)
			m.shows("1 record  1 syscall", "> seven   write")
			if first := m.screen()[0]; !strings.HasPrefix(first, "unknown: ") {
				t.Errorf("the first line is %q", first)
			}
			hostile := strings.Replace(record(2), `comm="seven"`, "comm=1B5B324A1B5D303B65", 1)
			appendText(t, log, hostile)
			m.shows("2 records  2 syscalls", `\x1b[2J\x1b]0;e   open`)
			m.press("g", "g", "s", "/", "write", "Enter", "Enter")
			m.shows("write (1) on x86_64: log", "exe        /seven")
			m.press("Escape") // with what comes at once behind it, it would be another key
			m.shows("? help")
			m.press("p", "Enter")
			m.shows("profile.json: a profile of 2 calls seen")
			m.tmux("resize-window", "-x", "60", "-y", "12")
			m.press("?")
			m.shows("this help", "Esc back")
			m.press("q", "e")
			m.shows("2 records, 2 syscalls, ")
			m.press("q", "w", "Enter")
			m.shows("report.json: the report is written")
			m.press("q")
			m.shows("2 records, 2 syscalls", "exit code 0")
			isProfile(t, filepath.Join(directory, "profile.json"))
			isReport(t, filepath.Join(directory, "report.json"))
			m.sameTerminal(directory)
		})
	}
}

// sameTerminal fails unless the terminal is set as it was.
func (m *multiplexer) sameTerminal(directory string) {
	m.t.Helper()
	before, err := os.ReadFile(filepath.Join(directory, "before"))
	if err != nil {
		m.t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(directory, "after"))
	if err != nil {
		m.t.Fatal(err)
	}
	// The size has changed, and nothing else.
	cut := func(text []byte) string { _, rest, _ := strings.Cut(string(text), "\n"); return rest }
	if cut(before) != cut(after) {
		m.t.Errorf("the terminal was\n%sand is\n%s", before, after)
	}
}

func isProfile(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := profile.Read(f, path, profile.ReadOptions{}); err != nil {
		t.Error(err)
	}
}

func isReport(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var report struct{ Totals struct{ Records int } }
	if err := json.Unmarshal(text, &report); err != nil || report.Totals.Records != 2 {
		t.Errorf("%v, %+v", err, report)
	}
}

func appendText(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// TestViewEnds: a signal ends it as the key does, with the terminal as it was;
// what was said meanwhile is said then.
func TestViewEnds(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	for _, end := range []struct {
		how string
		do  func(*multiplexer)
	}{
		{"Ctrl-C", func(m *multiplexer) { m.press("C-c") }},
		{"SIGTERM", func(m *multiplexer) { m.signal(syscall.SIGTERM) }},
	} {
		t.Run(end.how, func(t *testing.T) {
			m, directory := onTmux(t, 80, 24, "A=b", "follow", "--from-start", log)
			m.shows("1 record  1 syscall")
			end.do(m)
			m.shows("1 record, 1 syscall", "exit code 0")
			m.sameTerminal(directory)
		})
	}
}

// signal sends a signal to the command in the terminal.
func (m *multiplexer) signal(sig syscall.Signal) {
	m.t.Helper()
	tty := strings.TrimPrefix(strings.TrimSpace(m.tmux("display-message", "-p", "#{pane_tty}")), "/dev/")
	out, err := exec.Command("ps", "-t", tty, "-o", "pid=,comm=").Output()
	if err != nil {
		m.t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		var pid int
		var comm string
		if fmt.Sscan(line, &pid, &comm); comm == "auditscan" {
			if err := syscall.Kill(pid, sig); err != nil {
				m.t.Fatal(err)
			}
			return
		}
	}
	m.t.Fatalf("no auditscan in\n%s", out)
}

// TestViewLingers: when a pipe has ended, what came is there to be looked at;
// keys come from the terminal.
func TestViewLingers(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1, 2, 3)
	m, _ := onTmux(t, 80, 24, "A=b", "follow - <", log)
	m.shows("3 records  3 syscalls", "[ended]")
	m.press("q")
	m.shows("exit code 0")
}

// TestPlain: lines where there is no view: asked for, or a terminal without
// means, as it was before there was one.
func TestPlain(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	for _, tt := range []struct{ env, args string }{{"TERM=dumb", ""}, {"TERM=", ""}, {"A=b", "--plain"}, {"A=b", "--new"}} {
		m, _ := onTmux(t, 80, 24, tt.env, "follow --from-start", tt.args, log)
		m.shows("seven[7] write x86_64 log")
		m.press("C-c")
		m.shows("exit code 0")
	}
}

// TestQuietSource: who sees nothing is told what for, and how to end.
func TestQuietSource(t *testing.T) {
	log := filepath.Join(t.TempDir(), "audit.log")
	appendTo(t, log, 1)
	m, _ := onTmux(t, 120, 24, "A=b", "follow --plain", log)
	m.shows("auditscan: waiting for records from ", "Ctrl-C ends")
	appendTo(t, log, 2)
	m.shows("seven[7] open x86_64 log")
	m.press("C-c")
	m.shows("exit code 0")
}
