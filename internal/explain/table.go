package explain

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/syscalltable"
)

// maker is a group that made the call, under one action on one architecture.
type maker struct {
	group *aggregate.Group
	call  *aggregate.Call
}

// makers are all who made the call, the most frequent first.
func (a *Answer) makers() (list []maker) {
	for i := range a.Seen.Groups {
		g := &a.Seen.Groups[i]
		for j := range g.Calls {
			list = append(list, maker{g, &g.Calls[j]})
		}
	}
	slices.SortStableFunc(list, func(x, y maker) int { return cmp.Compare(y.call.Count, x.call.Count) })
	return list
}

// Headline tells how often the call was made, by whom first and last.
func (a *Answer) Headline(zone *time.Location) table.Note {
	if a.Records == 0 {
		return table.Note{Text: a.Name + ": not seen in " + counted(a.Summary.Totals.Records, "record"), Color: table.Yellow}
	}
	text := a.Name + ": " + counted(a.Records, "record")
	if first := a.Total.First.Time(); !first.IsZero() {
		text += ", first " + timeIn(first, zone) + ", last " + timeIn(a.Total.Last.Time(), zone)
	}
	if runs := a.Summary.Runs; runs != nil {
		text += ", in " + strconv.Itoa(a.Runs) + " of " + counted(int64(runs.Count), "run")
	}
	note := table.Note{Text: text, Color: table.Green}
	if a.denied() {
		note.Color = table.Red
	}
	return note
}

// mostMakers bounds the table: who wants all of a call has `report --syscall`.
const mostMakers = 50

// Table tells who made the call; nil where nobody did.
func (a *Answer) Table(zone *time.Location) (t *table.Table, left int) {
	makers := a.makers()
	if len(makers) == 0 {
		return nil, 0
	}
	shown := makers[:min(len(makers), mostMakers)]
	keys := slices.DeleteFunc(slices.Clone(a.By), func(k aggregate.Key) bool {
		return !slices.ContainsFunc(shown, func(m maker) bool { return m.group.Value(k) != "" })
	})
	t = &table.Table{Rows: table.RowsOf(shown, func(m maker) []string {
		var cells []string
		for _, k := range keys {
			cells = append(cells, cmp.Or(m.group.Value(k), "-"))
		}
		c := m.call
		return append(cells, cmp.Or(c.Arch.String(), "-"), c.Action.String(), strconv.FormatInt(c.Count, 10), secondIn(c.First.Time(), zone), secondIn(c.Last.Time(), zone))
	})}
	for _, k := range keys {
		t.Columns = append(t.Columns, table.Column{Head: strings.ToUpper(string(k)), Fit: table.ID})
	}
	t.Columns = append(t.Columns, table.Column{Head: "ARCH"}, table.Column{Head: "ACTION", Color: actionColor},
		table.Column{Head: "COUNT", Fit: table.Count}, table.Column{Head: "FIRST"}, table.Column{Head: "LAST"})
	return t, len(makers) - len(shown)
}

// actionColor makes denials red.
func actionColor(cell string) table.Color {
	if a, err := syscalltable.ParseAction(cell); err == nil && a.Denied() {
		return table.Red
	}
	return table.Plain
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return table.Number(n) + " " + what + "s"
}

// secondIn is a time to the second, in the zone that the headline names.
func secondIn(t time.Time, zone *time.Location) string {
	if !jsontime.Representable(t.UnixMilli()) {
		return "-"
	}
	return t.In(cmp.Or(zone, time.UTC)).Format(time.DateTime)
}

// timeIn is a time as people read it, with its zone.
func timeIn(t time.Time, zone *time.Location) string {
	if !jsontime.Representable(t.UnixMilli()) {
		return "-"
	}
	return string(jsontime.AppendIn(nil, t.UnixMilli(), zone))
}
