package profile

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/auditscan/auditscan/syscalltable"
)

// A Start reports whether a runtime starts containers under a policy: it loads the
// filter first, and goes on under it until the program runs.
type Start struct {
	Runtime         Runtime
	Versions        []string // of the runtime, which all come to the same
	NoNewPrivileges bool
	// Lacks are the calls that were made in every start that was measured, and
	// that the policy denies; Rare those that were made in some.
	Lacks, Rare []string
}

// String says with which runtime, and what lacks.
func (s Start) String() string {
	nnp := "without no_new_privs"
	if s.NoNewPrivileges {
		nnp = "with no_new_privs"
	}
	text := fmt.Sprintf("%s %s %s", s.Runtime, strings.Join(s.Versions, ", "), nnp)
	if len(s.Lacks) > 0 {
		text += " lacks " + strings.Join(s.Lacks, " ")
	}
	if len(s.Rare) > 0 {
		text += ", and in some starts " + strings.Join(s.Rare, " ")
	}
	return text
}

// Starts tells for each runtime that was measured whether containers start under
// the policy; nothing for a form that these do not read. The measurements are of
// x86_64; calls that the host's architecture does not have are left out.
func (p *Policy) Starts() ([]Start, error) {
	if p.direct {
		return nil, nil
	}
	lists, err := readStartupLists()
	if err != nil {
		return nil, err
	}
	var starts []Start
	for _, mode := range []string{"true", "false"} {
		for _, l := range lists {
			if !strings.HasPrefix(l.Source, "measured") {
				continue
			}
			s := p.start(l, mode)
			same := func(other Start) bool {
				return other.Runtime == s.Runtime && other.NoNewPrivileges == s.NoNewPrivileges && slices.Equal(other.Lacks, s.Lacks) && slices.Equal(other.Rare, s.Rare)
			}
			if i := slices.IndexFunc(starts, same); i >= 0 {
				starts[i].Versions = append(starts[i].Versions, s.Versions...)
			} else {
				starts = append(starts, s)
			}
		}
	}
	return starts, nil
}

// NeverStarts returns those of the starts that lack calls and whose runtime
// lacks some in the other mode, too: a profile that is made for starts with
// no_new_privs alone is none of these.
func NeverStarts(starts []Start) []Start {
	return slices.DeleteFunc(slices.Clone(starts), func(s Start) bool {
		return len(s.Lacks) == 0 || slices.ContainsFunc(starts, func(other Start) bool {
			return other.Runtime == s.Runtime && other.NoNewPrivileges != s.NoNewPrivileges && len(other.Lacks) == 0
		})
	})
}

// start judges one version of a runtime.
func (p *Policy) start(l startupList, mode string) Start {
	s := Start{Runtime: l.Runtime, Versions: []string{l.Version}, NoNewPrivileges: mode == "true"}
	measured := l.NoNewPrivileges[mode]
	for _, name := range slices.Sorted(maps.Keys(measured.Calls)) {
		nr, ok := p.Env.Arch.Number(name)
		if !ok || p.Answer(p.Env.Arch, nr).Effect() != Denies {
			continue
		}
		if measured.Calls[name] == measured.Starts {
			s.Lacks = append(s.Lacks, name)
		} else {
			s.Rare = append(s.Rare, name)
		}
	}
	return s
}

// startupOfBase chooses the start-up calls where the log shows no runtime but a
// profile is built on another: those of the runtime that the base is made for, so
// that it stays as tight as it is, or of every known one; without no_new_privs
// only if the base is not made for starts with it alone.
func startupOfBase(lists []startupList, base *Document) (*startup, error) {
	p, err := base.Evaluate(Environment{Arch: base.host(), Caps: DefaultCaps()})
	if err != nil {
		return nil, err
	}
	starts, err := p.Starts()
	if err != nil {
		return nil, err
	}
	fits := func(nnp bool) bool {
		return slices.ContainsFunc(starts, func(s Start) bool {
			return s.Runtime == RuntimeRunc && s.NoNewPrivileges == nnp && len(s.Lacks) == 0
		})
	}
	modes, how := []string{"true", "false"}, "with and without no_new_privs"
	if fits(true) && !fits(false) {
		modes, how = modes[:1], "with no_new_privs, as "+base.Name+" has it"
	}
	whose := "every known runtime"
	if runtime := madeFor(starts); runtime != RuntimeNone {
		whose = fmt.Sprintf("%s, for which %s is made,", runtime, base.Name)
		lists = slices.DeleteFunc(slices.Clone(lists), func(l startupList) bool { return l.Runtime != runtime })
	}
	st := collect(lists, modes...)
	st.why = fmt.Sprintf("no runtime's start-up is in the log: that of %s was added, %s", whose, how)
	return st, nil
}

// madeFor returns the runtime that the starts under a profile show it to be
// made for: all of its versions start, and never lack a call. RuntimeNone: there
// is none. That crun starts with no_new_privs shows nothing, as it needs no more
// then than to start the program.
func madeFor(starts []Start) Runtime {
	for _, c := range []struct {
		runtime         Runtime
		noNewPrivileges bool
	}{{RuntimeRunc, false}, {RuntimeCrun, false}, {RuntimeRunc, true}} {
		if !slices.ContainsFunc(starts, func(s Start) bool {
			return s.Runtime == c.runtime && s.NoNewPrivileges == c.noNewPrivileges && len(s.Lacks)+len(s.Rare) > 0
		}) {
			return c.runtime
		}
	}
	return RuntimeNone
}

// host returns the architecture of the hosts that a document is for: that of
// its first architecture.
func (d *Document) host() syscalltable.Arch {
	arches := d.allArches()
	if len(arches) == 0 {
		return syscalltable.X86_64
	}
	return cmp.Or(host64(arches[0]), arches[0])
}

// WriteRuntimes writes what is known of runtimes: which calls each version makes
// between loading the filter and starting the program, in how many of how many
// starts, and where that is from.
func WriteRuntimes(w io.Writer) error {
	lists, err := readStartupLists()
	if err != nil {
		return err
	}
	for _, l := range lists {
		for _, mode := range []string{"true", "false"} {
			m := l.NoNewPrivileges[mode]
			var calls []string
			for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
				text := name
				if n := m.Calls[name]; n < m.Starts {
					text = fmt.Sprintf("%s(%d)", name, n)
				}
				calls = append(calls, text)
			}
			if _, err := fmt.Fprintf(w, "%s, in %d starts on %s (%s)\n  %s\n", Start{Runtime: l.Runtime, Versions: []string{l.Version}, NoNewPrivileges: mode == "true"},
				m.Starts, l.Host, l.Source, strings.Join(calls, " ")); err != nil {
				return err
			}
		}
	}
	return nil
}
