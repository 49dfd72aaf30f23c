package main

import (
	"io"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/findings"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/syscalltable"
)

// policyFlags say for which host and container profiles are evaluated.
type policyFlags struct {
	containerFlags
	arch    string
	output  string
	formats []string
}

func (f *policyFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.arch, "arch", runtime.GOARCH, "the host's `architecture`")
	flags.StringVarP(&f.output, "output", "o", "table", "`format`: "+strings.Join(f.formats, ", "))
	f.containerFlags.add(flags)
}

func (f *policyFlags) environment() (profile.Environment, error) {
	if !slices.Contains(f.formats, f.output) {
		return profile.Environment{}, usageErrorf("--output: unknown format %q (one of %s)", f.output, strings.Join(f.formats, ", "))
	}
	arch, err := syscalltable.ParseArch(f.arch)
	if err != nil {
		return profile.Environment{}, usageErrorf("--arch: %v", err)
	}
	f.host = arch
	return f.containerFlags.environment(arch)
}

func newDiff(env *environment) *cobra.Command {
	f := policyFlags{formats: []string{"table", "json", "markdown"}}
	var against string
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Show what a profile allows that another does not, and at what risk",
		Long: `Diff compares two seccomp profiles, or what profiles of two reports, or of two
streams of events, would be, or one that is built in: runtime/default (Docker's
and containerd's), runtime/podman, runtime/crio. - is stdin. For what is added
it says how runtime/default, or the profile of --against, stands to it. It exits
with 4 if there is a difference.`,
		Example: `  auditscan diff old.json new.json
  auditscan diff runtime/default app.json
  auditscan diff --against runtime/podman old.json new.json
  auditscan diff monday.report.json today.report.json`,
		Args: exactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error { return f.diff(env, args[0], args[1], against) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&against, "against", profile.RuntimeDefaultName, "tell the risk of what is added by this `profile`, in a file or built in")
	return cmd
}

// exactArgs is cobra's, with our exit code.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			noun := "arguments"
			if n == 1 {
				noun = "argument"
			}
			return usageErrorf("%s takes %d %s, got %d (see `%s --help`)", cmd.CommandPath(), n, noun, len(args), cmd.CommandPath())
		}
		return nil
	}
}

func (f *policyFlags) diff(env *environment, before, after, against string) error {
	on, err := f.environment()
	if err != nil {
		return err
	}
	if err := env.giveUp(confine.Needs{}); err != nil {
		return err
	}
	var policies [2]*profile.Policy
	for i, name := range []string{before, after} {
		d, err := f.readPolicy(env, name)
		if err != nil {
			return err
		}
		if policies[i], err = d.Evaluate(on); err != nil {
			return err
		}
	}
	reference, err := f.readPolicy(env, against)
	if err != nil {
		return err
	}
	if err := env.page(f.output); err != nil {
		return err
	}
	r := profile.Diff(policies[0], policies[1], reference)
	write := map[string]func(io.Writer) error{
		"table":    func(w io.Writer) error { return env.writeTable(w, r.Headline(), r.Table()) },
		"json":     r.WriteJSON,
		"markdown": func(w io.Writer) error { return findings.WriteDiffMarkdown(w, r) },
	}
	if err := env.answer(write[f.output]); err != nil {
		return err
	}
	if err := sayStarts(env, policies[1]); err != nil {
		return err
	}
	if !r.Same() {
		return &exitError{code: exitDifferent}
	}
	return nil
}
