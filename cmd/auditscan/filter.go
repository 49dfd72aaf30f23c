package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/internal/timespec"
	"github.com/auditscan/auditscan/syscalltable"
)

// filterFlags are the flags that select records; report, follow, profile and
// check have them all.
type filterFlags struct {
	keepSubj                                   bool // whatever --by tells apart needs it
	comm, exe, subj, container, pod, namespace []string
	pid, arch, action, syscall                 []string
	allNamespaces                              bool
	since, until                               string
}

func (f *filterFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.comm, "comm", nil, "only these program `names` (comm, 15 characters; * matches anything)")
	flags.StringSliceVar(&f.exe, "exe", nil, "only these program `paths`")
	flags.StringSliceVar(&f.subj, "subj", nil, "only these security `labels` of AppArmor or SELinux ('*snap.firefox*')")
	flags.StringSliceVar(&f.pid, "pid", nil, "only these `pids`")
	flags.StringSliceVar(&f.container, "container", nil, "only these containers: `names or ids`")
	flags.StringSliceVar(&f.pod, "pod", nil, "only these pods: `names`")
	flags.StringSliceVarP(&f.namespace, "namespace", "n", nil, "only these Kubernetes `namespaces`")
	flags.BoolVarP(&f.allNamespaces, "all-namespaces", "A", false, "every namespace, which is the default")
	flags.StringSliceVar(&f.arch, "arch", nil, "only these `architectures` (x86_64, arm64, ...)")
	flags.StringSliceVar(&f.action, "action", nil, "only these `actions` (log, errno, kill_process, ...; denied: all but log)")
	flags.StringSliceVar(&f.syscall, "syscall", nil, "only these calls: `names`")
	flags.StringVarP(&f.since, "since", "S", "", "only records from this `time` on (2006-01-02 15:04, 2h ago, yesterday, boot)")
	flags.StringVarP(&f.until, "until", "U", "", "only records before this `time`")
}

// filter checks the flags' values.
func (f *filterFlags) filter(now timespec.Clock) (*aggregate.Filter, error) {
	if f.allNamespaces && len(f.namespace) > 0 {
		return nil, usageErrorf("--all-namespaces and --namespace do not go together")
	}
	out := &aggregate.Filter{Comm: f.comm, Exe: f.exe, Subj: f.subj, KeepSubj: f.keepSubj, Container: f.container, Pod: f.pod, Namespace: f.namespace}
	var err error
	if out.PID, err = parseAll("pid", f.pid, parsePID); err != nil {
		return nil, err
	}
	if out.Arch, err = parseAll("arch", f.arch, syscalltable.ParseArch); err != nil {
		return nil, err
	}
	if out.Action, err = f.actions(); err != nil {
		return nil, err
	}
	if out.Syscall, err = parseAll("syscall", f.syscall, parseCall); err != nil {
		return nil, err
	}
	if out.Since, err = parseTime("since", f.since, now); err != nil {
		return nil, err
	}
	if out.Until, err = parseTime("until", f.until, now); err != nil {
		return nil, err
	}
	out.Text = f.String()
	return out, nil
}

// denied stands for all actions of a call that did not run.
const denied = "denied"

// actions returns the actions that are asked for.
func (f *filterFlags) actions() (list []syscalltable.Action, err error) {
	for _, name := range f.action {
		if name == denied {
			list = append(list, refusing()...)
			continue
		}
		a, err := syscalltable.ParseAction(name)
		if err != nil {
			return nil, usageErrorf("--action: %v", err)
		}
		list = append(list, a)
	}
	return list, nil
}

// refusing returns the actions of a call that did not run.
func refusing() (list []syscalltable.Action) {
	for a := syscalltable.ActionUnknown; a <= syscalltable.ActionAllow; a++ {
		if a.Denied() {
			list = append(list, a)
		}
	}
	return list
}

// String returns the filters that are given, as a command line has them.
func (f *filterFlags) String() string {
	var all []string
	for _, flag := range []struct {
		name   string
		values []string
	}{
		{"comm", f.comm}, {"exe", f.exe}, {"subj", f.subj}, {"pid", f.pid}, {"container", f.container}, {"pod", f.pod}, {"namespace", f.namespace},
		{"arch", f.arch}, {"action", f.action}, {"syscall", f.syscall}, {"since", nonEmpty(f.since)}, {"until", nonEmpty(f.until)},
	} {
		if len(flag.values) > 0 {
			all = append(all, "--"+flag.name+" "+shellWord(strings.Join(flag.values, ",")))
		}
	}
	return strings.Join(all, " ")
}

// standsFor reports whether a value of --container, alone, stands for a container.
func standsFor(value string, c *container.Identity) bool {
	alone := aggregate.Filter{Container: []string{value}}
	return alone.MatchesGroup(&aggregate.Group{Container: c})
}

func nonEmpty(s string) []string {
	return slices.DeleteFunc([]string{s}, func(s string) bool { return s == "" })
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`'"\$&;|<>()*?[]`+"`", r) }) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// parseAll parses the values of a flag.
func parseAll[T any](flag string, texts []string, parse func(string) (T, error)) ([]T, error) {
	var out []T
	for _, text := range texts {
		v, err := parse(text)
		if err != nil {
			return nil, usageErrorf("--%s: %v", flag, err)
		}
		out = append(out, v)
	}
	return out, nil
}

func parsePID(s string) (int32, error) {
	pid, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is not the number of a process", s)
	}
	return int32(pid), nil
}

// parseCall takes a pattern, or a name that some architecture has: a
// misspelt one would just find nothing.
func parseCall(name string) (string, error) {
	if strings.Contains(name, "*") {
		return name, nil
	}
	for _, a := range syscalltable.Arches() {
		if _, ok := a.Number(name); ok {
			return name, nil
		}
	}
	return "", fmt.Errorf("no architecture has a call %q (see `auditscan syscall`)", name)
}

// parseTime reads the time of a flag; none is the zero time.
func parseTime(flag, text string, now timespec.Clock) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := now.Parse(text)
	if err != nil {
		err = usageErrorf("--%s: %v", flag, err)
	}
	return t, err
}
