package live_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/audittest"
)

// The DaemonSet of examples/kubernetes has what a Tracker needs: this test
// runs one in a container with its capabilities and namespaces.
func TestTrackerWithRightsOfDaemonSet(t *testing.T) {
	if pid, err := strconv.Atoi(os.Getenv("AUDITSCAN_ATTRIBUTE")); err == nil {
		printAttribution(t, int32(pid))
		return
	}
	audittest.NeedRunc(t)
	if os.Getuid() != 0 {
		t.Skip("needs root, to run containers")
	}
	capabilities := daemonSetCapabilities(t)
	cells := newCells(t)
	watched, watcher := cells[0], cells[1]

	state := t.TempDir()
	sleeper := exec.Command("runc", "--root", state, "run", "--bundle", watched.bundle(t, "echo; read x; :", "mount"), watched.id)
	in, err := sleeper.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := sleeper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	defer sleeper.Wait()
	defer in.Close()
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	names, err := live.NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	defer names.Close()
	list, err := live.List(names)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(p container.Process) bool { return p.Container.ID == watched.id })
	if i < 0 {
		t.Fatal("the container to watch is not listed")
	}

	bundle := watcher.selfBundle(t, capabilities, list[i].PID)
	text, err := exec.Command("runc", "--root", state, "run", "--bundle", bundle, watcher.id).CombinedOutput()
	if err != nil {
		t.Fatalf("runc: %v\n%s", err, text)
	}
	got, _, _ := strings.Cut(string(text), "\nPASS")
	if want := watched.id + " direct"; got != want {
		t.Errorf("inside: %s\nwant %s and no limits", got, want)
	}
}

func printAttribution(t *testing.T, pid int32) {
	names, err := live.NewResolver("/")
	if err != nil {
		t.Fatal(err)
	}
	tracker, err := live.NewTracker(names, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range tracker.Limits() {
		fmt.Println(l)
	}
	if id, _ := tracker.Attribute(pid, time.Now()); id != nil {
		fmt.Println(id.ID, id.Via)
	}
}

func daemonSetCapabilities(t *testing.T) (capabilities []string) {
	t.Helper()
	text, err := os.ReadFile("../../examples/kubernetes/daemonset.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Spec struct {
			Template struct {
				Spec struct {
					Containers []struct {
						SecurityContext struct{ Capabilities struct{ Add []string } } `yaml:"securityContext"`
					}
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for _, name := range d.Spec.Template.Spec.Containers[0].SecurityContext.Capabilities.Add {
		capabilities = append(capabilities, "CAP_"+name)
	}
	if len(capabilities) == 0 {
		t.Fatal("no capabilities in the manifest")
	}
	return capabilities
}

// selfBundle makes what runc needs to run this test's binary in a cell: the
// host's pid and network namespaces, a cgroup namespace of its own, as
// container runtimes have it, and no way to write.
func (c cell) selfBundle(t *testing.T, capabilities []string, pid int32) string {
	t.Helper()
	dir := c.bundle(t, "")
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "rootfs/bin/test"), self, 0o755); err != nil {
		t.Fatal(err)
	}
	mounts := []object{{"destination": "/proc", "type": "proc", "source": "proc"}}
	for _, lib := range []string{"/lib", "/lib64", "/usr/lib"} { // which this binary may need, unlike auditscan's
		if _, err := os.Stat(lib); err == nil {
			mounts = append(mounts, object{"destination": lib, "type": "bind", "source": lib, "options": []string{"rbind", "ro"}})
		}
	}
	config, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"process": object{
			"args": []string{"/bin/test", "-test.run=^" + t.Name() + "$"}, "env": []string{fmt.Sprintf("AUDITSCAN_ATTRIBUTE=%d", pid)},
			"cwd": "/", "noNewPrivileges": true, "user": object{"uid": 0, "gid": 0},
			"capabilities": object{"bounding": capabilities, "effective": capabilities, "permitted": capabilities},
		},
		"root":   object{"path": "rootfs", "readonly": true},
		"mounts": mounts,
		"linux":  object{"cgroupsPath": c.cgroup, "namespaces": []object{{"type": "mount"}, {"type": "cgroup"}, {"type": "ipc"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
