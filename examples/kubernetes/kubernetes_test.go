// Package kubernetes_test holds the manifests to the least rights that work.
package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// podSpec is all that the pod may say: an unknown key fails the test.
type podSpec struct {
	HostPID                      bool                `yaml:"hostPID"`
	HostNetwork                  bool                `yaml:"hostNetwork"`
	DNSPolicy                    string              `yaml:"dnsPolicy"`
	AutomountServiceAccountToken *bool               `yaml:"automountServiceAccountToken"`
	EnableServiceLinks           *bool               `yaml:"enableServiceLinks"`
	Tolerations                  []map[string]string `yaml:"tolerations"`
	Containers                   []containerSpec     `yaml:"containers"`
	Volumes                      []volume            `yaml:"volumes"`
}

type containerSpec struct {
	Name, Image     string
	Args            []string
	SecurityContext securityContext `yaml:"securityContext"`
	Resources       map[string]map[string]string
	VolumeMounts    []mount `yaml:"volumeMounts"`
}

type securityContext struct {
	RunAsUser                *int                  `yaml:"runAsUser"`
	AllowPrivilegeEscalation *bool                 `yaml:"allowPrivilegeEscalation"`
	ReadOnlyRootFilesystem   bool                  `yaml:"readOnlyRootFilesystem"`
	SeccompProfile           struct{ Type string } `yaml:"seccompProfile"`
	Capabilities             struct{ Drop, Add []string }
}

type mount struct {
	Name              string
	MountPath         string `yaml:"mountPath"`
	ReadOnly          bool   `yaml:"readOnly"`
	RecursiveReadOnly string `yaml:"recursiveReadOnly"`
}

type volume struct {
	Name     string
	HostPath *struct{ Path, Type string } `yaml:"hostPath"`
	EmptyDir *struct{}                    `yaml:"emptyDir"`
}

type daemonSet struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
	Spec       struct {
		Selector struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		}
		Template struct {
			Metadata metadata
			Spec     podSpec
		}
	}
}

type metadata struct {
	Name, Namespace string
	Labels          map[string]string
}

type kustomization struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Resources  []string
	Patches    []struct {
		Target struct{ Kind, Name string }
		Patch  string
	}
}

// read decodes the one document of a file. Unknown keys are errors.
func read(t *testing.T, name string, v any) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if err := decoder.Decode(new(any)); !errors.Is(err, io.EOF) {
		t.Errorf("%s: more than one document (%v)", name, err)
	}
}

func TestRightsAreTheLeast(t *testing.T) {
	var d daemonSet
	read(t, "daemonset.yaml", &d)
	pod := d.Spec.Template.Spec
	if !pod.HostPID || !pod.HostNetwork || pod.AutomountServiceAccountToken == nil || *pod.AutomountServiceAccountToken {
		t.Errorf("hostPID %v, hostNetwork %v, service account token %v", pod.HostPID, pod.HostNetwork, pod.AutomountServiceAccountToken)
	}
	if len(pod.Containers) != 1 {
		t.Fatalf("%d containers", len(pod.Containers))
	}
	c := pod.Containers[0]
	s := c.SecurityContext
	slices.Sort(s.Capabilities.Add)
	if want := []string{"AUDIT_CONTROL", "AUDIT_READ", "NET_ADMIN"}; !slices.Equal(s.Capabilities.Add, want) {
		t.Errorf("capabilities %v, want exactly %v", s.Capabilities.Add, want)
	}
	if want := []string{"ALL"}; !slices.Equal(s.Capabilities.Drop, want) {
		t.Errorf("dropped %v, want %v", s.Capabilities.Drop, want)
	}
	if s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !s.ReadOnlyRootFilesystem || s.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("security context %+v", s)
	}
	want := []string{"follow", "audit:", "--root", "/host", "-o", "json", "--pidmap", "/var/lib/auditscan/pids.jsonl"}
	if !slices.Equal(c.Args, want) {
		t.Errorf("args %v, want %v", c.Args, want)
	}
	if !reflect.DeepEqual(d.Spec.Selector.MatchLabels, d.Spec.Template.Metadata.Labels) {
		t.Errorf("the selector %v does not select the pods, %v", d.Spec.Selector.MatchLabels, d.Spec.Template.Metadata.Labels)
	}
}

