package liveview

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
)

// The lines around the body, and the head of a table.
const (
	headLines  = 2
	footLines  = 1
	tableLines = 1
)

// roomy is the width from which on the table tells all that it can.
const roomy = 100

// bodyRoom is how many lines there are between head and foot.
func (m *model) bodyRoom() int { return max(0, m.height-headLines-footLines) }

// tableRoom is how many rows have room.
func (m *model) tableRoom() int { return max(0, m.bodyRoom()-tableLines) }

// View draws the screen: what is missing comes first, whatever is below it.
func (m *model) View() tea.View {
	lines := m.head()
	body := m.body()
	lines = append(lines, body[:min(len(body), m.bodyRoom())]...)
	for len(lines) < m.height-footLines {
		lines = append(lines, "")
	}
	lines = append(lines, m.foot())
	view := tea.NewView(strings.Join(lines[:min(len(lines), m.height)], "\n"))
	view.AltScreen = true
	return view
}

// line is a line of the screen in a colour, safe to show and no wider than it.
func (m *model) line(text string, color table.Color) string {
	return m.style().Paint(color, table.Clip(term.Escape(text), m.width))
}

func (m *model) style() table.Style { return table.Style{Width: m.width, Color: m.Color} }

// head is the verdict, and what was counted.
func (m *model) head() []string {
	verdict := report.Headline(m.latest)
	t := &m.latest.Totals
	parts := []string{
		plural(t.Records, "record"), plural(int64(t.Syscalls), "syscall"), rateText(m.history.rate(&m.history.total)) + "/s",
		elapsedText(m.Now().Sub(m.began)), m.Source,
	}
	return []string{m.line(verdict.Text, verdict.Color), m.line(strings.Join(append(parts, m.settings()...), "  "), table.Plain)}
}

// settings are what is shown otherwise than at first.
func (m *model) settings() (list []string) {
	add := func(on bool, text string) {
		if on {
			list = append(list, "["+text+"]")
		}
	}
	add(m.ended, "ended")
	add(m.frozen != nil, "paused")
	add(m.denials, "denials")
	add(!m.since.IsZero(), "new")
	add(m.filter != "", "/"+m.filter)
	if s := m.latest.Selected; s != nil {
		add(true, s.Filter)
	}
	return list
}

// body is the table, or what stands in its place.
func (m *model) body() []string {
	var lines []string
	switch m.pane {
	case paneTable:
		return m.table()
	case paneDetails:
		lines = m.about
	case paneEvidence:
		lines = m.evidence()
	case paneHelp:
		lines = m.help()
	}
	m.scroll = max(0, min(m.scroll, len(lines)-m.bodyRoom()))
	return lines[m.scroll:]
}

// column is a column of the table.
type column struct {
	head string
	fit  table.Fit
	text func(*row) string
}

func (m *model) columns() (list []column) {
	for _, k := range m.groupings[m.grouping] {
		c := column{strings.ToUpper(string(k)), table.ID, func(r *row) string { return orDash(r.group.Value(k)) }}
		if slices.ContainsFunc(m.rows, func(r row) bool { return r.group.Value(k) != "" }) {
			list = append(list, c)
		}
	}
	add := func(wanted bool, c column) {
		if wanted {
			list = append(list, c)
		}
	}
	wide := m.width >= roomy
	add(true, column{"SYSCALL", table.Cut, func(r *row) string { return r.call.String() }})
	add(wide, column{"ARCH", table.Whole, func(r *row) string { return orDash(r.call.Arch.String()) }})
	add(true, column{"ACTION", table.Whole, func(r *row) string { return r.call.Action.String() }})
	add(true, column{"COUNT", table.Count, func(r *row) string { return strconv.FormatInt(r.call.Count, 10) }})
	add(true, column{"/S", table.Whole, func(r *row) string { return rateText(r.rate) }})
	add(wide, column{"FIRST", table.Whole, func(r *row) string { return m.clock(r.call.First.Time()) }})
	add(true, column{"LAST", table.Whole, func(r *row) string { return m.clock(r.call.Last.Time()) }})
	return list
}

