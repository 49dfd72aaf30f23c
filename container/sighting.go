package container

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Sighting is a process that another tool saw in a container when it made a
// record: the node and the pod are known, and mostly no container id.
type Sighting struct {
	PID       int32
	At        time.Time     // zero where the tool tells no time
	Within    time.Duration // by how much At can be wrong
	Node      string        // may be empty
	Container Identity
}

// ParseSighting reads a line of the security-profiles-operator's log enricher
// or JSON enricher, or of inspektor-gadget's audit seccomp, as they print it or
// as kubectl, docker or a container's log file have it, and reports whether it
// is one that names a process and its container.
func ParseSighting(line []byte) (s Sighting, ok bool) {
	s, ok = parseSighting(line, maxWraps)
	return s, ok && s.PID > 0 && s.complete()
}

// maxWraps bounds in how much JSON a line can stand.
const maxWraps = 4

func parseSighting(line []byte, wraps int) (s Sighting, ok bool) {
	i := bytes.IndexByte(line, '{')
	switch {
	case i != 0 && bytes.Contains(line, []byte("syscallID")):
		return parseEnricher(string(line))
	case i < 0 || wraps == 0 || bytes.IndexByte(line[:i], '"') >= 0:
		return Sighting{}, false
	}
	return parseJSONSighting(line[i:], wraps)
}

// complete gives the container an id, and reports whether its names can be
// ones.
func (s *Sighting) complete() bool {
	c := &s.Container
	for _, name := range []string{c.Name, c.Pod, c.Namespace} {
		if name != "" && !ValidName(name) {
			return false
		}
	}
	if c.Image != "" && !ValidImage(c.Image) {
		c.Image = ""
	}
	if c.ID == "" && c.Pod != "" {
		c.ID = c.Namespace + "/" + c.Pod + "/" + c.Name
	} else if !ValidID(c.ID) {
		return false
	}
	c.Workload, c.WorkloadGuessed = Workload(c.Pod, nil)
	return true
}

// jsonSighting has the keys of the JSON enricher and of inspektor-gadget,
// before and after its data got a runtime object (v0.31).
type jsonSighting struct {
	PID       int64           `json:"pid"`
	Timestamp json.RawMessage `json:"timestamp"` // RFC 3339, or ns since the epoch
	Node      json.RawMessage `json:"node"`      // a name, or an object with one
	Namespace string          `json:"namespace"`
	Pod       string          `json:"pod"`
	Container string          `json:"container"`
	Resource  struct {
		Namespace string `json:"namespace"`
		Pod       string `json:"pod"`
		Container string `json:"container"`
	} `json:"resource"`
	K8s struct {
		Node      string `json:"node"`
		Namespace string `json:"namespace"`
		Pod       string `json:"podName"`
		Container string `json:"containerName"`
	} `json:"k8s"`
	Runtime struct {
		ID    string `json:"containerId"`
		Name  string `json:"containerName"`
		Image string `json:"containerImageName"`
	} `json:"runtime"`
	Proc struct {
		PID int64 `json:"pid"`
	} `json:"proc"`
	Log     string `json:"log"`     // docker's: the line itself
	Message string `json:"message"` // a shipper's
}

// enricherInterval is for how long the JSON enricher gathers the calls of a
// process before it writes a line about them (--audit-log-interval-seconds).
const enricherInterval = time.Minute

func parseJSONSighting(line []byte, wraps int) (s Sighting, ok bool) {
	var j jsonSighting
	if json.Unmarshal(line, &j) != nil {
		return Sighting{}, false
	}
	if inner := cmp.Or(j.Log, j.Message); inner != "" {
		return parseSighting([]byte(inner), wraps-1)
	}
	s.Within = time.Second
	if j.Resource.Pod != "" {
		s.Within = enricherInterval
	}
	pid := cmp.Or(j.PID, j.Proc.PID)
	s.PID = int32(pid)
	s.Node = cmp.Or(j.K8s.Node, nodeName(j.Node))
	s.Container = Identity{
		ID: j.Runtime.ID, Image: j.Runtime.Image,
		Name:      cmp.Or(j.K8s.Container, j.Resource.Container, j.Container, j.Runtime.Name),
		Pod:       cmp.Or(j.K8s.Pod, j.Resource.Pod, j.Pod),
		Namespace: cmp.Or(j.K8s.Namespace, j.Resource.Namespace, j.Namespace),
	}
	s.At, ok = jsonTime(j.Timestamp)
	return s, ok && int64(s.PID) == pid
}

