//go:build !linux

package live

import (
	"errors"
	"runtime"
	"time"

	"github.com/auditscan/auditscan/container"
)

// Tracker needs Linux.
type Tracker struct{}

// NewTracker returns an error: only Linux has what it needs.
func NewTracker(names *Resolver, learned func(container.Process)) (*Tracker, error) {
	return nil, errors.New("follow containers: needs Linux, this is " + runtime.GOOS + " (use a pid map saved on the host)")
}

// List returns an error: only Linux has containers.
func List(names *Resolver) ([]container.Process, error) {
	return nil, errors.New("list containers: needs Linux, this is " + runtime.GOOS)
}

// Limits returns nil.
func (t *Tracker) Limits() []Limit { return nil }

// Problems returns nil.
func (t *Tracker) Problems() []container.Problem { return nil }

// Close does nothing.
func (t *Tracker) Close() error { return nil }

// Attribute knows no container.
func (t *Tracker) Attribute(pid int32, at time.Time) (id *container.Identity, settled bool) {
	return nil, true
}

// answer knows no container.
func (t *Tracker) answer(pid int32, at time.Time) answer { return answer{settled: true} }

// cgroupOf knows no container.
func cgroupOf(int32) container.Ref { return container.Ref{} }

// freshFor is for how long an answer is good.
const freshFor = 10 * time.Millisecond
