package liveview

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
)

// key is what one does.
type key struct {
	names []string // as bubbletea has them
	shown string   // as the help has them
	text  string
	do    func(*model) tea.Cmd // what it does where the table is
}

// keys are those of the table, in the order of the help.
var keys = []key{
	{[]string{"?", "h", "f1"}, "?", "this help", open(paneHelp)},
	{[]string{"enter"}, "enter", "details of the call: who, when, the rule that allows it", (*model).openDetails},
	{[]string{"e"}, "e", "evidence of what is missing, and what prevents it", open(paneEvidence)},
	{[]string{"/"}, "/", "show only rows that contain a text; Esc shows all again", ask(filtering, "")},
	{[]string{"s"}, "s S", "sort: " + strings.Join(orderNames(), ", "), (*model).nextOrder},
	{[]string{"S"}, "", "", (*model).previousOrder},
	{[]string{"g"}, "g", "group by other properties", (*model).nextGrouping},
	{[]string{"n"}, "n", "show only what is new from now on; again: all", (*model).toggleNew},
	{[]string{"d"}, "d", "show only denials; again: all", (*model).toggleDenials},
	{[]string{"space"}, "space", "hold the table still; counting goes on", (*model).togglePause},
	{[]string{"w"}, "w", "write a report: .json, .yaml, .csv, .md, .txt", ask(reporting, "report.json")},
	{[]string{"p"}, "p", "write the profile that allows what was logged", ask(profiling, "profile.json")},
	{[]string{"up", "k"}, "↑ ↓", "choose a row, as Page Up, Page Down, Home and End do", move(func(m *model) int { return m.cursor - 1 })},
	{[]string{"down", "j"}, "", "", move(func(m *model) int { return m.cursor + 1 })},
	{[]string{"pgup", "ctrl+b"}, "", "", move(func(m *model) int { return m.cursor - m.tableRoom() })},
	{[]string{"pgdown", "ctrl+f"}, "", "", move(func(m *model) int { return m.cursor + m.tableRoom() })},
	{[]string{"end", "G"}, "", "", move(func(m *model) int { return len(m.rows) - 1 })},
	{[]string{"home"}, "", "", (*model).unpin},
	{[]string{"esc"}, "", "", (*model).showAll},
	{[]string{"ctrl+z"}, "", "", func(*model) tea.Cmd { return tea.Suspend }},
	{[]string{"q", "ctrl+c"}, "q", "end, with a summary", func(*model) tea.Cmd { return tea.Quit }},
}

// press does what a key asks for. Text is what it types.
func (m *model) press(name, text string) tea.Cmd {
	switch {
	case name == "ctrl+c":
		return tea.Quit
	case m.prompt != nil:
		return m.typeKey(name, text)
	case m.pane != paneTable:
		return m.pressInPane(name)
	}
	for i := range keys {
		if slices.Contains(keys[i].names, name) {
			return keys[i].do(m)
		}
	}
	return nil
}

// pressInPane scrolls, or goes back to the table.
func (m *model) pressInPane(name string) tea.Cmd {
	page := max(1, m.bodyRoom()-1)
	switch name {
	case "up", "k":
		m.scroll--
	case "down", "j":
		m.scroll++
	case "pgup", "ctrl+b":
		m.scroll -= page
	case "pgdown", "ctrl+f", "space":
		m.scroll += page
	case "home":
		m.scroll = 0
	case "w", "p":
		m.close()
		return m.press(name, name)
	case "q", "esc", "enter", "left", "backspace", "?", "e":
		m.close()
	}
	return nil
}

func (m *model) close() { m.pane, m.scroll = paneTable, 0 }

func open(p pane) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		m.pane, m.scroll = p, 0
		return nil
	}
}

func (m *model) openDetails() tea.Cmd {
	if len(m.rows) == 0 {
		return nil
	}
	m.pinned = true
	open(paneDetails)(m)
	m.renewDetails()
	return nil
}

