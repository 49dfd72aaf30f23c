package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// checkFlags are the flags of check.
type checkFlags struct {
	readFlags
	output string
	by     string
	caps   []string
}

func newCheck(env *environment) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check PROFILE [FILE|-]...",
		Short: "Replay logs: which of their calls would PROFILE deny?",
		Long: `Check asks a seccomp profile, in OCI or Docker's form, or runtime/default, about
every record of the logs and shows the calls that it would not simply allow, by
whom they were made, and what to add to the profile for those to run that it
denies. On a host where the profile is enforced the logs tell what it broke. It
exits with 4 if the profile denies any.`,
		Example: `  auditscan check nginx.json /var/log/audit/audit.log
  auditscan check --action errno,kill_process --by comm nginx.json audit.log
  auditscan check --comm nginx --by comm -o json default.json audit.log`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageErrorf("check needs a profile (see `%s --help`)", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, args[0], args[1:]) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "table", "`format`: table, json")
	flags.StringVar(&f.by, "by", "", "group by these `keys`: node, container, pod, namespace, workload, exe, comm, pid")
	flags.StringSliceVar(&f.caps, "cap", profile.DefaultCaps(), "the container's `capabilities`, for the conditions of Docker's form")
	f.readFlags.add(flags)
	flags.Lookup("cap").DefValue = "those of a Docker container"
	return cmd
}

func (f *checkFlags) run(ctx context.Context, env *environment, path string, args []string) error {
	if f.output != "table" && f.output != "json" {
		return usageErrorf("--output: unknown format %q (one of table, json)", f.output)
	}
	caps, err := parseAll("cap", f.caps, profile.ParseCapability)
	if err != nil {
		return err
	}
	if err := env.giveUp(confine.Needs{}); err != nil {
		return err
	}
	document, err := readProfile(env, path)
	if err != nil {
		return err
	}
	s, err := f.summary(ctx, env, args)
	if err != nil {
		return err
	}
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return err
	}
	r, err := profile.Check(s, document, profile.Environment{Arch: arch, Caps: caps})
	if err != nil {
		return err
	}
	write := r.WriteJSON
	if f.output == "table" {
		write = func(w io.Writer) error { return f.table(w, r, document) }
	}
	if err := env.output(write); err != nil {
		return err
	}
	sayChecked(env, r, s)
	if r.Denied > 0 {
		return &exitError{code: exitDifferent}
	}
	return nil
}

// readProfile reads a profile, or gives the runtime's default.
func readProfile(env *environment, path string) (*profile.Document, error) {
	if path == profile.RuntimeDefaultName {
		return profile.RuntimeDefault()
	}
	f, err := env.open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return profile.Read(f, path)
}

// summary reads the logs, grouped as asked for.
func (f *checkFlags) summary(ctx context.Context, env *environment, args []string) (*aggregate.Summary, error) {
	var by []aggregate.Key
	if f.by != "" {
		var err error
		if by, err = aggregate.ParseKeys(f.by); err != nil {
			return nil, usageErrorf("--by: %v", err)
		}
	}
	s, err := f.read(ctx, env, args, nil)
	if err != nil || by == nil {
		return s, err
	}
	return s.Regroup(by), nil
}

// sayChecked tells the result in a sentence, and what the policy's notes are.
func sayChecked(env *environment, r *profile.CheckResult, s *aggregate.Summary) {
	for _, note := range r.Notes {
		env.notef("%s", note)
	}
	env.notef("%s denies %d of %d records, %d depend on arguments", r.Profile, r.Denied, r.Records, r.Depends)
	if r.Unanswered > 0 {
		env.notef("%d records have no architecture, so no profile can be asked about them", r.Unanswered)
	}
	if s.Completeness.Verdict == aggregate.Incomplete {
		env.notef("the log is incomplete: the profile may deny calls that are not in it")
	}
}

// table writes what the profile denies and, unless quiet, what to do about it.
func (f *checkFlags) table(w io.Writer, r *profile.CheckResult, d *profile.Document) error {
	if err := writeChecked(w, r); err != nil || f.quiet {
		return err
	}
	return amendChecked(w, r, d)
}

// writeChecked writes the calls that would not simply run as a table.
func writeChecked(w io.Writer, r *profile.CheckResult) error {
	if len(r.Calls) == 0 {
		return nil
	}
	by := knownKeys(r)
	heads := []string{}
	for _, k := range by {
		heads = append(heads, strings.ToUpper(string(k)))
	}
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	fmt.Fprintln(tw, strings.Join(append(heads, "SYSCALL", "ARCH", "RECORDED", "ANSWER", "COUNT"), "\t"))
	for i := range r.Calls {
		fmt.Fprintln(tw, strings.Join(checkedRow(by, &r.Calls[i]), "\t"))
	}
	return tw.Flush()
}

// knownKeys are the keys that some group has a value of, in the order of
// report's columns.
func knownKeys(r *profile.CheckResult) []aggregate.Key {
	columns := []aggregate.Key{aggregate.ByNode, aggregate.ByContainer, aggregate.ByPod, aggregate.ByNamespace,
		aggregate.ByWorkload, aggregate.ByComm, aggregate.ByExe, aggregate.ByPID}
	return slices.DeleteFunc(columns, func(k aggregate.Key) bool {
		known := func(c profile.CheckedCall) bool { return c.Group.Value(k) != "" }
		return !slices.Contains(r.By, k) || !slices.ContainsFunc(r.Calls, known)
	})
}

func checkedRow(by []aggregate.Key, c *profile.CheckedCall) []string {
	var row []string
	for _, k := range by {
		row = append(row, cmp.Or(term.Escape(c.Group.Value(k)), "-"))
	}
	return append(row, callName(c.Call.Name(), c.Call.NR), c.Call.Arch.String(), c.Call.Action.String(),
		answerText(c), strconv.FormatInt(c.Call.Count, 10))
}

// answerText is the profile's answer in words.
func answerText(c *profile.CheckedCall) string {
	if !c.Answered() {
		return "unknown: no architecture"
	}
	var possible []string
	for _, o := range c.Answer.Possible {
		possible = append(possible, o.String())
	}
	if c.Answer.DependsOnArgs() {
		return "depends on arguments: " + strings.Join(possible, " or ")
	}
	return strings.Join(possible, ", ")
}
