package liveview

import (
	"cmp"
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/table"
)

// model is what the screen is made of. Only the program's event loop has it.
type model struct {
	Options
	ctx           context.Context
	width, height int
	began         time.Time

	latest  *aggregate.Summary // for the lines above the table
	frozen  *aggregate.Summary // while the table is paused, what it is of; else nil
	history history            // of the rows
	rows    []row
	hidden  int // rows that there is no room for, even below

	groupings [][]aggregate.Key
	grouping  int // of them
	order     order
	filter    string
	denials   bool      // only those
	since     time.Time // only what is newer; zero: all
	ended     bool

	cursor int   // of rows
	chosen rowID // of the row at the cursor
	pinned bool  // the cursor stays with that row
	top    int   // first row on the screen

	pane   pane
	scroll int      // lines of the pane that are above the screen
	about  []string // the lines of paneDetails
	prompt *prompt
	status status
}

// pane is what stands in the place of the table.
type pane int

const (
	paneTable pane = iota
	paneDetails
	paneEvidence
	paneHelp
)

// status is a line that is shown for a while.
type status struct {
	note  table.Note
	until time.Time
}

// The messages of the event loop, beside those of the terminal.
type (
	snapshotMsg Snapshot
	askMsg      struct{}
	writtenMsg  struct {
		said string
		err  error
	}
)

func newModel(ctx context.Context, o Options) *model {
	m := &model{Options: o, ctx: ctx, began: o.Now(), groupings: groupingsFrom(o.By)}
	m.latest = &aggregate.Summary{Completeness: aggregate.Completeness{Verdict: aggregate.Unknown, Reason: "nothing has been read yet"}}
	m.order = order(max(0, slices.Index(orderNames(), o.Sort)))
	return m
}

// groupingsFrom returns the ways to group, in the order in which a key goes
// through them.
func groupingsFrom(first []aggregate.Key) [][]aggregate.Key {
	all := [][]aggregate.Key{
		{aggregate.ByContainer, aggregate.ByComm}, {aggregate.ByComm}, {aggregate.ByExe}, {aggregate.ByComm, aggregate.ByPID},
		{aggregate.ByContainer}, {aggregate.ByPod, aggregate.ByComm}, {aggregate.ByNode}, {},
	}
	if first == nil {
		return all
	}
	all = slices.DeleteFunc(all, func(keys []aggregate.Key) bool { return slices.Equal(keys, first) })
	return slices.Insert(all, 0, first)
}

// Init asks for the first summary.
func (m *model) Init() tea.Cmd { return m.ask }

// ask takes a snapshot, in a goroutine of its own.
func (m *model) ask() tea.Msg {
	if s, ok := m.Take(m.ctx); ok {
		return snapshotMsg(s)
	}
	return nil
}

// Update takes a message in.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.keepInSight()
		m.renewDetails()
	case snapshotMsg:
		return m, m.show(Snapshot(msg))
	case askMsg:
		return m, m.ask
	case writtenMsg:
		if m.say(msg.said, table.Green); msg.err != nil {
			m.say(msg.err.Error(), table.Red)
		}
	case tea.PasteMsg:
		m.paste(msg.Content)
	case tea.KeyPressMsg:
		return m, m.press(msg.String(), msg.Text)
	}
	return m, nil
}

// How often a snapshot is taken: often enough to seem live, rarely enough to be
// read, and never for more than a twentieth of a processor.
const (
	interval  = 250 * time.Millisecond
	rareness  = 19
	longPause = 10 * time.Second
)

// show shows a snapshot, and says when to ask for the next.
func (m *model) show(s Snapshot) tea.Cmd {
	begun := m.Now()
	m.latest, m.ended = s.Summary, s.Ended
	if s.Note != "" {
		m.say(s.Note, table.Yellow)
	}
	all := rowsOf(m.latest.Regroup(m.groupings[m.grouping]))
	m.history.note(begun, all, m.latest.Totals.Records)
	if m.frozen == nil {
		m.arrange(all)
	}
	m.renewDetails()
	return tea.Tick(pause(s.Took+m.Now().Sub(begun)), func(time.Time) tea.Msg { return askMsg{} })
}

// pause returns how long to wait after a snapshot that took a time.
func pause(took time.Duration) time.Duration { return max(interval, min(rareness*took, longPause)) }

// rearrange makes the rows anew after a key has changed what is shown.
func (m *model) rearrange() {
	m.arrange(rowsOf(cmp.Or(m.frozen, m.latest).Regroup(m.groupings[m.grouping])))
}

// arrange takes the rows that are wanted, in the order that is wanted.
func (m *model) arrange(all []row) {
	m.history.date(all)
	m.rows = slices.DeleteFunc(all, func(r row) bool { return !m.wants(&r) })
	slices.SortStableFunc(m.rows, m.order.compare)
	m.hidden = max(0, len(m.rows)-mostRows)
	m.rows = m.rows[:min(len(m.rows), mostRows)]
	if i := slices.IndexFunc(m.rows, func(r row) bool { return r.id == m.chosen }); m.pinned && i >= 0 {
		m.cursor = i
	}
	m.moveTo(m.cursor)
}

// moveTo moves the cursor to a row.
func (m *model) moveTo(i int) {
	m.cursor = max(0, min(i, len(m.rows)-1))
	if len(m.rows) > 0 && m.pane != paneDetails {
		m.chosen = m.rows[m.cursor].id
	}
	m.keepInSight()
}

// keepInSight scrolls the table so that the row at the cursor is on the screen.
func (m *model) keepInSight() {
	room := max(1, m.tableRoom())
	m.top = max(0, min(m.top, len(m.rows)-room))
	m.top = max(m.cursor-room+1, min(m.top, m.cursor))
}

// say shows a line for a while.
func (m *model) say(text string, color table.Color) {
	const long = 6 * time.Second
	m.status = status{table.Note{Text: text, Color: color}, m.Now().Add(long)}
}
