package aggregate

import (
	"slices"
	"strings"
	"time"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/syscalltable"
)

// Filter selects the records that count. Each field is a list of alternatives;
// an empty list passes everything. In names, '*' stands for any text.
type Filter struct {
	Comm, Exe, Subj, Container, Pod, Namespace []string
	PID                                        []int32
	Arch                                       []syscalltable.Arch
	Action                                     []syscalltable.Action
	Syscall                                    []string
	Since, Until                               time.Time // zero: no limit; Until is exclusive
	// Text is the filter as the user wrote it, for a summary to show.
	Text string
	// KeepSubj has groups told apart by their subj, too. Most records of a
	// program have the same.
	KeepSubj bool
}

// Selection describes what the filter selected; leftOut is the number of
// records that did not pass. It is nil for a filter that was not given.
func (f *Filter) Selection(leftOut int64) *Selection {
	if f == nil || f.Text == "" && leftOut == 0 {
		return nil
	}
	return &Selection{f.Text, leftOut}
}

// NeedsSubj reports whether groups have to be told apart by their subj.
func (f *Filter) NeedsSubj() bool { return f != nil && (f.KeepSubj || len(f.Subj) > 0) }

// MatchesGroup reports whether the records of a group pass, judged by its keys.
// A nil filter passes all. A group that has many values of a key that is asked
// for does not pass.
func (f *Filter) MatchesGroup(g *Group) bool {
	if f == nil {
		return true
	}
	if g.Folded != 0 && g.Folded&f.keys() != 0 {
		return false
	}
	if !matches(f.Comm, g.Comm) || !matches(f.Exe, g.Exe) || !matches(f.Subj, g.Subj) || len(f.PID) > 0 && !slices.Contains(f.PID, g.PID) {
		return false
	}
	if len(f.Container)+len(f.Pod)+len(f.Namespace) == 0 {
		return true
	}
	id := g.Container
	if id == nil {
		return false
	}
	return f.container(id) && matches(f.Pod, id.Pod) && matches(f.Namespace, id.Namespace)
}

// keys are the keys that the filter asks about.
func (f *Filter) keys() (asked KeySet) {
	for _, c := range [...]struct {
		key   Key
		asked int
	}{{ByComm, len(f.Comm)}, {ByExe, len(f.Exe)}, {BySubj, len(f.Subj)}, {ByPID, len(f.PID)},
		{ByContainer, len(f.Container)}, {ByPod, len(f.Pod)}, {ByNamespace, len(f.Namespace)}} {
		if c.asked > 0 {
			asked |= SetOf(c.key)
		}
	}
	return asked
}

// without returns the filter that asks nothing about some keys.
func (f *Filter) without(keys KeySet) *Filter {
	rest := *f
	for key, list := range map[Key]*[]string{
		ByComm: &rest.Comm, ByExe: &rest.Exe, BySubj: &rest.Subj, ByContainer: &rest.Container, ByPod: &rest.Pod, ByNamespace: &rest.Namespace,
	} {
		if keys.Has(key) {
			*list = nil
		}
	}
	if keys.Has(ByPID) {
		rest.PID = nil
	}
	return &rest
}

// Unattributed reports whether records of a group are left out only because
// their container is unknown, or because the group has many values of a key, so
// that they may belong to what is asked for.
func (f *Filter) Unattributed(g *Group) bool {
	if f == nil {
		return false
	}
	unknown := g.Folded
	if g.Container == nil {
		unknown |= SetOf(ByContainer, ByPod, ByNamespace)
	}
	unknown &= f.keys()
	if unknown == 0 {
		return false
	}
	rest := *g
	rest.Folded &^= unknown
	return f.without(unknown).MatchesGroup(&rest)
}

// container matches by name, or by id or its start as the runtimes allow.
func (f *Filter) container(id *container.Identity) bool {
	return matches(f.Container, id.Name) || matches(f.Container, id.ID) ||
		slices.ContainsFunc(f.Container, func(want string) bool { return len(want) >= 8 && strings.HasPrefix(id.ID, want) })
}

// MatchesCall reports whether a call of the given name passes; name is "" where
// it has none.
func (f *Filter) MatchesCall(arch syscalltable.Arch, action syscalltable.Action, name string) bool {
	if f == nil {
		return true
	}
	return (len(f.Arch) == 0 || slices.Contains(f.Arch, arch)) &&
		(len(f.Action) == 0 || slices.Contains(f.Action, action)) &&
		matches(f.Syscall, name)
}

// MatchesTime reports whether a record with this time passes. One without a
// time passes only if the filter has no limits of time.
func (f *Filter) MatchesTime(m Millis) bool {
	if f == nil || f.Since.IsZero() && f.Until.IsZero() {
		return true
	}
	return m != 0 &&
		(f.Since.IsZero() || m >= Millis(f.Since.UnixMilli())) &&
		(f.Until.IsZero() || m < Millis(f.Until.UnixMilli()))
}

// Apply returns the part of a summary that passes. A call has only its first
// and last time: it passes if it may have been made within the limits.
func (f *Filter) Apply(s *Summary) *Summary {
	out := *s
	out.Groups = nil
	var unattributed, folded int64
	for _, g := range s.Groups {
		passes := f.MatchesGroup(&g)
		if !passes && !f.Unattributed(&g) {
			continue
		}
		g.Calls = slices.DeleteFunc(slices.Clone(g.Calls), func(c Call) bool {
			return !f.MatchesCall(c.Arch, c.Action, c.Name()) || !f.overlaps(c)
		})
		if !passes {
			g.Recount()
			if g.Folded&f.keys() != 0 {
				folded = Plus(folded, g.Records)
			} else {
				unattributed = Plus(unattributed, g.Records)
			}
			continue
		}
		if len(g.Calls) > 0 {
			g.Recount()
			out.Groups = append(out.Groups, g)
		}
	}
	out.Retotal()
	out.Selected = s.Selected.merge(f.Selection(s.Totals.Records - out.Totals.Records))
	if unattributed > 0 {
		out.Completeness.add(UnattributedEvidence(unattributed, ""))
	}
	if folded > 0 {
		out.Completeness.add(foldedEvidence(folded))
	}
	if out.Totals.Records != s.Totals.Records {
		out.Runs = nil // who made a call in which run is not known
	}
	return &out
}

func (f *Filter) overlaps(c Call) bool {
	if f == nil {
		return true
	}
	first, last := c.First.Time(), c.Last.Time()
	return (f.Since.IsZero() || !last.IsZero() && !last.Before(f.Since)) &&
		(f.Until.IsZero() || !first.IsZero() && first.Before(f.Until))
}

// matches reports whether s is one of the patterns; an empty list is no limit.
func matches(patterns []string, s string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool { return match(p, s) })
}

// match reports whether s matches a pattern, in which '*' stands for any text.
func match(pattern, s string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == s
	}
	if !strings.HasPrefix(s, head) {
		return false
	}
	s = s[len(head):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}
