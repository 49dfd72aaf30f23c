package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/parser"
)

// attribution finds the containers of live records.
type attribution struct {
	names   *container.Resolver
	tracker *container.Tracker // nil: this system has none
	saved   *container.MapWriter
	failed  chan error // what the map's writer said first
	// sayLimits tells what may keep containers from being found, when there
	// is the first record that they could be found for: a saved log has none.
	sayLimits func()
}

// attribution begins to watch this host's processes.
func (f *followFlags) attribution(env *environment) (*attribution, error) {
	a := &attribution{failed: make(chan error, 1)}
	if runtime.GOOS != "linux" {
		return a, nil
	}
	var err error
	if f.pidmap != "" {
		var bad []container.Problem
		if a.saved, bad, err = container.OpenMap(f.pidmap); err != nil {
			return nil, err
		}
		sayProblems(env, bad)
	}
	if a.names, err = container.NewResolver(f.root); err != nil {
		return nil, errors.Join(fmt.Errorf("--root: %w", err), a.close())
	}
	if a.tracker, err = container.NewTracker(a.names, a.learned); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.sayLimits = sync.OnceFunc(func() {
		for _, limit := range a.tracker.Limits() {
			if !f.quiet {
				env.notef("containers: %s", limit)
			}
		}
	})
	return a, nil
}

// learned saves what the tracker has found out.
func (a *attribution) learned(p container.Process) {
	if a.saved == nil {
		return
	}
	if err := a.saved.Write(p); err != nil {
		select {
		case a.failed <- err:
		default:
		}
	}
}

// ask attributes a record; see container.Hold.
func (a *attribution) ask(pid int32, at time.Time) (id *container.Identity, settled bool) {
	if a.tracker == nil {
		return nil, true
	}
	return a.tracker.Attribute(pid, at)
}

// holdFresh is how old a record may be for more to be learned of its process:
// what is read from an old log waits for nothing.
const holdFresh = 2 * time.Second

// identify returns the function of a pipeline that attributes live records.
func (a *attribution) identify() func(r *parser.Record, now int64) (id *container.Identity, settled bool) {
	if a.tracker == nil {
		return func(*parser.Record, int64) (*container.Identity, bool) { return nil, true }
	}
	tracker := container.NewAsker(a.tracker)
	return func(r *parser.Record, now int64) (*container.Identity, bool) {
		at := r.Millis
		if !r.HasTime {
			at = now
		}
		fresh := now-at <= holdFresh.Milliseconds()
		if fresh {
			a.sayLimits()
		}
		id, settled := tracker.Attribute(r.PID, at, now)
		return id, settled || !fresh
	}
}

func (a *attribution) close() (err error) {
	if a.tracker != nil {
		err = a.tracker.Close()
	}
	if a.names != nil {
		err = errors.Join(err, a.names.Close())
	}
	if a.saved != nil {
		err = errors.Join(err, a.saved.Close())
	}
	select {
	case failed := <-a.failed:
		err = errors.Join(err, failed)
	default:
	}
	return err
}

// problems are what kept containers from being known, or named.
func (a *attribution) problems() []container.Problem {
	if a.tracker == nil {
		return nil
	}
	return append(a.tracker.Problems(), a.names.Problems()...)
}

// sayProblems tells what was left out.
func sayProblems(env *environment, problems []container.Problem) {
	for _, p := range problems {
		env.notef("left out: %s", p)
	}
}

// ofContainer reports whether a key's values are known by the container.
func ofContainer(key aggregate.Key) bool {
	return slices.Contains([]aggregate.Key{aggregate.ByContainer, aggregate.ByPod, aggregate.ByNamespace, aggregate.ByWorkload}, key)
}

// sayUnattributed counts the records of which nobody knows the container (or
// pod, namespace, workload), if that was asked for.
func (f *readFlags) sayUnattributed(env *environment, s *aggregate.Summary, by []aggregate.Key) {
	if by == nil && f.pidmap != "" {
		by = []aggregate.Key{aggregate.ByContainer}
	}
	for _, key := range by {
		var records int64
		for i := range s.Groups {
			if g := &s.Groups[i]; ofContainer(key) && g.Value(key) == "" {
				records = aggregate.Plus(records, g.Records)
			}
		}
		if records > 0 {
			env.notef("records without %s: %d%s", key, records, f.pidmapAdvice())
		}
	}
}

// pidmapAdvice says what attributes the records of a saved log.
func (f *readFlags) pidmapAdvice() string {
	if f.pidmap != "" || f.quiet {
		return ""
	}
	return " (a log has process ids only; --pidmap FILE takes what follow --pidmap FILE saved)"
}

// identify returns the function that attributes saved records by a pid map.
func identify(env *environment, path string) (func(*parser.Record) *container.Identity, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, bad, err := container.ReadMap(f, path)
	if err != nil {
		return nil, err
	}
	sayProblems(env, bad)
	return func(r *parser.Record) *container.Identity {
		id, _ := m.Lookup(r.PID, r.Time())
		return id
	}, nil
}
