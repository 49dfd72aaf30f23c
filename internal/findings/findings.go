// Package findings renders what a check of a profile, or a comparison of two,
// has found, for those who review changes: Markdown for a forge's pages, SARIF
// for its code scanning, JUnit for its list of tests.
//
// Text from a log can do no more than be read in any of them.
package findings

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
)

// Check is the result of a check with what is to be said of it.
type Check struct {
	Result  *profile.CheckResult
	Path    string       // of the profile, as the user named it
	Advice  []table.Note // what to do about it
	Version string       // of auditscan
	// Strict makes an incomplete log a failure.
	Strict bool
}

// kind is a kind of finding. Its values are the places in kinds.
type kind int

const (
	denied kind = iota
	depends
	unanswered
	incomplete
	nothing
)

// kinds are the rules of SARIF. Their ids are stable.
var kinds = [...]struct{ id, level, text string }{
	denied:     {"denied-syscall", "error", "The profile denies a system call that was recorded."},
	depends:    {"conditional-syscall", "warning", "The arguments of a recorded system call decide whether the profile allows it; the record does not hold them."},
	unanswered: {"unanswered-syscall", "warning", "A record has no architecture, so no profile can be asked about it."},
	incomplete: {"incomplete-log", "warning", "Records are missing: the profile may deny calls that are not in the log."},
	nothing:    {"nothing-checked", "error", "No record was checked, so the result says nothing of the profile."},
}

// finding is a call that would not simply run, whoever made it, or what is
// wrong with the log.
type finding struct {
	kind    kind
	call    string // with its architecture; "": it is about the log
	answer  string
	records int64
	who     []string // whose records they are
	line    int      // of the rule that decides
}

// text says in a sentence what was found.
func (f *finding) text() string {
	switch f.kind {
	case incomplete, nothing:
		return f.answer
	}
	return fmt.Sprintf("%s: %s (%s by %s)", f.call, f.answer, records(f.records), table.List(f.who))
}

func records(n int64) string {
	if n == 1 {
		return "1 record"
	}
	return table.Number(n) + " records"
}

// findings returns what was found, the log's faults last. Equal input gives an
// equal list.
func (c *Check) findings() (list []finding) {
	at := map[string]int{}
	for i := range c.Result.Calls {
		f := c.finding(&c.Result.Calls[i])
		key := f.call + "\x00" + f.answer
		j, ok := at[key]
		if !ok {
			j = len(list)
			at[key] = j
			list = append(list, finding{kind: f.kind, call: f.call, answer: f.answer, line: f.line})
		}
		list[j].records = aggregate.Plus(list[j].records, f.records)
		if !slices.Contains(list[j].who, f.who[0]) {
			list[j].who = append(list[j].who, f.who[0])
		}
	}
	slices.SortStableFunc(list, func(a, b finding) int { return cmp.Compare(a.kind, b.kind) })
	if c.Result.Completeness.Verdict == aggregate.Incomplete {
		list = append(list, finding{kind: incomplete, answer: kinds[incomplete].text, line: 1})
	}
	if c.Result.Records == 0 {
		list = append(list, finding{kind: nothing, answer: kinds[nothing].text, line: 1})
	}
	return list
}

// finding returns what was found of one call of one group.
func (c *Check) finding(call *profile.CheckedCall) finding {
	f := finding{call: call.Call.String() + " on " + call.Call.Arch.String(), answer: call.AnswerText(), records: call.Call.Count, line: lineOf(call.Answer.Because)}
	switch {
	case !call.Answered():
		f.kind, f.call = unanswered, call.Call.String()
	case call.Answer.Effect() == profile.Denies:
		f.kind = denied
	default:
		f.kind = depends
	}
	var names []string
	for _, k := range c.Result.By {
		if name := call.Group.Value(k); name != "" && k != aggregate.ByPID && k != aggregate.ByNode {
			names = append(names, name)
		}
	}
	f.who = []string{cmp.Or(strings.Join(names, " "), "all")}
	return f
}
