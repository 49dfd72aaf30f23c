// Package launch runs a program under a seccomp filter. A filter holds for
// the thread that loads it and for what that starts, so it is loaded by a
// stage of its own: this binary again, which becomes the program.
//
//	Start ──/proc/self/exe (Stage)──> own audit session ──> filter ──execve──> the program
//
// Between the filter and execve the stage makes no call: execve is the first
// that the filter sees, and it belongs to the program as in strace.
package launch

import (
	"io"

	"golang.org/x/net/bpf"
)

// Command is what is to be run.
type Command struct {
	Path           string // of the program, found already
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Filter         []bpf.RawInstruction
	// Notify has the kernel ask this process about the calls that the filter
	// notifies of, by [Process.Calls], and let each wait for the answer.
	Notify bool
	// Session gives the program an audit session of its own, which all that
	// it starts share and nobody else: the kernel writes it into each record.
	Session bool
}

// Signalled is what is added to the signal that ended a program, as a shell
// does, to make its status.
const Signalled = 128

// stageName is the first argument of the stage. It is no command of the
// user's.
const stageName = "launch-stage"

// IsStage reports whether this process has been started by [Start] to become
// a program, by calling [Stage].
func IsStage(args []string) bool { return len(args) > 2 && args[1] == stageName }
