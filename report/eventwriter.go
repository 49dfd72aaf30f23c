package report

import (
	"bytes"
	"io"
	"strconv"

	"github.com/auditscan/auditscan/aggregate"
)

// EventsVersion is the version of the stream of events: since 2 its lines are
// numbered, and its last one sums it up.
const EventsVersion = 2

// EventWriter numbers the lines of [AppendEvent] and [AppendLoss] on their way
// to a file, from 1 on, so that it shows when one is missing later. The zero
// value writes nowhere.
type EventWriter struct {
	w    io.Writer
	n    int64
	text []byte
}

// NewEventWriter returns a writer of a stream of events that begins.
func NewEventWriter(w io.Writer) *EventWriter { return &EventWriter{w: w} }

// Write writes whole lines.
func (e *EventWriter) Write(lines []byte) (int, error) {
	e.text = e.text[:0]
	for line := range bytes.Lines(lines) {
		e.n++
		e.text = strconv.AppendInt(append(e.text, numberKey...), e.n, 10)
		e.text = append(append(e.text, ','), line[1:]...)
	}
	if e.w == nil { // not made by NewEventWriter
		return 0, io.ErrClosedPipe
	}
	if _, err := e.w.Write(e.text); err != nil {
		return 0, err
	}
	return len(lines), nil
}

// numberKey is what each line of a numbered stream begins with.
const numberKey = `{"n":`

// End writes the losses that only all records together show, and the line that
// ends the stream: how complete the log was that it was made from, and who can
// have written that. Where a stream lacks this line, it was cut.
func (e *EventWriter) End(s *aggregate.Summary) error {
	_, err := e.Write(appendEnd(appendLateLosses(nil, s), s))
	return err
}

// onlyLate reports whether losses of a kind are told when all records are known,
// and not in their place, even if another run had told them there.
func onlyLate(kind aggregate.EvidenceKind) bool {
	return kind == aggregate.Legacy || kind == aggregate.UnrecordedKill
}

// AppendLossInPlace is AppendLoss for a loss that stands between the events,
// unless [EventWriter.End] tells it.
func AppendLossInPlace(dst []byte, l aggregate.Loss) []byte {
	if onlyLate(l.Kind) {
		return dst
	}
	return AppendLoss(dst, l)
}

// appendLateLosses appends the losses that do not stand in the stream in their
// place.
func appendLateLosses(dst []byte, s *aggregate.Summary) []byte {
	for _, e := range s.Completeness.Evidence {
		switch {
		case onlyLate(e.Kind):
		case (e.Kind == aggregate.SerialGap || e.Kind == aggregate.Suppressed) && e.Line == 0: // nothing in the log said so
		default:
			continue
		}
		dst = AppendLoss(dst, aggregate.Loss{Kind: e.Kind, Count: e.Count, Time: e.First})
	}
	return dst
}

func appendEnd(dst []byte, s *aggregate.Summary) []byte {
	dst = append(dst, `{"end":`...)
	dst = appendCompact(dst, object{
		{"format", int64(EventsVersion)},
		{"trust", string(leastTrust(s))},
		{"records", s.Totals.Records},
		{"completeness", completenessObject(&s.Completeness)},
	})
	return append(dst, "}\n"...)
}

// leastTrust is that of the input that is easiest to forge.
func leastTrust(s *aggregate.Summary) aggregate.Trust {
	least := aggregate.TrustKernel
	for _, in := range s.Inputs {
		if in.Trust == aggregate.TrustText || least == aggregate.TrustKernel {
			least = in.Trust
		}
	}
	return least
}

// appendCompact appends a value in one line.
func appendCompact(dst []byte, v any) []byte {
	switch v := v.(type) {
	case object:
		dst = append(dst, '{')
		for i, m := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendCompact(append(appendString(dst, m.key), ':'), m.value)
		}
		return append(dst, '}')
	case list:
		dst = append(dst, '[')
		first := true
		for item := range v {
			if !first {
				dst = append(dst, ',')
			}
			dst, first = appendCompact(dst, item), false
		}
		return append(dst, ']')
	}
	return appendScalar(dst, v)
}

// EventEnd is the line that ends a stream of events.
type EventEnd struct {
	Trust        aggregate.Trust // of what the stream was made from
	Completeness aggregate.Completeness
}

// ReadEventEnd reads the object that ends a stream; nil if it is none that this
// version understands.
func ReadEventEnd(text []byte) *EventEnd {
	end := &EventEnd{}
	r := newJSONReader(bytes.NewReader(text), "")
	r.object([]field{
		{"format", func() {
			if v := r.count(); v != EventsVersion {
				r.Fail("version %d", v)
			}
		}},
		{"trust", func() { end.Trust = r.trust() }},
		{"records", func() { r.count() }},
		{"completeness", func() { end.Completeness = r.completeness() }},
	})
	if !r.AtEnd() || r.Err() != nil {
		return nil
	}
	return end
}
