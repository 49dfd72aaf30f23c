package profile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/syscalltable"
)

// ErrNothingDenied is returned where a deny-list would be empty.
var ErrNothingDenied = errors.New("no call to deny")

// BuildDenyList makes a profile that refuses what a filter refused in the
// summary, and the named calls, and lets everything else run, on every
// architecture of the host: a starting point, for what is not thought of is
// allowed. What answers a call is Options.DefaultAction and Errno; the other
// options do not count. Left are refused calls that have no name.
func BuildDenyList(s *aggregate.Summary, names []string, o Options) (d *Document, left []Unresolved, err error) {
	if err := o.Check(); err != nil {
		return nil, nil, err
	}
	refuse := Options{DefaultAction: o.DefaultAction, Errno: o.Errno}.outcome()
	if refuse.Effect() == Runs {
		return nil, nil, fmt.Errorf("%s refuses nothing: a deny-list needs errno, kill_process, kill_thread or trap", refuse)
	}
	known := knownNames()
	for _, name := range names {
		if !known[name] {
			return nil, nil, fmt.Errorf("unknown system call %q (in no table of %s)", name, syscalltable.KernelVersion)
		}
	}
	d = &Document{Name: "the deny-list", Default: Outcome{Action: syscalltable.ActionAllow}}
	all := slices.Clone(names)
	for _, c := range observe(s).Denied {
		if c.Name != "" {
			all = append(all, c.Name)
			continue
		}
		left = append(left, Unresolved{c.Arch, c.NR, c.Folded, c.Records, unwritable(callKey{arch: c.Arch}, c.Name)})
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%w: none was denied in the log, and none is named", ErrNothingDenied)
	}
	for _, name := range all {
		d.addRules(name, []Rule{{Outcome: refuse}})
	}
	d.Architectures = denyArches(s)
	d.sort()
	return d, left, nil
}

// denyArches returns the architectures of the hosts that are in the summary,
// or of this one; a filter kills calls of any other.
func denyArches(s *aggregate.Summary) []syscalltable.Arch {
	var list []syscalltable.Arch
	for key := range sumCalls(s) {
		if key.arch.SCMP() != "" && !slices.Contains(list, key.arch) {
			list = append(list, family(key.arch)...)
		}
	}
	if list == nil {
		list = family(thisHost())
	}
	return sortedArches(list)
}