// Every path of the node is mounted where --root expects it, and read only.
// The one place to write to is not the node's.
func TestHostPathsAreReadOnly(t *testing.T) {
	var d daemonSet
	read(t, "daemonset.yaml", &d)
	pod := d.Spec.Template.Spec
	mounts := map[string]mount{}
	for _, m := range pod.Containers[0].VolumeMounts {
		mounts[m.Name] = m
	}
	if len(mounts) != len(pod.Volumes) {
		t.Errorf("%d mounts of %d volumes", len(mounts), len(pod.Volumes))
	}
	for _, v := range pod.Volumes {
		m := mounts[v.Name]
		if v.HostPath != nil && (!m.ReadOnly || m.MountPath != "/host"+v.HostPath.Path) {
			t.Errorf("volume %s: %s at %+v", v.Name, v.HostPath.Path, m)
		}
		if v.HostPath == nil && (v.EmptyDir == nil || m.MountPath != "/var/lib/auditscan") {
			t.Errorf("volume %s is neither a path of the node nor the state: %+v", v.Name, m)
		}
		// A container could ask the runtime for anything through its socket.
		if v.HostPath != nil && !strings.HasPrefix(v.HostPath.Path, "/var/log/") && !strings.Contains(v.HostPath.Path, "v2.task") {
			t.Errorf("volume %s: %s holds more than state", v.Name, v.HostPath.Path)
		}
	}
}

func TestKustomization(t *testing.T) {
	var k kustomization
	read(t, "kustomization.yaml", &k)
	files, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return name == "kustomization.yaml" })
	slices.Sort(k.Resources)
	if !slices.Equal(k.Resources, files) {
		t.Errorf("resources %v, the directory has %v", k.Resources, files)
	}
	var d daemonSet
	var namespace struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   metadata
	}
	read(t, "daemonset.yaml", &d)
	read(t, "namespace.yaml", &namespace)
	if d.Metadata.Namespace != namespace.Metadata.Name || d.Kind != "DaemonSet" || namespace.Kind != "Namespace" {
		t.Errorf("%s in %s, and %s %s", d.Kind, d.Metadata.Namespace, namespace.Kind, namespace.Metadata.Name)
	}
}

// The patch for CRI-O replaces what stands there, and keeps path and mount
// together.
func TestPatchForCRIO(t *testing.T) {
	var k kustomization
	read(t, "cri-o/kustomization.yaml", &k)
	var d any
	read(t, "daemonset.yaml", &d)
	if len(k.Patches) != 1 || !slices.Equal(k.Resources, []string{".."}) {
		t.Fatalf("%+v", k)
	}
	var ops []struct{ Op, Path, Value string }
	if err := yaml.Unmarshal([]byte(k.Patches[0].Patch), &ops); err != nil {
		t.Fatal(err)
	}
	var old, new []string
	for _, op := range ops {
		value, ok := lookup(d, op.Path).(string)
		if op.Op != "replace" || !ok {
			t.Errorf("%s %s: nothing there to replace", op.Op, op.Path)
		}
		old, new = append(old, value), append(new, op.Value)
	}
	const containerd = "/run/containerd/io.containerd.runtime.v2.task"
	if !slices.Equal(old, []string{containerd, "/host" + containerd}) || len(new) != 2 || new[1] != "/host"+new[0] {
		t.Errorf("replaces %v by %v", old, new)
	}
}

// lookup follows a JSON pointer.
func lookup(v any, pointer string) any {
	for _, key := range strings.Split(pointer, "/")[1:] {
		switch node := v.(type) {
		case map[string]any:
			v = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(node) {
				return nil
			}
			v = node[i]
		default:
			return nil
		}
	}
	return v
}

func TestDockerfileIsFromScratch(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	var steps []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			steps = append(steps, line)
		}
	}
	want := []string{"FROM scratch", "COPY auditscan /auditscan", `ENTRYPOINT ["/auditscan"]`}
	if !slices.Equal(steps, want) {
		t.Errorf("steps %q, want %q", steps, want)
	}
}
