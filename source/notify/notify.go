// Package notify records by seccomp's user notification: a filter hands each
// call to a listener, which writes it down and lets it run. Nothing can be lost
// on the way, since a call waits for its answer; no audit system takes part.
//
//	runtime ──state, descriptor──> unix socket ──> a reader a container ──events──> Next
//	program ──call──> kernel ──struct seccomp_notif──┘  └──CONTINUE──> kernel ──> the call runs
//
// A container runtime takes the socket's path from its profile (listenerPath),
// and sends what it knows of the container (OCI's ContainerProcessState) with
// the descriptor. Linux can let a call go on since 5.5 and tells that a
// container has ended since 5.9.
//
// That a call may go on is no decision over it: its arguments in memory can
// change before it runs. Nothing here judges a call.
package notify

import (
	"strings"

	"github.com/auditscan/auditscan/container"
)

// Prefix begins the name of a source of notifications; the path of its socket
// follows.
const Prefix = "notify:"

// DefaultPath is where auditscan listens if it is told no other place.
const DefaultPath = "/run/auditscan/seccomp.sock"

// Path returns the socket of a source's name and reports whether it is one of
// notifications. Without a path it is [DefaultPath].
func Path(name string) (path string, ok bool) {
	path, ok = strings.CutPrefix(name, Prefix)
	if ok && path == "" {
		path = DefaultPath
	}
	return path, ok
}

// Options say how to listen; the zero value is good.
type Options struct {
	// Identify returns what is known of a container by the id that its runtime
	// gave it and its first process (0: it is not known); nil: the id alone is.
	Identify func(id string, pid int32) container.Identity
	// Service is the manager that started this process; nil: none that matters.
	Service *Service
}

// identify describes a container.
func (o *Options) identify(id string, pid int32) container.Identity {
	if o.Identify == nil {
		return container.Identity{ID: id, Via: container.ViaRuntime}
	}
	return o.Identify(id, pid)
}
