package profile

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// Amendment is what has to change in a profile for calls to run that it
// denies. A denial is often intended: which of it is to run is for people to
// decide.
type Amendment struct {
	// Architectures have to be among the profile's. That of a host is in every
	// filter, so only those stand here whose programs another one's host runs.
	Architectures []syscalltable.Arch
	// Allow are the names that lack a rule, by the first architecture that
	// they were denied on: a rule holds for all. Each name stands once.
	Allow []ArchNames
	// Remove are the rules that refuse a call, which no other can outdo.
	Remove []Refusal
	// Impossible are the calls that no profile can allow.
	Impossible []Unresolved
	form       Format // of the profile; see Document
}

// ArchNames are names of calls of an architecture, in order.
type ArchNames struct {
	Arch  syscalltable.Arch
	Names []string
}

// Refusal is a name in a rule of a profile.
type Refusal struct {
	Name string
	Rule string // such as "syscalls[1] (line 3)"
}

// Empty reports whether there is nothing to change and nothing impossible.
func (a *Amendment) Empty() bool {
	return len(a.Architectures)+len(a.Allow)+len(a.Remove)+len(a.Impossible) == 0
}

// Rule returns the rule to add.
func (n ArchNames) Rule() specs.LinuxSyscall {
	return specs.LinuxSyscall{Names: n.Names, Action: specs.ActAllow}
}

// architectureLine tells, in the profile's form, how an architecture is added.
func (a *Amendment) architectureLine(list string, arch syscalltable.Arch) string {
	switch a.form {
	case FormatSystemd:
		return fmt.Sprintf("add for %s: SystemCallArchitectures=%s", arch, systemdArch(arch))
	case FormatMinijail, formatLXC:
		return fmt.Sprintf("%s is none of the architectures of this form: it takes another file", arch)
	}
	return fmt.Sprintf("add to %s, for %s: %q", list, arch, arch.SCMP())
}

// allowLine tells, in the profile's form, how calls are allowed.
func (a *Amendment) allowLine(n ArchNames) string {
	names := strings.Join(n.Names, " ")
	switch a.form {
	case FormatSystemd:
		return fmt.Sprintf("add for %s: SystemCallFilter=%s", n.Arch, names)
	case FormatMinijail:
		return fmt.Sprintf("add a line NAME: 1 for each, for %s: %s", n.Arch, names)
	case formatLXC:
		return fmt.Sprintf("add a line for each, for %s: %s", n.Arch, names)
	}
	rule, _ := json.Marshal(n.Rule()) // names and an action always are JSON
	return fmt.Sprintf(`add to "syscalls", for %s: %s`, n.Arch, rule)
}

// Lines tells what has to change, a line each; architectures is where the
// profile lists those.
func (a *Amendment) Lines(architectures string) []string {
	var lines []string
	for _, arch := range a.Architectures {
		lines = append(lines, a.architectureLine(architectures, arch))
	}
	for _, n := range a.Allow {
		lines = append(lines, a.allowLine(n))
	}
	for _, r := range a.Remove {
		lines = append(lines, fmt.Sprintf("take %s out of %s", r.Name, r.Rule))
	}
	for _, u := range a.Impossible {
		name := u.CallName()
		if u.Arch != syscalltable.NoArch {
			name += " on " + u.Arch.String()
		}
		lines = append(lines, fmt.Sprintf("no rule can allow %s: %s", name, u.Reason))
	}
	if needs := a.Requires(); needs.Libseccomp != (LibseccompVersion{}) {
		lines = append(lines, fmt.Sprintf("these names need libseccomp %s and Linux %s to be known", needs.Libseccomp, needs.Kernel))
	}
	return lines
}

// Requires returns what knows every name that is to be added: an older
// libseccomp passes over the others, and the calls are denied still.
func (a *Amendment) Requires() Requirements {
	var d Document
	for _, n := range a.Allow {
		d.Rules = append(d.Rules, Rule{Names: n.Names})
	}
	return d.Requires()
}

// AmendDenied tells what lets the denied calls of a summary run, where the
// profile that denied them is not at hand: [Check] knows which of its rules do.
func AmendDenied(s *aggregate.Summary) *Amendment {
	m := newAmender()
	for key, c := range sumCalls(s) {
		if key.action.Denied() && !m.impossible(c) {
			m.add(key.arch, c.Name())
			m.foreign(key.arch)
		}
	}
	return m.amendment()
}

