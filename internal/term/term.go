package term

import (
	"fmt"
	"io"
	"runtime"
	"slices"

	xterm "golang.org/x/term"
)

// descriptor is what *os.File has and other streams have not.
type descriptor interface{ Fd() uintptr }

// IsTerminal reports whether stream, a reader or a writer, is a terminal.
func IsTerminal(stream any) bool {
	f, ok := stream.(descriptor)
	return ok && xterm.IsTerminal(int(f.Fd()))
}

// Width returns the number of columns of the terminal behind stream, and 0,
// which stands for no limit, if stream is no terminal or does not tell.
func Width(stream any) int {
	if f, ok := stream.(descriptor); ok {
		if width, _, err := xterm.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// Height returns the number of lines of the terminal behind stream, and 0 if
// stream is no terminal or does not tell.
func Height(stream any) int {
	if f, ok := stream.(descriptor); ok {
		if _, height, err := xterm.GetSize(int(f.Fd())); err == nil {
			return height
		}
	}
	return 0
}

// When says when colours are wanted. It is the value of a flag (pflag.Value);
// the zero value is Auto.
type When string

// The times when colours are wanted.
const (
	Auto   When = "auto" // on a terminal, unless the environment says otherwise
	Always When = "always"
	Never  When = "never"
)

// Whens returns the values that a flag can have.
func Whens() []When { return []When{Auto, Always, Never} }

// String returns the value as the command line has it.
func (w When) String() string {
	if w == "" {
		return string(Auto)
	}
	return string(w)
}

// Set reads a value of the command line.
func (w *When) Set(s string) error {
	if !slices.Contains(Whens(), When(s)) {
		return fmt.Errorf("%q is not one of auto, always, never", s)
	}
	*w = When(s)
	return nil
}

// Type names the value in the help text.
func (w *When) Type() string { return "when" }

// Color reports whether colors are wanted on stream. Auto is yes on a
// terminal that is not dumb (see [IsDumb]); NO_COLOR (no-color.org), if it is not empty,
// turns colours off, and CLICOLOR_FORCE (bixense.com/clicolors), if it is
// neither empty nor 0, turns them on without a terminal, too. Getenv is
// os.Getenv but for tests.
func (w When) Color(stream any, getenv func(string) string) bool {
	if w == Always || w == Never {
		return w == Always
	}
	if getenv("NO_COLOR") != "" {
		return false
	}
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return IsTerminal(stream) && !IsDumb(getenv)
}

// IsDumb reports whether terminals are to get text alone: TERM says so, or does
// not tell (a serial console, a bare container), but on Windows, where it never
// does.
func IsDumb(getenv func(string) string) bool {
	name := getenv("TERM")
	return name == "dumb" || name == "" && runtime.GOOS != "windows"
}

// Keep returns a function that gives a terminal back as it is now, whatever a
// program that fills the screen has made of it, by writing to w.
func Keep(terminal descriptor) (restore func(w io.Writer)) {
	const leave = "\x1b[?1049l\x1b[?25h\x1b[0m" // the other screen, the cursor that is hidden, colours
	state, err := xterm.GetState(int(terminal.Fd()))
	return func(w io.Writer) {
		if err == nil {
			_ = xterm.Restore(int(terminal.Fd()), state)
		}
		_, _ = io.WriteString(w, leave)
	}
}