// table is the part of the rows that has room, or says what is waited for.
func (m *model) table() []string {
	if len(m.rows) == 0 {
		return m.nothing()
	}
	columns := m.columns()
	rows := m.rows[m.top:min(len(m.rows), m.top+m.tableRoom())]
	t := table.Table{Steady: true, Rows: table.RowsOf(rows, func(r row) []string {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = c.text(&r)
		}
		return cells
	})}
	for _, c := range columns {
		t.Columns = append(t.Columns, table.Column{Head: c.head, Fit: c.fit})
	}
	var text bytes.Buffer
	_ = t.Write(&text, table.Style{Width: m.width - len(gutter)}) // a buffer takes all
	lines := linesOf(&text)
	lines[0] = m.line(gutter+lines[0], table.Bold)
	for i := range rows {
		lines[i+1] = m.rowLine(lines[i+1], &rows[i], m.top+i == m.cursor)
	}
	return lines
}

// gutter stands left of the head; marks of rows are as wide.
const gutter = "  "

// newFor is how long a row is told to be new.
const newFor = 5 * time.Second

// rowLine marks the line of a row: where the cursor is, what is new, what was
// denied.
func (m *model) rowLine(line string, r *row, atCursor bool) string {
	mark, color := []byte(gutter), table.Plain
	if r.call.Action.Denied() {
		color = table.Red
	}
	if m.isNew(r) {
		mark[1], color = '*', table.Bold+color
	}
	if atCursor {
		mark[0], color = '>', table.Reversed+color
	}
	return m.line(string(mark)+line, color)
}

// isNew reports whether a row has come of late; what was recorded before the
// view began has not, even if it was read since.
func (m *model) isNew(r *row) bool {
	first := r.call.First.Time()
	old := first.Unix() > 0 && first.Before(m.began)
	return !r.since.IsZero() && m.Now().Sub(r.since) < newFor && !old
}

// nothing says why there is no row.
func (m *model) nothing() []string {
	text := "nothing yet: waiting for SECCOMP records from " + m.Source
	switch {
	case len(m.settings()) > 0 && m.latest.Totals.Records > 0:
		text = "no row is shown: Esc shows all"
	case m.ended:
		text = m.Source + " has ended without a record"
	}
	return m.wrapped([]table.Note{{}, {Text: text}, {Text: "q ends"}})
}

// foot is a question, what happened, or what keys do.
func (m *model) foot() string {
	switch {
	case m.prompt != nil:
		return m.line(string(m.prompt.kind)+m.prompt.text+"_", table.Bold)
	case m.Now().Before(m.status.until):
		return m.line(m.status.note.Text, m.status.note.Color)
	case m.pane != paneTable:
		return m.line("Esc back  ↑ ↓ scroll  q back", table.Plain)
	}
	text := "? help  q quit  enter details  / filter  s sort: " + orders[m.order].name + "  g group  e evidence  space pause"
	if m.hidden > 0 {
		text = table.Number(int64(m.hidden)) + " more rows: / filters them  " + text
	}
	return m.line(text, table.Plain)
}

// clock is a time of today as the hour, another as the day.
func (m *model) clock(t time.Time) string {
	const day = "2006-01-02"
	t = t.In(m.zone())
	switch {
	case t.Unix() <= 0:
		return "-"
	case t.Format(day) == m.Now().In(m.zone()).Format(day):
		return t.Format(time.TimeOnly)
	}
	return t.Format(day)
}

func (m *model) zone() *time.Location {
	if m.Zone == nil {
		return time.UTC
	}
	return m.Zone
}

func rateText(rate float64) string {
	switch {
	case rate < 0:
		return "-"
	case rate == 0 || rate >= 10:
		return table.Number(int64(rate))
	}
	return strconv.FormatFloat(rate, 'f', 1, 64)
}

// elapsedText is how long something has gone on, to the second.
func elapsedText(d time.Duration) string {
	s := int(d.Seconds())
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

func plural(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return table.Number(n) + " " + what + "s"
}

func orDash(s string) string { return cmp.Or(s, "-") }
