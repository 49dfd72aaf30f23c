package main

import (
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/profile"
)

// sayStarts tells which runtimes start no container under the policy at all.
func sayStarts(env *environment, p *profile.Policy) error {
	starts, err := p.Starts()
	for _, line := range profile.DescribeStarts(profile.NeverStarts(starts)) {
		env.notef("%s: %s", p.Name, line)
	}
	return err
}

// sayAllStarts tells with which runtimes containers start under the policy, and
// with which they do not.
func sayAllStarts(env *environment, p *profile.Policy) error {
	starts, err := p.Starts()
	for _, line := range profile.DescribeStarts(starts) {
		env.notef("%s: %s", p.Name, line)
	}
	return err
}

// sayStarts tells which runtimes start containers under the profile that was made,
// unless it is for something else than containers.
func (f *profileFlags) sayStarts(env *environment, d *profile.Document) error {
	if f.quiet || f.runtime == string(profile.RuntimeNone) || slices.Contains([]profile.Format{profile.FormatSystemd, profile.FormatMinijail}, profile.Format(f.format)) {
		return nil
	}
	starts, err := d.Starts()
	never := profile.NeverStarts(starts)
	fine := slices.DeleteFunc(starts, func(s profile.Start) bool { return s.Fails() })
	for _, line := range profile.DescribeStarts(append(fine, never...)) {
		env.notef("%s", line)
	}
	return err
}

// sayNoContainer tells that a profile is for no container: one that was recorded
// outside of containers has nothing of what their runtimes do first.
func sayNoContainer(env *environment, d *profile.Document) error {
	starts, err := d.Starts()
	if never := profile.NeverStarts(starts); len(never) > 0 && len(never) == len(starts) {
		env.notef("%s: no container starts under it: `auditscan inspect` tells what lacks", d.Name)
	}
	return err
}

// countContainers returns of how many containers there are records.
func countContainers(s *aggregate.Summary) int {
	ids := map[string]bool{}
	for i := range s.Groups {
		if c := s.Groups[i].Container; c != nil {
			ids[c.ID] = true
		}
	}
	return len(ids)
}
