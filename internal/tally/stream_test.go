package tally

import (
	"fmt"
	"strings"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/event"
	"github.com/auditscan/auditscan/parser"
)

// feedStream adds lines of a stream of events: N is an event of that number,
// N. the end of a complete log of auditd's, N? that of one of which nobody knows
// whether it is complete, N! that of one that lacks records; - is an event without
// a number, and + the next file.
func feedStream(b *Tally, set, lines string) {
	ends := map[byte]*StreamEnd{
		'.': {aggregate.TrustAuditd, aggregate.Completeness{Verdict: aggregate.Complete}},
		'?': {aggregate.TrustText, aggregate.Completeness{Verdict: aggregate.Unknown, Reason: "why"}},
		'!': {aggregate.TrustKernel, aggregate.Completeness{Verdict: aggregate.Incomplete, Lost: 3, Evidence: []aggregate.Evidence{{Kind: aggregate.SerialGap, Count: 3}}}},
	}
	b.Begin(Source{Name: "run.json", Set: set})
	for _, line := range strings.Fields(lines) {
		if line == "+" {
			b.Begin(Source{Name: "run.json", Set: set})
			continue
		}
		end := ends[line[len(line)-1]]
		var n int64
		if _, err := fmt.Sscan(strings.TrimRight(line, ".?!"), &n); err != nil {
			b.Unnumbered()
		} else {
			b.Numbered(n, end)
		}
		if end == nil {
			r := parser.Record{Form: parser.FormEvent, Process: &parser.Process{PID: 7, Arch: 0xc000003e}, Code: 0x7ffc0000,
				Stamp: parser.Stamp{Millis: 1717243200000 + n, Serial: uint32(100 * n), HasTime: true, HasSerial: true}}
			e, _ := event.Of(&r)
			b.Event(&e, n)
		}
	}
}

func TestStreams(t *testing.T) {
	for _, tt := range []struct{ name, lines, want string }{
		{"whole", "1 2 3 4.", "complete auditd"},
		{"nothing but its end", "1.", "complete auditd"},
		{"of a log that cannot tell", "1 2 3?", "unknown text why"},
		{"of a log that lacks records", "1 2 3!", "incomplete kernel serial-gap=3"},
		{"cut", "1 2 3", "incomplete text truncated-input=0: the stream of events has no end behind event 3: it was cut, or is still written"},
		{"cut in front", "3 4 5.", "incomplete auditd missing-events=2: events 1 to 2: cut out, or left out by another tool"},
		{"one is missing", "1 3 4.", "incomplete auditd missing-events=1: event 2: cut out, or left out by another tool"},
		{"filtered", "1 4 5 8 10.", "incomplete auditd missing-events=5: events 2 to 3, and 3 more behind: cut out, or left out by another tool"},
		{"several, one behind the other", "1 2. 1 2 3. 1.", "complete auditd"},
		{"of several kinds", "1 2. 1 2?", "unknown text why"},
		{"one of several is cut", "1 2 1 2 3.", "incomplete text truncated-input=0: the stream of events has no end behind event 2: it was cut, or is still written"},
		{"rotated", "1 2 + 3 4 + 5.", "complete auditd"},
		{"rotated, a file is missing", "1 2 + 5 6.", "incomplete auditd missing-events=2: events 3 to 4: cut out, or left out by another tool"},
		{"newest first", "4. 3 2 1", "complete auditd"},
		{"newest first, several", "3. 2 1 1. 2. 1", "complete auditd"},
		{"newest first, one is missing", "5. 4 2 1", "incomplete auditd missing-events=1: event 3: cut out, or left out by another tool"},
		{"newest first, some are missing", "9. 6 5 3 1", "incomplete auditd missing-events=4: event 2, and 3 more behind: cut out, or left out by another tool"},
		{"newest first, the oldest are missing", "5. 4 3", "incomplete auditd missing-events=2: events 1 to 2: cut out, or left out by another tool"},
		{"newest first, its end is missing", "4 3 2 1", "incomplete text truncated-input=0: the stream of events has no end behind event 4: it was cut, or is still written"},
		{"in no order", "20 17 2 19 15 12 22. 18 9 16 6 14 3 13 11 1 10 8 5 21 7 4", "unknown text " + doubtEvents},
		{"without numbers", "- - -", "unknown text " + doubtEvents},
		{"an older one in front", "- - 1 2 3.", "unknown text " + doubtEvents},
		{"sorted by something else", "3 1 2 4.", "incomplete text missing-events=1: event 3: cut out, or left out by another tool" +
			" missing-events=2: events 1 to 2: cut out, or left out by another tool truncated-input=0: the stream of events has no end behind event 3: it was cut, or is still written"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := New(nil)
			feedStream(b, "set", tt.lines)
			s := b.Summary()
			got := string(s.Completeness.Verdict) + " " + string(s.Inputs[0].Trust)
			if s.Completeness.Reason != "" {
				got += " " + s.Completeness.Reason
			}
			for _, e := range s.Completeness.Evidence {
				got += fmt.Sprintf(" %s=%d", e.Kind, e.Count)
				if e.Detail != "" {
					got += ": " + e.Detail
				}
			}
			if got != tt.want {
				t.Errorf("%s\nwant %s", got, tt.want)
			}
			if wantReported := !strings.Contains(tt.want, doubtEvents); s.Reported != wantReported {
				t.Errorf("reported: %v", s.Reported)
			}
		})
	}
}
