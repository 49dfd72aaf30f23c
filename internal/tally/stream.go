package tally

import (
	"fmt"
	"maps"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
)

// StreamEnd is what the last line of a stream of events says of the log that it
// was made from.
type StreamEnd struct {
	Trust        aggregate.Trust
	Completeness aggregate.Completeness
}

// eventStream is the numbered lines of one stream of events, as far as they
// were read: each number is one higher than that before, or, where the newest
// line comes first, one lower.
type eventStream struct {
	first, last int64
	newestFirst bool
	missing     int64 // numbers between them
	from, to    int64 // the first of those that are missing together
	end         *StreamEnd
}

// add adds the next numbers, and reports whether they are of the same stream.
func (e *eventStream) add(o *eventStream) bool {
	switch {
	case e.goesDown(o):
		e.miss(e.first-o.last-1, o.last+1, e.first-1)
		e.first, e.newestFirst = o.first, true
	case e.end == nil && !e.newestFirst && !o.newestFirst && o.first > e.last:
		e.miss(o.first-e.last-1, e.last+1, o.first-1)
		e.last, e.end = o.last, o.end
	default:
		return false
	}
	e.miss(o.missing, o.from, o.to)
	return true
}

// goesDown reports whether the next numbers are lower ones of the same stream,
// which then began with its end, or goes down by one.
func (e *eventStream) goesDown(o *eventStream) bool {
	oneLine := func(e *eventStream) bool { return e.first == e.last }
	return o.end == nil && o.last < e.first && (o.newestFirst || oneLine(o)) &&
		(e.newestFirst || oneLine(e) && (e.end != nil || o.last == e.first-1))
}

func (e *eventStream) miss(n, from, to int64) {
	if n == 0 {
		return
	}
	if e.missing == 0 || from < e.from {
		e.from, e.to = from, to
	}
	e.missing = aggregate.Plus(e.missing, n)
}

// eventStreams are those of a log, in order.
type eventStreams struct {
	all        []eventStream
	unnumbered bool // there are events without a number, or more streams than are kept
}

// maxPieces is how many streams of a log can lack both their first line and
// their end. With more, its lines are in no order.
const maxPieces = 8

// inOrder reports whether the numbers show what is missing.
func (s *eventStreams) inOrder() bool {
	pieces := 0
	for i := range s.all {
		if s.all[i].first > 1 && s.all[i].end == nil {
			pieces++
		}
	}
	return pieces <= maxPieces
}

// maxStreams bounds the streams of one log.
const maxStreams = 4096

func (s *eventStreams) add(o *eventStream) {
	switch n := len(s.all); {
	case n > 0 && s.all[n-1].add(o):
	case n >= maxStreams:
		s.unnumbered = true
	default:
		s.all = append(s.all, *o)
	}
}

func (s *eventStreams) append(o *eventStreams) {
	for i := range o.all {
		s.add(&o.all[i])
	}
	s.unnumbered = s.unnumbered || o.unnumbered
}

// Numbered notes the number of a line of events; end is not nil for the line
// that ends them.
func (p *Proof) Numbered(n int64, end *StreamEnd) {
	p.input().eventStreams().add(&eventStream{first: n, last: n, end: end})
}

// Unnumbered notes that there is a line of events without a number.
func (p *Proof) Unnumbered() { p.input().eventStreams().unnumbered = true }

// eventStreams returns the streams of an input, which has some.
func (in *input) eventStreams() *eventStreams {
	if in.streams == nil {
		in.streams = &eventStreams{}
	}
	return in.streams
}

// isStream reports whether an input is nothing but numbered events.
func (in *input) isStream() bool {
	return in.streams != nil && len(in.streams.all) > 0 && !in.streams.unnumbered && in.streams.inOrder() && in.forms&^(1<<parser.FormEvent) == 0
}

// allNumbered reports whether all events are of numbered streams.
func (p *Proof) allNumbered() bool {
	return !slices.ContainsFunc(p.inputs, func(in *input) bool { return in.forms&(1<<parser.FormEvent) != 0 && !in.isStream() })
}

// spaceStreams are the streams of each serial space that has any: of a rotated
// set, one can go on from one file to the next.
type spaceStreams map[int32]*eventStreams

func (p *Proof) spaceStreams() spaceStreams {
	spaces := spaceStreams{}
	for i := range p.inputs {
		in := p.inputs[i]
		if !in.isStream() {
			continue
		}
		if spaces[in.space] == nil {
			spaces[in.space] = &eventStreams{}
		}
		spaces[in.space].append(in.streams)
	}
	return spaces
}

// streamEvidence is what the streams of events prove: what was noticed when they
// were made, and what is missing of them since. doubt is why the logs that they
// were made from do not show what is missing.
func (p *Proof) streamEvidence(spaces spaceStreams) (evidence []aggregate.Evidence, doubt string) {
	for _, space := range slices.Sorted(maps.Keys(spaces)) {
		for _, stream := range spaces[space].all {
			evidence = append(evidence, stream.evidence(p.inputs[p.spaces[space].first].name)...)
			if end := stream.end; end != nil && doubt == "" && end.Completeness.Verdict == aggregate.Unknown {
				doubt = end.Completeness.Reason
			}
		}
	}
	return evidence, doubt
}

func (e *eventStream) evidence(input string) (all []aggregate.Evidence) {
	if e.first > 1 {
		e.miss(e.first-1, 1, e.first-1)
	}
	if e.missing > 0 {
		all = append(all, aggregate.Evidence{Kind: aggregate.MissingEvents, Count: e.missing, Input: input, Detail: e.which() + ": cut out, or left out by another tool"})
	}
	if e.end == nil {
		return append(all, aggregate.Evidence{Kind: aggregate.TruncatedInput, Input: input, Detail: fmt.Sprintf(
			"the stream of events has no end behind event %d: it was cut, or is still written", e.last), Fix: "let follow end by SIGTERM or Ctrl-C"})
	}
	for _, told := range e.end.Completeness.Evidence {
		if told.Kind != aggregate.Unresolved { // which the events show
			all = append(all, told)
		}
	}
	return all
}

// which names the events that are missing.
func (e *eventStream) which() string {
	text := fmt.Sprintf("event %d", e.from)
	if e.to > e.from {
		text = fmt.Sprintf("events %d to %d", e.from, e.to)
	}
	if more := e.missing - (e.to - e.from + 1); more > 0 {
		text += fmt.Sprintf(", and %d more behind", more)
	}
	return text
}

// trust is that of the logs which an input's streams were made from; "" if it
// has none, or one of them does not say.
func (spaces spaceStreams) trust(in *input) aggregate.Trust {
	streams := spaces[in.space]
	if !in.isStream() || streams == nil {
		return ""
	}
	order := []aggregate.Trust{aggregate.TrustKernel, aggregate.TrustAuditd, aggregate.TrustText}
	least := 0
	for _, stream := range streams.all {
		if stream.end == nil {
			return ""
		}
		least = max(least, slices.Index(order, stream.end.Trust))
	}
	return order[least]
}
