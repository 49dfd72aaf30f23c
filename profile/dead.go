package profile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// DeadRules tells of each rule with conditions that never holds for a call: since
// no argument is so, or since libseccomp tries another one before that holds
// whenever this one would; and of each rule whose calls no architecture has. Rules
// that others displace are told of when the profile is read and evaluated.
func (p *Policy) DeadRules() []string {
	list := p.foreignRules()
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		tried := p.tried(p.byName[name].some)
		for i, t := range tried {
			if c, ok := impossible(t.args, p.wide()); ok {
				list = append(list, fmt.Sprintf("%s: %s if %s never holds: no argument is so", t.rule.place(), name, describeArg(c)))
				continue
			}
			before := slices.IndexFunc(tried[:i], func(o triedRule) bool { return o.rule != t.rule && covers(o.args, t.args) })
			if before >= 0 {
				o := tried[before]
				list = append(list, fmt.Sprintf("%s: %s if %s never holds: %s if %s by %s comes before", t.rule.place(), name, describeArgs(&Rule{Args: t.args}),
					o.rule.Outcome, describeArgs(&Rule{Args: o.args}), o.rule.place()))
			}
		}
	}
	return list
}

// foreignRules tells of the rules that are about calls of other architectures alone.
func (p *Policy) foreignRules() (list []string) {
	here := func(name string) bool {
		return slices.ContainsFunc(p.Arches, func(a syscalltable.Arch) bool { return has(a, name) })
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if !slices.ContainsFunc(r.Names, here) {
			list = append(list, fmt.Sprintf("%s: never reached: no architecture of the profile (%s) has %s", r.place(), strings.Join(archNames(p.Arches), ", "), strings.Join(r.Names, " ")))
		}
	}
	return list
}

// wide reports whether arguments have 64 bits on one of the architectures.
func (p *Policy) wide() bool {
	return p.Env.Arch&is64Bit != 0
}

// triedRule is a rule, or one of several that it is made into.
type triedRule struct {
	rule *Rule
	args []specs.LinuxSeccompArg
}

// tried returns the rules of a call in the order in which libseccomp tries them.
func (p *Policy) tried(rules []*Rule) []triedRule {
	var all, ordered []triedRule
	var numbered []bpf.Rule
	for _, r := range rules {
		for _, args := range chains(r) {
			numbered = append(numbered, bpf.Rule{Conditions: compileConditions(args), Answer: uint32(len(all))})
			all = append(all, triedRule{r, args})
		}
	}
	for _, n := range bpf.Order(numbered, p.wide()) {
		ordered = append(ordered, all[n.Answer])
	}
	return ordered
}

// impossible returns a condition that holds for no argument.
func impossible(args []specs.LinuxSeccompArg, wide bool) (specs.LinuxSeccompArg, bool) {
	most := ^uint64(0)
	if !wide {
		most = 1<<32 - 1
	}
	i := slices.IndexFunc(args, func(a specs.LinuxSeccompArg) bool {
		return a.Op == specs.OpLessThan && a.Value == 0 || a.Op == specs.OpGreaterThan && a.Value >= most
	})
	if i < 0 {
		return specs.LinuxSeccompArg{}, false
	}
	return args[i], true
}

// covers reports whether conditions hold whenever others do.
func covers(wider, narrower []specs.LinuxSeccompArg) bool {
	return !slices.ContainsFunc(wider, func(w specs.LinuxSeccompArg) bool {
		return !slices.ContainsFunc(narrower, func(n specs.LinuxSeccompArg) bool { return n.Index == w.Index && follows(w, n) })
	})
}

// follows reports whether a condition holds for every argument that another one
// holds for.
func follows(w, n specs.LinuxSeccompArg) bool {
	switch {
	case w == n:
		return true
	case n.Op == specs.OpEqualTo:
		return holds(w, n.Value)
	case w.Op == specs.OpMaskedEqual:
		return n.Op == w.Op && w.Value&^n.Value == 0 && (w.ValueTwo^n.ValueTwo)&w.Value == 0
	}
	switch n.Op {
	case specs.OpLessThan:
		return n.Value > 0 && bounds(w, 0, n.Value-1)
	case specs.OpLessEqual:
		return bounds(w, 0, n.Value)
	case specs.OpGreaterThan:
		return n.Value < ^uint64(0) && bounds(w, n.Value+1, ^uint64(0))
	case specs.OpGreaterEqual:
		return bounds(w, n.Value, ^uint64(0))
	}
	return false
}

// bounds reports whether a condition holds for all values from low to high.
func bounds(a specs.LinuxSeccompArg, low, high uint64) bool {
	switch a.Op {
	case specs.OpLessThan, specs.OpLessEqual:
		return holds(a, high)
	case specs.OpGreaterThan, specs.OpGreaterEqual:
		return holds(a, low)
	case specs.OpNotEqual:
		return a.Value < low || a.Value > high
	}
	return false
}
