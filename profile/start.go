package profile

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/syscalltable"
)

// A Start reports whether a runtime starts containers under a policy: it loads the
// filter first, and goes on under it until the program runs.
type Start struct {
	Runtime         Runtime
	Versions        []string // of the runtime, which all come to the same
	NoNewPrivileges bool
	// Lacks are the calls without which no start succeeded that was measured, and
	// that the policy denies; Rare those that were made in some of the starts.
	// Denied calls that a start does without are neither.
	Lacks, Rare []string
	// Unsure are calls that the policy answers as was not measured: by their
	// arguments, by asking a tracer or a supervisor, or with an error that is neither
	// EPERM nor ENOSYS.
	Unsure []string
	// Refuses are the flags of the profile for which the runtime takes none of it.
	Refuses []string
}

// Fails reports whether no start succeeds.
func (s Start) Fails() bool { return len(s.Lacks)+len(s.Refuses) > 0 }

// String names the runtime, its versions and how it starts containers.
func (s Start) String() string {
	mode := onlyWithout
	if s.NoNewPrivileges {
		mode = onlyWith
	}
	return fmt.Sprintf("%s %s %s", s.Runtime, strings.Join(s.Versions, ", "), mode)
}

// Starts tells for each runtime that was measured whether containers start under
// the policy; nothing for a form that these do not read. The measurements are of
// x86_64; calls that the host's architecture does not have are left out.
func (p *Policy) Starts() ([]Start, error) {
	if !p.ForRuntimes() {
		return nil, nil
	}
	lists, err := readStartupLists()
	if err != nil {
		return nil, err
	}
	slices.SortFunc(lists, func(a, b startupList) int {
		return cmp.Or(cmp.Compare(a.Runtime, b.Runtime), compareVersions(a.Version, b.Version))
	})
	var starts []Start
	for _, mode := range []string{"true", "false"} {
		for _, l := range lists {
			if strings.HasPrefix(l.Source, "measured") {
				starts = addStart(starts, p.start(l, mode))
			}
		}
	}
	return starts, nil
}

// addStart adds a start, to those of other versions where they come to the same.
func addStart(starts []Start, s Start) []Start {
	same := func(other Start) bool {
		return other.Runtime == s.Runtime && other.NoNewPrivileges == s.NoNewPrivileges && s.lacksAs(other)
	}
	i := slices.IndexFunc(starts, same)
	if i < 0 {
		return append(starts, s)
	}
	starts[i].Versions = append(starts[i].Versions, s.Versions...)
	return starts
}

// compareVersions orders versions such as 1.9 and 1.10+ds1 by their numbers.
func compareVersions(a, b string) int {
	numbers := func(version string) (list []int) {
		plain, _, _ := strings.Cut(version, "+")
		for part := range strings.SplitSeq(plain, ".") {
			n, _ := strconv.Atoi(part) // 0 where it is none
			list = append(list, n)
		}
		return list
	}
	return slices.Compare(numbers(a), numbers(b))
}

// equals reports whether two starts differ in no_new_privs alone.
func (s Start) equals(other Start) bool {
	return s.Runtime == other.Runtime && slices.Equal(s.Versions, other.Versions) && s.lacksAs(other)
}

// lacksAs reports whether another start fails for the same reasons.
func (s Start) lacksAs(other Start) bool {
	return slices.Equal(s.Lacks, other.Lacks) && slices.Equal(s.Rare, other.Rare) &&
		slices.Equal(s.Unsure, other.Unsure) && slices.Equal(s.Refuses, other.Refuses)
}

// Starts tells on a host that the document is for what [Policy.Starts] does.
func (d *Document) Starts() ([]Start, error) {
	p, err := d.Evaluate(Environment{Arch: d.host(), Caps: DefaultCaps()})
	if err != nil {
		return nil, err
	}
	return p.Starts()
}

// NeverStarts returns what lacks in starts of versions that lack something in the
// other mode, too: a profile that is made for starts with no_new_privs alone is
// none of these.
func NeverStarts(starts []Start) (never []Start) {
	for _, s := range starts {
		s.Versions = slices.DeleteFunc(slices.Clone(s.Versions), func(version string) bool {
			return slices.ContainsFunc(starts, func(other Start) bool {
				return other.Runtime == s.Runtime && other.NoNewPrivileges != s.NoNewPrivileges && !other.Fails() && slices.Contains(other.Versions, version)
			})
		})
		if s.Fails() && len(s.Versions) > 0 {
			never = append(never, s)
		}
	}
	return never
}

