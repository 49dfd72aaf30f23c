package aggregate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Key is something that groups are told apart by.
type Key string

// The keys, in canonical order.
const (
	ByNode      Key = "node"
	ByContainer Key = "container"
	ByPod       Key = "pod"
	ByNamespace Key = "namespace"
	ByWorkload  Key = "workload"
	ByExe       Key = "exe"
	ByComm      Key = "comm"
	ByPID       Key = "pid"
)

var allKeys = []Key{ByNode, ByContainer, ByPod, ByNamespace, ByWorkload, ByExe, ByComm, ByPID}

// DefaultKeys are what records are collected by; every other grouping is
// derived from it.
func DefaultKeys() []Key { return []Key{ByNode, ByContainer, ByExe, ByComm, ByPID} }

// ParseKeys reads a list such as "exe,comm" and returns it in canonical order
// without repetitions.
func ParseKeys(list string) ([]Key, error) {
	var keys []Key
	for name := range strings.SplitSeq(list, ",") {
		k := Key(strings.TrimSpace(name))
		if !slices.Contains(allKeys, k) {
			return nil, fmt.Errorf("unknown key %q (one of %s)", name, joinKeys(allKeys))
		}
		if !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return slices.Index(allKeys, a) - slices.Index(allKeys, b) })
	return keys, nil
}

func joinKeys(keys []Key) string {
	s := make([]string, len(keys))
	for i, k := range keys {
		s[i] = string(k)
	}
	return strings.Join(s, ", ")
}

// Value is the group's value of a key, as text; "" where it is not known.
func (g *Group) Value(k Key) string {
	switch k {
	case ByNode:
		return g.Node
	case ByContainer:
		if g.Container != nil {
			return cmp.Or(g.Container.Name, g.Container.ID)
		}
	case ByPod:
		return g.pod().Pod
	case ByNamespace:
		return g.pod().Namespace
	case ByWorkload:
		return g.pod().Workload
	case ByExe:
		return g.Exe
	case ByComm:
		return g.Comm
	case ByPID:
		return strconv.Itoa(int(g.PID))
	}
	return ""
}
