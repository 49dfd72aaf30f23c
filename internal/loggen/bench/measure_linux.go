package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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
func of(cmd *exec.Cmd, start time.Time, err error) (used, error) {
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
	return of(cmd, start, cmd.Run())
}

// paired are medians: the ratios of pairs, and times in seconds.
type paired struct{ cpu, wall, ours, theirs, wallOurs float64 }

// pairs runs two commands in turn.
func (b *bench) pairs(ours, theirs []string) (paired, error) {
	fmt.Fprintln(os.Stderr, "bench:", strings.Join(ours, " "), "|", strings.Join(theirs, " "))
	var all [5][]float64
	for i := range b.runs + 1 {
		a, err := measure(ours, nil)
		if err != nil {
			return paired{}, err
		}
		t, err := measure(theirs, nil)
		if err != nil {
			return paired{}, err
		}
		if i == 0 {
			continue
		}
		for k, v := range [...]float64{a.cpu / max(t.cpu, 0.001), a.wall / t.wall, a.cpu, t.cpu, a.wall} {
			all[k] = append(all[k], v)
		}
	}
	return paired{median(all[0]), median(all[1]), median(all[2]), median(all[3]), median(all[4])}, nil
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}
