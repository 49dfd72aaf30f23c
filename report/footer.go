package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
)

// WriteVerdict writes the lines that end a table: the totals, the verdict
// with its evidence and, unless quiet, what to do about it. They go to stderr
// where the format has no room for them (CSV, events).
func WriteVerdict(w io.Writer, s *aggregate.Summary, o Options) error {
	return table.Style{Width: o.Width, Color: o.Color}.WriteNotes(w, footer(s, o)...)
}

// footer returns the lines of WriteVerdict. Advice is indented.
func footer(s *aggregate.Summary, o Options) []table.Note {
	c := &s.Completeness
	notes := []table.Note{{Text: totals(s)}}
	if c.Lost > 0 || len(c.Evidence) == 0 {
		notes = append(notes, Headline(s))
	}
	notes = append(notes, evidenceNotes(c, o)...)
	if names := textInputs(s.Inputs); len(names) > 0 && !o.Quiet {
		notes = append(notes, table.Note{Text: "not tamper-proof: any local user can write such lines to " + table.List(names)})
	}
	return notes
}

// Headline is the verdict in one line, which may be wider than a terminal.
func Headline(s *aggregate.Summary) table.Note {
	c := &s.Completeness
	text := verdictText(c)
	if c.Lost > 0 {
		text = fmt.Sprintf("%s: %s known to be missing", c.Verdict, count(c.Lost, "record"))
	}
	return table.Note{Text: text, Color: verdictColor(c.Verdict)}
}

// evidenceNotes returns a line for each piece of evidence, as long as people
// may want to read them all, and what prevents such losses below their last.
func evidenceNotes(c *aggregate.Completeness, o Options) []table.Note {
	const most = 20
	var notes []table.Note
	add := func(format string, args ...any) {
		notes = append(notes, table.Note{Text: fmt.Sprintf(format, args...), Color: verdictColor(c.Verdict)})
	}
	shown := c.Evidence[:min(len(c.Evidence), most)]
	for i := range shown {
		e := &shown[i]
		add("%s: %s", c.Verdict, evidenceText(e, o.Zone))
		if e.Fix != "" && !o.Quiet && (i+1 == len(shown) || shown[i+1].Fix != e.Fix) {
			notes = append(notes, table.Note{Text: "  fix: " + e.Fix})
		}
	}
	if more := len(c.Evidence) - len(shown); more > 0 {
		add("%s: %d more like these; JSON has them all", c.Verdict, more)
	}
	return notes
}

// verdictText is a verdict that no evidence speaks for.
func verdictText(c *aggregate.Completeness) string {
	switch c.Verdict {
	case aggregate.Complete:
		return "complete: no record is missing"
	case aggregate.Unknown:
		return "unknown: " + cmp.Or(c.Reason, "nobody can tell whether records are missing")
	}
	return string(c.Verdict) + ": records are missing"
}

func totals(s *aggregate.Summary) string {
	t := &s.Totals
	if text := NoMatch(s); text != "" {
		return text + extras(t)
	}
	if t.Records == 0 {
		return NoRecord(s) + extras(t)
	}
	return fmt.Sprintf("%s, %s, %s%s", count(t.Records, "record"), count(int64(t.Syscalls), "syscall"), count(int64(t.Groups), "group"), extras(t))
}

// NoRecord says in a line that what was read holds no record.
func NoRecord(s *aggregate.Summary) string {
	return "no SECCOMP record in " + count(s.Totals.Lines, "line")
}

// NoMatch says in a line that there are records and that none of them passes
// the filter; "" where one does, or there is none.
func NoMatch(s *aggregate.Summary) string {
	if s.Totals.Records > 0 || s.Selected == nil || s.Selected.LeftOut == 0 {
		return ""
	}
	filter := term.Escape(cmp.Or(s.Selected.Filter, "the filter"))
	return fmt.Sprintf("%s in %s, none matches %s", count(s.Selected.LeftOut, "record"), count(s.Totals.Lines, "line"), filter)
}

