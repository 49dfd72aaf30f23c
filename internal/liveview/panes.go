package liveview

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/report"
)

// linesOf are those of a text.
func linesOf(text *bytes.Buffer) []string {
	return strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
}

// wrapped are notes as lines.
func (m *model) wrapped(notes []table.Note) []string {
	var text bytes.Buffer
	_ = m.style().WriteNotes(&text, notes...) // a buffer takes all
	return linesOf(&text)
}

func (m *model) help() []string {
	var notes []table.Note
	for _, k := range keys {
		if k.text != "" {
			notes = append(notes, table.Note{Text: fmt.Sprintf("  %-6s %s", k.shown, k.text)})
		}
	}
	return m.wrapped(append(notes, table.Note{},
		table.Note{Text: "* and bold: first seen in the last 5 s. Red: denied. /S: records a second of the last 5 to 10 s."},
		table.Note{Text: "grouped by " + groupingText(m.groupings[m.grouping]) + ", sorted by " + orders[m.order].name}))
}

func groupingText(keys []aggregate.Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = string(k)
	}
	return cmp.Or(strings.Join(names, ", "), "nothing: all programs together")
}

// evidence is the verdict with all that speaks for it.
func (m *model) evidence() []string {
	var text bytes.Buffer
	_ = report.WriteVerdict(&text, m.latest, report.Options{Width: m.width, Color: m.Color, Zone: m.Zone}) // a buffer takes all
	return linesOf(&text)
}

// renewDetails makes the lines about the chosen row, if they are shown: that
// takes longer than to draw them.
func (m *model) renewDetails() {
	if m.pane != paneDetails {
		return
	}
	i := slices.IndexFunc(m.rows, func(r row) bool { return r.id == m.chosen })
	if i < 0 {
		m.about = m.wrapped([]table.Note{{Text: "the row is not among those shown any more"}})
		return
	}
	var text bytes.Buffer
	_ = m.style().WriteNotes(&text, m.aboutRow(&m.rows[i])...) // a buffer takes all
	if err := m.About(&text, m.style(), m.latest, m.rows[i].call); err != nil {
		_ = m.style().WriteNotes(&text, table.Note{Text: err.Error(), Color: table.Red})
	}
	m.about = linesOf(&text)
}

// aboutRow tells of a row what the table has no room for.
func (m *model) aboutRow(r *row) []table.Note {
	color := table.Plain
	if r.call.Action.Denied() {
		color = table.Red
	}
	notes := []table.Note{{Text: fmt.Sprintf("%s (%d) on %s: %s", r.call, r.call.NR, orDash(r.call.Arch.String()), r.call.Action), Color: color}}
	add := func(name, value string) {
		if value != "" {
			notes = append(notes, table.Note{Text: fmt.Sprintf("  %-10s %s", name, value)})
		}
	}
	for _, k := range m.groupings[m.grouping] {
		add(string(k), r.group.Value(k))
	}
	if c := r.group.Container; c != nil {
		add("id", c.ID)
		add("image", c.Image)
		add("pod", c.Pod)
		add("namespace", c.Namespace)
	}
	add("count", table.Number(r.call.Count)+", "+rateText(r.rate)+"/s")
	add("first", m.exactly(r.call.First.Time()))
	add("last", m.exactly(r.call.Last.Time()))
	return append(notes, table.Note{}, table.Note{Text: "Of " + r.call.String() + " in all:"})
}

func (m *model) exactly(t time.Time) string {
	if t.Unix() <= 0 {
		return ""
	}
	return t.In(m.zone()).Format("2006-01-02 15:04:05.000 -0700")
}
