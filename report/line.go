package report

import (
	"strconv"
	"time"

	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/internal/jsontime"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/parser"
)

// LineIn returns a function that appends an event as a line for people, with
// its newline: time, node and container as far as they are known, comm[pid],
// call, architecture and action. The time is in zone; nil: UTC.
func LineIn(zone *time.Location) func(dst []byte, e *event.Event) []byte {
	return func(dst []byte, e *event.Event) []byte {
		r := e.Record
		if r.HasTime && jsontime.Representable(r.Millis) {
			dst = append(jsontime.AppendIn(dst, r.Millis, zone), ' ')
		}
		dst = appendPlace(dst, e)
		dst = appendVisible(dst, r.Comm)
		dst = strconv.AppendInt(append(dst, '['), int64(r.PID), 10)
		dst = append(dst, "] "...)
		dst = append(dst, e.Call()...)
		if arch := e.Arch.String(); arch != "" {
			dst = append(append(dst, ' '), arch...)
		}
		dst = append(append(dst, ' '), e.Action.String()...)
		return append(dst, '\n')
	}
}

// appendPlace appends "node ", "container " or "node/container ".
func appendPlace(dst []byte, e *event.Event) []byte {
	start := len(dst)
	dst = term.AppendEscaped(dst, e.Record.Node)
	if e.Container != nil {
		if len(dst) > start {
			dst = append(dst, '/')
		}
		dst = term.AppendEscaped(dst, containerName(e.Container))
	}
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	return dst
}

// appendVisible appends a comm, decoded and escaped.
func appendVisible(dst []byte, t parser.Text) []byte {
	start := len(dst)
	dst = t.Append(dst)
	end := len(dst)
	dst = term.AppendEscaped(dst, dst[start:end])
	return append(dst[:start], dst[end:]...)
}