// extras are the totals that are mostly 0.
func extras(t *aggregate.Totals) string {
	text, mark := "", "; "
	for _, extra := range []struct {
		n    int64
		what string
	}{
		{t.Malformed, "malformed"},
		{t.Duplicates, "duplicate"},
		{t.Unresolved, "without a name"},
	} {
		if extra.n > 0 {
			text += mark + table.Number(extra.n) + " " + extra.what
			mark = ", "
		}
	}
	return text
}

// evidenceText says what is missing, where that was seen, and when.
func evidenceText(e *aggregate.Evidence, zone *time.Location) string {
	var about []string
	if e.Input != "" {
		place := inputName(e.Input)
		if e.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, e.Line)
		}
		about = append(about, place)
	}
	if e.Detail != "" {
		about = append(about, term.Escape(e.Detail))
	}
	text := missing(e)
	if len(about) > 0 {
		text += " (" + strings.Join(about, ": ") + ")"
	}
	return text + span(timeText(e.First, zone), timeText(e.Last, zone))
}

// span says from when to when.
func span(from, to string) string {
	switch {
	case from == to && from == "":
		return ""
	case from == to:
		return ", at " + from
	case to == "":
		return ", after " + from
	case from == "":
		return ", before " + to
	}
	return ", from " + from + " to " + to
}

// missing says in words what a piece of evidence stands for.
func missing(e *aggregate.Evidence) string {
	what, how := evidenceWords(e.Kind)
	if e.Count == 0 {
		return "some " + what + "s " + how
	}
	return count(e.Count, what) + " " + how
}

// evidenceWords returns what is counted and what happened to it; the detail
// says how.
func evidenceWords(kind aggregate.EvidenceKind) (what, how string) {
	switch kind {
	case aggregate.SerialGap:
		return "serial", "missing"
	case aggregate.MixedNodes:
		return "serial", "of several nodes"
	case aggregate.Unattributed:
		return "record", "of nobody knows which container"
	case aggregate.Suppressed:
		return "message", "suppressed"
	case aggregate.Backlog:
		return "record", "dropped at the backlog limit"
	case aggregate.RateLimit:
		return "record", "dropped at the rate limit"
	case aggregate.LostCounter:
		return "record", "lost"
	case aggregate.Overrun:
		return "record", "overrun"
	case aggregate.Malformed:
		return "record", "malformed"
	case aggregate.Unresolved:
		return "record", "without a name"
	case aggregate.Legacy:
		return "record", "of an old kernel"
	case aggregate.TruncatedInput:
		return "input", "cut short"
	case aggregate.DroppedByCollector:
		return "message", "dropped"
	case aggregate.MissingEvents:
		return "event", "missing"
	case aggregate.RotationGap:
		return "record", "rotated away"
	case aggregate.UnrecordedKill:
		return "kill", "without a record"
	case aggregate.AuditLimits:
		return "setting", "by which a burst is lost"
	case aggregate.ExcludeRule:
		return "exclude rule", "added"
	case aggregate.ActionsNotLogged:
		return "setting", "by which actions are not logged"
	case aggregate.AuditOff:
		return "stop", "of auditing"
	case aggregate.DaemonFailed:
		return "failure", "of auditd"
	}
	return "record", "missing"
}

// count returns "1 record" or "2 records".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return table.Number(n) + " " + noun + "s"
}

// textInputs returns the names of the inputs that anyone can write to.
func textInputs(inputs []aggregate.Input) []string {
	var names []string
	for _, in := range inputs {
		if in.Trust == aggregate.TrustText && in.Records > 0 {
			names = append(names, inputName(in.Name))
		}
	}
	return names
}

// inputName names an input in formats for people.
func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return term.Escape(name)
}

// timeText is a time in formats for people, in a zone (nil: UTC) that it names;
// "" is one that is not known.
func timeText(t time.Time, zone *time.Location) string {
	if !jsontime.Representable(t.UnixMilli()) {
		return ""
	}
	return string(jsontime.AppendIn(nil, t.UnixMilli(), zone))
}
