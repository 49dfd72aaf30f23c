package main

import (
	"cmp"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/report"
)

func newMerge(env *environment) *cobra.Command {
	var f readFlags
	cmd := &cobra.Command{
		Use:   "merge FILE...",
		Short: "Unite reports of several runs or nodes into one",
		Long: `Merge reads reports in JSON (or logs) and writes one report in JSON that holds
what any of them holds: counts add up, and the worst verdict stands. It tells in
how many of them each call was seen, and how likely a further run shows a call
that none of them has. Logs that are given together are one run.`,
		Example: `  auditscan merge run1.json run2.json > both.json
  auditscan merge node-*.json | auditscan profile - > app.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args = f.logs(args); len(args) == 0 {
				return usageErrorf("merge needs files (see `%s --help`)", cmd.CommandPath())
			}
			return merge(cmd.Context(), env, &f, args)
		},
	}
	cmd.Flags().SortFlags = false
	f.add(cmd.Flags())
	return cmd
}

func merge(ctx context.Context, env *environment, f *readFlags, args []string) error {
	if err := env.giveUp(confine.Needs{}); err != nil {
		return err
	}
	s, err := f.read(ctx, env, args, nil)
	if err != nil {
		return err
	}
	for _, in := range s.Inputs {
		if in.Records+in.Duplicates == 0 {
			env.notef("%s: no record in it", in.Name)
		}
	}
	if !f.quiet {
		sayRuns(env, s.Runs)
	}
	err = env.output(func(w io.Writer) error { return report.Write(w, s, report.JSON, report.Options{Tool: tool}) })
	return cmp.Or(err, f.matched(s))
}
