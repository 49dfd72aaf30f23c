package profile

import (
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:generate go run ./internal/defaults

// defaultFiles are the output of the generator: the default profile of each
// engine, with the module that it is from.
//
//go:embed defaults/*.json
var defaultFiles embed.FS

// RuntimeDefaultName is what [BuiltIn] calls the default of Docker, as Kubernetes
// does. containerd's is the same, but for the conditions that it has settled and
// three calls (lsm_*) of newer kernels.
const RuntimeDefaultName = "runtime/default"

// builtIns are the names of defaults, and their files.
var builtIns = []struct{ name, file string }{
	{RuntimeDefaultName, "docker"}, {"runtime/docker", "docker"}, {"runtime/containerd", "docker"}, {"runtime/podman", "podman"}, {"runtime/crio", "crio"},
}

// BuiltIns returns the names of the profiles that are built in.
func BuiltIns() []string {
	var names []string
	for _, b := range builtIns {
		names = append(names, b.name)
	}
	return names
}

// IsBuiltIn reports whether a name is that of a profile that is built in.
func IsBuiltIn(name string) bool { return slices.Contains(BuiltIns(), name) }

// BuiltIn returns the profile that an engine gives containers which ask for none,
// and the module and version that it is from.
func BuiltIn(name string) (d *Document, source string, err error) {
	i := slices.IndexFunc(builtIns, func(b struct{ name, file string }) bool { return b.name == name })
	if i < 0 {
		return nil, "", fmt.Errorf("%s: no such profile is built in (%s)", name, strings.Join(BuiltIns(), ", "))
	}
	text, err := defaultFiles.ReadFile("defaults/" + builtIns[i].file + ".json")
	if err != nil {
		return nil, "", err
	}
	var file struct {
		Source  string          `json:"source"`
		Profile json.RawMessage `json:"profile"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, "", err
	}
	d, err = Parse(file.Profile, name)
	return d, file.Source, err
}