// amender gathers an amendment.
type amender struct {
	arches  map[syscalltable.Arch]bool
	names   map[syscalltable.Arch]map[string]bool
	remove  []Refusal
	without map[callKey]*Unresolved
}

func newAmender() *amender {
	return &amender{arches: map[syscalltable.Arch]bool{}, names: map[syscalltable.Arch]map[string]bool{}, without: map[callKey]*Unresolved{}}
}

// impossible keeps a call that cannot stand in a profile.
func (m *amender) impossible(c *aggregate.Call) bool {
	key := callKey{arch: c.Arch, nr: c.NR, folded: c.Folded}
	reason := unwritable(key, c.Name())
	if reason == "" {
		return false
	}
	if m.without[key] == nil {
		m.without[key] = &Unresolved{Arch: c.Arch, NR: c.NR, Folded: c.Folded, Reason: reason}
	}
	m.without[key].Records = aggregate.Plus(m.without[key].Records, c.Count)
	return true
}

// foreign keeps an architecture that a filter knows only if it is listed.
func (m *amender) foreign(arch syscalltable.Arch) {
	if host64(arch) != syscalltable.NoArch {
		m.arches[arch] = true
	}
}

func (m *amender) add(arch syscalltable.Arch, name string) {
	if m.names[arch] == nil {
		m.names[arch] = map[string]bool{}
	}
	m.names[arch][name] = true
}

// refused keeps what has to change for a call that a policy denies.
func (m *amender) refused(p *Policy, c *aggregate.Call) {
	if m.impossible(c) {
		return
	}
	arch, nr := c.Arch, c.NR
	if !slices.Contains(p.Arches, arch) {
		m.arches[arch] = true
	}
	if p.listed(arch, nr).Effect() != Denies {
		return
	}
	name, _ := arch.Name(nr)
	var rules []*Rule
	if k := p.byName[name]; k != nil {
		rules = k.all
	}
	allowed := func(r *Rule) bool { return r.Outcome.Effect() == Runs && len(r.Args) == 0 }
	if p.Default.Effect() != Runs && !slices.ContainsFunc(rules, allowed) {
		m.add(arch, name)
	}
	for _, r := range rules {
		if refusal := (Refusal{name, r.place()}); r.Outcome.Effect() != Runs && !slices.Contains(m.remove, refusal) {
			m.remove = append(m.remove, refusal)
		}
	}
}

// amendment puts what was gathered in order.
func (m *amender) amendment() *Amendment {
	a := &Amendment{Architectures: slices.SortedFunc(maps.Keys(m.arches), compareArches), Remove: m.remove}
	known := map[string]bool{}
	for _, arch := range slices.SortedFunc(maps.Keys(m.names), compareArches) {
		var names []string
		for _, name := range slices.Sorted(maps.Keys(m.names[arch])) {
			if !known[name] {
				known[name] = true
				names = append(names, name)
			}
		}
		if names != nil {
			a.Allow = append(a.Allow, ArchNames{arch, names})
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(m.without), compareKeys) {
		a.Impossible = append(a.Impossible, *m.without[key])
	}
	return a
}

// amendmentDocument is the JSON of an Amendment. What is to be added is a
// profile in OCI's form without a default.
type amendmentDocument struct {
	Architectures []string             `json:"architectures"`
	Syscalls      []specs.LinuxSyscall `json:"syscalls"`
	Remove        []refusalDocument    `json:"remove"`
	Impossible    []impossibleCall     `json:"impossible"`
}

type refusalDocument struct {
	Name string `json:"name"`
	Rule string `json:"rule"`
}

type impossibleCall struct {
	Arch    *string `json:"arch"`
	NR      *int32  `json:"nr"`
	Count   int64   `json:"count"`
	Because string  `json:"because"`
}

func (a *Amendment) document() amendmentDocument {
	d := amendmentDocument{
		Architectures: []string{}, Syscalls: []specs.LinuxSyscall{}, Remove: []refusalDocument{}, Impossible: []impossibleCall{},
	}
	if a == nil {
		return d
	}
	for _, arch := range a.Architectures {
		d.Architectures = append(d.Architectures, arch.SCMP())
	}
	for _, n := range a.Allow {
		d.Syscalls = append(d.Syscalls, n.Rule())
	}
	for _, r := range a.Remove {
		d.Remove = append(d.Remove, refusalDocument(r))
	}
	for _, u := range a.Impossible {
		d.Impossible = append(d.Impossible, impossibleCall{orNull(u.Arch.String()), numberOrNull(u.NR, u.Folded), u.Records, u.Reason})
	}
	return d
}
