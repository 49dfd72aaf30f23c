package profile

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/syscalltable"
)

// Merge unites allow-lists: what any of them lets run, the result lets run,
// under the same arguments and conditions, and an error number that one gives
// is kept where none lets the call run. The order does not matter, and a
// profile merged with itself is itself. Profiles whose union would not be
// what either says are an error: other defaults, other error numbers for a
// call, and deny-lists, where union could mean two things. Comments are not
// kept.
func Merge(documents ...*Document) (*Document, error) {
	if len(documents) == 0 {
		return nil, errors.New("nothing to merge")
	}
	m := &Document{Name: documents[0].Name, Default: documents[0].Default}
	byName := map[string][]Rule{}
	for _, d := range documents {
		if err := m.mergeHead(d); err != nil {
			return nil, err
		}
		for i := range d.Rules {
			for _, name := range d.Rules[i].Names {
				byName[name] = append(byName[name], d.Rules[i])
			}
		}
	}
	if err := m.mergeArchitectures(documents); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) { // so that the first error is always the same
		rules, err := mergeRules(name, byName[name], m.Name)
		if err != nil {
			return nil, err
		}
		m.addRules(name, rules)
	}
	m.sort()
	return m, nil
}

// sort puts rules, and the names in each, in order.
func (d *Document) sort() {
	for i := range d.Rules {
		slices.Sort(d.Rules[i].Names)
	}
	slices.SortFunc(d.Rules, func(a, b Rule) int { return compareRules(&a, &b) })
}

// mergeHead merges what is not about single calls or architectures.
func (d *Document) mergeHead(other *Document) error {
	switch {
	case other.Default.Effect() != Denies:
		return fmt.Errorf("%s: lets calls run by default (%s): only allow-lists can be merged", other.Name, other.Default)
	case other.Default != d.Default:
		return fmt.Errorf("%s: answers %s by default, but %s %s", other.Name, other.Default, d.Name, d.Default)
	case d.ListenerPath != "" && other.ListenerPath != "" && d.ListenerPath != other.ListenerPath:
		return fmt.Errorf("%s: has listenerPath %q, but %s %q", other.Name, other.ListenerPath, d.Name, d.ListenerPath)
	}
	d.ListenerPath = cmp.Or(d.ListenerPath, other.ListenerPath)
	d.ListenerMetadata = cmp.Or(d.ListenerMetadata, other.ListenerMetadata)
	for _, flag := range other.Flags {
		if !slices.Contains(d.Flags, flag) {
			d.Flags = append(d.Flags, flag)
		}
	}
	slices.Sort(d.Flags)
	return nil
}

// mergeArchitectures unites the lists of architectures; as archMap if one of
// the documents has that.
func (d *Document) mergeArchitectures(documents []*Document) error {
	hosts := map[syscalltable.Arch][]syscalltable.Arch{}
	asMap := false
	for _, other := range documents {
		asMap = asMap || len(other.ArchMap) > 0
		for _, m := range append(mapOf(other.Architectures), other.ArchMap...) {
			hosts[m.Arch] = append(hosts[m.Arch], m.Sub...)
		}
		d.Architectures = append(d.Architectures, other.Architectures...)
	}
	d.Architectures = sortedArches(d.Architectures)
	if !asMap {
		return nil
	}
	d.Architectures = nil
	for _, host := range slices.SortedFunc(maps.Keys(hosts), compareArches) {
		d.ArchMap = append(d.ArchMap, ArchMapping{Arch: host, Sub: sortedArches(hosts[host])})
	}
	return nil
}

// mapOf writes a list of architectures as Docker's archMap.
func mapOf(arches []syscalltable.Arch) []ArchMapping {
	var list []ArchMapping
	for _, a := range arches {
		host := cmp.Or(host64(a), a)
		i := slices.IndexFunc(list, func(m ArchMapping) bool { return m.Arch == host })
		if i < 0 {
			i, list = len(list), append(list, ArchMapping{Arch: host})
		}
		if a != host {
			list[i].Sub = append(list[i].Sub, a)
		}
	}
	return list
}

// mergeRules unites the rules for one call; document is what an error names if
// a rule was not read from anywhere.
func mergeRules(name string, rules []Rule, document string) ([]Rule, error) {
	slices.SortStableFunc(rules, func(a, b Rule) int { return compareOutcomes(a.Outcome, b.Outcome) })
	var merged []Rule
	for _, r := range rules { // the permissive first
		i := slices.IndexFunc(merged, func(m Rule) bool { return sameScope(&m, &r) })
		switch {
		case i < 0:
			merged = append(merged, r)
		case merged[i].Outcome.Effect() == Denies && merged[i].Outcome != r.Outcome:
			return nil, r.errorf(document, "%s is answered with %s here and with %s by %s", name, r.Outcome, merged[i].Outcome, merged[i].origin())
		}
	}
	return slices.DeleteFunc(slices.Clone(merged), func(r Rule) bool {
		return slices.ContainsFunc(merged, func(m Rule) bool { return supersedes(&m, &r) })
	}), nil
}

// supersedes reports whether a rule leaves nothing to another one: it lets the
// call run always; or it lets some of the call run where the other would,
// without arguments, keep it from doing so.
func supersedes(m, r *Rule) bool {
	if m.unconditional() && len(m.Args) == 0 && m.Outcome.Effect() == Runs {
		return !sameScope(m, r)
	}
	return len(m.Args) > 0 && len(r.Args) == 0 && m.Outcome.Effect() != Denies && r.Outcome.Effect() == Denies
}

// sameScope reports whether two rules hold in the same case.
func sameScope(a, b *Rule) bool {
	return slices.Equal(a.Args, b.Args) && a.Includes.compare(b.Includes) == 0 && a.Excludes.compare(b.Excludes) == 0
}

// addRules adds a call to the rules of the same outcome and scope, or makes
// new ones.
func (d *Document) addRules(name string, rules []Rule) {
	for _, r := range rules {
		i := slices.IndexFunc(d.Rules, func(m Rule) bool { return m.Outcome == r.Outcome && sameScope(&m, &r) })
		if i < 0 {
			d.Rules = append(d.Rules, Rule{Outcome: r.Outcome, Args: r.Args, Includes: r.Includes, Excludes: r.Excludes})
			i = len(d.Rules) - 1
		}
		if !slices.Contains(d.Rules[i].Names, name) {
			d.Rules[i].Names = append(d.Rules[i].Names, name)
		}
	}
}

// compareRules puts what is allowed first, and what always holds before what
// depends on something.
func compareRules(a, b *Rule) int {
	return cmp.Or(compareOutcomes(a.Outcome, b.Outcome), compareBools(a.unconditional(), b.unconditional()),
		cmp.Compare(len(a.Args), len(b.Args)), slices.CompareFunc(a.Args, b.Args, compareArgs),
		a.Includes.compare(b.Includes), a.Excludes.compare(b.Excludes))
}

func (c Condition) compare(other Condition) int {
	return cmp.Or(slices.Compare(c.Caps, other.Caps), slices.CompareFunc(c.Arches, other.Arches, compareArches),
		cmp.Compare(c.MinKernel.Major, other.MinKernel.Major), cmp.Compare(c.MinKernel.Minor, other.MinKernel.Minor))
}

func compareArgs(a, b specs.LinuxSeccompArg) int {
	return cmp.Or(cmp.Compare(a.Index, b.Index), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Value, b.Value), cmp.Compare(a.ValueTwo, b.ValueTwo))
}

// compareBools puts true first.
func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
