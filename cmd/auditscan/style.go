package main

import (
	"io"
	"time"

	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/internal/timespec"
	"github.com/auditscan/auditscan/report"
)

// style returns what a stream of the command, stdout or stderr, can show.
func (env *environment) style(stream io.Writer) table.Style {
	return table.Style{Width: term.Width(stream), Color: env.color.Color(stream, env.getenv)}
}

// zone is that of the times on a stream: local on a terminal, where they name
// their offset; a file is read elsewhere, too.
func (env *environment) zone(stream io.Writer) *time.Location {
	if env.utc || !term.IsTerminal(stream) {
		return time.UTC
	}
	return time.Local
}

// clock tells what the times of the command line are relative to.
func (env *environment) clock() timespec.Clock {
	zone := time.Local
	if env.utc {
		zone = time.UTC
	}
	return timespec.Clock{Now: time.Now().In(zone), Boot: timespec.HostBoot}
}

// reportOptions are those of a report that is written to a stream.
func (env *environment) reportOptions(stream io.Writer, quiet bool) report.Options {
	s := env.style(stream)
	return report.Options{
		Tool: tool, Color: s.Color, Width: s.Width, Height: term.Height(stream), Zone: env.zone(stream), Quiet: quiet,
	}
}
