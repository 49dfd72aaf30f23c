package source

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

var hammer = flag.String("hammer", "short", `how long TestHammer takes: "short", a second for each kind of rotation, or "long", a minute`)

const hammerRate = 20_000 // lines a second

// hammerCase is one way of rotating under load.
type hammerCase struct {
	name   string
	rotate func(*hammered) error
	slow   time.Duration // what the reader waits after each chunk
	kill   bool          // the reader is killed and started again as well
	atRisk bool          // lines between two steps of the rotation may be lost
}

func hammerCases() []hammerCase {
	return []hammerCase{
		{name: "rename and reopen", rotate: (*hammered).renameReopen},
		{name: "create, HUP after 100 ms", rotate: func(h *hammered) error { return h.renameHUP(100*time.Millisecond, true) }},
		{name: "create, HUP after 1 s", rotate: func(h *hammered) error { return h.renameHUP(time.Second, true) }},
		{name: "no create until HUP", rotate: func(h *hammered) error { return h.renameHUP(100*time.Millisecond, false) }},
		{name: "copytruncate", rotate: (*hammered).copyTruncate, atRisk: true},
		{name: "unlink and recreate", rotate: func(h *hammered) error { return errors.Join(os.Remove(h.path), h.reopen()) }},
		{name: "replace by rename", rotate: (*hammered).replace},
		{name: "symlink switch", rotate: (*hammered).switchLink},
		{name: "rename, slow reader", rotate: (*hammered).renameReopen, slow: 30 * time.Millisecond},
		{name: "rename, reader killed", rotate: (*hammered).renameReopen, kill: true},
	}
}

// TestHammer writes without a pause through rotations of each kind. The long
// form writes for a minute through 30 of them.
func TestHammer(t *testing.T) {
	duration, rotations := time.Second, 4
	if *hammer == "long" {
		duration, rotations = time.Minute, 30
	}
	for _, c := range hammerCases() {
		t.Run(c.name, func(t *testing.T) {
			h := newHammered(t, c)
			h.run(duration, rotations)
			h.check()
		})
	}
}

// hammered is a log with a writer that is not to be held up, and its reader.
type hammered struct {
	t       *testing.T
	c       hammerCase
	path    string
	file    atomic.Pointer[os.File] // the writer's
	written atomic.Int64            // lines
	links   int
	risks   [][2]int64 // lines that a rotation may have lost

	seen  []int64 // in the order of reading
	notes []Note
}

func newHammered(t *testing.T, c hammerCase) *hammered {
	h := &hammered{t: t, c: c, path: logPath(t)}
	if c.name == "symlink switch" {
		must(t, h.switchLink())
	} else {
		must(t, h.reopen())
	}
	return h
}

func (h *hammered) reopen() error {
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	h.file.Store(f) // the old one is left open: a write may be in progress
	return nil
}

func (h *hammered) rename() error {
	shiftNumbered(h.t, h.path, 50)
	return os.Rename(h.path, h.path+".1")
}

func (h *hammered) renameReopen() error { return errors.Join(h.rename(), h.reopen()) }

func (h *hammered) renameHUP(delay time.Duration, create bool) error {
	if err := h.rename(); err != nil {
		return err
	}
	if create {
		if err := os.WriteFile(h.path, nil, 0o600); err != nil {
			return err
		}
	}
	time.Sleep(delay) // rsyslog's, not the test's
	return h.reopen()
}

func (h *hammered) copyTruncate() error {
	shiftNumbered(h.t, h.path, 50)
	first := h.written.Load()
	data, err := os.ReadFile(h.path)
	if err == nil {
		err = os.WriteFile(h.path+".1", data, 0o600)
	}
	if err == nil {
		err = os.Truncate(h.path, 0)
	}
	h.risks = append(h.risks, [2]int64{first, h.written.Load() + 1})
	return err
}

func (h *hammered) replace() error {
	return errors.Join(os.WriteFile(h.path+"~", nil, 0o600), os.Rename(h.path+"~", h.path), h.reopen())
}

func (h *hammered) switchLink() error {
	h.links++
	target := "target" + strconv.Itoa(h.links)
	return errors.Join(os.WriteFile(filepath.Join(filepath.Dir(h.path), target), nil, 0o600),
		os.Symlink(target, h.path+"~"), os.Rename(h.path+"~", h.path), h.reopen())
}

// run writes, rotates and reads at the same time until all is read.
func (h *hammered) run(duration time.Duration, rotations int) {
	written, rotated := make(chan error, 1), make(chan error, 1)
	stop := make(chan struct{})
	go func() { written <- h.write(stop) }()
	go func() { rotated <- h.rotate(duration, rotations, stop) }()
	all := make(chan struct{})
	go func() {
		if err := errors.Join(<-rotated, <-written); err != nil {
			h.t.Error(err)
		}
		close(all)
	}()
	h.read(all)
}

