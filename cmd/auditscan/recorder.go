package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/source"
)

// recorder counts the records of a command's audit sessions. The others of the
// stream only prove that nothing is missing.
type recorder struct {
	env    *environment
	stream source.Stream
	owns   func(session uint32, pid int32) (bool, error)
	parser *parser.Parser
	total  *aggregate.Builder
	lines  int64
	// sessions are those that are known to be the command's, or not.
	sessions map[uint32]bool
	// doubtful are how many records there are of a session of which nothing
	// was known.
	doubtful map[uint32]int64
}

func newRecorder(env *environment, stream source.Stream, owns func(session uint32, pid int32) (bool, error)) *recorder {
	r := &recorder{
		env: env, stream: stream, owns: owns, parser: parser.New(parser.Lines), total: aggregate.NewBuilder(nil),
		sessions: map[uint32]bool{}, doubtful: map[uint32]int64{},
	}
	r.total.Input(stream.Name(), aggregate.TrustKernel)
	return r
}

// read reads the stream until it has been closed.
func (r *recorder) read() error {
	for {
		c, err := r.stream.Next(context.Background())
		if errors.Is(err, io.EOF) {
			r.admit()
			return nil
		}
		if err != nil {
			return err
		}
		r.chunk(c)
	}
}

func (r *recorder) chunk(c source.Chunk) {
	for _, n := range c.Notes {
		r.note(n)
	}
	r.parser.Reset(c.Lines)
	for item := r.parser.Next(); item != parser.End; item = r.parser.Next() {
		r.item(item, r.lines+r.parser.Line())
	}
	r.lines += r.parser.Line()
	r.total.Lines(r.parser.Line())
}

func (r *recorder) note(n source.Note) {
	if n.Kind == source.Info {
		r.env.notef("%s", n.Detail)
		return
	}
	r.total.Notice(aggregate.EvidenceKind(n.Kind), n.Count, time.Now(), n.Detail, n.Fix)
}

func (r *recorder) item(item parser.Item, line int64) {
	switch item {
	case parser.IsRecord:
		if rec := r.parser.Record(); r.own(rec) {
			r.total.Record(rec, nil, line)
		} else {
			r.total.Other(rec)
		}
	case parser.IsOther:
		r.total.Other(r.parser.Record())
	case parser.IsLoss:
		r.total.Loss(r.parser.Loss(), line)
	case parser.IsMalformed:
		r.total.Malformed(r.parser.Malformed().Reason, line)
	}
}

// own reports whether a record is the command's. A session is asked about until
// its answer is known.
func (r *recorder) own(rec *parser.Record) bool {
	own, known := r.sessions[rec.Ses]
	if known {
		return own
	}
	own, err := r.owns(rec.Ses, rec.PID)
	if err != nil {
		r.doubtful[rec.Ses]++
		return false
	}
	r.sessions[rec.Ses] = own
	return own
}

// admit tells of the records that were, or may have been, the command's and
// were not counted.
func (r *recorder) admit() {
	var lost int64
	for session, n := range r.doubtful {
		if own, known := r.sessions[session]; own || !known {
			lost += n
		}
	}
	if lost > 0 {
		r.total.Notice(aggregate.DroppedByCollector, lost, time.Now(),
			"of a login during the run, by processes that had ended before they were known to be the command's",
			"record again: a process of the login that is still there when its records come is enough")
	}
}
