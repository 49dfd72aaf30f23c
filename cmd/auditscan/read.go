package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
)

// readFlags are the flags of the commands that read saved logs.
type readFlags struct {
	filterFlags
	nodeFlags
	files          []string // --file
	pidmap         string
	quiet, verbose bool
}

func (f *readFlags) add(flags *pflag.FlagSet) {
	flags.StringArrayVarP(&f.files, "file", "f", nil, "read `FILE`, just as an argument would")
	f.filterFlags.add(flags)
	f.nodeFlags.add(flags)
	flags.StringVar(&f.pidmap, "pidmap", "", "find containers by this `FILE` of follow --pidmap")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, quietUsage)
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show each record that cannot be used, and where it is")
}

const quietUsage = "print results, errors and what is missing; nothing else"

// logs are the logs that the command line names in one way or the other.
func (f *readFlags) logs(args []string) []string { return append(args, f.files...) }

// giveUp gives up what reading does not need. Before that, and for the host's own
// log alone, it asks the kernel what no log tells.
func (f *readFlags) giveUp(env *environment, args []string, n confine.Needs) error {
	if nodes, err := f.nodes(); err == nil && len(args)+len(nodes.Named) == 0 && !env.isFed() && env.lost != nil {
		if lost, err := env.lost(); err == nil && lost > 0 {
			env.notef("this host's kernel has lost %d audit records since it was booted: they are in no log (auditctl --reset-lost counts anew)", lost)
		}
	}
	return env.giveUp(n)
}

// read reads the named logs, or the host's own where none is named. Events
// may be nil.
func (f *readFlags) read(ctx context.Context, env *environment, args []string, events io.Writer) (*aggregate.Summary, error) {
	filter, err := f.filter(env.clock())
	if err != nil {
		return nil, err
	}
	nodes, err := f.nodes()
	if err != nil {
		return nil, err
	}
	files, notes, err := inputs(env, args, nodes)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		env.notef("%s", n.Detail)
	}
	o := pipeline.Options{Filter: filter, Refuse: refuseProfile, Notes: notes}
	o.PassedOver = func(err error) { env.notef("passed over %v", err) }
	if events != nil {
		o.Output = pipeline.Output{Writer: events, Event: report.AppendEvent, Loss: report.AppendLossInPlace}
	}
	if o.Containers, err = savedContainers(ctx, env, f.pidmap); err != nil {
		return nil, err
	}
	if f.verbose {
		o.Malformed = func(input string, line int64, reason string, text []byte) {
			if len(text) == 0 {
				env.notef("%s:%d: %s", input, line, reason)
				return
			}
			env.notef("%s:%d: %s: %s", input, line, reason, text)
		}
	}
	bar := newProgress(env, files, f.quiet)
	defer bar.end()
	o.Opened = bar.opened
	unnamed := env.readsUnnamed(args, nodes)
	if unnamed && !f.quiet && !bar.shown() {
		o.Opened = env.sayUnfed
	}
	s, err := pipeline.Read(ctx, files, env.stdin, o)
	if unnamed {
		err = env.unnamedRead(s, err)
	}
	if err == nil {
		f.sayNamesakes(env, s)
		sayFolded(env, s)
	}
	return s, err
}

// sayNamesakes tells where one name of --container stands for several
// containers: any user can name his own as he likes.
func (f *readFlags) sayNamesakes(env *environment, s *aggregate.Summary) {
	for _, name := range f.container {
		if strings.Contains(name, "*") {
			continue
		}
		var ids []string
		for i := range s.Groups {
			if c := s.Groups[i].Container; c != nil && c.ID != "" && !slices.Contains(ids, c.ID) && standsFor(name, c) {
				ids = append(ids, c.ID)
			}
		}
		if len(ids) > 1 {
			env.notef("--container %s is %d containers: %s; name one by its id", name, len(ids), shortList(ids))
		}
	}
}

// shortList lists ids as runtimes show them, as many as a line has room for.
func shortList(ids []string) string {
	var short []string
	for _, id := range ids[:min(len(ids), 4)] {
		short = append(short, id[:min(len(id), 12)])
	}
	if more := len(ids) - len(short); more > 0 {
		short = append(short, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(short, ", ")
}

// matched returns an error if there are filters and no record passes them:
// most often one of them is misspelt.
func (f *readFlags) matched(s *aggregate.Summary) error {
	if s.Totals.Records > 0 || s.Selected == nil {
		return nil
	}
	text := cmp.Or(report.NoMatch(s), fmt.Sprintf("%s, and so none matches %s", report.NoRecord(s), s.Selected.Filter))
	return errors.New(text + inParentheses(f.unmatchedAdvice()))
}

// unmatchedAdvice says why a filter by container may match nothing; "" of others.
func (f *readFlags) unmatchedAdvice() string {
	if len(f.container)+len(f.pod)+len(f.namespace) == 0 {
		return ""
	}
	return f.pidmapAdvice()
}

// refuseProfile tells a profile where a log is wanted.
func refuseProfile(head []byte) error {
	if profile.Sniff(head) {
		return errors.New("a seccomp profile, not a log or a report (profile --merge unites profiles)")
	}
	return nil
}

// inputs expands what the user named. Else it is standard input, if that is a
// pipe or a file, or the host's own log.
func inputs(env *environment, args []string, nodes source.Nodes) ([]source.Input, []source.Note, error) {
	if len(args)+len(nodes.Named) > 0 {
		return source.Expand(args, nodes)
	}
	if env.readsUnnamed(args, nodes) {
		return source.Expand([]string{"-"}, nodes)
	}
	path, reason, err := source.FindHost("/")
	if err != nil {
		return nil, nil, err
	}
	env.notef("%s", reason)
	return source.Expand([]string{path}, nodes)
}

// answer is output for commands whose exit code is an answer by itself, for which
// stdout may be closed.
func (env *environment) answer(f func(w io.Writer) error) error {
	if err := env.output(f); !errors.Is(err, errClosed) {
		return err
	}
	return nil
}

// output runs f with a buffer before stdout, and reports what could not be
// written.
func (env *environment) output(f func(w io.Writer) error) error {
	buffered := func(out io.Writer) error {
		w := bufio.NewWriterSize(out, 64<<10)
		if err := f(w); err != nil {
			return err
		}
		return w.Flush()
	}
	if env.pager != nil {
		return env.pager.show(buffered)
	}
	return buffered(env.stdout)
}
