package pipeline

import (
	"cmp"
	"errors"
	"io"

	"github.com/auditscan/auditscan/internal/tally"
)

// job is a block on its way through a worker into the total.
type job struct {
	owner   *worker // the worker that reads it
	buf     []byte
	block   []byte
	part    tally.Part // the proof of the block; its counts stay with the worker
	lines   int64
	out     output
	counted bool
	full    bool  // of carried, when the block was begun
	fault   error // the block could not be read when it was parsed
	err     error // the input ended here; io.EOF or what went wrong
}

// read reads the next block of the input.
func (j *job) read(in *input) {
	j.fault = nil
	if err := guarded(func() { j.block, j.err = in.blocks.Next(j.buf) }); err != nil {
		j.err = err
	}
}

// count parses the block with a worker's counter.
func (j *job) count(w *counter, in *input) {
	w.before, w.out, w.node, w.fromStart = 0, &j.out, in.total.node, in.total.fromStart
	j.full = w.carried.full.Load()
	w.full = j.full
	j.fault = guarded(func() {
		j.block = in.blocks.Trim(j.block)
		w.block(j.block)
	})
	w.tally.Cut(&j.part)
	j.lines = w.before
}

// append adds the next block of an input, or its end, to the total.
func (r *run) append(in *input, j *job, twice *counter) error {
	if !in.begun && in.reader != nil && in.total != nil {
		in.begun = true
		r.logs++
		r.total.Begin(tally.Source{Name: in.total.input, Trust: in.trust, Set: in.file.Set})
	}
	switch err := cmp.Or(j.err, j.fault); {
	case err == io.EOF:
		return r.end(in)
	case err != nil:
		return r.failed(in, err)
	case in.apart:
		return r.appendPart(j, in.total, twice)
	default:
		in.total.block(j.block)
		return in.total.out.write(&r.options, in.total.input)
	}
}

// appendPart adds a block that a worker has counted. If one of its records may
// be a duplicate, or of a container that is one too many, the block is parsed twice more: once to compare each record
// with all others, and once to subtract what the worker counted.
func (r *run) appendPart(j *job, total, twice *counter) error {
	if r.carried.keep(j.out.named...) && r.total.Append(&j.part) {
		j.out.shift(total.before)
		total.before += j.lines
		j.out.text = j.out.firsts.merge(j.out.text, r.options.Output.Event, r.shown)
		if err := j.out.write(&r.options, total.input); err != nil {
			return err
		}
		return total.out.write(&r.options, total.input)
	}
	r.total.AppendCounts(&j.part)
	found := j.out.found
	j.out.reset()
	var part tally.Part
	err := guarded(func() {
		twice.node, twice.full = total.node, j.full
		twice.recount(j.block, found)
		twice.tally.Cut(&part)
		r.total.SubtractPart(&part)
		twice.out.reset()
		total.recount(j.block, found)
	})
	return errors.Join(err, total.out.write(&r.options, total.input))
}
