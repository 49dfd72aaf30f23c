package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/findings"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// checkFlags are the flags of check.
type checkFlags struct {
	readFlags
	containerFlags
	output string
	by     string
}

func newCheck(env *environment) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check PROFILE [FILE|-]...",
		Short: "Replay logs: which of their calls would PROFILE deny?",
		Long: `Check asks a seccomp profile, in any form or built in (runtime/default), about
every record of the logs. It shows the calls that the profile would not simply
allow, who made them, and what to add so that those it denies can run. On a host
where the profile is enforced, the logs tell what it broke. It exits with 4 if
the profile denies any call.`,
		Example: `  auditscan check nginx.json /var/log/audit/audit.log
  auditscan check --action errno,kill_process --by comm nginx.json audit.log
  auditscan check --comm nginx --by comm -o json default.json audit.log`,
		Args: requireArg("a profile"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), env, args[0], f.logs(args[1:]))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "table", "`format`: table, json, markdown, sarif, junit")
	flags.StringVar(&f.by, "by", "", byUsage())
	f.containerFlags.add(flags)
	f.readFlags.add(flags)
	flags.Lookup("strict").Usage += ", and exit with 3 if the log is incomplete"
	return cmd
}

func (f *checkFlags) run(ctx context.Context, env *environment, path string, args []string) error {
	if !slices.Contains(checkFormats, f.output) {
		return usageErrorf("--output: unknown format %q (one of %s)", f.output, strings.Join(checkFormats, ", "))
	}
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return err
	}
	container, err := f.environment(arch)
	if err != nil {
		return err
	}
	if err := errors.Join(env.page(f.output), f.giveUp(env, args, confine.Needs{})); err != nil {
		return err
	}
	document, err := f.profileFile.read(env, path)
	if err != nil {
		return swapped(path, args, err)
	}
	s, err := f.summary(ctx, env, args)
	if err != nil {
		return err
	}
	r, err := profile.Check(s, document, container)
	if err != nil {
		return err
	}
	if err := env.answer(func(w io.Writer) error { return f.write(env, w, path, r, document) }); err != nil {
		return err
	}
	p, err := document.Evaluate(container)
	if err != nil {
		return err
	}
	if !f.quiet && !ranLogged(s) {
		sayUnrecorded(env, p)
	}
	if r.Records == 0 {
		why := cmp.Or(f.matched(s), errors.New(report.NoRecord(s)))
		return &exitError{exitIncomplete, fmt.Errorf("nothing was checked, so this says nothing of %s: %w", path, why)}
	}
	if err := f.sayChecked(env, r, s); err != nil {
		return err
	}
	if !f.quiet {
		if err := sayStarts(env, p); err != nil {
			return err
		}
	}
	switch {
	case r.Denied > 0:
		return &exitError{code: exitDifferent}
	case f.strict && s.Completeness.Verdict == aggregate.Incomplete:
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// ranLogged reports whether calls ran under SCMP_ACT_LOG: a log without any is of
// a host where a profile is enforced.
func ranLogged(s *aggregate.Summary) bool {
	return slices.ContainsFunc(s.Groups, func(g aggregate.Group) bool {
		return slices.ContainsFunc(g.Calls, func(c aggregate.Call) bool { return c.Action == syscalltable.ActionLog })
	})
}

// checkFormats are the formats of check. The last three are for the pages of
// forges and CI servers.
var checkFormats = []string{"table", "json", "markdown", "sarif", "junit"}

// write writes the result in the format that is asked for.
func (f *checkFlags) write(env *environment, w io.Writer, path string, r *profile.CheckResult, d *profile.Document) error {
	c := findings.Check{Result: r, Path: path, Version: version, Strict: f.strict}
	if !f.quiet {
		c.Advice = amendChecked(r, d)
	}
	switch f.output {
	case "json":
		return r.WriteJSON(w)
	case "markdown":
		return c.WriteMarkdown(w)
	case "sarif":
		return c.WriteSARIF(w)
	case "junit":
		return c.WriteJUnit(w)
	}
	if err := env.writeTable(w, r.Headline(), r.Table()); err != nil {
		return err
	}
	return env.writeAmendment(w, c.Advice)
}

// summary reads the logs, grouped as asked for.
func (f *checkFlags) summary(ctx context.Context, env *environment, args []string) (*aggregate.Summary, error) {
	var by []aggregate.Key
	if f.by != "" {
		var err error
		if by, err = aggregate.ParseKeys(f.by); err != nil {
			return nil, usageErrorf("--by: %v", err)
		}
		f.keepSubj = slices.Contains(by, aggregate.BySubj)
	}
	s, err := f.readFlags.read(ctx, env, args, nil)
	if err != nil || by == nil {
		return s, err
	}
	return s.Regroup(by), nil
}

// sayChecked tells the result in a sentence, and what the policy's notes are.
func (f *checkFlags) sayChecked(env *environment, r *profile.CheckResult, s *aggregate.Summary) error {
	for _, note := range r.Notes {
		env.notef("%s", note)
	}
	if f.output != "table" || !term.IsTerminal(env.stdout) { // else it stands above the table
		env.notef("%s", r.Headline().Text)
	}
	if s.Completeness.Verdict != aggregate.Incomplete {
		return nil
	}
	env.notef("the log is incomplete: the profile may deny calls that are not in it")
	return report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet))
}

// writeTable writes a table, if there is anything in it. On a terminal its
// headline comes first; a file has the table only.
func (env *environment) writeTable(w io.Writer, headline table.Note, t *table.Table) error {
	style := env.style(env.stdout)
	if style.Width > 0 {
		if err := style.WriteNotes(w, headline); err != nil {
			return err
		}
	}
	for range t.Rows {
		if style.Width > 0 {
			if err := style.WriteNotes(w, table.Note{}); err != nil {
				return err
			}
		}
		return t.Write(w, style)
	}
	return nil
}
