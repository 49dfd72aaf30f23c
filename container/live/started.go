package live

import (
	"cmp"

	"github.com/auditscan/auditscan/container"
)

// Started returns what is known of a container by the id that its runtime gave
// it and one of its processes. Any runtime of the host's can give any id: where
// it is none of 64 digits, it stands for the name, too.
func (r *Resolver) Started(id string, pid int32) container.Identity {
	ref := container.Ref{ID: id}
	if own := cgroupOf(pid); own.ID == id { // it tells more: the pod, a user
		ref = r.Settle(own)
	}
	started := r.identify(ref)
	if !container.ValidID(id) {
		started.Name = cmp.Or(started.Name, id)
	}
	started.Via = container.ViaRuntime
	return started
}
