package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// used is what a process took.
type used struct {
	cpu, wall float64 // seconds
	rss       int64   // bytes, the peak
}

// of is what a command took that has ended; reports that are incomplete are
// reports too.
func usageOf(cmd *exec.Cmd, start time.Time, err error) (used, error) {
	wall := time.Since(start).Seconds()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 3 {
		err = nil
	}
	if err != nil {
		return used{}, fmt.Errorf("%s: %w", strings.Join(cmd.Args, " "), err)
	}
	s := cmd.ProcessState
	u := used{cpu: (s.UserTime() + s.SystemTime()).Seconds(), wall: wall}
	if r, ok := s.SysUsage().(*syscall.Rusage); ok {
		u.rss = int64(r.Maxrss) << 10
	}
	return u, nil
}

// measure runs a command to its end, and throws away what it prints.
func measure(args []string, stdin io.Reader) (used, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return used{}, err
	}
	defer null.Close()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout = stdin, null
	start := time.Now()
	return usageOf(cmd, start, cmd.Run())
}

// pair is two commands that are compared, with what each run of both took.
type pair struct {
	log          string // that both read
	ours, theirs func() (used, error)
	runs         [][2]used
}

func (b *bench) pair(log string, ours, theirs []string) *pair {
	command := func(args []string) func() (used, error) {
		return func() (used, error) { return measure(args, nil) }
	}
	return &pair{log: b.path(log), ours: command(ours), theirs: command(theirs)}
}

// touch reads a log, or the directory of a set, so that neither of a pair finds it
// colder than the other: what nobody has read for half a minute takes longer.
func touch(path string) error {
	return filepath.WalkDir(path, func(path string, file fs.DirEntry, err error) error {
		if err != nil || file.IsDir() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(struct{ io.Writer }{io.Discard}, f)
		return errors.Join(err, f.Close())
	})
}

// rounds runs each pair in turn, and all of them again. The first round does
// not count.
func (b *bench) rounds(pairs []*pair) error {
	for i := range b.runs + 1 {
		fmt.Fprintf(os.Stderr, "bench: round %d of %d\n", i, b.runs)
		b.between = append(b.between, coreToCore())
		for _, p := range pairs {
			if err := touch(p.log); err != nil {
				return err
			}
			ours, err := p.ours()
			if err != nil {
				return err
			}
			theirs, err := p.theirs()
			if err != nil {
				return err
			}
			if i > 0 {
				p.runs = append(p.runs, [2]used{ours, theirs})
			}
		}
	}
	return nil
}

// median is that of a figure of each run.
func (p *pair) median(of func(ours, theirs used) float64) float64 {
	var all []float64
	for _, r := range p.runs {
		all = append(all, of(r[0], r[1]))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (p *pair) cpu() float64 {
	return p.median(func(o, t used) float64 { return o.cpu / max(t.cpu, 0.001) })
}
func (p *pair) wall() float64      { return p.median(func(o, t used) float64 { return o.wall / t.wall }) }
func (p *pair) cpuOurs() float64   { return p.median(func(o, _ used) float64 { return o.cpu }) }
func (p *pair) cpuTheirs() float64 { return p.median(func(_, t used) float64 { return t.cpu }) }
func (p *pair) wallOurs() float64  { return p.median(func(o, _ used) float64 { return o.wall }) }
