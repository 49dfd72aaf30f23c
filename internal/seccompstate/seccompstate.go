// Package seccompstate tells which seccomp filters a process is under, and what
// they answer.
package seccompstate

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// State is what /proc/PID/status says of a process's first thread.
type State struct {
	Name string
	Mode Mode
	// Filters is how many there are, -1 where the kernel does not tell
	// (before Linux 5.9).
	Filters    int
	NoNewPrivs bool
}

// Mode is a mode of seccomp (linux/seccomp.h).
type Mode int

// The modes.
const (
	Disabled Mode = iota
	Strict
	Filtered
)

// String returns the mode's name.
func (m Mode) String() string {
	switch m {
	case Disabled:
		return "disabled"
	case Strict:
		return "strict"
	case Filtered:
		return "filter"
	}
	return strconv.Itoa(int(m))
}

// Read reads the state of a process from the proc file system in root, which
// is the host's "/" or a copy of its layout.
func Read(root fs.FS, pid int) (State, error) {
	name := fmt.Sprintf("proc/%d/status", pid)
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return State{}, fmt.Errorf("process %d: %w", pid, err)
	}
	s := State{Mode: -1, Filters: -1}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		if err := s.set(key, strings.TrimSpace(value)); err != nil {
			return State{}, fmt.Errorf("%s: %s: %w", name, key, err)
		}
	}
	if s.Mode < 0 {
		return State{}, fmt.Errorf("%s has no line Seccomp (is CONFIG_SECCOMP off?)", name)
	}
	return s, nil
}

func (s *State) set(key, value string) (err error) {
	switch key {
	case "Name":
		s.Name = value
	case "NoNewPrivs":
		s.NoNewPrivs = value == "1"
	case "Seccomp":
		var mode int
		mode, err = strconv.Atoi(value)
		s.Mode = Mode(mode)
	case "Seccomp_filters":
		s.Filters, err = strconv.Atoi(value)
	}
	return err
}
