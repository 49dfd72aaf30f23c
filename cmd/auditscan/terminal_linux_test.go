package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"github.com/auditscan/auditscan/internal/corpustest"
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

// onScreen runs a command on a terminal and returns its lines.
func onScreen(t *testing.T, columns uint16, env []string, args ...string) []string {
	t.Helper()
	control, tty := openTerminal(t, 24, columns)
	defer tty.Close()
	cmd := exec.Command("auditscan", args...)
	cmd.Stdout, cmd.Stderr = tty, tty
	cmd.Env = append(append(os.Environ(), "NO_COLOR=", "CLICOLOR_FORCE=", "TERM=xterm", "PAGER=cat"), env...)
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
	<-ended // with whatever status: what is shown is tested here
	return strings.Split(strings.TrimSuffix(string(text), "\r\n\x00"), "\r\n")
}

// TestPager: what is higher than the terminal goes through the user's pager,
// all of it and nothing else.
func TestPager(t *testing.T) {
	corpus := filepath.Dir(corpustest.Corpus.Path(t, "106-lab-enriched-all-actions.log"))
	const pager = "PAGER=sed s/^/paged:/"
	tests := []struct {
		name  string
		env   string
		args  []string
		paged bool
	}{
		{"high", pager, []string{"syscall", "--arch", "x86_64"}, true},
		{"high report", pager, []string{"report", "--by", "pid", corpus}, true},
		{"low", pager, []string{"report", filepath.Join(corpus, "106-lab-enriched-all-actions.log")}, false},
		{"--no-pager", pager, []string{"--no-pager", "syscall", "--arch", "x86_64"}, false},
		{"JSON", pager, []string{"syscall", "--arch", "x86_64", "-o", "json"}, false},
		{"none", "PAGER=no-such-pager", []string{"syscall", "--arch", "x86_64"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plain := onScreen(t, 200, nil, tt.args...)
			got := onScreen(t, 200, []string{tt.env}, tt.args...)
			for i := range got {
				var paged bool
				if got[i], paged = strings.CutPrefix(got[i], "paged:"); paged != tt.paged {
					t.Fatalf("line %d went through the pager: %v, want %v", i, paged, tt.paged)
				}
			}
			if !slices.Equal(got, plain) {
				t.Errorf("with a pager:\n%s\nwithout:\n%s", strings.Join(got, "\n"), strings.Join(plain, "\n"))
			}
		})
	}
	if got := onScreen(t, 200, []string{"PAGER=head -n 2"}, "syscall", "--arch", "x86_64"); len(got) != 2 {
		t.Errorf("a pager that is left early: %q", got)
	}
}

// TestProgress: who waits for a pipe is told how much came, and the bar is gone
// when all has come.
func TestProgress(t *testing.T) {
	control, tty := openTerminal(t, 24, 80)
	defer tty.Close()
	cmd := exec.Command("auditscan", "report", "-")
	cmd.Env = append(os.Environ(), "TERM=xterm")
	cmd.Stderr = tty
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(bytes.Repeat([]byte("no record\n"), 1000)); err != nil {
		t.Fatal(err)
	}
	var text []byte
	buf := make([]byte, 64<<10)
	for !regexp.MustCompile(`reading .* 9\.8 KiB .* [0-9]+ ([KM]i)?B/s`).Match(text) {
		n, err := control.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, buf[:n]...)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
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
			args := append([]string{"report", corpustest.Corpus.Path(t, "015-sof-5440-firefox-enforce.log")}, tt.args...)
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

// TestFitsTerminal: no line that any command shows is wider than the terminal,
// but for a word that is, and none is broken within a word.
func TestFitsTerminal(t *testing.T) {
	log := corpustest.Corpus.Path(t, "057-imx8-kauditd-suppressed.log")
	const (
		fleet = "../../report/testdata/golden/fleet.json" // of pods, images and nodes
		nginx = "../../examples/nginx.json"
	)
	long := longNames(t)
	tests := [][]string{
		{"report", log}, {"report", fleet}, {"report", "-o", "wide", fleet}, {"report", "--by", "container,pod,namespace,workload", fleet},
		{"report", long}, {"report", "-o", "wide", long},
		{"check", nginx, fleet}, {"check", "--by", "pod,comm", conditional(t), fleet}, {"check", nginx, long},
		{"diff", "runtime/default", nginx}, {"diff", nginx, "runtime/default"}, {"diff", conditional(t), nginx},
		{"inspect", nginx}, {"inspect", "runtime/default"}, {"inspect", conditional(t)},
		{"explain", "read", long, "--profile", conditional(t)}, {"explain", "preadv2", long, "-p", "runtime/default"}, {"explain", "exit", fleet}, {"explain", "bpf", fleet},
		{"merge", "-o", "table", fleet, fleet}, {"profile", "-o", filepath.Join(t.TempDir(), "p.json"), long}, {"version"}, {"syscall", "--arch", "all", "mq_timedreceive_time64"},
		{"containers"}, {"doctor"}, {"syscall", "read", "openat"}, {"syscall", "pread"}, {"syscall", "nosuchcall", "--arch", "all"},
	}
	if os.Getuid() == 0 {
		tests = append(tests, []string{"record", "--", "true"})
	}
	for _, args := range tests {
		for _, columns := range []uint16{80, 200} {
			text := strings.Join(onScreen(t, columns, []string{"NO_COLOR=1"}, args...), "\n")
			for line := range strings.SplitSeq(text, "\n") {
				if n := utf8.RuneCountInString(line); n > int(columns) && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("%q on %d columns has a line of %d: %s", args, columns, n, line)
				}
			}
		}
	}
}

// longNames writes a log of programs with names as long as they can be.
func longNames(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), strings.Repeat("a-long-name-", 10)+".log")
	var text strings.Builder
	for i, path := range []string{"/opt/" + strings.Repeat("deep/", 50), "/usr/bin/short", "/srv/" + strings.Repeat("x", 200)} {
		fmt.Fprintf(&text, `type=SECCOMP msg=audit(1795446782.601:%d): auid=0 uid=0 gid=0 ses=1 pid=180428%d comm="fifteen-letters" exe="%s" sig=0 arch=c000003e syscall=%d compat=0 ip=0x1 code=0x7ffc0000`+"\n",
			1000+i, i, path, []int{0, 128, 327}[i]) // read, rt_sigtimedwait, preadv2
	}
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// conditional writes a profile whose answers depend on arguments.
func conditional(t *testing.T) string {
	t.Helper()
	const text = `{"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64"],"syscalls":[
{"names":["futex","getppid","personality"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":131072,"op":"SCMP_CMP_EQ"}]},
{"names":["futex"],"action":"SCMP_ACT_ALLOW","args":[{"index":1,"value":4294967295,"valueTwo":2114060288,"op":"SCMP_CMP_MASKED_EQ"}]},
{"names":["execve","exit_group","read","preadv2","socket","nanosleep"],"action":"SCMP_ACT_ALLOW"}]}`
	name := filepath.Join(t.TempDir(), "conditional.json")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestHelpFits: help is for people on any terminal.
func TestHelpFits(t *testing.T) {
	commands := [][]string{{"--help"}}
	for _, cmd := range newRoot(&environment{}).Commands() {
		commands = append(commands, []string{cmd.Name(), "--help"})
	}
	for _, args := range commands {
		for _, line := range onScreen(t, 80, nil, args...) {
			if n := utf8.RuneCountInString(line); n > 80 {
				t.Errorf("%q on 80 columns has a line of %d: %s", args, n, line)
			}
		}
	}
}
