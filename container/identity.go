// Package container says which container a record belongs to.
//
// A record carries a pid and nothing else. On the host that it comes from, the
// process's cgroup tells the container ([ParseCgroup]); later a pid map that was
// saved there does, by pid and time ([Map]):
//
//	text of /proc/PID/cgroup ──ParseCgroup──> Ref ──live.Resolver──> Identity
//	pid, time ──Map.Lookup──> Identity
//
// The package looks at nothing itself: package live does.
package container

import (
	"encoding/json"
	"errors"
)

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
	// Nested is what the process was in inside of the container or service:
	// the id of another container, or a unit. Whoever is in there can give it
	// any name, so it names nothing outside.
	Nested string `json:"nested,omitempty"`
	// Manager is the service manager of the user whose container it is
	// (rootless: user@UID.service), who can give it any id and name. It is
	// empty for the containers of the host's own runtimes.
	Manager string `json:"manager,omitempty"`
	// Runtime is docker, containerd, cri-o, podman, runc, ecs, lxc or systemd.
	Runtime string `json:"runtime,omitempty"`
	// Via is how the record was attributed: direct, lineage, pidmap or runtime.
	Via string `json:"via,omitempty"`
}

// Owner returns who answers for a container: the user's service manager whose it
// is, the namespace of its pod, or else the host's runtime. It is no container,
// and its ID is never that of one.
func (id *Identity) Owner() Identity {
	switch {
	case id.Manager != "":
		return Identity{ID: "manager " + id.Manager, Manager: id.Manager}
	case id.Namespace != "":
		return Identity{ID: "namespace " + id.Namespace, Namespace: id.Namespace}
	}
	return Identity{ID: "runtime " + id.Runtime, Runtime: id.Runtime}
}

// ParseIdentity reads the JSON object of a container, as an event has it; null,
// and an object without an id, are none. Collectors that are not auditscan tell
// some of it in other shapes (Elastic's image is an object): that is unknown.
func ParseIdentity(text []byte) (*Identity, error) {
	id := &Identity{}
	if err := json.Unmarshal(text, id); err != nil && !errors.As(err, new(*json.UnmarshalTypeError)) {
		return nil, err
	}
	if id.ID == "" {
		return nil, nil
	}
	return id, id.check()
}

// The values of [Identity.Via].
const (
	ViaDirect  = "direct"  // the process's own cgroup
	ViaLineage = "lineage" // the cgroup of the process that forked it
	ViaPidmap  = "pidmap"  // a saved map
	ViaRuntime = "runtime" // what the runtime told a listener
)

// PauseName is the [Identity.Name] of a pod's pause container, as kubelet's
// file and container names have it.
const PauseName = "POD"
