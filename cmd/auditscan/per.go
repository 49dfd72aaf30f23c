package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
)

// indexName is the file of profile --per that lists the others.
const indexName = "index.json"

// index is that file: which profile is for whom, and what it rests on. Its
// schema is profile/schema/index.schema.json.
type index struct {
	Version int               `json:"version"`
	Tool    string            `json:"tool"`
	Per     aggregate.Key     `json:"per"`
	Verdict aggregate.Verdict `json:"verdict"`
	Lost    int64             `json:"lost"`
	// Unattributed are records without a value of the key, which are in no
	// profile.
	Unattributed int64 `json:"unattributed"`
	// Runs is how many runs the input unites; absent: it does not tell.
	Runs     int          `json:"runs,omitempty"`
	Profiles []indexEntry `json:"profiles"`
}

type indexEntry struct {
	Name string `json:"name"`
	// Container is what it is made for with --per container. One that was
	// started again in its pod has the identity of the first.
	Container  *container.Identity `json:"container,omitempty"`
	File       string              `json:"file,omitempty"` // absent: none was made, Reason says why
	Reason     string              `json:"reason,omitempty"`
	Records    int64               `json:"records"`
	Runtime    int64               `json:"runtime"` // of the container runtime's start-up
	First      *stamp              `json:"first"`
	Last       *stamp              `json:"last"`
	Observed   int                 `json:"observed"`
	Additions  []profile.Addition  `json:"additions"`
	Denied     int                 `json:"denied"` // during the run, and not added
	Unresolved int                 `json:"unresolved"`
	// Runs tells in how many of the runs each observed call was seen, whoever
	// made it.
	Runs map[string]int `json:"runs,omitempty"`

	content []byte
	denied  []string // the same in words
}

// perKeys are the keys that there can be a profile for each value of.
var perKeys = []aggregate.Key{aggregate.ByContainer, aggregate.ByPod, aggregate.ByWorkload, aggregate.ByExe, aggregate.ByComm}

// writePer writes a profile for each value of a key into a directory.
func (f *profileFlags) writePer(env *environment, s *aggregate.Summary, o profile.Options) error {
	ix := &index{Version: 1, Tool: tool, Per: aggregate.Key(f.per), Verdict: s.Completeness.Verdict, Lost: s.Completeness.Lost}
	if s.Runs != nil {
		ix.Runs = s.Runs.Count
	}
	parts, unattributed := split(s, ix.Per)
	ix.Unattributed = unattributed
	for _, p := range parts {
		entry, err := buildEntry(p, o)
		if err != nil {
			return err
		}
		if entry.Reason != "" {
			env.notef("%s: no profile: %s", entry.Name, entry.Reason)
		}
		ix.Profiles = append(ix.Profiles, entry)
	}
	if !slices.ContainsFunc(ix.Profiles, func(e indexEntry) bool { return e.File != "" }) {
		advice := ""
		if ix.Per.OfContainer() {
			advice = f.pidmapAdvice()
		}
		return fmt.Errorf("no profile for any %s: %d records have none%s, and nobody else ran under SCMP_ACT_LOG", ix.Per, unattributed, advice)
	}
	if err := ix.write(f.dir, f.force); err != nil {
		return err
	}
	if unattributed > 0 {
		env.notef("records without %s, in no profile: %d", ix.Per, unattributed)
	}
	return ix.complete(env)
}

// complete tells what the profiles may lack, which is an exit code too.
func (ix *index) complete(env *environment) error {
	var err error
	for _, e := range ix.Profiles {
		for _, d := range e.denied {
			env.notef("%s: %s", e.Name, d)
		}
		if e.Unresolved > 0 {
			env.notef("%s: calls left out that could not be named: %d", e.Name, e.Unresolved)
			err = &exitError{code: exitIncomplete}
		}
	}
	if ix.Verdict == aggregate.Incomplete {
		missing := ""
		if ix.Lost > 0 {
			missing = fmt.Sprintf("%d records known to be missing; ", ix.Lost)
		}
		env.notef("the log is incomplete: %sthe profiles may lack calls", missing)
		err = &exitError{code: exitIncomplete}
	}
	return err
}

