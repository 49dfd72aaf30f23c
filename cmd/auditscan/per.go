package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
)

// perKeys are the keys that there can be a profile for each value of.
var perKeys = []aggregate.Key{aggregate.ByContainer, aggregate.ByNested, aggregate.ByManager, aggregate.ByPod, aggregate.ByWorkload, aggregate.ByExe, aggregate.ByComm}

// writePer writes a profile for each value of a key into a directory.
func (f *profileFlags) writePer(env *environment, s *aggregate.Summary, o profile.Options) error {
	ix, err := profile.BuildPer(s, aggregate.Key(f.per), o, tool)
	if err != nil {
		return err
	}
	for _, e := range ix.Profiles {
		if e.Reason != "" {
			env.notef("%s: no profile: %s", e.Name, e.Reason)
		}
	}
	if !slices.ContainsFunc(ix.Profiles, func(e profile.IndexEntry) bool { return e.File != "" }) {
		advice := ""
		if ix.Per.OfContainer() {
			advice = inParentheses(f.pidmapAdvice())
		}
		return fmt.Errorf("no profile for any %s: %d records have none%s, and nobody else ran under SCMP_ACT_LOG", ix.Per, ix.Unattributed, advice)
	}
	removed, err := writeIndex(ix, f.dir, f.force)
	if err != nil {
		return err
	}
	if len(removed) > 0 {
		env.notef("removed from %s, being of an earlier run alone: %s", f.dir, strings.Join(removed, " "))
	}
	if ix.Unattributed > 0 {
		env.notef("records without %s, in no profile: %d", ix.Per, ix.Unattributed)
	}
	if names := ix.Unsettled(); len(names) > 0 && !f.quiet {
		env.notef("their runs may have been too short, as new calls came until the end: %s", table.List(names))
	}
	return sayLacking(env, ix)
}

// sayLacking tells what the profiles may lack, which is an exit code too.
func sayLacking(env *environment, ix *profile.Index) error {
	var err error
	for _, e := range ix.Profiles {
		if e.Folded {
			err = &exitError{code: exitIncomplete}
		}
		if e.Result == nil {
			continue
		}
		for _, d := range e.Result.StillDenied() {
			env.notef("%s: %s", e.Name, stillDenied(d))
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

// writeIndex writes the profiles and the index, all or none, and removes those
// that an earlier index lists alone. Nothing is overwritten unless forced.
func writeIndex(ix *profile.Index, dir string, force bool) (removed []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var files []atomicfile.File
	for _, e := range ix.Profiles {
		if e.File != "" {
			files = append(files, atomicfile.File{Name: e.File, Data: e.Content})
		}
	}
	var text bytes.Buffer
	if err := ix.WriteJSON(&text); err != nil {
		return nil, err
	}
	index := atomicfile.File{Name: profile.IndexName, Data: text.Bytes()}
	obsolete, err := obsoleteFiles(ix, dir)
	if err != nil {
		return nil, err
	}
	for _, f := range append(files[:len(files):len(files)], index) {
		path := filepath.Join(dir, f.Name)
		if _, err := os.Lstat(path); err == nil && !force {
			return nil, fmt.Errorf("%s exists (--force overwrites it%s)", path, removing(obsolete))
		}
	}
	return obsolete, atomicfile.WriteSet(dir, 0o666, files, index, obsolete...)
}

// removing tells what --force removes besides.
func removing(obsolete []string) string {
	if len(obsolete) == 0 {
		return ""
	}
	return ", and removes what is of the earlier run alone: " + strings.Join(obsolete, " ")
}

// maxIndex bounds an earlier index that is read.
const maxIndex = 64 << 20

// obsoleteFiles returns the profiles of an earlier run that this one has none
// for. What is no file, or of another user, says nothing of an earlier run.
func obsoleteFiles(ix *profile.Index, dir string) ([]string, error) {
	file, err := atomicfile.Open(filepath.Join(dir, profile.IndexName), os.O_RDONLY, 0)
	if err != nil {
		return nil, nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxIndex))
	return ix.Obsolete(text), err
}
