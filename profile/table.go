package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/syscalltable"
)

// Table returns the calls that would not simply run, by the keys that some
// group has a value of.
func (r *CheckResult) Table() *table.Table {
	by := r.shownKeys()
	t := &table.Table{}
	for _, k := range by {
		fit := table.Cut
		if k == aggregate.ByPID {
			fit = table.Whole
		}
		t.Columns = append(t.Columns, table.Column{Head: strings.ToUpper(string(k)), Fit: fit})
	}
	t.Columns = append(t.Columns, table.Column{Head: "SYSCALL"}, table.Column{Head: "ARCH"}, table.Column{Head: "RECORDED"},
		table.Column{Head: "ANSWER", Fit: table.Cut, Color: answerColor}, table.Column{Head: "COUNT", Fit: table.Count})
	t.Rows = table.RowsOf(r.Calls, func(c CheckedCall) []string {
		var row []string
		for _, k := range by {
			row = append(row, cmp.Or(c.Group.Value(k), "-"))
		}
		return append(row, c.Call.String(), c.Call.Arch.String(), c.Call.Action.String(), c.AnswerText(), strconv.FormatInt(c.Call.Count, 10))
	})
	return t
}

// Headline tells the result in a sentence.
func (r *CheckResult) Headline() table.Note {
	records := table.Number(r.Records) + " records"
	if r.Records == 1 {
		records = "1 record"
	}
	switch {
	case r.Records == 0:
		return table.Note{Text: r.Profile + " was asked about nothing", Color: table.Yellow}
	case r.Denied+r.Depends+r.Unanswered == 0:
		return table.Note{Text: r.Profile + " allows all " + records, Color: table.Green}
	}
	note := table.Note{Text: r.Profile + " denies " + table.Number(r.Denied) + " of " + records, Color: table.Yellow}
	if r.Denied > 0 {
		note.Color = table.Red
	}
	if r.Depends > 0 {
		note.Text += ", " + table.Number(r.Depends) + " depend on arguments"
	}
	if r.Unanswered > 0 {
		note.Text += ", " + table.Number(r.Unanswered) + " have no architecture, so no profile can be asked about them"
	}
	return note
}

// answerColor is red for what is denied, yellow for what may be.
func answerColor(cell string) table.Color {
	if strings.HasPrefix(cell, dependsText[:1]) || strings.HasPrefix(cell, unansweredText[:1]) { // the rest may be cut
		return table.Yellow
	}
	return table.Red
}

// shownKeys are the keys that some group has a value of, in the order of the
// columns of a report.
func (r *CheckResult) shownKeys() []aggregate.Key {
	columns := []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByNested, aggregate.ByManager, aggregate.ByPod, aggregate.ByNamespace,
		aggregate.ByWorkload, aggregate.ByComm, aggregate.ByExe, aggregate.BySubj, aggregate.ByPID}
	return slices.DeleteFunc(columns, func(k aggregate.Key) bool {
		known := func(c CheckedCall) bool { return c.Group.Value(k) != "" }
		return !slices.Contains(r.By, k) || !slices.ContainsFunc(r.Calls, known)
	})
}

const (
	unansweredText = "unknown: no architecture"
	dependsText    = "depends on arguments: "
)

// AnswerText is the profile's answer in words.
func (c *CheckedCall) AnswerText() string {
	if !c.Answered() {
		return unansweredText
	}
	var possible []string
	for _, o := range c.Answer.Possible {
		possible = append(possible, o.String())
	}
	if c.Answer.DependsOnArgs() {
		return dependsText + strings.Join(possible, " or ")
	}
	return strings.Join(possible, ", ")
}

// Headline tells in a sentence how many calls differ.
func (r *DiffResult) Headline() table.Note {
	if r.Same() {
		return table.Note{Text: "no difference", Color: table.Green}
	}
	risky := 0
	for _, d := range r.Added {
		if d.Risk != "" && d.Risk != unknownRisk {
			risky++
		}
	}
	note := table.Note{Text: fmt.Sprintf("syscalls: %d added", len(r.Added)), Color: table.Yellow}
	if risky > 0 {
		note.Text += fmt.Sprintf(" (%d that the runtime's default restricts)", risky)
		note.Color = table.Red
	}
	note.Text += fmt.Sprintf(", %d removed, %d changed", len(r.Removed), len(r.Changed))
	if r.Old != r.New || len(r.Settings)+len(r.ArchesAdded)+len(r.ArchesRemoved) > 0 {
		note.Text += "; the default, settings or architectures differ"
	}
	return note
}

// Table returns the differences, a row each.
func (r *DiffResult) Table() *table.Table {
	var rows [][]string
	row := func(change string, d Difference) {
		rows = append(rows, []string{change, cmp.Or(d.Name, "-"), cmp.Or(d.Old, "-"), cmp.Or(d.New, "-"), cmp.Or(d.Risk, "-")})
	}
	if r.Old != r.New {
		row("default", Difference{Old: r.Old.String(), New: r.New.String()})
	}
	for _, x := range r.Settings {
		row("setting", x)
	}
	arches := func(change string, list []syscalltable.Arch) {
		for _, a := range list {
			row(change, Difference{Name: "(" + a.String() + ")"})
		}
	}
	arches("added", r.ArchesAdded)
	arches("removed", r.ArchesRemoved)
	for _, part := range []struct {
		change string
		list   []Difference
	}{{"added", r.Added}, {"removed", r.Removed}, {"changed", r.Changed}} {
		for _, d := range part.list {
			row(part.change, d)
		}
	}
	return &table.Table{
		Columns: []table.Column{{Head: "CHANGE"}, {Head: "SYSCALL"}, {Head: "OLD", Fit: table.Cut}, {Head: "NEW", Fit: table.Cut},
			{Head: "RISK", Fit: table.WrapText, Color: riskColor}},
		Rows: slices.Values(rows),
	}
}

// riskColor is red where a runtime's default refuses the call.
func riskColor(cell string) table.Color {
	if cell == "" || cell == "-" {
		return table.Plain
	}
	return table.Red
}
