package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/tally"
	"github.com/auditscan/auditscan/parser"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// Blocks gives the lines of a log, as [source.Reader] does.
type Blocks interface {
	// Next fills buf with whole lines that follow and returns the part in use.
	// At the end it returns io.EOF.
	Next(buf []byte) ([]byte, error)
	// Trim is what is to be done of each block besides. It may be called by
	// several goroutines.
	Trim(block []byte) []byte
}

// input is a log, or a report, on its way into the total.
type input struct {
	file    source.Input
	blocks  Blocks
	total   *counter       // adds the blocks of a log to the run's total; nil: it is none
	reader  *source.Reader // nil: there is nothing to be done at the end
	trust   aggregate.Trust
	apart   bool // its lines each stand for themselves
	packed  bool
	workers int  // that it keeps busy, until it is read to its end
	begun   bool // to be added

	turn sync.Mutex // of the worker that reads, where each can

	// The pool's mutex is for these.
	unpacker *worker // who decompresses it
	ended    bool    // nothing more is to be read
	room     int     // how many more blocks may be in use
	ready    []*job  // read, for others to count
	order    []*job  // in use, in the order of the input
}

// noBlocks are those of an input that is no log, or that cannot be read.
type noBlocks struct{ error }

func (n noBlocks) Next([]byte) ([]byte, error) { return nil, n.error }
func (n noBlocks) Trim(block []byte) []byte    { return block }

// input opens an input. What goes wrong is told at its end.
func (r *run) input(ctx context.Context, file source.Input, stdin io.Reader) *input {
	in := &input{file: file, room: r.jobs(), workers: 1}
	if err := r.open(ctx, in, stdin); err != nil {
		in.blocks = noBlocks{err}
	}
	return in
}

// open opens an input and tells by its head what it is. A report has no blocks:
// it ends at once.
func (r *run) open(ctx context.Context, in *input, stdin io.Reader) (err error) {
	if in.reader, err = open(ctx, in.file.Path, stdin); err != nil {
		return err
	}
	in.reader.Until(ctx)
	if r.options.Opened != nil {
		r.options.Opened(in.reader)
	}
	head, err := in.reader.Peek(4 << 10)
	if err != nil {
		return err
	}
	if r.options.Refuse != nil {
		if err := r.options.Refuse(head); err != nil {
			return &refusedError{in.reader.Name(), err}
		}
	}
	if report.Sniff(head) {
		return io.EOF
	}
	if err := in.reader.CheckText(); err != nil {
		return err
	}
	layout := parser.Sniff(head)
	in.blocks, in.trust = in.reader, savedTrust(in.reader)
	in.total = r.counter(r.total, in.reader.Name(), layout)
	in.total.node = []byte(in.file.Node)
	in.apart = layout == parser.LayoutLines
	in.pack(in.reader.Packed())
	if in.apart {
		in.reader.Map(r.options.BlockSize, in.room)
	}
	return nil
}

// pack is told how an input is compressed.
func (in *input) pack(format string) {
	if in.packed = format != ""; in.packed {
		in.room += 3 // whoever decompresses it goes on for longer
	}
	if format == "zstd" {
		in.workers = 2 // it gives text as fast as another one counts it
	}
}

// close releases the input, which nobody uses any more.
func (in *input) close() {
	if in.reader != nil {
		in.reader.Close()
	}
}

// end does what is left when all that an input has is in the total.
func (r *run) end(in *input) error {
	if in.reader == nil {
		return nil
	}
	if in.total == nil {
		return r.report(in.reader, in.file.Node)
	}
	if err := in.reader.Whole(); err != nil { // what was read is a part
		return err
	}
	return r.finish(in)
}

// finish counts what only the end of a log shows.
func (r *run) finish(in *input) error {
	if !in.apart {
		in.total.flush()
		if err := in.total.out.write(&r.options, in.total.input); err != nil {
			return err
		}
	}
	return r.oversize(in.reader)
}