// rotate spreads the rotations over the duration.
func (h *hammered) rotate(duration time.Duration, n int, stop chan<- struct{}) error {
	defer close(stop)
	tick := time.NewTicker(duration / time.Duration(n+1))
	defer tick.Stop()
	for range n {
		<-tick.C
		if err := h.c.rotate(h); err != nil {
			return err
		}
	}
	<-tick.C
	return nil
}

// write writes line after line, each with its own write, at hammerRate.
func (h *hammered) write(stop <-chan struct{}) error {
	const perTick = hammerRate / 500
	tick := time.NewTicker(time.Second / 500)
	defer tick.Stop()
	line := append(bytes.Repeat([]byte("x"), 250), '\n')
	for {
		select {
		case <-stop:
			return nil
		case <-tick.C:
		}
		for range perTick {
			copy(line, fmt.Appendf(nil, "%012d ", h.written.Load()))
			if _, err := h.file.Load().Write(line); err != nil {
				return err
			}
			h.written.Add(1)
		}
	}
}

// read reads while lines are written, and then until the last has come.
func (h *hammered) read(all <-chan struct{}) {
	f, err := Follow(h.path, FollowOptions{FromStart: true})
	must(h.t, err)
	writing, cancel := context.WithCancel(h.t.Context())
	go func() { <-all; cancel() }()
	f = h.readWhile(writing, f)
	rest, cancel := context.WithTimeout(h.t.Context(), 20*time.Second)
	defer cancel()
	for h.lastSeen() < h.written.Load()-1 {
		c, err := f.Next(rest)
		if err != nil {
			h.t.Errorf("the last line did not come: %v", err)
			break
		}
		h.keep(c)
	}
	must(h.t, f.Close())
}

// readWhile reads as the case wants it, and returns the reader that it ends
// with.
func (h *hammered) readWhile(ctx context.Context, f *Follower) *Follower {
	killed := time.Now()
	for {
		c, err := f.Next(ctx)
		if err != nil {
			return f
		}
		h.keep(c)
		time.Sleep(h.c.slow)
		if h.c.kill && time.Since(killed) > 300*time.Millisecond {
			f, killed = h.killReader(f), time.Now()
		}
	}
}

func (h *hammered) lastSeen() int64 {
	if len(h.seen) == 0 {
		return -1
	}
	return h.seen[len(h.seen)-1]
}

// killReader starts a new reader from the state of the old one, after which
// this one has read on for nothing.
func (h *hammered) killReader(f *Follower) *Follower {
	state, seen := f.Positions(), len(h.seen)
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Millisecond)
	defer cancel()
	for {
		c, err := f.Next(ctx)
		if err != nil {
			break
		}
		h.keep(c)
	}
	h.seen = h.seen[:seen]
	must(h.t, f.Close())
	f, err := Follow(h.path, FollowOptions{Resume: state})
	must(h.t, err)
	return f
}

func (h *hammered) keep(c Chunk) {
	h.notes = append(h.notes, c.Notes...)
	for line := range bytes.Lines(c.Lines) {
		n, err := strconv.ParseInt(string(line[:12]), 10, 64)
		if err != nil || len(line) != 251 {
			h.t.Fatalf("not a line that was written: %.40q", line)
		}
		h.seen = append(h.seen, n)
	}
}

// check counts what is missing, doubled and out of order.
func (h *hammered) check() {
	n := h.written.Load()
	count := make([]int, n+1)
	disorder := 0
	for i, line := range h.seen {
		count[line]++
		if i > 0 && h.seen[i-1] > line {
			disorder++
		}
	}
	lost, risked, doubled := 0, 0, 0
	for line, k := range count[:n] {
		switch {
		case k > 1:
			doubled += k - 1
		case k == 0 && h.wasAtRisk(int64(line)):
			risked++
		case k == 0:
			lost++
		}
	}
	h.t.Logf("%d lines, %d lost, %d doubled, %d out of order, %d lost in the moment of copying", n, lost, doubled, disorder, risked)
	if lost > 0 || doubled > 0 || disorder > 0 {
		h.t.Error("every line should come once, in its order")
	}
	told := slices.ContainsFunc(h.notes, func(n Note) bool { return n.Kind == RotationGap })
	if told != h.c.atRisk {
		h.t.Errorf("a possible loss is told: %v, want %v (%+v)", told, h.c.atRisk, h.notes)
	}
}

func (h *hammered) wasAtRisk(line int64) bool {
	return slices.ContainsFunc(h.risks, func(r [2]int64) bool { return r[0] <= line && line <= r[1] })
}
