package main

import (
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
// calls to run.
func writeAmendment(w io.Writer, a *profile.Amendment, head, architectures string, more ...string) error {
	if a.Empty() {
		return nil
	}
	lines := []string{head + " (a denial is often intended: allow only what is needed):"}
	lines = append(append(lines, a.Lines(architectures)...), more...)
	_, err := fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n  "))
	return err
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
		return err != nil || !a.Denied()
	}
	return len(f.action) > 0 && !slices.ContainsFunc(f.action, runs)
}
