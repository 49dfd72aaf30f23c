package profile

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/syscalltable"
)

// Policy is a profile settled for one host and container, and thereby what a
// filter made of it answers. See the package documentation for what of
// libseccomp is modelled.
type Policy struct {
	Name    string
	Env     Environment
	Default Outcome
	// Arches are the architectures whose calls reach the rules: those listed
	// and the host's own, which libseccomp always adds.
	Arches []syscalltable.Arch
	Rules  []Rule   // those that apply, in the order of the document
	Notes  []string // what of the document does not mean what it seems to
	byName map[string]*ruling

	form     Format // see Document
	settings settings
	highest  map[syscalltable.Arch]uint32 // above which runc's stub answers
	trees    map[treeKey]*bpf.Tree        // of calls whose arguments decide
}

// ruling is what the rules of one call come to.
type ruling struct {
	all    []*Rule // those of the document, also where they do not hold
	tried  []*Rule // those that runtimes hand to libseccomp, in their order
	always *Rule   // the effective one without arguments; nil: none
	some   []*Rule // the effective ones with arguments; none beside always
}

// Evaluate settles a document's conditions for a host and container. Rules
// that contradict each other there are a [*SyntaxError].
func (d *Document) Evaluate(env Environment) (*Policy, error) {
	p := &Policy{Name: d.Name, Env: env, Default: d.Default, byName: map[string]*ruling{}, settings: d.settings(), form: d.form}
	p.Arches = d.arches(env.Arch)
	for i := range d.Rules {
		r := &d.Rules[i]
		if !r.applies(env) {
			continue
		}
		p.Rules = append(p.Rules, *r)
		if takesEither(r) {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: several conditions on one argument: runtimes let any of them do", r.place()))
		}
		if err := p.add(r); err != nil {
			return nil, err
		}
	}
	for i := range d.passed {
		r := &d.passed[i]
		known := p.rulingOf(r.Names[0])
		known.all = append(known.all, r)
		if r.Outcome != p.Default {
			known.tried = append(known.tried, r)
			slices.SortStableFunc(known.tried, compareByPlace)
		}
	}
	p.addStub(d)
	if err := p.growTrees(); err != nil {
		return nil, err
	}
	if d.Conditional() {
		p.Notes = append(p.Notes, fmt.Sprintf("evaluated for %s, Linux %s, with %d capabilities: %d of %d rules apply",
			env.Arch, env.Kernel, len(env.Caps), len(p.Rules), len(d.Rules)))
	}
	return p, nil
}

// compareByPlace orders rules as they stand in their file.
func compareByPlace(a, b *Rule) int {
	if a.at == nil || b.at == nil {
		return 0
	}
	return cmp.Or(cmp.Compare(a.at.At.Line, b.at.At.Line), cmp.Compare(a.at.At.Column, b.at.At.Column))
}

// Settle returns what a document without conditions says that means the same
// for a host and container.
func (d *Document) Settle(env Environment) (*Document, error) {
	p, err := d.Evaluate(env)
	if err != nil {
		return nil, err
	}
	s := &Document{
		Name: d.Name, Default: d.Default, Architectures: p.Arches,
		Flags: d.Flags, ListenerPath: d.ListenerPath, ListenerMetadata: d.ListenerMetadata, form: d.form,
	}
	var rules []Rule
	for i := range d.Rules {
		r := &d.Rules[i]
		holds := func(name string) bool { return p.byName[name] != nil && slices.Contains(p.byName[name].effective(), r) }
		names := slices.Compact(slices.Sorted(slices.Values(r.Names)))
		if names = slices.DeleteFunc(names, func(name string) bool { return !holds(name) }); len(names) > 0 {
			rules = append(rules, Rule{Names: names, Outcome: r.Outcome, Args: r.Args})
		}
	}
	s.setRules(rules)
	return s, nil
}

// arches returns what a filter on a host of an architecture knows.
func (d *Document) arches(host syscalltable.Arch) []syscalltable.Arch {
	list := append([]syscalltable.Arch{host}, d.Architectures...)
	for _, m := range d.ArchMap {
		if m.Arch == host {
			list = append(list, m.Sub...)
			break
		}
	}
	return sortedArches(list)
}

