package term

import xterm "golang.org/x/term"

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

// Color reports whether colors are wanted on stream: it is a terminal, NO_COLOR
// (no-color.org) is unset or empty, and TERM is not "dumb". Env is os.Getenv
// but for tests.
func Color(stream any, env func(string) string) bool {
	return IsTerminal(stream) && env("NO_COLOR") == "" && env("TERM") != "dumb"
}