// part is what one profile is made of.
type part struct {
	name      string
	container *container.Identity // with --per container
	summary   *aggregate.Summary
	runtime   int64 // records of the runtime's start-up among it
}

// namer names the values of a key so that nobody shares another's name and
// widens its profile: pods of two namespaces can be called the same, and so
// can containers of two users.
type namer struct {
	key aggregate.Key
	ids map[string]string // of containers outside of pods, by name; empty: several have it
}

func newNamer(s *aggregate.Summary, key aggregate.Key) namer {
	n := namer{key, map[string]string{}}
	for i := range s.Groups {
		c := s.Groups[i].Container
		if c == nil || c.Pod != "" {
			continue
		}
		if id, ok := n.ids[c.Name]; ok && id != c.ID {
			n.ids[c.Name] = ""
		} else {
			n.ids[c.Name] = c.ID
		}
	}
	return n
}

// name returns NAMESPACE/POD/CONTAINER, NAMESPACE/POD and NAMESPACE/WORKLOAD
// in Kubernetes, else the value of the key: empty if the group has none.
func (n namer) name(g *aggregate.Group) string {
	value, namespace, pod := g.Value(n.key), g.Value(aggregate.ByNamespace), g.Value(aggregate.ByPod)
	switch {
	case value == "":
		return ""
	case n.key == aggregate.ByContainer && pod != "":
		return path.Join(namespace, pod, value)
	case n.key == aggregate.ByContainer && g.Container.Name != "" && g.Container.ID != "" && n.ids[g.Container.Name] == "":
		return value + "_" + g.Container.ID[:min(12, len(g.Container.ID))]
	case n.key == aggregate.ByPod || n.key == aggregate.ByWorkload:
		return path.Join(namespace, value)
	}
	return value
}

// split divides a summary by the values of a key. What a container runtime
// does in a process before it becomes the program counts for the program.
func split(s *aggregate.Summary, key aggregate.Key) (parts []*part, unattributed int64) {
	names := newNamer(s, key)
	byName := map[string]*part{}
	started := map[process]string{}
	for i := range s.Groups {
		if g := &s.Groups[i]; !isRuntime(g) {
			started[processOf(g)] = cmp.Or(started[processOf(g)], names.name(g))
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		name := names.name(g)
		if isRuntime(g) && (key == aggregate.ByExe || key == aggregate.ByComm) {
			name = started[processOf(g)]
		}
		if name == "" {
			unattributed = aggregate.Plus(unattributed, g.Records)
			continue
		}
		p, ok := byName[name]
		if !ok {
			p = &part{name: name, summary: &aggregate.Summary{By: s.By, Inputs: s.Inputs, Completeness: s.Completeness}}
			if key == aggregate.ByContainer {
				p.container = g.Container
			}
			byName[name] = p
			parts = append(parts, p)
		}
		p.summary.Groups = append(p.summary.Groups, *g)
		if isRuntime(g) {
			p.runtime = aggregate.Plus(p.runtime, g.Records)
		}
	}
	for _, p := range parts {
		p.summary.Runs = s.Runs.OfGroups(p.summary.Groups)
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.name, b.name) })
	return parts, unattributed
}

// process is what a runtime's start-up and the program have in common.
type process struct {
	node      string
	container string
	pid       int32
}

func processOf(g *aggregate.Group) process {
	return process{g.Node, g.Value(aggregate.ByContainer), g.PID}
}

// isRuntime reports whether a group is a container runtime that has not become
// the program yet: runc names its process so, and runs from a copy of itself.
func isRuntime(g *aggregate.Group) bool {
	return strings.HasPrefix(g.Comm, "runc:[") || strings.HasPrefix(g.Comm, "crun") && (g.Exe == "/" || g.Exe == "/proc/self/exe" || g.Exe == "/usr/bin/crun")
}

