package main

import (
	"io"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
)

// style returns what a stream of the command, stdout or stderr, can show.
func (env *environment) style(stream io.Writer) table.Style {
	return table.Style{Width: term.Width(stream), Color: env.color.Color(stream, env.getenv)}
}

// reportOptions are those of a report that is written to a stream.
func (env *environment) reportOptions(stream io.Writer, quiet bool) report.Options {
	s := env.style(stream)
	return report.Options{Tool: tool, Color: s.Color, Width: s.Width, Height: term.Height(stream), Quiet: quiet}
}
