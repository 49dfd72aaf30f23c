package profile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// A Table is a result in rows, for people. What stands in it may come from a
// log: escape it where it is shown. An empty text is a value that is not there.
type Table struct {
	Head []string
	Rows [][]string
}

// Table returns the calls that would not simply run, by the keys that some
// group has a value of.
func (r *CheckResult) Table() Table {
	by := r.shownKeys()
	var t Table
	for _, k := range by {
		t.Head = append(t.Head, strings.ToUpper(string(k)))
	}
	t.Head = append(t.Head, "SYSCALL", "ARCH", "RECORDED", "ANSWER", "COUNT")
	for i := range r.Calls {
		c := &r.Calls[i]
		var row []string
		for _, k := range by {
			row = append(row, c.Group.Value(k))
		}
		t.Rows = append(t.Rows, append(row, c.Call.String(), c.Call.Arch.String(),
			c.Call.Action.String(), c.answerText(), strconv.FormatInt(c.Call.Count, 10)))
	}
	return t
}

// shownKeys are the keys that some group has a value of, in the order of the
// columns of a report.
func (r *CheckResult) shownKeys() []aggregate.Key {
	columns := []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByPod, aggregate.ByNamespace,
		aggregate.ByWorkload, aggregate.ByComm, aggregate.ByExe, aggregate.ByPID}
	return slices.DeleteFunc(columns, func(k aggregate.Key) bool {
		known := func(c CheckedCall) bool { return c.Group.Value(k) != "" }
		return !slices.Contains(r.By, k) || !slices.ContainsFunc(r.Calls, known)
	})
}

// answerText is the profile's answer in words.
func (c *CheckedCall) answerText() string {
	if !c.answered() {
		return "unknown: no architecture"
	}
	var possible []string
	for _, o := range c.Answer.Possible {
		possible = append(possible, o.String())
	}
	if c.Answer.DependsOnArgs() {
		return "depends on arguments: " + strings.Join(possible, " or ")
	}
	return strings.Join(possible, ", ")
}

// Table returns the differences, a row each.
func (r *DiffResult) Table() Table {
	t := Table{Head: []string{"CHANGE", "SYSCALL", "OLD", "NEW", "RISK"}}
	row := func(change string, d Difference) {
		t.Rows = append(t.Rows, []string{change, d.Name, shorten(d.Old), shorten(d.New), d.Risk})
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
	return t
}

// shorten keeps conditions from making a table wider than any screen; JSON has
// them whole.
func shorten(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most-3] + "..."
	}
	return s
}
