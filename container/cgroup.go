package container

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// Ref is what a cgroup path tells about a container or service.
//
// It names the outermost one of the path. What lies below an owner's cgroup, the
// owner can create and name as it likes, so nothing found there is ever taken
// for a container or service of the host: it is told as Inner.
type Ref struct {
	// ID is 64 hex digits, or ECS's 32 hex digits, a dash and a number.
	ID string
	// Name stands in where there is no ID: a systemd unit or an LXC container.
	Name string
	// Runtime is docker, containerd, cri-o, podman, ecs, lxc or systemd;
	// empty where the path does not tell.
	Runtime string
	// PodUID is the Kubernetes pod's uid, with dashes (a static pod's has
	// none).
	PodUID string
	// User is the uid of the user in whose part of the tree (user-UID.slice)
	// the path lies: that user may create and name cgroups there.
	User string
	// Inner is the innermost container or unit inside of the one named.
	Inner string
}

// Owner returns ref without what is nested inside.
func (ref Ref) Owner() Ref {
	ref.Inner = ""
	return ref
}

// UserManager returns the service manager of ref's user, who answers for all
// that is made in that user's part of the tree.
func (ref Ref) UserManager() Ref {
	return Ref{Name: "user@" + ref.User + ".service", Runtime: "systemd", User: ref.User}
}

// ParseCgroup reads the text of /proc/PID/cgroup and reports whether the
// process is in a container or a systemd service. On hybrid hosts only some
// lines tell, so all are read; a container counts before a service.
//
// The monitor of a container (conmon) has a cgroup named after it, but is no
// part of it.
func ParseCgroup(text []byte) (ref Ref, ok bool) {
	for line := range bytes.Lines(text) {
		other := parsePath(pathOf(line))
		if other.rank() > ref.rank() || other.Owner() == ref.Owner() && ref.Inner == "" {
			ref = other
		}
	}
	return ref, ref != Ref{}
}

// rank orders what the lines of a hybrid host tell. Only root puts a process
// into a container of the host; a user's containers and services are less.
func (ref Ref) rank() int {
	switch {
	case ref == Ref{}:
		return 0
	case ref.ID != "" && ref.User == "":
		return 4
	case ref.Runtime == "lxc":
		return 3
	case ref.ID != "":
		return 2
	}
	return 1
}

// pathOf returns the third field of "hierarchy:controllers:path". The path
// itself may hold colons.
func pathOf(line []byte) string {
	parts := strings.SplitN(string(bytes.TrimRight(line, "\n")), ":", 3)
	if len(parts) < 3 {
		return ""
	}
	return strings.TrimSuffix(parts[2], " (deleted)")
}

// parsePath returns what one path names, the zero Ref for nothing.
func parsePath(path string) (ref Ref) {
	parent, pod := "", ""
	for segment := range strings.SplitSeq(path, "/") {
		if uid := podUID(segment); uid != "" {
			pod = uid
		}
		p := parseSegment(segment, parent)
		ref.enter(p, pod)
		if p.id == "" && strings.HasSuffix(segment, ".scope") && ref.User == "" && !ref.isFixed() {
			break // the scope's owner makes what is below: a guest of systemd-nspawn, say
		}
		parent = segment
	}
	if ref.ID == "" && ref.Name == "" {
		return Ref{} // a user's session: no container or service
	}
	return ref
}

// part is what one segment of a path names, if anything.
type part struct {
	id, unit, runtime string // an id or a unit (or LXC container), and its runtime
	user              string // the uid of whose part of the tree begins here
}

func parseSegment(segment, parent string) (p part) {
	if p.id, p.runtime = containerID(segment, parent); p.id == "" {
		p.unit, p.runtime = unitOrLXC(segment, parent)
	}
	p.user = userID(segment)
	return p
}

