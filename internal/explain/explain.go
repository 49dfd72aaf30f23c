// Package explain tells all that is known of one system call: who made it, when
// first, how often and in which runs; what a runtime's default profile says to
// it; and what in a profile lets it run, or would deny it.
package explain

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// Question is what is asked about a call.
type Question struct {
	Name    string // the kernel's
	Summary *aggregate.Summary
	By      []aggregate.Key   // whom to tell apart; nil: container, exe and comm
	Profile *profile.Document // nil: none is asked about
	Env     profile.Environment
}

// Answer is what is known of the call.
type Answer struct {
	Question
	// Seen is the summary with the records of this call alone, by the keys of
	// the question.
	Seen    *aggregate.Summary
	Records int64
	Total   aggregate.Call // how often, when first and last, whoever made it
	Runs    int            // in how many of the summary's runs it was seen
	// Risk says how the runtime's default stands to it; "": that lets it run.
	Risk  string
	Added string // why a profile of this log has it though it was not seen; "": it has not, or it was seen
	// Policy are the answers of the profile, an architecture each.
	Policy []PolicyAnswer
	change []string // of the profile, so that it lets run what it denies of this
}

// PolicyAnswer is what a profile says to the call on an architecture.
type PolicyAnswer struct {
	Arch   syscalltable.Arch
	Answer profile.Answer
}

// Ask finds out what is known of a call. It fails if the profile does not make
// sense on the question's host.
func Ask(q Question) (*Answer, error) {
	if q.By == nil {
		q.By = []aggregate.Key{aggregate.ByContainer, aggregate.ByExe, aggregate.ByComm}
	}
	a := &Answer{Question: q}
	a.find()
	reference, _, err := profile.BuiltIn(profile.RuntimeDefaultName)
	if err != nil {
		return nil, err
	}
	a.Risk = profile.Risk(reference, q.Env, q.Name)
	if a.Records == 0 {
		a.Added = added(q.Summary, q.Name)
	}
	if q.Profile != nil {
		err = a.askProfile()
	}
	return a, err
}

// find gathers the records of the call.
func (a *Answer) find() {
	s := a.Summary
	seen := &aggregate.Summary{By: s.By, Inputs: s.Inputs, Completeness: s.Completeness, Selected: s.Selected, Runs: s.Runs}
	for i := range s.Groups {
		g := s.Groups[i]
		g.Calls, g.Records = nil, 0
		for _, c := range s.Groups[i].Calls {
			if c.Name() != a.Name {
				continue
			}
			g.Calls = append(g.Calls, c)
			g.Records = aggregate.Plus(g.Records, c.Count)
			a.Total.Add(&c)
		}
		if len(g.Calls) > 0 {
			seen.Groups = append(seen.Groups, g)
		}
	}
	a.Records = a.Total.Count
	a.Seen = seen.Regroup(a.By)
	if s.Runs != nil {
		for _, r := range s.Runs.Calls {
			if name, _ := r.Arch.Name(r.NR); name == a.Name {
				a.Runs = max(a.Runs, r.Runs)
			}
		}
	}
}

// added returns why a profile of a log has a call that is not in the log.
func added(s *aggregate.Summary, name string) string {
	r, err := profile.Build(s, profile.Options{})
	if err != nil { // there is no profile of this log
		return ""
	}
	for _, x := range r.Additions {
		if x.Name == name {
			return x.Outcome + ": " + x.Reason
		}
	}
	return ""
}

// askProfile asks the profile about the call on each architecture that it was
// seen on, or on the host's.
func (a *Answer) askProfile() error {
	for _, arch := range a.arches() {
		p, err := a.Profile.EvaluateFor(arch, a.Env)
		if err != nil {
			return err
		}
		if nr, ok := arch.Number(a.Name); ok {
			a.Policy = append(a.Policy, PolicyAnswer{arch, p.Answer(arch, nr)})
		}
	}
	if a.Records == 0 {
		return nil
	}
	r, err := profile.Check(a.Seen, a.Profile, a.Env)
	if err != nil {
		return err
	}
	a.change = r.Amendment.Lines(`"architectures"`)
	return nil
}