// nodeName reads "node" or {"name": "node"}.
func nodeName(text json.RawMessage) string {
	var name string
	var object struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(text, &name) != nil && json.Unmarshal(text, &object) == nil {
		return object.Name
	}
	return name
}

// jsonTime reads an RFC 3339 time or a number of ns since the epoch.
func jsonTime(text json.RawMessage) (at time.Time, ok bool) {
	if len(text) == 0 || string(text) == "null" {
		return time.Time{}, true
	}
	if ns, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return time.Unix(0, ns), ns > 0
	}
	var s string
	if json.Unmarshal(text, &s) != nil {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339, s)
	return at, err == nil
}

// parseEnricher reads the log enricher's text: key=value pairs in the form of
// klog, where keys may be quoted and values are quoted as Go does.
func parseEnricher(line string) (s Sighting, ok bool) {
	values := map[string]string{}
	for line != "" {
		var key, value string
		key, value, line = cutPair(line)
		if _, ok := values[key]; !ok {
			values[key] = value
		}
	}
	if values["type"] != "seccomp" || values["syscallID"] == "" {
		return Sighting{}, false
	}
	pid, err := strconv.ParseInt(values["pid"], 10, 32)
	if err != nil {
		return Sighting{}, false
	}
	// As audit writes it: SECONDS.MILLISECONDS:SERIAL.
	stamp, _, _ := strings.Cut(values["timestamp"], ":")
	seconds, ms, _ := strings.Cut(stamp, ".")
	sec, err1 := strconv.ParseInt(seconds, 10, 40)
	msec, err2 := strconv.ParseInt(ms, 10, 32)
	if err1 != nil || err2 != nil || len(ms) != 3 {
		return Sighting{}, false
	}
	return Sighting{
		PID: int32(pid), At: time.UnixMilli(sec*1000 + msec), Within: time.Second, Node: values["node"],
		Container: Identity{Name: values["container"], Pod: values["pod"], Namespace: values["namespace"]},
	}, true
}

// cutPair cuts the next word off a line, and splits it if it is key=value.
func cutPair(line string) (key, value, rest string) {
	line = strings.TrimLeft(line, " \t")
	key, rest = cutWord(line, " =")
	if !strings.HasPrefix(rest, "=") {
		return key, "", rest
	}
	value, rest = cutWord(rest[1:], " ")
	return key, value, rest
}

// cutWord cuts off a word, quoted or up to one of the bytes in end.
func cutWord(s, end string) (word, rest string) {
	if quoted, err := strconv.QuotedPrefix(s); err == nil && s[0] == '"' {
		word, _ = strconv.Unquote(quoted) // it has just been found to be quoted
		return word, s[len(quoted):]
	}
	if i := strings.IndexAny(s, end); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// addSighting adds what another tool saw, if the line is its; else it says why
// the line is none of a pid map.
func (m *mapReader) addSighting(line []byte, notOurs error) (problem string) {
	s, ok := ParseSighting(line)
	switch {
	case !ok:
		return "not a line of a pid map: " + notOurs.Error()
	case m.node == "":
		m.node = s.Node
	case s.Node != "" && s.Node != m.node:
		return "of another node than the lines before: a pid map is of one"
	}
	id, ok := m.intern(&s.Container)
	if !ok {
		return tooManyContainers
	}
	if s.At.IsZero() { // nothing tells when: at any time, if no other container had the pid
		m.add(stay{pid: s.PID, id: id, start: undated, end: living})
		return ""
	}
	at, within := s.At.UnixMilli(), s.Within.Milliseconds()
	seen := stay{pid: s.PID, id: id, start: at - within, end: at + within}
	if last := m.lastOf(s.PID); last != nil && last.id == id && last.start <= seen.start && seen.start <= last.end {
		last.end = max(last.end, seen.end)
	} else {
		m.add(seen)
	}
	return ""
}
