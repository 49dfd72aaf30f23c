// Package table lays out what auditscan shows people: tables and the notes
// around them.
//
//	t := table.Table{
//		Columns: []table.Column{{Head: "NAME", Fit: table.Cut}, {Head: "STATUS", Color: statusColor}},
//		Rows:    table.RowsOf(units, func(u unit) []string { return []string{u.name, u.status} }),
//	}
//	err := t.Write(w, style)
//
// A table in a file or a pipe holds everything, each row on one line. On a
// terminal it is made to fit. What a cell or a note holds may come from a log:
// it is escaped here (see [term.Escape]), so callers cannot forget to.
package table