func (a *Answer) arches() []syscalltable.Arch {
	var list []syscalltable.Arch
	for i := range a.Seen.Groups {
		for _, c := range a.Seen.Groups[i].Calls {
			if c.Arch.HasTable() && !slices.Contains(list, c.Arch) {
				list = append(list, c.Arch)
			}
		}
	}
	slices.Sort(list)
	if len(list) == 0 {
		list = append(list, a.Env.Arch)
	}
	return list
}

// denied reports whether any record of the call is of a denial.
func (a *Answer) denied() bool {
	return slices.ContainsFunc(a.Seen.Groups, func(g aggregate.Group) bool {
		return slices.ContainsFunc(g.Calls, func(c aggregate.Call) bool { return c.Action.Denied() })
	})
}

// rule is what lets the call run, in OCI's form.
func (a *Answer) rule() string {
	rule, _ := json.Marshal(profile.ArchNames{Names: []string{a.Name}}.Rule()) // a name and an action always are JSON
	return string(rule)
}

// Notes tell what profiles say to the call, and what changes that.
func (a *Answer) Notes() []table.Note {
	notes := []table.Note{a.purposeNote(), a.defaultNote()}
	if a.Added != "" {
		notes = append(notes, table.Note{Text: "a profile of this log has it though it was not seen: " + a.Added})
	}
	if a.Profile != nil {
		return append(notes, a.profileNotes()...)
	}
	return append(notes,
		table.Note{Text: "what allows it: " + a.rule()},
		table.Note{Text: "what denies it: an allow-list without that rule"})
}

// purposeNote tells what the call is for, and since when it is known.
func (a *Answer) purposeNote() table.Note {
	text := "what it is for: " + syscalltable.Purpose(a.Name)
	needs, since := profile.RequiredBy(a.Name), syscalltable.Since(a.Name)
	if needs.Kernel != (profile.KernelVersion{}) {
		since = needs.Kernel.String()
	}
	if since != "" {
		text += " (since Linux " + since
		if needs.Libseccomp != (profile.LibseccompVersion{}) {
			text += ", libseccomp " + needs.Libseccomp.String()
		}
		text += ")"
	}
	return table.Note{Text: text}
}

func (a *Answer) defaultNote() table.Note {
	if a.Risk == "" {
		return table.Note{Text: profile.RuntimeDefaultName + " allows it: most containers may make it", Color: table.Green}
	}
	return table.Note{Text: "risk: " + a.Risk, Color: table.Red}
}

// profileNotes tell what the profile answers, why, and what changes it.
func (a *Answer) profileNotes() (notes []table.Note) {
	runs := false
	for _, p := range a.Policy {
		effect := p.Answer.Effect()
		runs = runs || effect != profile.Denies
		color := map[profile.Effect]table.Color{profile.Denies: table.Red, profile.Runs: table.Green}[effect]
		notes = append(notes, table.Note{Text: fmt.Sprintf("%s on %s: %s (%s)", a.Profile.Name, p.Arch, p.Answer, p.Answer.Because), Color: cmp.Or(color, table.Yellow)})
	}
	switch {
	case len(a.change) > 0:
		notes = append(notes, table.Note{Text: "to let run what it denies (a denial is often intended):"})
		for _, line := range a.change {
			notes = append(notes, table.Note{Text: "  " + line})
		}
	case runs:
		notes = append(notes, table.Note{Text: fmt.Sprintf("to deny it: take %s out of %s; it gets %s then%s", a.Name, a.because(), a.Profile.Default, a.needed())})
	default:
		notes = append(notes, table.Note{Text: "what allows it: " + a.rule()})
	}
	return notes
}

// because names the places of the profile that let the call run.
func (a *Answer) because() string {
	var places []string
	for _, p := range a.Policy {
		if p.Answer.Effect() != profile.Denies && !slices.Contains(places, p.Answer.Because) {
			places = append(places, p.Answer.Because)
		}
	}
	return strings.Join(places, "; ")
}

// needed warns of denying what was made.
func (a *Answer) needed() string {
	if a.Records == 0 {
		return ""
	}
	return ", as would have " + counted(a.Records, "record") + " here"
}
