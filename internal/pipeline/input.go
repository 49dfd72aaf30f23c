package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
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
	// Next fills buf with the whole lines that follow and returns the part it
	// used; io.EOF at the end.
	Next(buf []byte) ([]byte, error)
	// Trim does the rest of the work on a block. Several goroutines may call
	// it.
	Trim(block []byte) []byte
}

// input is a log, or a report, on its way into the total.
type input struct {
	file    source.Input
	blocks  Blocks
	total   *counter       // adds the log's blocks to the run's total; nil: the input is no log
	reader  *source.Reader // nil: the input could not be opened
	trust   aggregate.Trust
	apart   bool // each of its lines stands for itself
	packed  bool
	small   bool
	workers int  // that it keeps busy while it is read
	begun   bool // its first block was added

	turn sync.Mutex // held by the worker that reads

	// The pool's mutex guards these.
	unpacker *worker // the worker that decompresses it
	ended    bool    // nothing more is to be read
	room     int     // blocks that may still be taken into use
	ready    []*job  // read and waiting to be counted
	order    []*job  // in use, in the order of the input
}

// noBlocks stands for the blocks of an input that is no log or cannot be read.
type noBlocks struct{ error }

func (n noBlocks) Next([]byte) ([]byte, error) { return nil, n.error }
func (n noBlocks) Trim(block []byte) []byte    { return block }

// input opens an input. An error is reported when its turn comes.
func (r *run) input(ctx context.Context, file source.Input, stdin io.Reader) *input {
	in := &input{file: file, room: r.jobs(), workers: 1}
	if err := r.open(ctx, in, stdin); err != nil {
		in.blocks = noBlocks{err}
	}
	return in
}

// open opens an input and recognises its kind by its head. A report has no
// blocks and ends at once.
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
	in.blocks, in.trust = in.reader, r.savedTrust(in.reader)
	in.total = r.counter(r.total, in.reader.Name(), layout)
	in.total.node, in.total.fromStart = []byte(in.file.Node), true
	in.apart = layout == parser.LayoutLines
	in.pack(in.reader.Packed())
	in.small = !in.packed && in.reader.Size() >= 0 && in.reader.Size() <= smallFile
	if in.apart {
		in.reader.Map(r.options.BlockSize, in.room)
	}
	return nil
}

// smallFile is the size, in bytes, to which a file is left to one worker.
const smallFile = 16 << 10

// pack prepares for an input that is compressed in a format; "" is none.
func (in *input) pack(format string) {
	if in.packed = format != ""; in.packed {
		in.room += 3 // its worker keeps decompressing for longer
	}
	if format == "zstd" {
		in.workers = 2 // it is decompressed as fast as another worker counts
	}
}

// close releases the input, which is no longer in use.
func (in *input) close() {
	if in.reader != nil {
		in.reader.Close()
	}
}

// end does what is left once all blocks of an input are in the total.
func (r *run) end(in *input) error {
	if in.reader == nil {
		return nil
	}
	if in.total == nil {
		return r.report(in.reader, in.file.Node)
	}
	if err := in.reader.Whole(); err != nil { // it is not whole
		return err
	}
	return r.finish(in)
}

// finish counts what only shows at the end of a log.
func (r *run) finish(in *input) error {
	if !in.apart {
		in.total.flush()
		if err := in.total.out.write(&r.options, in.total.input); err != nil {
			return err
		}
	}
	return r.oversize(in.reader)
}

// failed decides what an input's error means. If the rest of a log cannot be
// read, it is evidence. If the input is empty, or is no log and was found
// rather than named, it is ignored as long as there is another input.
func (r *run) failed(in *input, err error) error {
	var damage *source.DamageError
	switch noLog := errors.Is(err, source.ErrNotLog) || errors.As(err, new(*refusedError)); {
	case errors.Is(err, source.ErrEmpty):
		r.nothing = err
		return nil
	case noLog && in.file.Found:
		r.nothing = err
		if in.file.Set != "" {
			r.passedOver = append(r.passedOver, passedOver{in.file, err})
		}
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

// damaged counts a log the rest of which could not be read because of err.
func (r *run) damaged(in *input, err error) (late error) {
	if in.begun {
		late = r.finish(in)
	} else {
		r.nothing = err
		r.total.Begin(tally.Source{Name: in.file.Path, Trust: aggregate.TrustText})
	}
	r.noticeDamage(in.file.Path, err)
	return late
}

// noticeDamage notes that the current input, at a path, could not be read to its
// end.
func (r *run) noticeDamage(path string, err error) {
	why := strings.TrimPrefix(err.Error(), path+": ") // the input is told beside it
	r.total.Notice(aggregate.TruncatedInput, 0, time.Time{}, why, "read a whole copy of the file")
}

// passedOver is a file of a rotated set that is no log.
type passedOver struct {
	file source.Input
	err  error
}

// noticePassedOver counts the files that are no logs although the others of their
// set hold audit records: they must have been damaged.
func (r *run) noticePassedOver() {
	for _, p := range r.passedOver {
		if r.total.HoldsAudit(p.file.Set) {
			r.total.Begin(tally.Source{Name: p.file.Path, Trust: aggregate.TrustText})
			r.noticeDamage(p.file.Path, p.err)
		}
	}
}

// notice counts the losses that were noticed while the inputs were collected.
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

// refusedError is the error of an input that Options.Refuse refused.
type refusedError struct {
	name string
	why  error
}

func (e *refusedError) Error() string { return e.name + ": " + e.why.Error() }

func (e *refusedError) Unwrap() error { return e.why }

// savedTrust returns the trust of a saved input before its records are seen:
// text if anyone but root and the user can have written it, else "", and the
// records decide.
func (r *run) savedTrust(reader *source.Reader) aggregate.Trust {
	if r.writers.Others(reader) != "" {
		return aggregate.TrustText
	}
	return ""
}

// open opens a file. Opening a named pipe waits for its writer, which may never
// come; when ctx is done, open returns and leaves the wait behind.
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

// report reads an input that is a report. It has counts only, so that no events
// can be made of it.
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

// oversize counts the lines that were too long to be a record.
func (r *run) oversize(in *source.Reader) error {
	n := in.Oversize()
	for range n {
		r.total.Malformed(fmt.Sprintf("line longer than %d KiB", source.MaxLine>>10), 0)
	}
	o := &r.options.Output
	if n == 0 || o.Writer == nil || o.Loss == nil {
		return nil
	}
	_, err := o.Writer.Write(o.Loss(nil, aggregate.Loss{Kind: aggregate.Malformed, Count: n}))
	return err
}
