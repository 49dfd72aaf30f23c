package profile

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// DescribeStarts tells in lines with what containers start, and with what they do
// not: one line for all versions of a runtime that lack something in the same modes.
func DescribeStarts(starts []Start) []string {
	var lines []string
	if fine := describeFine(starts); len(fine) > 0 {
		lines = append(lines, "containers start under it: "+strings.Join(fine, "; "))
	}
	for _, runtime := range []Runtime{RuntimeCrun, RuntimeRunc} {
		lacking := slices.DeleteFunc(slices.Clone(starts), func(s Start) bool { return s.Runtime != runtime || len(s.Lacks) == 0 || len(s.Refuses) > 0 })
		modes := modesOf(lacking, func(Start) bool { return true })
		for _, m := range modesInOrder {
			if versions := versionsIn(modes, m); len(versions) > 0 {
				lines = append(lines, "no container starts under it: "+describeLacking(ofVersions(lacking, versions), versions, m))
			}
		}
		lines = append(lines, describeRefusing(starts, runtime)...)
	}
	return lines
}

// describeRefusing names the versions of a runtime that take no profile with a flag
// that it has.
func describeRefusing(starts []Start, runtime Runtime) (lines []string) {
	starts = slices.DeleteFunc(slices.Clone(starts), func(s Start) bool { return s.Runtime != runtime })
	for _, flag := range namesOf(starts, func(s Start) []string { return s.Refuses }) {
		modes := modesOf(starts, func(s Start) bool { return slices.Contains(s.Refuses, flag) })
		versions := slices.SortedFunc(maps.Keys(modes), compareVersions)
		lines = append(lines, fmt.Sprintf("no container starts under it: %s %s refuses the flag %s", runtime, strings.Join(versions, ", "), flag))
	}
	return lines
}

// describeFine names the starts that succeed, and those of them that do so mostly.
func describeFine(starts []Start) (fine []string) {
	for _, s := range starts {
		both := slices.ContainsFunc(starts, func(o Start) bool { return o.NoNewPrivileges != s.NoNewPrivileges && o.equals(s) })
		if s.Fails() || both && !s.NoNewPrivileges {
			continue
		}
		text := s.String()
		if both {
			text = fmt.Sprintf("%s %s with and without no_new_privs", s.Runtime, strings.Join(s.Versions, ", "))
		}
		if len(s.Rare) > 0 {
			text += ", but for the few in which it calls " + strings.Join(s.Rare, " ")
		}
		if len(s.Unsure) > 0 {
			text += ", if it gets by with how it is answered " + strings.Join(s.Unsure, " ")
		}
		fine = append(fine, text)
	}
	return fine
}

// mode is in which of the two ways to start a container something lacks.
type mode string

const (
	inBoth      mode = ""
	onlyWith    mode = "with no_new_privs"
	onlyWithout mode = "without no_new_privs"
)

var modesInOrder = []mode{inBoth, onlyWith, onlyWithout}

// modesOf returns the versions of the starts that are such, and in which modes
// they are.
func modesOf(starts []Start, such func(Start) bool) map[string]mode {
	modes := map[string]mode{}
	for _, s := range starts {
		if !such(s) {
			continue
		}
		for _, version := range s.Versions {
			m := onlyWithout
			if s.NoNewPrivileges {
				m = onlyWith
			}
			if other, ok := modes[version]; ok && other != m {
				m = inBoth
			}
			modes[version] = m
		}
	}
	return modes
}

// versionsIn returns the versions of a mode, in their order.
func versionsIn(modes map[string]mode, m mode) (versions []string) {
	for version, other := range modes {
		if other == m {
			versions = append(versions, version)
		}
	}
	slices.SortFunc(versions, compareVersions)
	return versions
}

// ofVersions returns what starts are of some versions.
func ofVersions(starts []Start, versions []string) (list []Start) {
	for _, s := range starts {
		s.Versions = slices.DeleteFunc(slices.Clone(s.Versions), func(v string) bool { return !slices.Contains(versions, v) })
		if len(s.Versions) > 0 {
			list = append(list, s)
		}
	}
	return list
}

// describeLacking names versions of a runtime and what they lack: first what all
// of them do, then what some of them do, or in one mode.
func describeLacking(starts []Start, versions []string, m mode) string {
	text := strings.TrimSpace(fmt.Sprintf("%s %s %s", starts[0].Runtime, strings.Join(versions, ", "), m))
	lacks := lacksByScope(starts, versions, m)
	scopes := slices.SortedFunc(maps.Keys(lacks), func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	verb, between := "lacks", ": "
	for _, scope := range scopes { // that of all, if there is one, is the first
		if scope == "" {
			text += " lacks " + strings.Join(lacks[scope], " ")
			verb = "also"
		} else {
			text += between + scope + " " + verb + " " + strings.Join(lacks[scope], " ")
		}
		between = "; "
	}
	if rare := namesOf(starts, func(s Start) []string { return s.Rare }); len(rare) > 0 {
		text += "; some starts also " + strings.Join(rare, " ")
	}
	return text
}

// lacksByScope returns the calls that starts lack, by which of them do.
func lacksByScope(starts []Start, versions []string, m mode) map[string][]string {
	lacks := map[string][]string{}
	for _, name := range namesOf(starts, func(s Start) []string { return s.Lacks }) {
		modes := modesOf(starts, func(s Start) bool { return slices.Contains(s.Lacks, name) })
		for _, in := range modesInOrder {
			if some := versionsIn(modes, in); len(some) > 0 {
				scope := describeScope(some, versions, in, m)
				lacks[scope] = append(lacks[scope], name)
			}
		}
	}
	return lacks
}

// describeScope tells which of the versions and modes of a line lack a call; "":
// all.
func describeScope(some, versions []string, in, m mode) string {
	var words []string
	if len(some) < len(versions) {
		words = append(words, strings.Join(some, ", "))
	}
	if in != m {
		words = append(words, string(in))
	}
	return strings.Join(words, " ")
}

// namesOf returns the calls that some starts have, in order.
func namesOf(starts []Start, calls func(Start) []string) []string {
	var names []string
	for _, s := range starts {
		names = append(names, calls(s)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
