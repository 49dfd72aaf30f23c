package main

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/source"
)

// isFed reports whether standard input is a pipe or a file: somebody gives the
// command something to read.
func (env *environment) isFed() bool {
	f, ok := env.stdin.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && (info.Mode().IsRegular() || info.Mode()&fs.ModeNamedPipe != 0)
}

// readsUnnamed reports whether standard input is read although nobody has named
// it: cron, a shell's loop, ssh and CI servers give a command one that its user
// does not think of.
func (env *environment) readsUnnamed(args []string, nodes source.Nodes) bool {
	return len(args)+len(nodes.Named) == 0 && env.isFed()
}

const (
	unnamedInput  = "standard input, which is read as no FILE is named"
	unnamedAdvice = "name a FILE, or </dev/null for this host's own log"
)

// unnamedRead tells of a standard input without records that it was read, and
// returns the error of reading it.
func (env *environment) unnamedRead(s *aggregate.Summary, err error) error {
	switch {
	case errors.Is(err, source.ErrEmpty):
		return errors.New(unnamedInput + ", is empty: " + unnamedAdvice)
	case err == nil && s.Totals.Records == 0 && (s.Selected == nil || s.Selected.LeftOut == 0):
		env.notef("no record in %s: %s", unnamedInput, unnamedAdvice)
	}
	return err
}

// unfed is how long an unnamed standard input may give nothing before that is
// told.
const unfed = 2 * time.Second

// sayUnfed tells in a while that an input is waited for, unless some of it has
// come by then.
func (env *environment) sayUnfed(in *source.Reader) {
	time.AfterFunc(unfed, func() {
		if in.Consumed() == 0 {
			env.notef("waiting for %s: %s", unnamedInput, unnamedAdvice)
		}
	})
}