// takesEither reports whether a rule has several conditions on one argument.
// libseccomp cannot express that, and runc and crun make a rule of each.
func takesEither(r *Rule) bool {
	var seen [6]bool
	for _, a := range r.Args {
		if seen[a.Index] {
			return true
		}
		seen[a.Index] = true
	}
	return false
}

func (p *Policy) add(r *Rule) error {
	for _, name := range r.Names {
		if err := p.addRule(name, r); err != nil {
			return err
		}
	}
	return nil
}

// addRule adds a rule to what is known of a call, as runtimes and libseccomp
// do. What they pass over is noted, what they refuse is an error.
func (p *Policy) addRule(name string, r *Rule) error {
	known := p.rulingOf(name)
	if n := len(known.all); n > 0 && known.all[n-1] == r {
		return nil // the name stands in the rule twice
	}
	known.all = append(known.all, r)
	if r.Outcome == p.Default {
		return nil // runtimes leave it out
	}
	known.tried = append(known.tried, r)
	for _, other := range known.effective() {
		c := clashOf(other, r)
		if c == noClash {
			continue
		}
		if c == clashRefused {
			return refusal(p.Name, name, other, r)
		}
		p.Notes = append(p.Notes, fmt.Sprintf("%s: %s", r.place(), clashNote(name, other, r, c)))
		if c == firstHolds {
			return nil
		}
	}
	switch {
	case known.always != nil:
	case r.always():
		known.always, known.some = r, nil
	default:
		known.some = append(known.some, r)
	}
	return nil
}

// rulingOf returns what the rules of a call come to, to be added to.
func (p *Policy) rulingOf(name string) *ruling {
	if p.byName[name] == nil {
		p.byName[name] = &ruling{}
	}
	return p.byName[name]
}

// effective returns the rules that have an influence.
func (k *ruling) effective() []*Rule {
	if k.always != nil {
		return []*Rule{k.always}
	}
	return k.some
}

// chains returns a rule's conditions as libseccomp gets them: ordered by
// argument, and as a rule of each where several are on one argument. One that
// always holds is none.
func chains(r *Rule) [][]specs.LinuxSeccompArg {
	if !takesEither(r) {
		return [][]specs.LinuxSeccompArg{withoutIdle(r.Args)}
	}
	var list [][]specs.LinuxSeccompArg
	for _, a := range r.Args {
		list = append(list, withoutIdle([]specs.LinuxSeccompArg{a}))
	}
	return list
}

// withoutIdle returns the conditions that do not hold always.
func withoutIdle(args []specs.LinuxSeccompArg) []specs.LinuxSeccompArg {
	return slices.DeleteFunc(slices.Clone(args), func(a specs.LinuxSeccompArg) bool { return a.Op == specs.OpMaskedEqual && a.Value == 0 })
}

// always reports whether a rule holds whatever the arguments are.
func (r *Rule) always() bool {
	return slices.ContainsFunc(chains(r), func(args []specs.LinuxSeccompArg) bool { return len(args) == 0 })
}

// ForRuntimes reports whether container runtimes read the profile as it is written,
// and not systemd, minijail or LXC.
func (p *Policy) ForRuntimes() bool { return p.form == "" }

// DenialsLogged reports whether the kernel writes a record of what the policy
// denies, as far as the profile decides that: records of errors are written only
// with SECCOMP_FILTER_FLAG_LOG, those of calls that are logged or that kill
// always (where kernel.seccomp.actions_logged has them).
func (p *Policy) DenialsLogged() bool {
	quiet := func(o Outcome) bool {
		return o.Action == syscalltable.ActionErrno || o.Action == syscalltable.ActionTrap || o.Action == syscalltable.ActionTrace
	}
	if slices.Contains(p.settings.flags, string(specs.LinuxSeccompFlagLog)) {
		return true
	}
	return !quiet(p.Default) && !slices.ContainsFunc(p.Rules, func(r Rule) bool { return quiet(r.Outcome) })
}
