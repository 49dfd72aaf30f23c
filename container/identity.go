// Package container says which container a record belongs to.
//
// A record carries a pid and nothing else. Live, a [Tracker] goes from the
// pid to the container by the process's cgroup and by who forked it; later, a
// [Map] that a Tracker saved does the same by pid and time. A [Resolver] adds
// names from what the container runtimes leave on disk:
//
//	pid, time ──Tracker, Map──> cgroup ──ParseCgroup──> Ref ──Resolver──> Identity
package container

// Identity is what is known of a container. Empty strings are unknown.
//
// A systemd service outside of any container is an Identity too: its ID and
// Name are the unit's name and its Runtime is "systemd". An LXC container has
// no id but its name.
type Identity struct {
	ID        string `json:"id"`
	Name      string `json:"name,omitempty"`
	Image     string `json:"image,omitempty"`
	Pod       string `json:"pod,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Workload is what the pod was made from: the name of a Deployment,
	// DaemonSet, StatefulSet, ReplicaSet or Job. The pause container of a pod
	// has none.
	Workload string `json:"workload,omitempty"`
	// WorkloadGuessed is set when Workload was read off the pod's name, no
	// label being at hand.
	WorkloadGuessed bool `json:"workloadGuessed,omitempty"`
	// Runtime is docker, containerd, cri-o, podman, runc, ecs, lxc or systemd.
	Runtime string `json:"runtime,omitempty"`
	// Via is how the record was attributed: direct, lineage or pidmap.
	Via string `json:"via,omitempty"`
}

// The values of [Identity.Via].
const (
	ViaDirect  = "direct"  // the process's own cgroup
	ViaLineage = "lineage" // the cgroup of the process that forked it
	ViaPidmap  = "pidmap"  // a saved map
)

// PauseName is the [Identity.Name] of a pod's pause container, as kubelet's
// file and container names have it.
const PauseName = "POD"