func move(to func(*model) int) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		m.pinned = true
		m.moveTo(to(m))
		return nil
	}
}

// unpin goes to the first row, whichever that becomes.
func (m *model) unpin() tea.Cmd {
	m.pinned = false
	m.moveTo(0)
	return nil
}

func (m *model) nextOrder() tea.Cmd     { return m.reorder(1) }
func (m *model) previousOrder() tea.Cmd { return m.reorder(len(orders) - 1) }

func (m *model) reorder(by int) tea.Cmd {
	m.order = (m.order + order(by)) % order(len(orders))
	m.rearrange()
	return nil
}

func (m *model) nextGrouping() tea.Cmd {
	m.grouping = (m.grouping + 1) % len(m.groupings)
	m.since, m.pinned, m.cursor = time.Time{}, false, 0
	m.history.forget()
	m.history.note(m.Now(), rowsOf(m.latest.Regroup(m.groupings[m.grouping])), m.latest.Totals.Records)
	m.rearrange()
	return nil
}

func (m *model) toggleNew() tea.Cmd {
	if m.since.IsZero() {
		m.since = m.Now()
	} else {
		m.since = time.Time{}
	}
	m.rearrange()
	return nil
}

func (m *model) toggleDenials() tea.Cmd {
	m.denials = !m.denials
	m.rearrange()
	return nil
}

func (m *model) togglePause() tea.Cmd {
	if m.frozen == nil {
		m.frozen = m.latest
	} else {
		m.frozen = nil
	}
	m.rearrange()
	return nil
}

// showAll takes back what hides rows.
func (m *model) showAll() tea.Cmd {
	m.filter, m.since, m.denials = "", time.Time{}, false
	m.rearrange()
	return nil
}

// A prompt asks for a line.
type prompt struct {
	kind purpose
	text string
}

// purpose is what a prompt is for.
type purpose string

// The purposes, as a prompt begins.
const (
	filtering purpose = "/"
	reporting purpose = "write report to: "
	profiling purpose = "write profile to: "
)

func ask(p purpose, first string) func(*model) tea.Cmd {
	return func(m *model) tea.Cmd {
		m.prompt = &prompt{p, first}
		if p == filtering {
			m.prompt.text = m.filter
		}
		return nil
	}
}

// longestLine bounds what is typed or pasted.
const longestLine = 256

// paste adds text to the line of a prompt; characters that are none are left out.
func (m *model) paste(text string) {
	if m.prompt == nil {
		return
	}
	for _, r := range text {
		if term.Printable(r) && len(m.prompt.text) < longestLine {
			m.prompt.text += string(r)
		}
	}
	m.refilter()
}

// typeKey edits the line of a prompt, or ends it.
func (m *model) typeKey(name, text string) tea.Cmd {
	switch p := m.prompt; name {
	case "esc":
		m.prompt = nil
		if p.kind == filtering {
			return m.showAll()
		}
	case "enter":
		m.prompt = nil
		return m.answer(p)
	case "backspace":
		_, size := utf8.DecodeLastRuneInString(p.text)
		p.text = p.text[:len(p.text)-size]
		m.refilter()
	case "ctrl+u":
		p.text = ""
		m.refilter()
	default:
		m.paste(text)
	}
	return nil
}

// refilter filters by what was typed so far.
func (m *model) refilter() {
	if m.prompt.kind == filtering {
		m.filter = m.prompt.text
		m.rearrange()
	}
}

// answer does what a prompt was for.
func (m *model) answer(p *prompt) tea.Cmd {
	document := Report
	switch {
	case p.kind == filtering, p.text == "":
		return nil
	case p.kind == profiling:
		document = Profile
	}
	m.say("writing "+p.text, table.Plain)
	s := m.latest
	return func() tea.Msg { return m.write(document, p.text, s) }
}

// write writes a document, in a goroutine of its own.
func (m *model) write(d Document, path string, s *aggregate.Summary) writtenMsg {
	said, err := m.Write(d, path, s)
	return writtenMsg{said, err}
}
