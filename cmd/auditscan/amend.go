package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// writeAmendment ends a table with what has to change in a profile for denied
// calls to run; architectures is where the profile lists those.
func writeAmendment(w io.Writer, a *profile.Amendment, head, architectures string, more ...string) error {
	if a.Empty() {
		return nil
	}
	lines := []string{head + " (a denial is often intended: allow only what is needed):"}
	for _, arch := range a.Architectures {
		lines = append(lines, fmt.Sprintf("add to %s, for %s: %q", architectures, arch, arch.SCMP()))
	}
	for _, n := range a.Allow {
		rule, err := json.Marshal(n.Rule())
		if err != nil {
			return err
		}
		lines = append(lines, fmt.Sprintf(`add to "syscalls", for %s: %s`, n.Arch, rule))
	}
	for _, r := range a.Remove {
		lines = append(lines, fmt.Sprintf("take %s out of %s", r.Name, r.Rule))
	}
	for _, u := range a.Impossible {
		lines = append(lines, "no rule can allow "+impossibleText(u))
	}
	if needs := a.Requires(); needs.Libseccomp != (profile.LibseccompVersion{}) {
		lines = append(lines, fmt.Sprintf("these names need libseccomp %s and Linux %s to be known", needs.Libseccomp, needs.Kernel))
	}
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(append(lines, more...), "\n  "))
	return err
}

// impossibleText names a call that has no name, and says why it has none.
func impossibleText(u profile.Unresolved) string {
	name := callName("", u.NR)
	if u.Arch != syscalltable.NoArch {
		name += " on " + u.Arch.String()
	}
	return name + ": " + u.Reason
}

// amendChecked tells what has to change in the profile that was checked.
func amendChecked(w io.Writer, r *profile.CheckResult, d *profile.Document) error {
	architectures := `"architectures"`
	if len(d.ArchMap) > 0 { // Docker takes no profile with both
		architectures = `"subArchitectures" in "archMap"`
	}
	return writeAmendment(w, r.Amendment, "to let run what "+term.Escape(r.Profile)+" denies", architectures)
}

// amendReported tells what has to change in a profile that only the log is
// known of.
func amendReported(w io.Writer, s *aggregate.Summary) error {
	return writeAmendment(w, profile.AmendDenied(s), "to let run what was denied", `"architectures" unless it is there`,
		"`auditscan check PROFILE` on this log tells which rules of the profile refuse a call")
}

// denialsOnly reports whether the filters leave nothing but denials.
func (f *filterFlags) denialsOnly() bool {
	runs := func(name string) bool {
		a, err := syscalltable.ParseAction(name)
		return err != nil || !profile.Refuses(a)
	}
	return len(f.action) > 0 && !slices.ContainsFunc(f.action, runs)
}
