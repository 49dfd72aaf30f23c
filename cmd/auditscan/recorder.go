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

// recorder counts the records of one audit session. The others of the stream
// only prove that nothing is missing.
type recorder struct {
	env     *environment
	stream  source.Stream
	session uint32
	parser  *parser.Parser
	total   *aggregate.Builder
	lines   int64
}

func newRecorder(env *environment, stream source.Stream, session uint32) *recorder {
	r := &recorder{env: env, stream: stream, session: session, parser: parser.New(parser.Lines), total: aggregate.NewBuilder(nil)}
	r.total.Input(stream.Name(), aggregate.TrustKernel)
	return r
}

// read reads the stream until it has been closed.
func (r *recorder) read() error {
	for {
		c, err := r.stream.Next(context.Background())
		if errors.Is(err, io.EOF) {
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
	r.total.Notice(aggregate.EvidenceKind(n.Kind), n.Count, time.Now(), n.Detail)
}

func (r *recorder) item(item parser.Item, line int64) {
	switch item {
	case parser.IsRecord:
		if rec := r.parser.Record(); rec.Ses == r.session {
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