// start judges one version of a runtime.
func (p *Policy) start(l startupList, mode string) Start {
	version, _, _ := strings.Cut(l.Version, "+") // of what distributions add
	s := Start{Runtime: l.Runtime, Versions: []string{version}, NoNewPrivileges: mode == "true"}
	for _, flag := range l.RefusesFlags {
		if slices.Contains(p.settings.flags, flag) {
			s.Refuses = append(s.Refuses, flag)
		}
	}
	measured := l.NoNewPrivileges[mode]
	for _, name := range slices.Sorted(maps.Keys(measured.Calls)) {
		o, effect := p.effectOf(name)
		switch {
		case effect == Runs:
		case effect == Depends:
			s.Unsure = append(s.Unsure, name)
		case measured.Calls[name] < measured.Starts:
			s.Rare = append(s.Rare, name)
		case p.needs(measured, name, o):
			s.Lacks = append(s.Lacks, name)
		case o.Errno != EPERM && o.Errno != ENOSYS:
			s.Unsure = append(s.Unsure, name)
		}
	}
	return s
}

// effectOf returns what the policy makes of a call on its host, and how it does if
// that is certain. A call that the host does not have is in nobody's way.
func (p *Policy) effectOf(name string) (Outcome, Effect) {
	nr, ok := p.Env.Arch.Number(name)
	if !ok {
		return Outcome{}, Runs
	}
	a := p.Answer(p.Env.Arch, nr)
	return a.Possible[0], a.Effect()
}

// needs reports whether there is no start where a call that every start makes is
// denied so. What kills the caller ends it whatever it would have done.
func (p *Policy) needs(measured startupMode, name string, o Outcome) bool {
	if o.Action != syscalltable.ActionErrno {
		return true
	}
	errno := "EPERM"
	if o.Errno == ENOSYS {
		errno = "ENOSYS"
	}
	instead, needed := measured.Needs[errno][name]
	lacks := func(other string) bool { _, effect := p.effectOf(other); return effect == Denies }
	return needed && (len(instead) == 0 || slices.ContainsFunc(instead, lacks))
}

// startupOfBase chooses the start-up calls where the log shows no runtime but a
// profile is built on another: those of the runtime that the base is made for, so
// that it stays as tight as it is, or of every known one; without no_new_privs
// only if the base is not made for starts with it alone.
func startupOfBase(lists []startupList, base *Document) (*startup, error) {
	starts, err := base.Starts()
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
// made for: one of its versions starts, and never lacks a call. RuntimeNone: there
// is none. That crun starts with no_new_privs shows nothing, as it needs no more
// then than to start the program.
func madeFor(starts []Start) Runtime {
	for _, c := range []struct {
		runtime         Runtime
		noNewPrivileges bool
	}{{RuntimeRunc, false}, {RuntimeCrun, false}, {RuntimeRunc, true}} {
		if slices.ContainsFunc(starts, func(s Start) bool {
			return s.Runtime == c.runtime && s.NoNewPrivileges == c.noNewPrivileges && len(s.Lacks)+len(s.Rare) == 0
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
// starts, which of them it cannot do without, and where that is from.
func WriteRuntimes(w io.Writer) error {
	lists, err := readStartupLists()
	if err != nil {
		return err
	}
	for _, l := range lists {
		for _, mode := range []string{"true", "false"} {
			m := l.NoNewPrivileges[mode]
			who := Start{Runtime: l.Runtime, Versions: []string{l.Version}, NoNewPrivileges: mode == "true"}
			_, err := fmt.Fprintf(w, "%s, in %d starts on %s (%s)\n  makes %s\n", who, m.Starts, l.Host, l.Source, strings.Join(m.made(), " "))
			if err != nil {
				return err
			}
			if len(l.RefusesFlags) > 0 {
				if _, err := fmt.Fprintf(w, "  refuses %s\n", strings.Join(l.RefusesFlags, " ")); err != nil {
					return err
				}
			}
			if len(m.Needs) == 0 {
				continue
			}
			if _, err := fmt.Fprintf(w, "  needs %s\n", strings.Join(m.needed(), " ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteRuntimesJSON writes that in the form of schema/inspect.schema.json.
func WriteRuntimesJSON(w io.Writer) error {
	lists, err := readStartupLists()
	if err != nil {
		return err
	}
	return term.WriteJSON(w, lists, "  ")
}

// made names the calls, with the number of starts where not all made them.
func (m startupMode) made() (list []string) {
	for _, name := range slices.Sorted(maps.Keys(m.Calls)) {
		if n := m.Calls[name]; n < m.Starts {
			name = fmt.Sprintf("%s(%d)", name, n)
		}
		list = append(list, name)
	}
	return list
}

// needed names the calls without which there is no start where they are answered
// with EPERM, with those that do instead.
func (m startupMode) needed() (list []string) {
	needs := m.Needs["EPERM"]
	for _, name := range slices.Sorted(maps.Keys(needs)) {
		if instead := needs[name]; len(instead) > 0 {
			name = fmt.Sprintf("%s(or %s)", name, strings.Join(instead, " "))
		}
		list = append(list, name)
	}
	return list
}
