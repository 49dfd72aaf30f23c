package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/pipeline"
)

// attribution finds the containers of live records.
type attribution struct {
	names   *live.Resolver
	tracker *live.Tracker // nil: this system has none
	saved   *live.MapWriter
	failed  chan error // what the map's writer said first
	// sayLimits tells what may keep containers from being found, when there
	// is the first record that they could be found for: a saved log has none.
	sayLimits func()
}

// resolver finds the names of this host's containers.
func (f *followFlags) resolver() (*live.Resolver, error) {
	names, err := live.NewResolver(f.root)
	if err != nil {
		return nil, fmt.Errorf("--root: %w", err)
	}
	return names, nil
}

// attribution begins to watch this host's processes.
func (f *followFlags) attribution(ctx context.Context, env *environment, names *live.Resolver) (*attribution, error) {
	a := &attribution{names: names, failed: make(chan error, 1)}
	if runtime.GOOS != "linux" {
		return a, nil
	}
	var err error
	if f.pidmap != "" {
		var bad []container.Problem
		if a.saved, bad, err = live.OpenMap(ctx, f.pidmap); err != nil {
			return nil, err
		}
		sayProblems(env, bad)
	}
	if a.tracker, err = live.NewTracker(a.names, a.learned); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.sayLimits = sync.OnceFunc(func() {
		for _, limit := range a.tracker.Limits() {
			env.notef("containers: %s", limit)
		}
	})
	if a.saved != nil { // which is for records that come to others
		a.sayLimits()
	}
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

// ask attributes a record; see live.Hold.
func (a *attribution) ask(pid int32, at time.Time) (id *container.Identity, settled bool) {
	if a.tracker == nil {
		return nil, true
	}
	return a.tracker.Attribute(pid, at)
}

// holdFresh is how old a record may be for more to be learned of its process:
// what is read from an old log waits for nothing.
const holdFresh = 2 * time.Second

// find returns the function of a pipeline that finds the containers of live
// records.
func (a *attribution) find() pipeline.Find {
	if a.tracker == nil {
		return func(int32, int64, int64) (*container.Identity, bool) { return nil, true }
	}
	tracker := live.NewAsker(a.tracker)
	return func(pid int32, at, now int64) (*container.Identity, bool) {
		fresh := now-at <= holdFresh.Milliseconds()
		if fresh {
			a.sayLimits()
		}
		id, settled := tracker.Attribute(pid, at, now)
		return id, settled || !fresh
	}
}

func (a *attribution) close() (err error) {
	if a.tracker != nil {
		err = a.tracker.Close()
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
	all := append(a.tracker.Problems(), a.names.Problems()...)
	if a.saved != nil {
		all = append(all, a.saved.Problems()...)
	}
	return all
}

// sayProblems tells what was left out.
func sayProblems(env *environment, problems []container.Problem) {
	for _, p := range problems {
		env.notef("left out: %s", p)
	}
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
			if g := &s.Groups[i]; key.OfContainer() && g.Value(key) == "" {
				records = aggregate.Plus(records, g.Records)
			}
		}
		if records > 0 {
			env.notef("records without %s: %d%s", key, records, inParentheses(f.pidmapAdvice()))
		}
	}
}

// pidmapAdvice says what attributes the records of a saved log.
func (f *readFlags) pidmapAdvice() string {
	if f.pidmap != "" || f.quiet {
		return ""
	}
	return "a log has process ids only; --pidmap FILE takes what follow --pidmap FILE saved"
}

// inParentheses puts advice, if there is any, behind a sentence.
func inParentheses(advice string) string {
	if advice == "" {
		return ""
	}
	return " (" + advice + ")"
}

// savedContainers returns the function of a pipeline that finds the containers
// of saved records by a pid map; nil if there is none.
func savedContainers(ctx context.Context, env *environment, path string) (func() pipeline.Find, error) {
	if path == "" {
		return nil, nil
	}
	m, bad, err := live.ReadMap(ctx, path)
	if err != nil {
		return nil, err
	}
	sayProblems(env, bad)
	find := func(pid int32, at, _ int64) (*container.Identity, bool) {
		id, _ := m.Lookup(pid, time.UnixMilli(at))
		return id, true
	}
	return func() pipeline.Find { return find }, nil
}
