package table

import (
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/auditscan/auditscan/internal/term"
)

// The blanks between two columns, usually and on a narrow terminal.
const (
	usualGap  = 3
	narrowGap = 2
)

// How narrow a column is made before anything else is tried, and at the
// worst; and what is worth wrapping text into, and what will do before names are
// cut.
const (
	readable      = 12
	narrowest     = 5
	textRoom      = 24
	leastTextRoom = 16
)

// layout is a table that has been measured.
type layout struct {
	table   *Table
	style   Style
	columns []Column // those that are shown
	from    []int    // their places in the table
	widths  []int    // of the widest cell of each, as it is shown
	gap     int      // blanks between two columns
	rows    int
	same    []bool   // whether each cell of the column is that of the first row
	first   []string // the first row
	hoisted []string // "HEAD cell" of the columns that stand below the table instead
}

func measure(t *Table, s Style) *layout {
	l := &layout{table: t, style: s, columns: slices.Clone(t.Columns), gap: usualGap}
	for i, c := range l.columns {
		l.from = append(l.from, i)
		l.widths = append(l.widths, textWidth(c.Head))
		l.same = append(l.same, true)
	}
	last := make([]string, len(l.columns))
	for cells := range t.Rows {
		for i, cell := range cells {
			if l.rows > 0 && cell == last[i] {
				continue
			}
			last[i] = cell
			l.same[i] = l.same[i] && l.rows == 0
			l.widths[i] = max(l.widths[i], l.cellWidth(i, cell))
		}
		if l.rows++; l.rows == 1 {
			l.first = slices.Clone(cells)
		}
	}
	if s.Width > 0 {
		l.fit()
	}
	return l
}

func (l *layout) cellWidth(i int, cell string) int {
	cell = term.Escape(cell)
	if l.style.Width > 0 {
		cell = l.columns[i].short(cell)
	}
	return textWidth(cell)
}

// fit narrows the table until it is no wider than the terminal. What loses
// least comes first; a terminal that is still too narrow breaks lines itself.
func (l *layout) fit() {
	l.wrapLast(textRoom)
	if l.excess() > 0 {
		l.gap = narrowGap
	}
	l.wrapLast(leastTextRoom)
	l.cutTo(readable)
	if !l.table.Steady {
		l.hoist()
	}
	l.cutTo(narrowest)
}

// excess returns how many columns the table is too wide.
func (l *layout) excess() int {
	over := -l.gap - l.style.Width
	for _, width := range l.widths {
		over += width + l.gap
	}
	return over
}

// wrapLast leaves to text the room that the other columns do not need, but some
// in any case.
func (l *layout) wrapLast(least int) {
	last := len(l.columns) - 1
	if l.columns[last].Fit == WrapText && l.excess() > 0 {
		l.widths[last] = max(min(least, l.widths[last]), l.widths[last]-l.excess())
	}
}

// cutTo narrows the widest columns that may be cut, but none below limit.
func (l *layout) cutTo(limit int) {
	for over := l.excess(); over > 0; over-- {
		widest := -1
		for i, c := range l.columns {
			mayCut := (c.Fit == Cut || c.Fit == ID) && l.widths[i] > max(limit, len(c.Head))
			if mayCut && (widest < 0 || l.widths[i] > l.widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		l.widths[widest]--
	}
}

// hoist takes out columns that are the same in each row; one line below the
// table has them, so that nothing is lost.
func (l *layout) hoist() {
	for i := len(l.columns) - 1; i > 0 && l.excess() > 0 && l.rows > 1; i-- {
		if !l.same[i] {
			continue
		}
		cell := l.columns[i].Head + " " + l.columns[i].short(term.Escape(l.first[l.from[i]]))
		l.hoisted = slices.Insert(l.hoisted, 0, cell)
		l.columns = slices.Delete(l.columns, i, i+1)
		l.from = slices.Delete(l.from, i, i+1)
		l.widths = slices.Delete(l.widths, i, i+1)
		l.same = slices.Delete(l.same, i, i+1)
	}
}

func (l *layout) heads() []string {
	heads := make([]string, len(l.columns))
	for i, c := range l.columns {
		heads[i] = c.Head
	}
	return heads
}

// idLen is how much of an id people compare; docker ps shows as much.
const idLen = 12

// short returns as much of a cell as a terminal needs to show.
func (c *Column) short(cell string) string {
	switch {
	case c.Fit == ID && len(cell) >= 32 && isHex(cell):
		return cell[:idLen]
	case c.Fit == Count:
		if n, err := strconv.ParseInt(cell, 10, 64); err == nil {
			return Number(n)
		}
	}
	return cell
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// textWidth returns the columns that s takes on a terminal.
func textWidth(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return twwidth.Width(s)
		}
	}
	return len(s)
}

// Clip returns as much of a text's beginning as has room in so many columns,
// and an ellipsis if that is not all.
func Clip(s string, columns int) string {
	if textWidth(s) <= columns {
		return s
	}
	return prefix(s, columns-textWidth(ellipsis)) + ellipsis
}

// ellipsis stands for what was left out.
const ellipsis = "…"

// cut takes the middle out of what is wider than limit.
func cut(s string, limit int) string {
	if textWidth(s) <= limit {
		return s
	}
	room := limit - textWidth(ellipsis)
	head := prefix(s, room/2)
	return head + ellipsis + suffix(s, room-textWidth(head))
}

// prefix returns as much of the beginning of s as fits into limit columns.
func prefix(s string, limit int) string {
	for i, r := range s {
		if limit -= textWidth(string(r)); limit < 0 {
			return s[:i]
		}
	}
	return s
}

// suffix returns as much of the end of s as fits into limit columns.
func suffix(s string, limit int) string {
	for i := len(s); i > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		if limit -= textWidth(string(r)); limit < 0 {
			return s[i:]
		}
		i -= size
	}
	return s
}
