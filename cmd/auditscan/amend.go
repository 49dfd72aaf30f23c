package main

import (
	"io"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
)

// amendmentNotes say what has to change in a profile for denied calls to run.
func amendmentNotes(a *profile.Amendment, head, architectures string, more ...string) (notes []table.Note) {
	if a.Empty() {
		return nil
	}
	notes = append(notes, table.Note{Text: head + " (a denial is often intended: allow only what is needed):"})
	for _, line := range append(a.Lines(architectures), more...) {
		notes = append(notes, table.Note{Text: "  " + line})
	}
	return notes
}

// amendChecked tells what has to change in the profile that was checked.
func amendChecked(r *profile.CheckResult, d *profile.Document) []table.Note {
	architectures := `"architectures"`
	if len(d.ArchMap) > 0 { // Docker takes no profile with both
		architectures = `"subArchitectures" in "archMap"`
	}
	return amendmentNotes(r.Amendment, "to let run what "+r.Profile+" denies", architectures)
}

// amendReported tells what has to change in a profile that only the log is
// known of.
func amendReported(s *aggregate.Summary) []table.Note {
	return amendmentNotes(profile.AmendDenied(s), "to let run what was denied", `"architectures" unless it is there`,
		"`auditscan check PROFILE` on this log tells which rules of the profile refuse a call")
}

// writeAmendment ends a table with notes, below an empty line.
func (env *environment) writeAmendment(w io.Writer, notes []table.Note) error {
	if len(notes) == 0 {
		return nil
	}
	return env.style(env.stdout).WriteNotes(w, append([]table.Note{{}}, notes...)...)
}

// denialsOnly reports whether what is shown are denials and nothing else.
func denialsOnly(s *aggregate.Summary) bool {
	for i := range s.Groups {
		if slices.ContainsFunc(s.Groups[i].Calls, func(c aggregate.Call) bool { return !c.Action.Denied() }) {
			return false
		}
	}
	return len(s.Groups) > 0
}
