package liveview

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/syscalltable"
)

// start is when the views of the tests begin.
var start = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// screen is a model with a clock that stands still and keys that are pressed.
type screen struct {
	*model
	t   *testing.T
	now time.Time
}

func newScreen(t *testing.T, width, height int, o Options) *screen {
	s := &screen{t: t, now: start}
	o.Source, o.Now = "audit.log", func() time.Time { return s.now }
	if o.About == nil {
		o.About = func(io.Writer, table.Style, *aggregate.Summary, *aggregate.Call) error { return nil }
	}
	s.model = newModel(t.Context(), o)
	s.send(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

func (s *screen) send(msg tea.Msg) tea.Cmd {
	_, cmd := s.Update(msg)
	return cmd
}

// after shows a summary so many seconds later.
func (s *screen) after(seconds int, summary *aggregate.Summary) {
	s.now = s.now.Add(time.Duration(seconds) * time.Second)
	s.send(snapshotMsg{Summary: summary})
}

// press types keys by their names and does what follows from each, but for the
// next snapshot.
func (s *screen) press(names ...string) (last tea.Msg) {
	special := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "up": tea.KeyUp, "down": tea.KeyDown, "space": tea.KeySpace,
		"home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "backspace": tea.KeyBackspace}
	for _, name := range names {
		key := tea.KeyPressMsg{Code: special[name]}
		switch mod, letter, _ := strings.Cut(name, "+"); {
		case key.Code == tea.KeySpace:
			key.Text = " "
		case mod == "ctrl" && letter != "":
			key = tea.KeyPressMsg{Code: rune(letter[0]), Mod: tea.ModCtrl}
		case key.Code == 0:
			key = tea.KeyPressMsg{Code: []rune(name)[0], Text: name}
		}
		if last = nil; key.Code != 0 {
			if cmd := s.send(key); cmd != nil {
				last = cmd()
				s.send(last)
			}
		}
	}
	return last
}

// lines are those of the screen, without blanks at their ends.
func (s *screen) lines() []string {
	lines := strings.Split(s.View().Content, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// shows fails unless a line of the screen has a text.
func (s *screen) shows(want string) {
	s.t.Helper()
	if text := strings.Join(s.lines(), "\n"); !strings.Contains(text, want) {
		s.t.Errorf("no %q in\n%s", want, text)
	}
}

func (s *screen) lacks(text string) {
	s.t.Helper()
	if all := strings.Join(s.lines(), "\n"); strings.Contains(all, text) {
		s.t.Errorf("%q in\n%s", text, all)
	}
}

// calls are the calls of the rows, in their order.
func (s *screen) calls() (names []string) {
	for _, r := range s.rows {
		names = append(names, r.call.String())
	}
	return names
}

// made is a call for summaryOf: who made it, its number on x86_64, how often,
// and when for the last time, in seconds after the start.
type made struct {
	comm   string
	nr     int32
	count  int64
	last   int
	action syscalltable.Action
}

func summaryOf(calls ...made) *aggregate.Summary {
	s := &aggregate.Summary{By: aggregate.DefaultKeys(), Completeness: aggregate.Completeness{Verdict: aggregate.Complete}}
	for _, c := range calls {
		at := aggregate.Millis(start.Add(time.Duration(c.last) * time.Second).UnixMilli()).Instant()
		call := aggregate.Call{Count: c.count, Arch: syscalltable.X86_64, NR: c.nr, First: at, Last: at, Action: c.action}
		if call.Action == 0 {
			call.Action = syscalltable.ActionLog
		}
		i := slices.IndexFunc(s.Groups, func(g aggregate.Group) bool { return g.Comm == c.comm })
		if i < 0 {
			i = len(s.Groups)
			s.Groups = append(s.Groups, aggregate.Group{Comm: c.comm, Exe: "/bin/" + c.comm, PID: int32(i)})
		}
		s.Groups[i].Calls = append(s.Groups[i].Calls, call)
		s.Groups[i].Records += c.count
		s.Totals.Records += c.count
	}
	slices.SortFunc(s.Groups, aggregate.CompareGroups)
	s.Totals.Groups, s.Totals.Syscalls = len(s.Groups), len(calls)
	return s
}

const errno = syscalltable.ActionErrno

func few() *aggregate.Summary {
	return summaryOf(made{"nginx", 0, 5, -30, 0}, made{"nginx", 1, 50, -10, 0}, made{"redis", 257, 7, -20, errno})
}

// TestScreen: the verdict, what was counted, the newest call first.
func TestScreen(t *testing.T) {
	s := newScreen(t, 80, 8, Options{})
	s.shows("unknown: nothing has been read yet")
	s.shows("waiting for SECCOMP records from audit.log")
	s.after(3, few())
	want := []string{
		"complete: no record is missing",
		"62 records  3 syscalls  -/s  0:00:03  audit.log",
		"  COMM    SYSCALL   ACTION   COUNT   /S   LAST",
		"> nginx   write     log      50      -    11:59:50",
		"  redis   openat    errno    7       -    11:59:40",
		"  nginx   read      log      5       -    11:59:30",
		"",
		"? help  q quit  enter details  / filter  s sort: last  g group  e evidence  spa…",
	}
	if got := s.lines(); !slices.Equal(got, want) {
		t.Errorf("the screen shows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestWide: on a wide terminal there is room for all columns.
func TestWide(t *testing.T) {
	s := newScreen(t, 200, 50, Options{})
	s.after(1, few())
	s.shows("  COMM    SYSCALL   ARCH     ACTION   COUNT   /S   FIRST      LAST")
}

func TestSort(t *testing.T) {
	s := newScreen(t, 80, 24, Options{Sort: "count"})
	s.after(0, few())
	for _, want := range []string{"write openat read", "read write openat", "write openat read", "read openat write", "openat read write", "read write openat", "write openat read", "write openat read"} {
		if got := strings.Join(s.calls(), " "); got != want {
			t.Errorf("sorted by %s: %s, want %s", orders[s.order].name, got, want)
		}
		s.press("s")
	}
	s.press("S")
	s.shows("s sort: count")
}

// TestGroup: g goes through the groupings and comes back; --by is the first.
func TestGroup(t *testing.T) {
	s := newScreen(t, 80, 24, Options{By: []aggregate.Key{aggregate.ByExe}})
	s.after(0, few())
	s.shows("  EXE ")
	for range s.groupings[1:] {
		s.press("g")
		s.lacks("  EXE ")
	}
	s.shows("  SYSCALL ") // all programs together
	s.press("g")
	s.shows("  EXE ")
}

func TestFilter(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	s.after(0, few())
	s.press("/", "R", "E", "D", "x", "backspace")
	s.shows("/RED_")
	if got := s.calls(); !slices.Equal(got, []string{"openat"}) {
		t.Errorf("rows that contain red: %v", got)
	}
	s.press("enter")
	s.shows("[/RED]")
	s.press("/", "ctrl+u")
	s.send(tea.PasteMsg{Content: "no\x1b[31m such\n"})
	s.shows("/no[31m such_")
	s.shows("no row is shown: Esc shows all")
	s.press("esc")
	if len(s.calls()) != 3 {
		t.Errorf("Esc shows %v, want all", s.calls())
	}
	s.press("d")
	if got := s.calls(); !slices.Equal(got, []string{"openat"}) {
		t.Errorf("denials: %v", got)
	}
	s.shows("[denials]")
}

// TestNew: what is new is marked for a while, and can be shown alone.
func TestNew(t *testing.T) {
	s := newScreen(t, 80, 24, Options{Color: true})
	s.after(0, few())
	s.lacks("*")
	s.press("n")
	s.lacks("nginx")
	more := summaryOf(made{"nginx", 0, 5, -30, 0}, made{"nginx", 1, 50, -10, 0}, made{"redis", 257, 7, -20, errno}, made{"nginx", 2, 1, 1, 0}, made{"nginx", 3, 1, -5, 0})
	s.after(2, more)
	s.shows(string(table.Bold))
	s.shows(">*nginx   open ")
	s.shows("  nginx   close") // recorded before the view began
	s.lacks("write")
	s.after(5, more)
	s.lacks("*nginx")
	s.press("n")
	s.shows("write")
}

// TestPause: the table stands still; the verdict and the totals go on.
func TestPause(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	s.after(0, few())
	s.press("space")
	worse := summaryOf(made{"nginx", 0, 500, 1, 0})
	worse.Completeness = aggregate.Completeness{Verdict: aggregate.Incomplete, Lost: 264}
	s.after(1, worse)
	s.shows("incomplete: 264 records known to be missing")
	s.shows("500 records")
	s.shows("[paused]")
	s.shows("openat")
	s.press("s")
	s.shows("openat")
	s.press("space")
	s.lacks("openat")
}

// TestCursor: it stays with its row, once it was moved, and on the screen.
func TestCursor(t *testing.T) {
	s := newScreen(t, 80, 8, Options{})
	many := func(moved int) *aggregate.Summary {
		var calls []made
		for nr := range int32(40) {
			calls = append(calls, made{"nginx", nr, 1, -int(nr), 0})
		}
		calls[moved].last = 5
		return summaryOf(calls...)
	}
	s.after(0, many(0))
	s.after(1, many(3)) // the newest is the first again
	s.shows("> nginx   close")
	s.press("down", "down")
	at := s.chosen
	s.after(1, many(30))
	if s.rows[s.cursor].id != at {
		t.Error("the cursor has left its row")
	}
	for _, keys := range [][]string{{"end"}, {"pgup", "pgup"}, {"pgdown"}, {"up"}, {"home"}} {
		s.press(keys...)
		if lines := s.lines(); !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, ">") }) {
			t.Errorf("%v: no cursor in\n%s", keys, strings.Join(lines, "\n"))
		}
	}
	if s.cursor != 0 || s.pinned {
		t.Error("Home does not go back to the first row, whichever it is")
	}
}

func TestDetails(t *testing.T) {
	asked := 0
	s := newScreen(t, 80, 24, Options{About: func(w io.Writer, _ table.Style, s *aggregate.Summary, c *aggregate.Call) error {
		asked++
		fmt.Fprintf(w, "what allows %s, of %d records\n", c, s.Totals.Records)
		return errors.New("and no more")
	}})
	s.press("enter") // there is nothing yet
	if asked > 0 || s.pane != paneTable {
		t.Error("details of nothing")
	}
	s.after(0, few())
	s.press("down", "enter")
	for _, want := range []string{"openat (257) on x86_64: errno", "comm       redis", "count      7, -/s", "last       2026-11-30 11:59:40.000 +0000", "what allows openat, of 62 records", "and no more"} {
		s.shows(want)
	}
	s.after(1, summaryOf(made{"nginx", 0, 5, -30, 0}))
	s.shows("the row is not among those shown any more")
	s.press("esc")
	s.shows("  COMM ")
}

// TestEvidence: all that speaks for the verdict, longer than the screen.
func TestEvidence(t *testing.T) {
	s := newScreen(t, 80, 10, Options{})
	lossy := few()
	lossy.Completeness = aggregate.Completeness{Verdict: aggregate.Incomplete, Lost: 9}
	for i := range 9 {
		lossy.Completeness.Evidence = append(lossy.Completeness.Evidence, aggregate.Evidence{
			Kind: aggregate.SerialGap, Count: 1, Input: "audit.log", Line: int64(i + 1), Detail: "evil\x1b[2J", Fix: fmt.Sprintf("fix number %d", i),
		})
	}
	s.after(0, lossy)
	s.press("e")
	s.shows(`audit.log:1: evil\x1b[2J`)
	s.press("space", "pgdown", "down", "pgdown", "pgdown", "pgdown")
	s.shows("fix number 8")
	s.shows("incomplete: 9 records known to be missing") // above it, still
	s.press("up", "pgup", "home")
	s.shows("audit.log:1: ")
	s.press("q")
	s.shows("  COMM ")
}

func TestHelp(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	s.press("?")
	for _, k := range keys {
		if k.text != "" {
			s.shows(k.text)
		}
	}
}

func TestWrite(t *testing.T) {
	var wrote []string
	s := newScreen(t, 80, 24, Options{Write: func(d Document, path string, s *aggregate.Summary) (string, error) {
		if path == "bad.json" {
			return "", errors.New("bad.json: no room")
		}
		wrote = append(wrote, fmt.Sprint(d, path, s.Totals.Records))
		return path + ": written", nil
	}})
	s.after(0, few())
	s.press("w", "enter")
	s.shows("report.json: written")
	s.press("p", "ctrl+u", "b", "a", "d", ".", "j", "s", "o", "n")
	s.shows("write profile to: bad.json_")
	s.press("enter")
	s.shows("bad.json: no room")
	s.press("e", "p", "enter")
	s.press("w", "esc")
	s.press("w", "ctrl+u", "enter")
	if want := []string{"reportreport.json62", "profileprofile.json62"}; !slices.Equal(wrote, want) {
		t.Errorf("written: %q, want %q", wrote, want)
	}
	s.now = s.now.Add(time.Minute)
	s.shows("? help")
}

func TestQuit(t *testing.T) {
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {"/", "ctrl+c"}, {"e", "ctrl+c"}} {
		s := newScreen(t, 80, 24, Options{})
		if got := s.press(keys...); got != tea.Quit() {
			t.Errorf("%q: %v", keys, got)
		}
	}
	s := newScreen(t, 80, 24, Options{})
	if got := s.press("ctrl+z"); got != tea.Suspend() {
		t.Errorf("ctrl+z: %v", got)
	}
}

// TestRate: what came in the last 5 to 10 s, of each row and of all.
func TestRate(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	s.after(0, summaryOf(made{"nginx", 0, 1000, 0, 0}))
	for i := range 4 {
		s.after(5, summaryOf(made{"nginx", 0, 1000 + 100*int64(i+1), i, 0}, made{"redis", 1, 5 * int64(i), i, 0}))
	}
	s.shows("  21/s  ")
	s.shows("1,400   20 ")
	s.shows("15      1.0 ")
	s.after(10, s.latest)
	s.after(10, s.latest)
	s.shows("  0/s  ")
}

// TestPace: however long a snapshot takes, it takes a twentieth of the time.
func TestPace(t *testing.T) {
	s := newScreen(t, 80, 24, Options{})
	for took, want := range map[time.Duration]time.Duration{0: interval, time.Millisecond: interval, 100 * time.Millisecond: 1900 * time.Millisecond, time.Minute: longPause} {
		if got := pause(took); got != want {
			t.Errorf("after a snapshot of %v it waits for %v, want %v", took, got, want)
		}
	}
	if cmd := s.send(snapshotMsg{Summary: few()}); cmd == nil {
		t.Error("it does not ask again")
	} else if _, again := cmd().(askMsg); !again {
		t.Error("it does something else than to ask again")
	}
}

// TestAsk: what was said comes with the snapshot; when following has ended
// nobody is asked again.
func TestAsk(t *testing.T) {
	over := false
	s := newScreen(t, 80, 24, Options{Take: func(context.Context) (Snapshot, bool) {
		return Snapshot{Summary: few(), Note: "rotated\x1b[2J", Ended: true}, !over
	}})
	s.send(s.Init()())
	s.shows(`rotated\x1b[2J`)
	s.shows("[ended]")
	over = true
	if got := s.send(askMsg{})(); got != nil {
		t.Errorf("%v, want nothing", got)
	}
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// FuzzScreen: whatever names hold, whatever the size of the terminal is and
// whatever is typed, the screen has no more lines and columns than there are,
// nothing that is not printable, and the verdict first.
func FuzzScreen(f *testing.F) {
	f.Add("evil\x1b[2J", "/usr/bin/\u202egpj", 80, 24, "gsd ")
	f.Add("漢字漢字漢字", "pod", 20, 5, "/x?e")
	f.Add("", "", 1, 1, "ww")
	f.Fuzz(func(t *testing.T, comm, pod string, width, height int, typed string) {
		width, height = 1+width&0xff, 1+height&0x3f
		s := newScreen(t, width, height, Options{
			Color: true, Write: func(Document, string, *aggregate.Summary) (string, error) { return comm, nil },
			About: func(io.Writer, table.Style, *aggregate.Summary, *aggregate.Call) error { return errors.New(pod) },
		})
		summary := summaryOf(made{comm, 0, 1, 0, 0}, made{pod, 1, 1 << 40, 0, errno})
		summary.Groups[0].Container = &container.Identity{ID: comm, Name: pod, Pod: comm, Image: pod}
		summary.Selected = &aggregate.Selection{Filter: comm}
		s.after(1, summary)
		for _, r := range typed {
			s.press(string(r))
		}
		s.after(1, summary)
		content := s.View().Content
		lines := strings.Split(content, "\n")
		if len(lines) > height {
			t.Errorf("%d lines on a screen of %d", len(lines), height)
		}
		for i, line := range lines {
			plain := escapes.ReplaceAllString(line, "")
			if i := strings.IndexFunc(plain, func(r rune) bool { return r < ' ' || 0x7f <= r && r < 0xa0 || r == 0x202e }); i >= 0 {
				t.Errorf("the screen has %q", plain)
			}
			if i < headLines && utf8.RuneCountInString(plain) > width {
				t.Errorf("%d columns: %q", width, plain)
			}
		}
		if width > 20 && !strings.Contains(lines[0], "complete: no record") {
			t.Errorf("the first line is %q", lines[0])
		}
	})
}

// TestManyRows: more rows than are shown are told of, and the past of no more
// than a bound is kept.
func TestManyRows(t *testing.T) {
	s := newScreen(t, 120, 24, Options{By: []aggregate.Key{aggregate.ByPID}})
	summary := &aggregate.Summary{By: []aggregate.Key{aggregate.ByPID}}
	for pid := range int32(tracedRows/300 + 1) {
		g := aggregate.Group{PID: pid}
		for nr := range int32(300) {
			g.Calls = append(g.Calls, aggregate.Call{Count: rand.Int64N(9), Arch: syscalltable.X86_64, NR: nr, Action: syscalltable.ActionLog})
		}
		summary.Groups = append(summary.Groups, g)
	}
	s.after(1, summary)
	if len(s.rows) != mostRows || len(s.history.rows) != tracedRows {
		t.Errorf("%d rows and %d with a past", len(s.rows), len(s.history.rows))
	}
	s.shows("64,700 more rows: / filters them")
}