// enter goes one segment down the path. pod is the uid of the pod that the
// path has led through.
func (ref *Ref) enter(p part, pod string) {
	if ref.User == "" && !ref.isFixed() {
		ref.User = p.user
	}
	switch {
	case ref.isFixed():
		ref.Inner = cmp.Or(p.id, p.unit, ref.Inner)
	case p.id != "":
		ref.ID, ref.Runtime, ref.Name, ref.Inner = p.id, p.runtime, "", ""
		if ref.User == "" {
			ref.PodUID = pod
		}
	case p.unit != "" && ref.User != "":
		if *ref = ref.UserManager(); p.unit != ref.Name {
			ref.Inner = p.unit
		}
	case p.unit != "" && ref.Name == "":
		ref.Name, ref.Runtime = p.unit, p.runtime
	}
}

// runtimeServices are the services of container runtimes that put containers
// into their own cgroup, where their cgroup driver is not the kubelet's.
var runtimeServices = []string{
	"containerd.service", "docker.service", "crio.service", "kubelet.service", "k3s.service", "k3s-agent.service",
	"rke2-server.service", "rke2-agent.service", "k0scontroller.service", "k0sworker.service",
	"snap.microk8s.daemon-containerd.service",
}

// isFixed reports whether ref is the owner of all that lies below. A runtime's
// own service and a user are not, of the containers that they start.
func (ref *Ref) isFixed() bool {
	return ref.ID != "" || ref.Runtime == "lxc" ||
		ref.Name != "" && ref.User == "" && !slices.Contains(runtimeServices, ref.Name)
}

// runtimeOf returns the runtime that puts the word prefix before its ids.
func runtimeOf(prefix string) string {
	switch prefix {
	case "docker":
		return "docker"
	case "cri-containerd", "nerdctl":
		return "containerd"
	case "crio":
		return "cri-o"
	case "libpod":
		return "podman"
	}
	return ""
}

// containerID reads one segment of a path:
//
//	ID   PREFIX-ID   PREFIX-ID.scope   SLICE:PREFIX:ID   ECS-TASK
func containerID(segment, parent string) (id, runtime string) {
	if isECS(segment) {
		return segment, "ecs"
	}
	s := strings.TrimSuffix(segment, ".scope")
	if len(s) < 64 || !isHex(s[len(s)-64:]) {
		return "", ""
	}
	prefix, id := s[:len(s)-64], s[len(s)-64:]
	switch {
	case prefix == "" && parent == "libpod_parent":
		return "", "" // Podman's pod, the containers lie below
	case prefix == "":
		return id, runtimeOf(parent)
	}
	sep := prefix[len(prefix)-1]
	prefix = prefix[:len(prefix)-1]
	if sep == ':' {
		prefix = prefix[strings.LastIndexByte(prefix, ':')+1:]
	}
	if sep != '-' && sep != ':' || strings.HasSuffix(prefix, "conmon") {
		return "", ""
	}
	return id, runtimeOf(prefix)
}

// podUID returns the uid of "podUID", "kubepods-…-podUID.slice" and
// "kubepods-…-podUID.slice:cri-containerd:ID". systemd wants underscores for
// the dashes; the uid of a static pod is a hash and has none.
func podUID(segment string) string {
	segment, _, _ = strings.Cut(segment, ":")
	i := strings.LastIndex(segment, "pod")
	if i < 0 || i > 0 && segment[i-1] != '-' {
		return ""
	}
	uid := strings.ReplaceAll(strings.TrimSuffix(segment[i+len("pod"):], ".slice"), "_", "-")
	if len(uid) == 32 && isHex(uid) || isUUID(uid) {
		return uid
	}
	return ""
}

// userID returns the uid of "user-UID.slice" and "user@UID.service".
func userID(segment string) string {
	for _, form := range [][2]string{{"user-", ".slice"}, {"user@", ".service"}} {
		uid, ok := strings.CutPrefix(segment, form[0])
		if uid, ok2 := strings.CutSuffix(uid, form[1]); ok && ok2 && uid != "" && isDigits(uid) {
			return uid
		}
	}
	return ""
}

// unitOrLXC reads a segment that is no container's id.
func unitOrLXC(segment, parent string) (name, runtime string) {
	name, ok := strings.CutPrefix(segment, "lxc.payload.")
	if (ok || parent == "lxc") && isUnitName(name) {
		return name, "lxc" // LXC before 4.0 has /lxc/NAME
	}
	if strings.HasSuffix(segment, ".service") && isUnitName(segment) {
		return segment, "systemd"
	}
	return "", ""
}
