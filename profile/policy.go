package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

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
}

// ruling is what the rules of one call come to.
type ruling struct {
	all    []*Rule // as they stand in the document
	always *Rule   // the effective one without arguments; nil: none
	some   []*Rule // the effective ones with arguments; none beside always
}

// Evaluate settles a document's conditions for a host and container. Rules
// that contradict each other there are a [*SyntaxError].
func (d *Document) Evaluate(env Environment) (*Policy, error) {
	p := &Policy{Name: d.Name, Env: env, Default: d.Default, byName: map[string]*ruling{}}
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
	if d.Conditional() {
		p.Notes = append(p.Notes, fmt.Sprintf("evaluated for %s, Linux %s, with %d capabilities: %d of %d rules apply",
			env.Arch, env.Kernel, len(env.Caps), len(p.Rules), len(d.Rules)))
	}
	return p, nil
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
		Flags: d.Flags, ListenerPath: d.ListenerPath, ListenerMetadata: d.ListenerMetadata,
	}
	for _, name := range slices.Sorted(maps.Keys(p.byName)) {
		var rules []Rule
		for _, r := range p.byName[name].effective() {
			rules = append(rules, Rule{Outcome: r.Outcome, Args: r.Args})
		}
		s.addRules(name, rules)
	}
	s.sort()
	return s, nil
}

// contradiction refuses rules of which only one can hold wherever the document
// is used, also by what does not evaluate it, such as [Merge].
func (d *Document) contradiction() error {
	p := &Policy{Name: d.Name, Default: d.Default, byName: map[string]*ruling{}}
	for i := range d.Rules {
		r := &d.Rules[i]
		if !r.unconditional() {
			continue
		}
		if err := p.add(r); err != nil {
			return err
		}
	}
	return nil
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
// do: a rule that says what the default says is left out, one without
// arguments displaces all others, and of two such the first stays. Rules that
// contradict each other whatever the environment are refused, as are those
// that libseccomp refuses; others are noted, for Docker's form lives on rules
// that overlap.
func (p *Policy) addRule(name string, r *Rule) error {
	known := p.byName[name]
	if known == nil {
		known = &ruling{}
		p.byName[name] = known
	}
	if n := len(known.all); n > 0 && known.all[n-1] == r {
		return nil // the name stands in the rule twice
	}
	for _, other := range known.all {
		if other.Outcome == r.Outcome || !collide(other, r) {
			continue
		}
		conflict := fmt.Sprintf("%s is answered with %s here and with %s by %s", name, r.Outcome, other.Outcome, other.place())
		if len(r.Args) > 0 && len(other.Args) > 0 || r.unconditional() && other.unconditional() {
			return r.errorf(p.Name, "%s: only one can hold", conflict)
		}
		p.Notes = append(p.Notes, fmt.Sprintf("%s: %s: a rule without arguments wins over one with, and the first over the second", r.place(), conflict))
	}
	known.all = append(known.all, r)
	switch {
	case r.Outcome == p.Default || known.always != nil:
	case len(r.Args) == 0:
		known.always, known.some = r, nil
	default:
		known.some = append(known.some, r)
	}
	return nil
}

// effective returns the rules that have an influence.
func (k *ruling) effective() []*Rule {
	if k.always != nil {
		return []*Rule{k.always}
	}
	return k.some
}

// collide reports whether two rules for a call cannot both have effect: one
// holds whatever the arguments are, or wherever the other does. libseccomp
// passes over the longer chain if it comes second, and fails if it comes first.
func collide(a, b *Rule) bool {
	for _, x := range chains(a) {
		for _, y := range chains(b) {
			if n := min(len(x), len(y)); slices.Equal(x[:n], y[:n]) {
				return true
			}
		}
	}
	return false
}

// chains returns a rule's conditions as libseccomp gets them: ordered by
// argument, and as a rule of each where several are on one argument.
func chains(r *Rule) [][]specs.LinuxSeccompArg {
	if !takesEither(r) {
		return [][]specs.LinuxSeccompArg{r.Args}
	}
	var list [][]specs.LinuxSeccompArg
	for _, a := range r.Args {
		list = append(list, []specs.LinuxSeccompArg{a})
	}
	return list
}
