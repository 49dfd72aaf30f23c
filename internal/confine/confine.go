// Package confine gives up rights that a process no longer needs once it knows
// what it will do: what it reads is hostile, and it is often run as root.
//
//   - no_new_privs: no file that is executed gives rights back.
//   - Capabilities: all are dropped but those that are named as needed.
//   - Landlock: files are written, made, removed and truncated only where that
//     is needed, no device is controlled, no port is bound or connected to; who
//     starts no program sends no signal to others and connects to none of their
//     sockets. Each as far as the kernel knows it.
//   - Seccomp: calls that change files' owners, modes and attributes, which
//     Landlock does not know, mounts, modules, other processes: none is needed
//     by any command. Sockets (to the kernel and on this host) and programs
//     only where that is said.
//
// What is open stays open, and everything can be read that could be before:
// the names of containers are found all over the host.
package confine

import "github.com/auditscan/auditscan/internal/rights"

// Needs are what a process still has to do.
type Needs struct {
	// Files are written or replaced, now or later. The names beside them may
	// be used, too, as a file is replaced by renaming another. A device or a
	// named pipe is opened itself.
	Files []string
	// Directories are written into, at any depth. One that does not exist is made.
	Directories []string
	// Capabilities are kept if the process has them, besides those to read
	// every file and the kernel's log and, if anything is written, the one to
	// write into every user's directory.
	Capabilities []rights.Capability
	// Programs are started, and Sockets opened.
	Programs, Sockets bool
	// Processes are looked into: which program they run. Landlock knows no such
	// right and forbids it, so files are written as far as capabilities allow.
	Processes bool
}
