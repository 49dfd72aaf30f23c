package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/report"
)

// reportFlags are the flags of report.
type reportFlags struct {
	readFlags
	output string
	by     string
	sort   string
	top    int
	strict bool
}

func newReport(env *environment) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report [FILE|-]...",
		Short: "Show the calls in logs, who made them, and whether any are missing",
		Long: `Report reads logs (plain, .gz, .bz2, .xz, .zst), directories or sets of rotated
logs, or reports and events in JSON, and shows every call with who made it,
what the filter decided, and how often. No FILE: standard input, if it is a
pipe or a file, else the host's own log. A table
of denials alone (--action denied) ends with the rule that would allow them.`,
		Example: `  auditscan report /var/log/audit
  auditscan report --comm nginx --by comm,exe /var/log/syslog*
  auditscan report -o json audit.log | jq '.groups[].syscalls[].name'`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, f.logs(args)) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "table", "`format`: table, wide, json, ndjson, yaml, csv, markdown")
	flags.StringVar(&f.by, "by", "", byUsage())
	flags.StringVar(&f.sort, "sort", "", "lines in this `order`: count, name, nr, first, last")
	flags.IntVar(&f.top, "top", 0, "only the first `N` lines, by count unless --sort says otherwise")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 if the input is incomplete")
	f.readFlags.add(flags)
	return cmd
}

// byUsage tells what --by takes.
func byUsage() string {
	return "group by these `keys`: " + strings.Join(texts(aggregate.Keys()), ", ") + "; none: all in one"
}

// events is the format that is a stream, and no report.
const events = "ndjson"

func (f *reportFlags) run(ctx context.Context, env *environment, args []string) error {
	by, format, err := f.parse()
	if err != nil {
		return err
	}
	order, err := f.order()
	if err != nil {
		return err
	}
	if err := errors.Join(env.page(f.output), f.giveUp(env, args, confine.Needs{})); err != nil {
		return err
	}
	if f.output == events {
		return f.events(ctx, env, args)
	}
	s, err := f.read(ctx, env, args, nil)
	if err != nil {
		return err
	}
	if by != nil {
		s = s.Regroup(by)
	}
	o := env.reportOptions(env.stdout, f.quiet)
	o.Sort, o.Top = order, f.top
	if err := env.output(func(w io.Writer) error { return f.write(env, w, s, format, o) }); err != nil {
		return err
	}
	f.sayUnattributed(env, s, by)
	if format == report.CSV {
		if err := report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet)); err != nil {
			return err
		}
	}
	return cmp.Or(f.unmatched(s, format != report.JSON && format != report.YAML), f.verdict(s))
}

// unmatched is the error of filters that no record passes. Where a footer has
// told that already, for people, it is told no second time.
func (f *reportFlags) unmatched(s *aggregate.Summary, footer bool) error {
	err := f.matched(s)
	if err == nil || !footer || report.NoMatch(s) == "" {
		return err
	}
	if advice := f.unmatchedAdvice(); advice != "" {
		return errors.New(advice)
	}
	return &exitError{code: exitFailed}
}

// write writes the report; a table of denials ends with what lets them run.
func (f *reportFlags) write(env *environment, w io.Writer, s *aggregate.Summary, format report.Format, o report.Options) error {
	err := report.Write(w, s, format, o)
	if err != nil || f.quiet || !denialsOnly(s) || format != report.Table && format != report.Wide {
		return err
	}
	return env.writeAmendment(w, amendReported(s))
}

func (f *reportFlags) parse() (by []aggregate.Key, format report.Format, err error) {
	if f.by != "" {
		if by, err = aggregate.ParseKeys(f.by); err != nil {
			return nil, "", usageErrorf("--by: %v", err)
		}
		f.keepSubj = slices.Contains(by, aggregate.BySubj)
	}
	if f.output == events {
		return by, "", nil
	}
	if format, err = report.ParseFormat(f.output); err != nil {
		return nil, "", usageErrorf("--output: %v, or %s", err, events)
	}
	return by, format, nil
}

// order returns the order of the lines, in the formats that have lines.
func (f *reportFlags) order() (report.Order, error) {
	order, err := report.ParseOrder(f.sort)
	lines := []report.Format{report.Table, report.Wide, report.CSV, report.Markdown}
	switch {
	case err != nil:
		return "", usageErrorf("--sort: %v", err)
	case f.top < 0:
		return "", usageErrorf("--top: %d is no number of lines", f.top)
	case (order != "" || f.top > 0) && !slices.Contains(lines, report.Format(f.output)):
		return "", usageErrorf("--sort and --top are for table, wide, csv and markdown: the order of %s is fixed", f.output)
	case order == "" && f.top > 0:
		return report.ByCount, nil
	}
	return order, nil
}

// events writes each record as it is read, and the verdict to stderr, too.
func (f *reportFlags) events(ctx context.Context, env *environment, args []string) error {
	var s *aggregate.Summary
	err := env.output(func(w io.Writer) (err error) {
		stream := report.NewEventWriter(w)
		if s, err = f.read(ctx, env, args, stream); err != nil {
			return err
		}
		return stream.End(s)
	})
	if err != nil {
		return err
	}
	if err := report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet)); err != nil {
		return err
	}
	return cmp.Or(f.unmatched(s, true), f.verdict(s))
}

// verdict turns an incomplete input into an exit code where that was asked
// for.
func (f *reportFlags) verdict(s *aggregate.Summary) error {
	if f.strict && s.Completeness.Verdict == aggregate.Incomplete {
		return &exitError{code: exitIncomplete}
	}
	return nil
}