// failed decides what to make of an error of an input. It is evidence where the
// rest of a log cannot be read, and nothing, if others are something, where it is
// empty, or no log and nobody has said that it is one.
func (r *run) failed(in *input, err error) error {
	var damage *source.DamageError
	switch noLog := errors.Is(err, source.ErrNotLog) || errors.As(err, new(*refusedError)); {
	case errors.Is(err, source.ErrEmpty):
		r.nothing = err
		return nil
	case noLog && in.file.Found:
		r.nothing = err
		if r.options.PassedOver != nil {
			r.options.PassedOver(err)
		}
		return nil
	case errors.As(err, &damage) && !errors.Is(err, source.ErrCut), in.file.Found && errors.Is(err, fs.ErrPermission):
		return r.damaged(in, err)
	}
	if !errors.Is(err, errFault) || in.reader == nil {
		return err
	}
	return cmp.Or(in.reader.Whole(), fmt.Errorf("%s: %w", in.reader.Name(), err))
}

// damaged counts a log of which err kept the rest from being read.
func (r *run) damaged(in *input, err error) (late error) {
	if in.begun {
		late = r.finish(in)
	} else {
		r.nothing = err
		r.total.Begin(tally.Source{Name: in.file.Path, Trust: aggregate.TrustText})
	}
	r.total.Notice(aggregate.TruncatedInput, 0, time.Time{}, err.Error(), "read a whole copy of the file")
	return late
}

// notice counts the losses among what was noticed when the inputs were found.
func (r *run) notice(notes []source.Note) error {
	for _, n := range notes {
		switch {
		case n.Kind == source.Info:
		case r.logs == 0:
			return errors.New(n.Detail)
		default:
			r.total.Notice(aggregate.EvidenceKind(n.Kind), n.Count, time.Time{}, n.Detail, n.Fix)
		}
	}
	return nil
}

// refusedError is the error of an input that Options.Refuse has refused.
type refusedError struct {
	name string
	why  error
}

func (e *refusedError) Error() string { return e.name + ": " + e.why.Error() }

func (e *refusedError) Unwrap() error { return e.why }

// savedTrust is what an input vouches for before its records are seen: nothing,
// if others than root and the user can have written it.
func savedTrust(r *source.Reader) aggregate.Trust {
	if r.OtherWriters() != "" {
		return aggregate.TrustText
	}
	return ""
}

// StreamTrust is the same for a source that goes on: the audit socket has only
// what the kernel has written. It is "" where the records' own form decides.
func StreamTrust(s source.Stream) aggregate.Trust {
	if s.Name() == source.NetlinkName {
		return aggregate.TrustKernel
	}
	file, ok := s.(interface{ OtherWriters() string })
	if s.Name() == "-" || ok && file.OtherWriters() != "" {
		return aggregate.TrustText
	}
	return ""
}

// open opens what is named. To open a named pipe waits for its writer, which
// may never come: when ctx is done, that is left behind.
func open(ctx context.Context, name string, stdin io.Reader) (*source.Reader, error) {
	if name == "-" {
		return source.NewReader("-", stdin), nil
	}
	type result struct {
		in  *source.Reader
		err error
	}
	done := make(chan result, 1)
	go func() {
		in, err := source.Open(name)
		done <- result{in, err}
	}()
	select {
	case got := <-done:
		return got.in, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// report reads an input that is a report or a stream of events. What is left
// of either is counts, so no events can be made of them.
func (r *run) report(in *source.Reader, node string) error {
	if r.options.Output.Writer != nil {
		return fmt.Errorf("%s: not a log, so its records cannot be given as events: use another format", in.Name())
	}
	s, err := report.Read(in.Text(), in.Name())
	if err != nil {
		return err
	}
	s.Reported = true
	s.NameNode(node)
	r.saved = append(r.saved, r.options.Filter.Apply(s))
	return nil
}

// oversize counts the lines that were too long to be any record.
func (r *run) oversize(in *source.Reader) error {
	n := in.Oversize()
	for range n {
		r.total.Malformed(fmt.Sprintf("line longer than %d KiB", source.MaxLine>>10), 0)
	}
	o := &r.options.Output
	if n == 0 || o.Writer == nil || o.Loss == nil {
		return nil
	}
	_, err := o.Writer.Write(o.Loss(nil, aggregate.Malformed, n, time.Time{}))
	return err
}
