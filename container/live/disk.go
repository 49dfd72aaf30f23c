package live

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/auditscan/auditscan/container"
)

// maxFile bounds what is read of one file: a config.json takes some 10 kB.
const maxFile = 1 << 20

// maxEntries bounds what is read of one directory.
const maxEntries = 1 << 16

var (
	errTooLarge   = errors.New("larger than 1 MiB, not read")
	errNotRegular = errors.New("not a regular file, not read")
)

// files reads below a root directory and never outside of it.
type files struct{ root *os.Root }

// read returns the whole of a regular file. It does not wait for the other
// end of a FIFO.
func (f files) read(name string) ([]byte, error) {
	file, err := f.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, errTooLarge
	}
	return data, err
}

// readJSON decodes a file into v.
func (f files) readJSON(name string, v any) error {
	data, err := f.read(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// list returns the names in a directory.
func (f files) list(dir string) ([]string, error) {
	d, err := f.root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(maxEntries)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return names, err
}

// note records err as a problem with place, which stands for the files of all
// containers below it. What is not there, or vanished, is no problem.
func (r *Resolver) note(place string, err error) {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	r.problems.Add(container.Problem{Name: path.Join("/", place), Detail: err.Error()})
}

// Where runtimes keep their state, relative to the root.
const (
	logDir        = "var/log/containers"
	dockerDir     = "var/lib/docker/containers"
	storageRoot   = "var/lib/containers/storage"
	storageRun    = "run/containers/storage"
	rootlessRoot  = ".local/share/containers/storage" // in the user's home
	containerdDir = "run/containerd"
	k3sDir        = "run/k3s/containerd"
	runcDir       = "run/runc"
	tasks         = "io.containerd.runtime.v2.task"
)

// lookup asks every place that may know a container, the most telling first.
// A user's containers are looked for in that user's storage alone.
func (r *Resolver) lookup(ref container.Ref) details {
	var d details
	if ref.User != "" {
		if home := r.homeOf(ref.User); home != "" {
			d.fill(r.fromStorage(path.Join(home, rootlessRoot), ref.ID))
		}
		return d
	}
	for _, place := range []func(id string) details{
		r.fromContainerd, r.fromRunDir, r.fromDocker, r.fromRunc, r.fromRootStorage, r.fromLogs,
	} {
		d.fill(place(ref.ID))
	}
	if container.ValidID(d.sandboxID) && d.sandboxID != ref.ID {
		d.labels = r.podLabels(d.sandboxID)
	}
	return d
}

// podLabels returns the labels of a pod, which are with its pause container.
func (r *Resolver) podLabels(sandboxID string) map[string]string {
	d := r.fromRunDir(sandboxID)
	d.fill(r.fromDocker(sandboxID))
	return d.labels
}

// fromContainerd reads the OCI configuration in containerd's task directory.
// It is there as long as the container runs.
func (r *Resolver) fromContainerd(id string) details {
	for _, base := range []string{containerdDir, k3sDir} {
		for _, namespace := range []string{"k8s.io", "moby", "default"} {
			place := path.Join(base, tasks, namespace)
			annotations, err := r.annotations(path.Join(place, id, "config.json"))
			r.note(place, err)
			if err != nil {
				continue
			}
			d := r.fromAnnotations(place, annotations)
			d.runtime = "containerd"
			if namespace == "moby" {
				d.runtime = "docker"
			}
			return d
		}
	}
	return details{}
}

// fromRunDir reads the OCI configuration that CRI-O and Podman write into the
// storage library's directories.
func (r *Resolver) fromRunDir(id string) details {
	for _, root := range []string{storageRun, storageRoot} {
		for _, place := range r.driverDirs(root) {
			annotations, err := r.annotations(path.Join(place, id, "userdata/config.json"))
			r.note(place, err)
			if err == nil {
				d := r.fromAnnotations(place, annotations)
				d.runtime = cmp.Or(d.runtime, "cri-o")
				return d
			}
		}
	}
	return details{}
}

// fromRunc reads runc's own state, which holds the annotations too.
func (r *Resolver) fromRunc(id string) details {
	places := []string{runcDir}
	for _, namespace := range []string{"k8s.io", "moby", "default"} {
		places = append(places, path.Join(containerdDir, "runc", namespace))
	}
	for _, place := range places {
		var state struct {
			Config struct {
				Labels []string `json:"labels"`
			} `json:"config"`
		}
		err := r.files.readJSON(path.Join(place, id, "state.json"), &state)
		r.note(place, err)
		if err != nil {
			continue
		}
		annotations := map[string]string{}
		for _, label := range state.Config.Labels {
			key, value, _ := strings.Cut(label, "=")
			annotations[key] = value
		}
		d := r.fromAnnotations(place, annotations)
		d.runtime = cmp.Or(d.runtime, "runc")
		return d
	}
	return details{}
}

// fromDocker reads dockerd's record of a container, which outlives it.
func (r *Resolver) fromDocker(id string) details {
	var config struct {
		Name   string
		Config struct {
			Image  string
			Labels map[string]string
		}
	}
	err := r.files.readJSON(path.Join(dockerDir, id, "config.v2.json"), &config)
	r.note(dockerDir, err)
	if err != nil {
		return details{}
	}
	d := details{runtime: "docker", image: r.cleanImage(dockerDir, config.Config.Image)}
	name := strings.TrimPrefix(config.Name, "/")
	// An image brings labels too; only what Kubernetes made has such a name.
	if strings.HasPrefix(name, "k8s_") {
		d.fill(r.fromAnnotations(dockerDir, config.Config.Labels))
	}
	d.fill(details{name: r.cleanName(dockerDir, name)})
	return d
}

func (r *Resolver) fromRootStorage(id string) details {
	d := r.fromStorage(storageRoot, id)
	d.fill(r.fromStorage(storageRun, id))
	return d
}

// fromStorage reads the lists of containers that the storage library of
// Podman and CRI-O keeps.
func (r *Resolver) fromStorage(root, id string) details {
	for _, dir := range r.driverDirs(root) {
		for _, name := range []string{"containers.json", "volatile-containers.json"} {
			place := path.Join(dir, name)
			var list []struct {
				ID       string   `json:"id"`
				Names    []string `json:"names"`
				Metadata string   `json:"metadata"`
			}
			err := r.files.readJSON(place, &list)
			r.note(place, err)
			for _, c := range list {
				if c.ID == id {
					return r.fromStorageEntry(place, c.Names, c.Metadata)
				}
			}
		}
	}
	return details{}
}

// fromStorageEntry decodes the metadata that CRI-O and Podman have the
// storage library keep as JSON text. Only CRI-O has a pod-name.
func (r *Resolver) fromStorageEntry(place string, names []string, metadata string) details {
	var m struct {
		PodName      string `json:"pod-name"`
		PodID        string `json:"pod-id"`
		ImageName    string `json:"image-name"`
		MetadataName string `json:"metadata-name"`
		Namespace    string `json:"namespace"`
		UID          string `json:"uid"`
		Pod          bool   `json:"pod"`
	}
	if err := json.Unmarshal([]byte(metadata), &m); err != nil {
		r.note(place, err)
	}
	d := details{
		image: r.cleanImage(place, m.ImageName), namespace: r.cleanName(place, m.Namespace),
		podUID: m.UID, sandbox: m.Pod, sandboxID: m.PodID, runtime: "cri-o",
		name: r.cleanName(place, m.MetadataName),
	}
	if m.PodName == "" {
		d.runtime = "podman"
		if len(names) > 0 {
			d.name = r.cleanName(place, names[0])
		}
	}
	return d
}

// driverDirs returns the directories DRIVER-containers of a storage root.
func (r *Resolver) driverDirs(root string) []string {
	names, err := r.files.list(root)
	r.note(root, err)
	var dirs []string
	for _, name := range names {
		if strings.HasSuffix(name, "-containers") {
			dirs = append(dirs, path.Join(root, name))
		}
	}
	return dirs
}

// fromLogs reads kubelet's links to the logs, POD_NAMESPACE_CONTAINER-ID.log.
// Every CRI runtime has them; a pause container has none.
func (r *Resolver) fromLogs(id string) details {
	names, err := r.files.list(logDir)
	r.note(logDir, err)
	for _, name := range names {
		stem, ok := strings.CutSuffix(name, "-"+id+".log")
		if !ok {
			continue
		}
		parts := strings.Split(stem, "_")
		if len(parts) != 3 {
			r.problems.Add(container.Problem{Name: "/" + logDir, Detail: "a file name is not of the form POD_NAMESPACE_CONTAINER-ID.log"})
			continue
		}
		return details{
			pod: r.cleanName(logDir, parts[0]), namespace: r.cleanName(logDir, parts[1]), name: r.cleanName(logDir, parts[2]),
		}
	}
	return details{}
}

// homeOf returns a user's home directory, relative to the root.
func (r *Resolver) homeOf(uid string) string {
	passwd, err := r.files.read("etc/passwd")
	r.note("etc/passwd", err)
	for line := range strings.Lines(string(passwd)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), ":")
		if len(fields) == 7 && fields[2] == uid {
			return strings.TrimPrefix(path.Clean(fields[5]), "/")
		}
	}
	return ""
}
