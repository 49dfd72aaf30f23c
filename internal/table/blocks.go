package table

import (
	"bufio"
	"strings"
)

// writeBlocks writes each row as lines of a head and a cell, for a terminal
// that is too narrow for the table. Cells are whole, and those that say
// nothing are left out.
func (l *layout) writeBlocks(out *bufio.Writer) error {
	l.hoisted = nil // each row has all of its cells
	first := true
	for cells := range l.table.Rows {
		if !first {
			out.WriteByte('\n')
		}
		first = false
		if err := l.writeBlock(out, cells); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) writeBlock(out *bufio.Writer, cells []string) error {
	for i, c := range l.table.Columns {
		if cells[i] == "" || cells[i] == "-" {
			continue
		}
		head := c.Head + strings.Repeat(" ", l.headWidth()-textWidth(c.Head)+narrowGap)
		note := Note{Text: head + c.short(cells[i])}
		if c.Color != nil {
			note.Color = c.Color(cells[i])
		}
		if err := l.style.WriteNotes(out, note); err != nil {
			return err
		}
	}
	return nil
}

// headWidth returns the width of the widest head.
func (l *layout) headWidth() (width int) {
	for _, c := range l.table.Columns {
		width = max(width, textWidth(c.Head))
	}
	return width
}
