package profile_test

import (
	"slices"
	"testing"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// discover makes the profile of a run of ten seconds, in which calls were seen
// first after so many milliseconds.
func discover(t *testing.T, firsts map[string]aggregate.Millis) *profile.Discovery {
	t.Helper()
	const start = aggregate.Millis(1e12)
	s := summary("app")
	for name, first := range firsts {
		c := call(t, x86_64, name, syscalltable.ActionLog, 2)
		c.First, c.Last = (start + first).Instant(), (start + first).Instant()
		if name == "read" {
			c.Last = (start + 10_000).Instant()
		}
		s.Groups[0].Calls = append(s.Groups[0].Calls, c)
	}
	return build(t, s, profile.Options{}).Discovery(s)
}

func TestDiscovery(t *testing.T) {
	tests := []struct {
		name   string
		firsts map[string]aggregate.Millis
		ending profile.Ending
		names  []string
		share  float64
	}{
		{"all at its start", map[string]aggregate.Millis{"read": 0, "write": 10}, profile.EndedQuiet, []string{"write"}, 0.05},
		{"nothing in the last tenth", map[string]aggregate.Millis{"read": 0, "write": 8999}, profile.EndedQuiet, []string{"write"}, 0.1},
		{"at its start and its end", map[string]aggregate.Millis{"read": 0, "unlink": 10_000, "kill": 10_000, "write": 3_900}, profile.EndedClosing, []string{"kill", "unlink"}, 0.15},
		{"on and on", map[string]aggregate.Millis{"read": 0, "write": 6_000, "open": 10_000}, profile.EndedLearning, []string{"open"}, 0.15},
	}
	for _, tt := range tests {
		d := discover(t, tt.firsts)
		if d.Ending() != tt.ending || !slices.Equal(d.Names, tt.names) || d.Share() != tt.share || d.Last-d.First != 10_000 {
			t.Errorf("%s: %s %v %v: %+v", tt.name, d.Ending(), d.Names, d.Share(), d)
		}
		known := d.Known()
		if !slices.IsSorted(known) || known[len(known)-1] != 1 {
			t.Errorf("%s: known %v", tt.name, known)
		}
	}
}

// A program that has made all its calls in an instant has not been seen at work.
func TestDiscoveryShort(t *testing.T) {
	d := discover(t, map[string]aggregate.Millis{"write": 0, "open": 0})
	if d.Ending() != profile.EndedBrief || d.Share() != 0.05 || d.Last != d.First {
		t.Errorf("%s: %+v", d.Ending(), d)
	}
}

// Nothing is told of when calls came where that is not known.
func TestDiscoveryUnknown(t *testing.T) {
	timed := func() *aggregate.Summary {
		s := summary("app", logged(t, "read", "write")...)
		for i := range s.Groups[0].Calls {
			s.Groups[0].Calls[i].Widen(1e12, 1e12+5)
		}
		return s
	}
	base := named(t, "base.json", `{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["bpf"], "action": "SCMP_ACT_ALLOW"}]}`)
	half := timed()
	half.Groups[0].Calls[1].First = aggregate.Instant{}
	for name, tt := range map[string]struct {
		s     *aggregate.Summary
		base  *profile.Document
		known bool
	}{
		"known":           {timed(), nil, true},
		"without a time":  {half, nil, false},
		"of several runs": {aggregate.Merge(timed(), timed()), nil, false},
		"with a base":     {timed(), base, false},
	} {
		if d := build(t, tt.s, profile.Options{Base: tt.base}).Discovery(tt.s); (d != nil) != tt.known {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func TestTimedSiblings(t *testing.T) {
	tests := []struct {
		name          string
		calls         []string
		options       profile.Options
		seen, lacking []string
	}{
		{"none", []string{"read"}, profile.Options{}, nil, nil},
		{"one of two families", []string{"epoll_wait", "nanosleep", "read"}, profile.Options{Exact: true},
			[]string{"epoll_wait", "nanosleep"}, []string{"epoll_pwait", "epoll_pwait2", "clock_nanosleep"}},
		{"all of a family", []string{"epoll_wait", "epoll_pwait", "epoll_pwait2"}, profile.Options{}, nil, nil},
		{"allowed", []string{"poll"}, profile.Options{Variants: true}, nil, nil},
	}
	for _, tt := range tests {
		seen, lacking := build(t, summary("app", logged(t, tt.calls...)...), tt.options).TimedSiblings()
		if !slices.Equal(seen, tt.seen) || !slices.Equal(lacking, tt.lacking) {
			t.Errorf("%s: %v, %v, want %v, %v", tt.name, seen, lacking, tt.seen, tt.lacking)
		}
	}
}
