package live

import (
	"encoding/json"
	"maps"

	"github.com/auditscan/auditscan/container"
)

// annotations returns the annotations of an OCI configuration file.
func (r *Resolver) annotations(name string) (map[string]string, error) {
	var config struct {
		Annotations map[string]string `json:"annotations"`
	}
	err := r.files.readJSON(name, &config)
	return config.Annotations, err
}

// keys are the annotations or labels in which one runtime tells about a
// container. A pod's user may set any other key, also one of another runtime:
// so each file is read by the keys of the runtime that wrote it, and no others.
type keys struct{ kind, name, image, pod, namespace, podUID, sandboxID string }

var (
	// Those of containerd's CRI plugin.
	criKeys = keys{
		kind: "io.kubernetes.cri.container-type", name: "io.kubernetes.cri.container-name", image: "io.kubernetes.cri.image-name",
		pod: "io.kubernetes.cri.sandbox-name", namespace: "io.kubernetes.cri.sandbox-namespace",
		podUID: "io.kubernetes.cri.sandbox-uid", sandboxID: "io.kubernetes.cri.sandbox-id",
	}
	// Those of CRI-O. It adds a pod's labels last, and among them kubelet's own
	// (io.kubernetes.pod.…), which kubelet lets no user override.
	crioKeys = keys{
		kind: "io.kubernetes.cri-o.ContainerType", name: "io.kubernetes.container.name", image: "io.kubernetes.cri-o.ImageName",
		pod: "io.kubernetes.pod.name", namespace: "io.kubernetes.pod.namespace",
		podUID: "io.kubernetes.pod.uid", sandboxID: "io.kubernetes.cri-o.SandboxID",
	}
	// Kubelet's labels on Docker's containers (dockershim, cri-dockerd).
	dockerKeys = keys{
		kind: "io.kubernetes.docker.type", name: "io.kubernetes.container.name",
		pod: "io.kubernetes.pod.name", namespace: "io.kubernetes.pod.namespace",
		podUID: "io.kubernetes.pod.uid", sandboxID: "io.kubernetes.sandbox.id",
	}
)

// fromKeys takes the names under a runtime's keys.
func (r *Resolver) fromKeys(place string, k keys, a map[string]string) details {
	kind := a[k.kind]
	return details{
		name:      r.cleanName(place, a[k.name]),
		image:     r.cleanImage(place, a[k.image]),
		pod:       r.cleanName(place, a[k.pod]),
		namespace: r.cleanName(place, a[k.namespace]),
		podUID:    a[k.podUID],
		sandboxID: a[k.sandboxID],
		sandbox:   kind == "sandbox" || kind == "podsandbox",
		labels:    a,
	}
}

// fromStorageAnnotations reads the annotations of a container that CRI-O or
// Podman made. Podman's are its user's own words; it sets none of CRI-O's.
func (r *Resolver) fromStorageAnnotations(place string, a map[string]string) details {
	switch {
	case a[crioKeys.kind] != "":
		d := r.fromKeys(place, crioKeys, r.withLabels(place, a))
		d.runtime = "cri-o"
		return d
	case a["io.container.manager"] == "libpod":
		return details{runtime: "podman"}
	}
	return details{}
}

// withLabels adds the labels that CRI-O keeps as JSON in one of its
// annotations, where older versions had no others.
func (r *Resolver) withLabels(place string, a map[string]string) map[string]string {
	text := a["io.kubernetes.cri-o.Labels"]
	if text == "" {
		return a
	}
	var all map[string]string
	r.note(place, json.Unmarshal([]byte(text), &all))
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, a)
	return all
}

// cleanName returns s if it can be the name of a container, pod or namespace;
// else it is dropped, and said so.
func (r *Resolver) cleanName(place, s string) string {
	if s == "" || container.ValidName(s) {
		return s
	}
	r.problems.Add(container.Problem{Name: "/" + place, Detail: "a name with characters or of a length that no name has: dropped"})
	return ""
}

// cleanImage is cleanName for references to images.
func (r *Resolver) cleanImage(place, s string) string {
	if s == "" || container.ValidImage(s) {
		return s
	}
	r.problems.Add(container.Problem{Name: "/" + place, Detail: "an image with characters or of a length that no image has: dropped"})
	return ""
}
