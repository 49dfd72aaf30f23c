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
	"github.com/auditscan/auditscan/syscalltable"
)

// filterFlags are the flags that select records; report, follow, profile and
// check have them all.
type filterFlags struct {
	comm, exe, container, pod, namespace []string
	pid, arch, action, syscall           []string
	since, until                         string
}

func (f *filterFlags) add(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.comm, "comm", nil, "only records of these `names` of threads (* stands for any text)")
	flags.StringSliceVar(&f.exe, "exe", nil, "only records of these program `paths`")
	flags.StringSliceVar(&f.pid, "pid", nil, "only records of these `pids`")
	flags.StringSliceVar(&f.container, "container", nil, "only records of these containers: `names or ids`")
	flags.StringSliceVar(&f.pod, "pod", nil, "only records of these pods: `names`")
	flags.StringSliceVar(&f.namespace, "namespace", nil, "only these Kubernetes `namespaces`")
	flags.StringSliceVar(&f.arch, "arch", nil, "only these `architectures` (x86_64, arm64, ...)")
	flags.StringSliceVar(&f.action, "action", nil, "only these `actions` (log, errno, kill_process, ...)")
	flags.StringSliceVar(&f.syscall, "syscall", nil, "only these calls: `names`")
	flags.StringVar(&f.since, "since", "", "only records from this `time` on (2006-01-02 15:04, 15:04, 2h ago)")
	flags.StringVar(&f.until, "until", "", "only records before this `time`")
}

// filter checks the flags' values.
func (f *filterFlags) filter(now time.Time) (*aggregate.Filter, error) {
	out := &aggregate.Filter{Comm: f.comm, Exe: f.exe, Container: f.container, Pod: f.pod, Namespace: f.namespace}
	var err error
	if out.PID, err = parseAll("pid", f.pid, parsePID); err != nil {
		return nil, err
	}
	if out.Arch, err = parseAll("arch", f.arch, syscalltable.ParseArch); err != nil {
		return nil, err
	}
	if out.Action, err = parseAll("action", f.action, syscalltable.ParseAction); err != nil {
		return nil, err
	}
	if out.Syscall, err = parseAll("syscall", f.syscall, parseCall); err != nil {
		return nil, err
	}
	if out.Since, err = parseTime(f.since, now); err != nil {
		return nil, usageErrorf("--since: %v", err)
	}
	if out.Until, err = parseTime(f.until, now); err != nil {
		return nil, usageErrorf("--until: %v", err)
	}
	out.Text = f.String()
	return out, nil
}

// String returns the filters that are given, as a command line has them.
func (f *filterFlags) String() string {
	var all []string
	for _, flag := range []struct {
		name   string
		values []string
	}{
		{"comm", f.comm}, {"exe", f.exe}, {"pid", f.pid}, {"container", f.container}, {"pod", f.pod}, {"namespace", f.namespace},
		{"arch", f.arch}, {"action", f.action}, {"syscall", f.syscall}, {"since", nonEmpty(f.since)}, {"until", nonEmpty(f.until)},
	} {
		if len(flag.values) > 0 {
			all = append(all, "--"+flag.name+" "+shellWord(strings.Join(flag.values, ",")))
		}
	}
	return strings.Join(all, " ")
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

// parseTime reads a point in time: with a date and zone, in local time, as a
// time of today, or as a duration before now ("90m", "2h ago").
func parseTime(s string, now time.Time) (time.Time, error) {
	switch s {
	case "":
		return time.Time{}, nil
	case "now":
		return now, nil
	case "today":
		return midnight(now), nil
	case "yesterday":
		return midnight(now).AddDate(0, 0, -1), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, now.Location()); err == nil {
			return t, nil
		}
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return midnight(now).Add(t.Sub(t.Truncate(24 * time.Hour))), nil
		}
	}
	if d, err := duration(strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(s, "-"), "ago"))); err == nil {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("cannot read the time %q (use 2006-01-02 15:04, 15:04, or 2h for two hours ago)", s)
}

// duration is time.ParseDuration with days.
func duration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}
