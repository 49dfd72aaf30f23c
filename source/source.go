// Package source reads blocks of whole lines from files (plain or compressed),
// rotated sets, standard input, growing files, the kernel's audit socket and
// the journal. It does not know what a line means.
package source

import "context"

// Chunk is what a [Stream] returns at once.
type Chunk struct {
	// Lines are whole lines, each ended by a newline. They belong to the
	// receiver until the next call of Next.
	Lines []byte
	// Notes say what happened before these lines.
	Notes []Note
}

// Note is something that a source noticed about its own input.
type Note struct {
	Kind   NoteKind
	Count  int64 // records or lines; 0: not known
	Detail string
	Fix    string // what prevents it next time, if anything does
}

// NoteKind says what a [Note] means. The loss kinds carry the same names as
// the evidence of a report.
type NoteKind string

// The kinds of note. Info is for people only; all others are loss.
const (
	Info           NoteKind = "info"
	RotationGap    NoteKind = "rotation-gap"
	Overrun        NoteKind = "overrun"
	LostCounter    NoteKind = "lost-counter"
	RateLimit      NoteKind = "rate-limit" // these have serials, which are missing
	TruncatedInput NoteKind = "truncated-input"
	LongLine       NoteKind = "malformed"
)

// Stream is a source that has no end by itself.
type Stream interface {
	// Name is what reports call the input.
	Name() string
	// Next waits for at least one line or note. It returns io.EOF when the
	// source has ended for good and ctx.Err() when ctx is done.
	Next(ctx context.Context) (Chunk, error)
	Close() error
}
