package profile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/term"
)

// IndexName is the file that lists the others, of profiles that are made for
// each value of a key.
const IndexName = "index.json"

// Index is that file: which profile is for whom, and what it rests on. Its
// form is that of schema/index.schema.json.
type Index struct {
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
	Profiles []IndexEntry `json:"profiles"`
}

// IndexEntry is one profile of an index.
type IndexEntry struct {
	Name string `json:"name"`
	// Container is what it is made for, if the key is the container. One that was
	// started again in its pod has the identity of the first.
	Container  *container.Identity `json:"container,omitempty"`
	File       string              `json:"file,omitempty"` // absent: none was made, Reason says why
	Reason     string              `json:"reason,omitempty"`
	Records    int64               `json:"records"`
	Runtime    int64               `json:"runtime"` // of the container runtime's start-up
	First      *string             `json:"first"`
	Last       *string             `json:"last"`
	Observed   int                 `json:"observed"`
	Additions  []Addition          `json:"additions"`
	Denied     int                 `json:"denied"` // during the run, and not added
	Unresolved int                 `json:"unresolved"`
	Discovery  *explainedDiscovery `json:"discovery,omitempty"`
	// Runs tells in how many of the runs each observed call was seen, whoever
	// made it.
	Runs map[string]int `json:"runs,omitempty"`

	// Result is the profile with its evidence; nil: none was made. Content is
	// its text.
	Result  *Result `json:"-"`
	Content []byte  `json:"-"`
	// Folded is set for records that may be of any other entry.
	Folded bool `json:"-"`
}

// foldedReason says why there is no profile for what was counted together.
const foldedReason = "counted together, being too many to tell apart: the profiles of others may lack these calls"

// BuildPer makes a profile for each value of a key; tool is for the index.
func BuildPer(s *aggregate.Summary, key aggregate.Key, o Options, tool string) (*Index, error) {
	ix := &Index{Version: 1, Tool: tool, Per: key, Verdict: s.Completeness.Verdict, Lost: s.Completeness.Lost}
	if s.Runs != nil {
		ix.Runs = s.Runs.Count
	}
	parts, unattributed := Split(s, key)
	ix.Unattributed = unattributed
	for _, p := range parts {
		entry, err := buildEntry(p, o)
		if err != nil {
			return nil, err
		}
		ix.Profiles = append(ix.Profiles, entry)
	}
	ix.tellFilesApart()
	return ix, nil
}

// tellFilesApart gives other names to files that a file system which does not
// tell upper from lower case would take for one.
func (ix *Index) tellFilesApart() {
	named := map[string]int{IndexName: 1}
	for _, e := range ix.Profiles {
		named[strings.ToLower(e.File)]++
	}
	for i := range ix.Profiles {
		if e := &ix.Profiles[i]; e.File != "" && named[strings.ToLower(e.File)] > 1 {
			e.File = hashedName(e.Name)
		}
	}
}

func buildEntry(p *Part, o Options) (IndexEntry, error) {
	whole := p.Summary.Regroup(nil).Groups[0]
	e := IndexEntry{
		Name: p.Name, Container: p.Container, Records: whole.Records, Runtime: p.Runtime,
		First: jsontime.OrNil(whole.First), Last: jsontime.OrNil(whole.Last), Additions: []Addition{},
	}
	if p.Folded {
		e.Reason, e.Folded = foldedReason, true
		return e, nil
	}
	r, err := Build(p.Summary, o)
	if errors.Is(err, ErrNoLog) {
		e.Reason = err.Error()
		return e, nil
	}
	if err != nil {
		return e, err
	}
	var out bytes.Buffer
	if _, err := r.Document.Write(&out, FormatOCI, Meta{}); err != nil {
		return e, err
	}
	e.Result, e.Content, e.File = r, out.Bytes(), fileName(p.Name)
	e.Observed, e.Denied, e.Unresolved = len(r.Observed), len(r.StillDenied()), len(r.Unresolved)
	e.Additions = append(e.Additions, r.Additions...)
	e.Discovery = newDiscovery(r.Discovery(p.Summary))
	if p.Summary.Runs != nil {
		e.Runs = r.Coverage(p.Summary).Syscalls
	}
	return e, nil
}

// Unsettled names those whose runs brought new calls until their end, or were too
// short to tell.
func (ix *Index) Unsettled() (names []string) {
	for _, e := range ix.Profiles {
		if d := e.Discovery; d != nil && (d.Ending == EndedLearning || d.Ending == EndedBrief) {
			names = append(names, e.Name)
		}
	}
	return names
}

// Obsolete returns the files that an earlier index of a directory lists and this
// one does not. What is no index, or lists what could not be of one, has none.
func (ix *Index) Obsolete(earlier []byte) []string {
	var old struct {
		Version  int           `json:"version"`
		Per      aggregate.Key `json:"per"`
		Profiles []struct {
			File string `json:"file"`
		} `json:"profiles"`
	}
	if err := json.Unmarshal(earlier, &old); err != nil || old.Version != ix.Version || old.Per == "" {
		return nil
	}
	kept := map[string]bool{}
	for _, e := range ix.Profiles {
		kept[strings.ToLower(e.File)] = true
	}
	var list []string
	for _, e := range old.Profiles {
		own := e.File != IndexName && strings.HasSuffix(e.File, ".json") && safeChars(e.File) == e.File && e.File[0] != '.'
		if own && !kept[strings.ToLower(e.File)] {
			list = append(list, e.File)
			kept[strings.ToLower(e.File)] = true // once
		}
	}
	return list
}

// WriteJSON writes the index in the form of schema/index.schema.json.
func (ix *Index) WriteJSON(w io.Writer) error { return term.WriteJSON(w, ix, "  ") }

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
	return hashedName(value)
}

// hashedName makes a file name that no other value has.
func hashedName(value string) string {
	kept := strings.TrimLeft(safeChars(value), ".-")
	if isDevice(kept) {
		kept = "x" + kept
	}
	sum := sha256.Sum256([]byte(value))
	return kept[:min(len(kept), 48)] + "_x" + hex.EncodeToString(sum[:6]) + ".json"
}

// isPlain reports whether a name of safe characters can stand as it is.
func isPlain(name string) bool {
	return name != "" && len(name) <= 64 && !strings.Contains(name, "_x") && !strings.HasPrefix(name, podPrefix) && name+".json" != IndexName && !isDevice(name)
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