func buildEntry(p *part, o profile.Options) (indexEntry, error) {
	whole := p.summary.Regroup(nil).Groups[0]
	e := indexEntry{
		Name: p.name, Container: p.container, Records: whole.Records, Runtime: p.runtime,
		First: stampOf(whole.First), Last: stampOf(whole.Last), Additions: []profile.Addition{},
	}
	r, err := profile.Build(p.summary, o)
	if errors.Is(err, profile.ErrNoLog) {
		e.Reason = err.Error()
		return e, nil
	}
	if err != nil {
		return e, err
	}
	var out bytes.Buffer
	if err := r.Document.Write(&out, profile.FormatOCI, profile.Meta{}); err != nil {
		return e, err
	}
	e.content, e.File = out.Bytes(), fileName(p.name)
	e.denied = stillDenied(r)
	e.Observed, e.Denied, e.Unresolved = len(r.Observed), len(e.denied), len(r.Unresolved)
	e.Additions = append(e.Additions, r.Additions...)
	if p.summary.Runs != nil {
		e.Runs = r.Coverage(p.summary).Syscalls
	}
	return e, nil
}

// write writes the profiles and the index, all of them or none. Nothing is
// overwritten unless forced.
func (ix *index) write(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, name := range ix.files() {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil && !force {
			return fmt.Errorf("%s exists (--force overwrites it)", filepath.Join(dir, name))
		}
	}
	var files []atomicfile.File
	for _, e := range ix.Profiles {
		if e.File != "" {
			files = append(files, atomicfile.File{Name: e.File, Data: e.content})
		}
	}
	var b bytes.Buffer
	if err := term.WriteJSON(&b, ix, "  "); err != nil {
		return err
	}
	return atomicfile.WriteSet(dir, 0o666, files, atomicfile.File{Name: indexName, Data: b.Bytes()})
}

func (ix *index) files() []string {
	names := []string{indexName}
	for _, e := range ix.Profiles {
		if e.File != "" {
			names = append(names, e.File)
		}
	}
	return names
}

// podPrefix begins the names of files for what is in a Kubernetes namespace.
const podPrefix = "k8s_"

// fileName makes a file name of what may be any text of a log. It is good for
// any file system and for Kubernetes' localhostProfile. NAMESPACE/POD becomes
// k8s_NAMESPACE_POD. What else had to be changed gets a hash of the value
// behind "_x", as does what could be one of these forms already, so that two
// values never share a file.
func fileName(value string) string {
	kept := strings.TrimLeft(safeChars(value), ".-")
	if kept == value && isPlain(value) {
		return value + ".json"
	}
	if joined := strings.ReplaceAll(value, "/", "_"); !strings.Contains(value, "_") && !strings.HasPrefix(value, "/") &&
		safeChars(joined) == joined && isPlain(joined) {
		return podPrefix + joined + ".json"
	}
	sum := sha256.Sum256([]byte(value))
	if atomicfile.IsDevice(kept) {
		kept = "_" + kept
	}
	return kept[:min(len(kept), 48)] + "_x" + hex.EncodeToString(sum[:6]) + ".json"
}

// isPlain reports whether a name of safe characters can stand as it is, on
// every system.
func isPlain(name string) bool {
	return name != "" && !atomicfile.IsDevice(name) && len(name) <= 64 && !strings.Contains(name, "_x") && !strings.HasPrefix(name, podPrefix) && name+".json" != indexName
}

// safeChars replaces what is not safe in a file name by a dash.
func safeChars(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, s)
}

// stamp is a time as JSON has it here: UTC with milliseconds.
type stamp time.Time

// MarshalText makes the text of it.
func (s stamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format("2006-01-02T15:04:05.000Z")), nil
}

// stampOf is nil where there is no time.
func stampOf(t time.Time) *stamp {
	if t.IsZero() {
		return nil
	}
	return (*stamp)(&t)
}
