package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
)

// indexName is the file of profile --per that lists the others.
const indexName = "index.json"

// index is that file: which profile is for whom, and what it rests on.
type index struct {
	Version int               `json:"version"`
	Tool    string            `json:"tool"`
	Per     aggregate.Key     `json:"per"`
	Verdict aggregate.Verdict `json:"verdict"`
	Lost    int64             `json:"lost"`
	// Unattributed are records without a value of the key, which are in no
	// profile.
	Unattributed int64        `json:"unattributed"`
	Profiles     []indexEntry `json:"profiles"`
}

type indexEntry struct {
	Name       string             `json:"name"`
	File       string             `json:"file,omitempty"` // absent: none was made, Reason says why
	Reason     string             `json:"reason,omitempty"`
	Records    int64              `json:"records"`
	Runtime    int64              `json:"runtime"` // of the container runtime's start-up
	First      *time.Time         `json:"first"`
	Last       *time.Time         `json:"last"`
	Observed   int                `json:"observed"`
	Additions  []profile.Addition `json:"additions"`
	Unresolved int                `json:"unresolved"`

	content []byte
}

// perKeys are the keys that there can be a profile for each value of.
var perKeys = []aggregate.Key{aggregate.ByContainer, aggregate.ByPod, aggregate.ByWorkload, aggregate.ByExe, aggregate.ByComm}

// writePer writes a profile for each value of a key into a directory.
func (f *profileFlags) writePer(env *environment, s *aggregate.Summary, o profile.Options) error {
	ix := &index{Version: 1, Tool: tool, Per: aggregate.Key(f.per), Verdict: s.Completeness.Verdict, Lost: s.Completeness.Lost}
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
		return fmt.Errorf("no profile for any %s: %d records have none, and nobody else ran under SCMP_ACT_LOG", ix.Per, unattributed)
	}
	if err := ix.write(f.dir, f.force); err != nil {
		return err
	}
	if unattributed > 0 {
		env.notef("%d records have no %s and are in no profile", unattributed, ix.Per)
	}
	unresolved := slices.ContainsFunc(ix.Profiles, func(e indexEntry) bool { return e.Unresolved > 0 })
	if s.Completeness.Verdict == aggregate.Incomplete || unresolved {
		env.notef("the log is incomplete: %d records known to be missing; the profiles may lack calls", s.Completeness.Lost)
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// part is what one profile is made of.
type part struct {
	name    string
	summary *aggregate.Summary
	runtime int64 // records of the runtime's start-up among it
}

// split divides a summary by the values of a key. What a container runtime
// does in a process before it becomes the program counts for the program.
func split(s *aggregate.Summary, key aggregate.Key) (parts []*part, unattributed int64) {
	byName := map[string]*part{}
	started := map[process]string{}
	for i := range s.Groups {
		if g := &s.Groups[i]; !isRuntime(g) {
			started[processOf(g)] = cmp.Or(started[processOf(g)], g.Value(key))
		}
	}
	for i := range s.Groups {
		g := &s.Groups[i]
		name := g.Value(key)
		if isRuntime(g) && (key == aggregate.ByExe || key == aggregate.ByComm) {
			name = started[processOf(g)]
		}
		if name == "" {
			unattributed += g.Records
			continue
		}
		p, ok := byName[name]
		if !ok {
			p = &part{name: name, summary: &aggregate.Summary{By: s.By, Inputs: s.Inputs, Completeness: s.Completeness}}
			byName[name] = p
			parts = append(parts, p)
		}
		p.summary.Groups = append(p.summary.Groups, *g)
		if isRuntime(g) {
			p.runtime += g.Records
		}
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

// isRuntime tells whether a group is a container runtime that has not become
// the program yet: runc names its process so, and runs from a copy of itself.
func isRuntime(g *aggregate.Group) bool {
	return strings.HasPrefix(g.Comm, "runc:[") || strings.HasPrefix(g.Comm, "crun") && (g.Exe == "/" || g.Exe == "/proc/self/exe" || g.Exe == "/usr/bin/crun")
}

func buildEntry(p *part, o profile.Options) (indexEntry, error) {
	e := indexEntry{Name: p.name, Runtime: p.runtime, Additions: []profile.Addition{}}
	for _, g := range p.summary.Groups {
		e.Records += g.Records
		e.First, e.Last = earliest(e.First, g.First), latest(e.Last, g.Last)
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
	if err := profile.Encode(&out, r.Profile); err != nil {
		return e, err
	}
	e.content, e.File = out.Bytes(), fileName(p.name)
	e.Observed, e.Unresolved = len(r.Observed), len(r.Unresolved)
	e.Additions = append(e.Additions, r.Additions...)
	return e, nil
}

// write writes the profiles and then the index. Nothing is overwritten unless
// forced, and nothing is written if something would be.
func (ix *index) write(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range ix.files() {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil && !force {
			return fmt.Errorf("%s exists (--force overwrites it)", filepath.Join(dir, name))
		}
	}
	for _, e := range ix.Profiles {
		if e.File == "" {
			continue
		}
		if err := writeFile(filepath.Join(dir, e.File), e.content); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := term.WriteJSON(&b, ix, "  "); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, indexName), b.Bytes())
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

func writeFile(path string, data []byte) error {
	return atomicfile.Write(path, 0o644, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// fileName makes a file name of what may be any text of a log. It is good for
// any file system and for Kubernetes' localhostProfile. What had to be changed
// gets a hash of the value behind "_x", as does what holds that already, so
// that two values never share a file.
func fileName(value string) string {
	kept := strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r)) {
			return r
		}
		return '-'
	}, value)
	kept = strings.TrimLeft(kept, ".-")
	if kept == value && value != "" && len(value) <= 64 && !strings.Contains(value, "_x") && value+".json" != indexName {
		return value + ".json"
	}
	sum := sha256.Sum256([]byte(value))
	return kept[:min(len(kept), 48)] + "_x" + hex.EncodeToString(sum[:6]) + ".json"
}

func earliest(a *time.Time, b time.Time) *time.Time {
	if b.IsZero() || a != nil && a.Before(b) {
		return a
	}
	return &b
}

func latest(a *time.Time, b time.Time) *time.Time {
	if b.IsZero() || a != nil && a.After(b) {
		return a
	}
	return &b
}
