package term

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// openTerminal returns the program's side of a new pseudo terminal.
func openTerminal(t *testing.T, columns uint16) *os.File {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { control.Close() })
	fd := int(control.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	t.Cleanup(func() { tty.Close() })
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	return tty
}

func TestTerminal(t *testing.T) {
	tty := openTerminal(t, 97)
	if !IsTerminal(tty) {
		t.Error("IsTerminal(pty) = false")
	}
	if w, h := Width(tty), Height(tty); w != 97 || h != 24 {
		t.Errorf("%d columns and %d lines, want 97 and 24", w, h)
	}
}

func TestColor(t *testing.T) {
	tty := openTerminal(t, 80)
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, test := range []struct {
		when   When
		env    map[string]string
		onTTY  bool
		onFile bool
	}{
		{"", map[string]string{"TERM": "xterm"}, true, false},
		{Auto, nil, false, false},
		{Auto, map[string]string{"TERM": "xterm"}, true, false},
		{Auto, map[string]string{"NO_COLOR": "", "TERM": "xterm"}, true, false},
		{Auto, map[string]string{"NO_COLOR": "1"}, false, false},
		{Auto, map[string]string{"TERM": "dumb"}, false, false},
		{Auto, map[string]string{"CLICOLOR_FORCE": "1"}, true, true},
		{Auto, map[string]string{"CLICOLOR_FORCE": "0", "TERM": "xterm"}, true, false},
		{Auto, map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, true, true},
		{Auto, map[string]string{"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, false, false},
		{Always, map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, true, true},
		{Never, map[string]string{"CLICOLOR_FORCE": "1"}, false, false},
	} {
		getenv := func(name string) string { return test.env[name] }
		if got := test.when.Color(tty, getenv); got != test.onTTY {
			t.Errorf("%q with %v on a terminal: %v", test.when, test.env, got)
		}
		if got := test.when.Color(file, getenv); got != test.onFile {
			t.Errorf("%q with %v on a file: %v", test.when, test.env, got)
		}
	}
}

func TestWhen(t *testing.T) {
	for _, value := range Whens() {
		var w When
		if err := w.Set(string(value)); err != nil || w != value || w.String() != string(value) {
			t.Errorf("Set(%q): %q, %v", value, w, err)
		}
	}
	var w When
	if err := w.Set("sometimes"); err == nil || w.String() != "auto" {
		t.Errorf("Set of nonsense: %q, %v", w, err)
	}
}
