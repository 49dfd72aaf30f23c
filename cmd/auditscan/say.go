package main

import (
	"fmt"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// say tells what the profile holds beside what was observed, what it lacks,
// and how far the log can be relied on.
func (f *profileFlags) say(env *environment, r *profile.Result, s *aggregate.Summary) error {
	sayObserved(env, r)
	if !f.quiet {
		sayAdditions(env, r)
	}
	for _, b := range r.Blocked {
		kept := "stays refused (--override-base allows it)"
		if f.overrideBase {
			kept = "is allowed now"
		}
		env.notef("%s: %s refuses it by name with %s: it %s", b.Name, r.Base, b.Outcome, kept)
	}
	if err := f.sayStarts(env, r.Document); err != nil {
		return err
	}
	if n := countContainers(s); n > 1 && !f.quiet {
		env.notef("one profile for %d containers: each may do what any of them did (--container NAME takes one, --per container -O DIR makes one for each)", n)
	}
	sayWidened(env, r.Widened)
	for _, d := range r.StillDenied() {
		env.notef("%s", stillDenied(d))
	}
	sayUnresolved(env, r.Unresolved)
	if !f.quiet {
		sayRuns(env, s.Runs)
		sayDiscovery(env, r, s)
		f.sayTimed(env, r)
	}
	if s.Completeness.Verdict == aggregate.Incomplete {
		env.notef("the log is incomplete: the profile may lack calls")
	}
	return report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet))
}

// sayFolded tells whose groups were counted together.
func sayFolded(env *environment, s *aggregate.Summary) {
	for _, line := range report.FoldedNotes(s) {
		env.notef("%s", line)
	}
}

// sayWidened tells which calls are allowed on more architectures than they
// were seen on, a line for those that have both in common.
func sayWidened(env *environment, list []profile.Widened) {
	names := map[string][]string{}
	var where []string
	for _, w := range list {
		arches := fmt.Sprintf("seen on %s only, allowed on %s too", archList(w.Seen), archList(w.Also))
		if names[arches] == nil {
			where = append(where, arches)
		}
		names[arches] = append(names[arches], w.Name)
	}
	for _, arches := range where {
		env.notef("%s: %s", arches, strings.Join(names[arches], " "))
	}
}

// stillDenied tells of a call that was denied during the run and is not
// allowed now.
func stillDenied(d profile.Denied) string {
	return fmt.Sprintf("denied during the run, not added: %s on %s (%s, count %d)", d.CallName(), d.Arch, d.Action, d.Records)
}

func sayUnresolved(env *environment, list []profile.Unresolved) {
	for _, u := range list {
		env.notef("left out: %s on %s (count %d): %s", u.CallName(), u.Arch, u.Records, u.Reason)
	}
}

// sayObserved tells how many calls the profile allows, and why.
func sayObserved(env *environment, r *profile.Result) {
	noun := "syscalls"
	if len(r.Observed) == 1 {
		noun = "syscall"
	}
	env.notef("%d %s observed, %d added", len(r.Observed), noun, len(r.Additions))
}

// sayAdditions names what was added, a line a source; --explain has the
// evidence for each.
func sayAdditions(env *environment, r *profile.Result) {
	names := map[profile.Source][]string{}
	var sources []profile.Source
	for _, a := range r.Additions {
		if names[a.Source] == nil {
			sources = append(sources, a.Source)
		}
		names[a.Source] = append(names[a.Source], a.Name)
	}
	for _, source := range sources {
		env.notef("added %s: %s", sourceText(source, r), strings.Join(names[source], " "))
	}
}

// sourceText says in words why calls were added.
func sourceText(source profile.Source, r *profile.Result) string {
	switch source {
	case profile.SourceDenied:
		return "as asked for, though denied during the run"
	case profile.SourceKernel:
		return "because the kernel makes them, or no program ends without them"
	case profile.SourceVDSO:
		return "in case the vDSO cannot answer"
	case profile.SourceRuntime:
		return fmt.Sprintf("for the container runtime's start-up (%s)", r.Startup)
	case profile.SourceVariants:
		return "as siblings of observed calls"
	case profile.SourceUnheard:
		return "as a recording by notification cannot show them"
	case profile.SourceFallback:
		return "with ENOSYS, so that the C library falls back to clone"
	}
	return "(" + string(source) + ")"
}

func archList(arches []syscalltable.Arch) string {
	names := make([]string, len(arches))
	for i, a := range arches {
		names[i] = a.String()
	}
	return strings.Join(names, ", ")
}
