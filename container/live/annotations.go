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

// fromAnnotations reads what the CRI runtimes write next to a container: the
// annotations of containerd's CRI plugin (io.kubernetes.cri.…), those of
// CRI-O (io.kubernetes.cri-o.…), and kubelet's labels (io.kubernetes.…),
// which CRI-O nests as JSON and Docker has as labels.
func (r *Resolver) fromAnnotations(place string, a map[string]string) details {
	labels := map[string]string{}
	if text := a["io.kubernetes.cri-o.Labels"]; text != "" {
		var nested map[string]string
		r.note(place, json.Unmarshal([]byte(text), &nested))
		maps.Copy(labels, nested)
	}
	maps.Copy(labels, a)
	if labels["io.container.manager"] == "libpod" {
		return details{runtime: "podman"} // its annotations are its user's own words
	}
	first := func(keys ...string) string {
		for _, key := range keys {
			if labels[key] != "" {
				return labels[key]
			}
		}
		return ""
	}
	kind := first("io.kubernetes.cri.container-type", "io.kubernetes.cri-o.ContainerType", "io.kubernetes.docker.type")
	return details{
		name:      r.cleanName(place, first("io.kubernetes.cri.container-name", "io.kubernetes.container.name")),
		image:     r.cleanImage(place, first("io.kubernetes.cri.image-name", "io.kubernetes.cri-o.ImageName")),
		pod:       r.cleanName(place, first("io.kubernetes.cri.sandbox-name", "io.kubernetes.pod.name")),
		namespace: r.cleanName(place, first("io.kubernetes.cri.sandbox-namespace", "io.kubernetes.pod.namespace")),
		podUID:    first("io.kubernetes.cri.sandbox-uid", "io.kubernetes.pod.uid"),
		sandboxID: first("io.kubernetes.cri.sandbox-id", "io.kubernetes.cri-o.SandboxID", "io.kubernetes.sandbox.id"),
		sandbox:   kind == "sandbox" || kind == "podsandbox",
		labels:    labels,
	}
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
