package profile

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// treeKey is a call of an architecture.
type treeKey struct {
	arch syscalltable.Arch
	name string
}

// growTrees makes, for each call whose arguments decide, what decides. Rules that
// libseccomp refuses on an architecture are a [*SyntaxError]: it has the same ones
// for all, but compares words of each one's size.
func (p *Policy) growTrees() error {
	p.trees = map[treeKey]*bpf.Tree{}
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		if slices.ContainsFunc(p.byName[name].tried, func(r *Rule) bool { return len(r.Args) > 0 }) {
			if err := p.growTree(name); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"socketcall", "ipc"} {
		if err := p.growTree(name); err != nil {
			return err
		}
	}
	return nil
}

// growTree makes the trees of a call for the policy's architectures.
func (p *Policy) growTree(name string) error {
	rules, sources := p.rulesOf(name)
	strays := false
	for _, arch := range p.Arches {
		if _, ok := arch.Number(name); !ok || len(rules) == 0 {
			continue
		}
		tree, err := bpf.Grow(rules, arch&is64Bit != 0)
		var conflict *bpf.ConflictError
		if errors.As(err, &conflict) {
			r := sources[conflict.Rule]
			return r.errorf(p.Name, "%s is answered with %s here, and otherwise by a rule before it: only one can hold on %s, and runtimes refuse the profile", r.answers(name), r.Outcome, arch)
		}
		p.trees[treeKey{arch, name}] = tree
		strays = strays || tree.Strays()
	}
	if strays {
		p.Notes = append(p.Notes, fmt.Sprintf(strayNote, sources[0].place(), name))
	}
	return nil
}

// tree returns what decides on a call by its arguments; nil: nothing does. That
// of an architecture that is not the policy's is what it would be if it were.
func (p *Policy) tree(arch syscalltable.Arch, name string) *bpf.Tree {
	if tree := p.trees[treeKey{arch, name}]; tree != nil || slices.Contains(p.Arches, arch) {
		return tree
	}
	rules, _ := p.rulesOf(name)
	if !slices.ContainsFunc(rules, func(r bpf.Rule) bool { return len(r.Conditions) > 0 }) {
		return nil
	}
	tree, err := bpf.Grow(rules, arch&is64Bit != 0)
	if err != nil {
		return nil
	}
	return tree
}

// strayNote tells of a call that a filter of libseccomp may answer otherwise than
// its rules say; see [bpf.Tree.Strays].
const strayNote = "%s: what runtimes answer to %s is not certain: libseccomp (2.5.4) mixes up such rules " +
	"(a condition other than EQ and MASKED_EQ before another one, or orders of values with different upper halves)"

// source is a rule that decides on a call.
type source struct {
	*Rule
	as carried // the call that it is a rule for, if that goes through another one
}

// answers names what a rule answers, for a call or for one that goes through it.
func (s source) answers(name string) string {
	if s.as.name == "" {
		return name
	}
	return s.as.name + ", through " + name + ","
}

// rulesOf returns the rules that decide on a call, its own and, for a call that
// others go through, those of the others, in the order in which libseccomp gets
// them, and where each comes from. To a call that others go through no rule of
// theirs is without conditions, so that none displaces those before it.
func (p *Policy) rulesOf(name string) (rules []bpf.Rule, sources []source) {
	var all []source
	add := func(name string, as carried) {
		if k := p.byName[name]; k != nil {
			for _, r := range k.tried {
				all = append(all, source{r, as})
			}
		}
	}
	add(name, carried{})
	for _, m := range multiplexed(name) {
		add(m.name, m)
	}
	slices.SortStableFunc(all, func(a, b source) int { return compareByPlace(a.Rule, b.Rule) })
	for _, s := range all {
		for _, conditions := range chains(s.Rule) {
			if s.as.name != "" {
				conditions = s.as.carry(conditions)
			}
			rules = append(rules, bpf.Rule{Conditions: compileConditions(conditions), Answer: s.Outcome.code()})
			sources = append(sources, s)
		}
	}
	return rules, sources
}
