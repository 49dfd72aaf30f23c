package profile

import (
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// diffVersion is the version of schema/diff.schema.json.
const diffVersion = 1

// DiffResult is how two policies differ.
type DiffResult struct {
	// Added are the calls that the new policy lets run, for some arguments at
	// least, and the old one does not; Removed the reverse; Changed those that
	// both answer, but in another way. By name.
	Added, Removed, Changed []Difference
	// ArchesAdded and ArchesRemoved are the architectures that only one knows.
	ArchesAdded, ArchesRemoved []syscalltable.Arch
	// Old and New are the default outcomes.
	Old, New Outcome
	// Settings are flags, listenerPath and listenerMetadata that differ; their
	// names are those of the profile's keys.
	Settings []Difference
}

// Difference is a call that two policies answer differently.
type Difference struct {
	Name string `json:"name"`
	Old  string `json:"old"` // in words
	New  string `json:"new"`
	// Risk says how the reference, which is a runtime's default profile,
	// stands to a call that the new policy lets run; "" if it does so too,
	// "unknown" without a reference.
	Risk string `json:"risk,omitempty"`
}

// Same reports whether there is no difference.
func (r *DiffResult) Same() bool {
	return len(r.Added)+len(r.Removed)+len(r.Changed)+len(r.ArchesAdded)+len(r.ArchesRemoved)+len(r.Settings) == 0 && r.Old == r.New
}

// Diff compares two policies that were evaluated for one environment. The
// reference is what risk is told by; nil: it is unknown.
func Diff(old, new *Policy, reference *Document) *DiffResult {
	r := &DiffResult{
		Old: old.Default, New: new.Default,
		ArchesAdded: without(new.Arches, old.Arches), ArchesRemoved: without(old.Arches, new.Arches),
		Settings: diffSettings(old.settings, new.settings),
	}
	for _, name := range diffNames(old, new) {
		d := Difference{Name: name, Old: old.describe(name), New: new.describe(name)}
		ruled := old.byName[name] != nil || new.byName[name] != nil
		before, after := old.runs(name), new.runs(name)
		switch {
		case after && !before:
			d.Risk = Risk(reference, new.Env, name)
			r.Added = append(r.Added, d)
		case before && !after:
			r.Removed = append(r.Removed, d)
		case ruled && d.Old != d.New: // a difference of the defaults is told once
			if after {
				d.Risk = Risk(reference, new.Env, name)
			}
			r.Changed = append(r.Changed, d)
		}
	}
	return r
}

// settings are what of a profile has no influence on its answers.
type settings struct {
	flags                  []string
	listener, metadataText string
}

func (d *Document) settings() settings {
	s := settings{listener: d.ListenerPath, metadataText: d.ListenerMetadata}
	for _, flag := range d.Flags {
		s.flags = append(s.flags, string(flag))
	}
	slices.Sort(s.flags)
	s.flags = slices.Compact(s.flags)
	return s
}

func diffSettings(old, new settings) []Difference {
	var list []Difference
	for _, d := range []Difference{
		{Name: "flags", Old: strings.Join(old.flags, " "), New: strings.Join(new.flags, " ")},
		{Name: "listenerPath", Old: old.listener, New: new.listener},
		{Name: "listenerMetadata", Old: old.metadataText, New: new.metadataText},
	} {
		if d.Old != d.New {
			list = append(list, d)
		}
	}
	return list
}

// diffNames returns the calls of all architectures of both policies.
func diffNames(old, new *Policy) []string {
	names := map[string]bool{}
	for _, arch := range slices.Concat(old.Arches, new.Arches) {
		for _, name := range arch.Calls() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// runs reports whether the policy lets a call run for some arguments at least.
func (p *Policy) runs(name string) bool {
	may := func(o Outcome) bool { return o.Effect() != Denies }
	k := p.byName[name]
	switch {
	case k == nil:
		return may(p.Default)
	case k.always != nil:
		return may(k.always.Outcome)
	}
	return may(p.Default) || slices.ContainsFunc(k.some, func(r *Rule) bool { return may(r.Outcome) })
}

func without(list, other []syscalltable.Arch) []syscalltable.Arch {
	return slices.DeleteFunc(slices.Clone(list), func(a syscalltable.Arch) bool { return slices.Contains(other, a) })
}

// unknownRisk is that of a call where there is no reference.
const unknownRisk = "unknown"

// Risk says how a reference profile, such as a runtime's default, stands to a
// call; "" where it lets it run, "unknown" where there is no reference.
func Risk(reference *Document, env Environment, name string) string {
	if reference == nil {
		return unknownRisk
	}
	needs, restricted, named := "", false, false
	for i := range reference.Rules {
		r := &reference.Rules[i]
		named = named || slices.Contains(r.Names, name)
		if r.Outcome.Effect() != Runs || !slices.Contains(r.Names, name) {
			continue
		}
		bare := *r
		bare.Includes.Caps = nil // what it needs is what is asked
		switch {
		case !bare.applies(env):
		case len(r.Args) > 0:
			restricted = true
		case len(missing(r.Includes.Caps, env.Caps)) == 0:
			return ""
		case needs == "":
			needs = missing(r.Includes.Caps, env.Caps)[0]
		}
	}
	switch {
	case !named && reference.Default.Effect() == Runs:
		return ""
	case restricted:
		return "restricted by arguments in " + reference.Name
	case needs != "":
		return "needs " + needs + " in " + reference.Name
	}
	return "not in " + reference.Name
}

// missing returns the capabilities of the first list that the second lacks.
func missing(caps, have []string) []string {
	return slices.DeleteFunc(slices.Clone(caps), func(c string) bool { return slices.Contains(have, c) })
}

// diffDocument is the JSON of a DiffResult, see schema/diff.schema.json.
type diffDocument struct {
	Version       int          `json:"version"`
	Default       *diffDefault `json:"default"` // null: the same
	Architectures diffArches   `json:"architectures"`
	Added         []Difference `json:"added"`
	Removed       []Difference `json:"removed"`
	Changed       []Difference `json:"changed"`
	Settings      []Difference `json:"settings"`
}

type diffDefault struct {
	Old string `json:"old"`
	New string `json:"new"`
}

type diffArches struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// WriteJSON writes the result in the form of schema/diff.schema.json.
func (r *DiffResult) WriteJSON(w io.Writer) error {
	doc := diffDocument{
		Version:       diffVersion,
		Architectures: diffArches{Added: archNames(r.ArchesAdded), Removed: archNames(r.ArchesRemoved)},
		Added:         orEmpty(r.Added), Removed: orEmpty(r.Removed), Changed: orEmpty(r.Changed), Settings: orEmpty(r.Settings),
	}
	if r.Old != r.New {
		doc.Default = &diffDefault{r.Old.String(), r.New.String()}
	}
	return encodeJSON(w, doc)
}
