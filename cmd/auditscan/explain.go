package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/explain"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	readFlags
	containerFlags
	profile string
	by      string
}

func newExplain(env *environment) *cobra.Command {
	var f explainFlags
	cmd := &cobra.Command{
		Use:   "explain SYSCALL [FILE|-]...",
		Short: "Tell who made a system call, and what allows or denies it",
		Long: `Explain tells of one call, by name or number, who made it, when first and last,
how often and, of merged reports, in how many runs; whether the runtime's
default profile gives it, and at what risk; and the rule that allows it. With
--profile it tells what that profile answers, by which rule, and what to change
so that it allows or denies the call. It exits with 1 if no record is of it.`,
		Example: `  auditscan explain io_uring_setup /var/log/audit/audit.log
  auditscan explain ptrace --profile nginx.json --comm nginx audit.log
  auditscan explain clone3 --profile runtime/default run.json`,
		Args: requireArg("a system call"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), env, args[0], f.logs(args[1:]))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.profile, "profile", "p", "", "ask this `PROFILE`, in a file or built in, about the call, too")
	flags.StringVar(&f.by, "by", "", byUsage())
	f.containerFlags.add(flags)
	f.readFlags.add(flags)
	return cmd
}

func (f *explainFlags) run(ctx context.Context, env *environment, call string, args []string) error {
	q, err := f.question(env, call)
	if err != nil {
		return err
	}
	if err := errors.Join(env.page(string(report.Table)), f.giveUp(env, args, confine.Needs{})); err != nil {
		return err
	}
	if q.Summary, err = f.readFlags.read(ctx, env, args, nil); err != nil {
		return err
	}
	if err := f.matched(q.Summary); err != nil {
		return err
	}
	a, err := explain.Ask(*q)
	if err != nil {
		return err
	}
	style, zone := env.style(env.stdout), env.zone(env.stdout)
	write := func(w io.Writer) error {
		return errors.Join(style.WriteNotes(w, a.Headline(zone), table.Note{}), writeAnswer(w, style, zone, a))
	}
	if err := env.output(write); err != nil {
		return err
	}
	if q.Summary.Completeness.Verdict == aggregate.Incomplete {
		env.notef("the log is incomplete: others may have made it, too")
		if err := report.WriteVerdict(env.stderr, q.Summary, env.reportOptions(env.stderr, f.quiet)); err != nil {
			return err
		}
	}
	if a.Records == 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

// question reads what the command line asks.
func (f *explainFlags) question(env *environment, call string) (q *explain.Question, err error) {
	host, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	q = &explain.Question{}
	if q.Name, err = callName(host, call); err != nil {
		return nil, err
	}
	if q.Env, err = f.environment(host); err != nil {
		return nil, err
	}
	if f.by != "" {
		if q.By, err = aggregate.ParseKeys(f.by); err != nil {
			return nil, usageErrorf("--by: %v", err)
		}
		f.keepSubj = slices.Contains(q.By, aggregate.BySubj)
	}
	if f.profile != "" {
		q.Profile, err = f.profileFile.read(env, f.profile)
	}
	return q, err
}

// callName returns the name of the call that an argument of the command line
// means, on this machine or, where it has no such call, on another.
func callName(host syscalltable.Arch, arg string) (string, error) {
	all := syscalltable.Arches()
	for _, arches := range [][]syscalltable.Arch{{host}, all} {
		if found := find(arches, arg); len(found) > 0 {
			return found[0].Name, nil
		}
	}
	return "", usageErrorf("%s: logs come after the call (auditscan explain SYSCALL FILE); inspect tells of a profile", noCall(all, arg))
}

// writeAnswer writes who made the call, and below it what profiles say.
func writeAnswer(w io.Writer, style table.Style, zone *time.Location, a *explain.Answer) error {
	notes := []table.Note{}
	if t, left := a.Table(zone); t != nil {
		if err := t.Write(w, style); err != nil {
			return err
		}
		if left > 0 {
			notes = append(notes, table.Note{Text: fmt.Sprintf("and %s more (`auditscan report --syscall %s` has them all)", table.Number(int64(left)), a.Name)})
		}
		notes = append(notes, table.Note{})
	}
	return style.WriteNotes(w, append(notes, a.Notes()...)...)
}

// aboutCall writes what the live view tells of a call.
func aboutCall(w io.Writer, style table.Style, zone *time.Location, s *aggregate.Summary, c *aggregate.Call) error {
	if c.Name() == "" {
		return style.WriteNotes(w, table.Note{Text: "its number is in no table, so no profile can name it", Color: table.Red})
	}
	host, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return err
	}
	a, err := explain.Ask(explain.Question{Name: c.Name(), Summary: s, Env: profile.Environment{Arch: host, Caps: profile.DefaultCaps()}})
	if err != nil {
		return err
	}
	return writeAnswer(w, style, zone, a)
}
