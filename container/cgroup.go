package container

import (
	"bytes"
	"strings"
)

// Ref is what a cgroup path tells about a container.
type Ref struct {
	// ID is 64 hex digits, or ECS's 32 hex digits, a dash and a number.
	ID string
	// Name stands in where there is no ID: a systemd unit or an LXC container.
	Name string
	// Runtime is docker, containerd, cri-o, podman, ecs, lxc or systemd;
	// empty where the path does not tell.
	Runtime string
	// PodUID is the Kubernetes pod's uid, with dashes (a static pod's has
	// none). It is empty for the pods of a cluster inside of a container.
	PodUID string
	// Outer is the id of the container around ID, if there is one.
	Outer string
	// User is the uid of the systemd user manager (user@UID.service) that the
	// path lies below: that user may make and name cgroups there.
	User string
}

// ParseCgroup reads the text of /proc/PID/cgroup and reports whether the
// process is in a container or a systemd service. On hybrid hosts only some
// lines tell, so all are read; of nested containers the innermost counts.
//
// The monitor of a container (conmon) has a cgroup named after it, but is no
// part of it.
func ParseCgroup(text []byte) (Ref, bool) {
	var best Ref
	deepest := -1
	for line := range bytes.Lines(text) {
		ref, depth := parsePath(pathOf(line))
		if depth > deepest {
			best, deepest = ref, depth
		}
	}
	return best, deepest >= 0
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

// parsePath returns what one path names and how deep in it the name stands:
// -1 for nothing, 0 for a unit or an LXC container, which any id outdoes.
func parsePath(path string) (ref Ref, depth int) {
	depth = -1
	parent, pod := "", ""
	i := 0
	for segment := range strings.SplitSeq(path, "/") {
		i++
		if uid := podUID(segment); uid != "" && ref.ID == "" {
			pod = uid // what lies below an id, its container can name as it likes
		}
		if uid, ok := userManager(segment); ok && ref.User == "" {
			ref.User = uid
		}
		if id, runtime := containerID(segment, parent); id != "" {
			if ref.ID != "" && ref.ID != id {
				ref.Outer = ref.ID
			}
			ref.ID, ref.Runtime, ref.PodUID, ref.Name = id, runtime, pod, ""
			depth = i
		} else if depth < 0 {
			if ref.Name, ref.Runtime = unitOrLXC(segment); ref.Name != "" {
				depth = 0
			}
		}
		parent = segment
	}
	return ref, depth
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

// userManager returns the uid of "user@UID.service".
func userManager(segment string) (uid string, ok bool) {
	uid, ok = strings.CutPrefix(segment, "user@")
	if !ok {
		return "", false
	}
	uid, ok = strings.CutSuffix(uid, ".service")
	return uid, ok && uid != "" && isDigits(uid)
}

// unitOrLXC reads a segment outside of any container. Only the first such
// name of a path is used: what lies below was made by the service or the
// container itself, which must not pass for another.
func unitOrLXC(segment string) (name, runtime string) {
	if name, ok := strings.CutPrefix(segment, "lxc.payload."); ok && isUnitName(name) {
		return name, "lxc"
	}
	if strings.HasSuffix(segment, ".service") && isUnitName(segment) {
		return segment, "systemd"
	}
	return "", ""
}
