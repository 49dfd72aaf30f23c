package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/internal/rights"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
)

// followFlags are the flags of follow.
type followFlags struct {
	filterFlags
	files     []string // --file
	node      string
	output    string
	by        string
	sort      string
	onlyNew   bool
	plain     bool
	fromStart bool
	tail      int
	state     string
	pidmap    string
	root      string
	strict    bool
	quiet     bool
	keys      []aggregate.Key // of by; nil: as they were counted
}

func newFollow(env *environment) *cobra.Command {
	var f followFlags
	cmd := &cobra.Command{
		Use:   "follow [FILE|DIR|audit:|journal:|notify:|-]...",
		Short: "Show records as they come: as a table, or as lines in a pipe",
		Long: `Follow reads a log that grows, through every rotation; or the kernel's own
audit socket (audit:), which needs CAP_AUDIT_READ but no auditd; or the journal
(journal:); or what container runtimes have told (notify:PATH, as listen does);
or what a pipe gives (-); or several of these, counted together, and the logs of
a directory. Without a source it takes the best there is. On a
terminal it shows a live view: the verdict first, below it who makes which call,
to be sorted, grouped and filtered; Enter tells the rule that allows a call, w
and p write a report and a profile into the current directory, ? tells all keys.
In a pipe, with --plain and where TERM is dumb it prints one line a record, with
-o json one JSON object a line. Ctrl-C or SIGTERM ends it with the summary on
stderr.`,
		Example: `  auditscan follow /var/log/syslog
  auditscan follow --new --comm nginx /var/log/audit/audit.log
  auditscan follow -o json audit: | jq -r .syscall`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.run(cmd.Context(), env, append(args, f.files...))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringArrayVarP(&f.files, "file", "f", nil, "follow `FILE`, just as an argument would")
	flags.BoolVar(&f.fromStart, "from-start", false, "also read what is there already")
	flags.IntVar(&f.tail, "tail", 0, "also read the last `N` lines of what is there")
	f.add(flags)
	return cmd
}

// add adds the flags of all that follows a live source.
func (f *followFlags) add(flags *pflag.FlagSet) {
	flags.StringVarP(&f.output, "output", "o", "table", "`format`: table, json (a line each, as ndjson)")
	flags.StringVar(&f.by, "by", "", byUsage())
	flags.StringVar(&f.sort, "sort", "", "the table's lines in this `order`: count, name, nr, first, last")
	flags.BoolVar(&f.plain, "plain", false, "one line for each record on a terminal, too")
	flags.BoolVar(&f.onlyNew, "new", false, "show only the first of each group, call and action")
	flags.StringVar(&f.state, "state", "", "keep counts and place in `FILE`, and go on from there")
	flags.StringVar(&f.pidmap, "pidmap", "", "append which process was in which container to `FILE`")
	flags.StringVar(&f.root, "root", "/", "the `directory` where the host's file system is mounted")
	flags.StringVar(&f.node, "node", "", "the `node` of records that name none")
	flags.BoolVar(&f.strict, "strict", false, "exit with 3 if records were lost")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, quietUsage+"; behind lines no table")
	f.filterFlags.add(flags)
}

func (f *followFlags) run(ctx context.Context, env *environment, args []string) (err error) {
	if err := f.parseTable(); err != nil {
		return err
	}
	if f.tail < 0 || f.tail > 0 && f.fromStart {
		return usageErrorf("--tail is a number of lines, and --from-start is all of them")
	}
	filter, err := f.filter(env.clock())
	if err != nil {
		return err
	}
	json := f.output == "json" || f.output == events
	if !json && f.output != "table" {
		return usageErrorf("--output: unknown format %q (one of table, json)", f.output)
	}
	st, err := loadState(f.state)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.close()) }()
	names, err := f.resolver()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, names.Close()) }()
	from, err := f.open(env, args, st, names)
	if err != nil {
		return err
	}
	reader := newReader(from)
	defer func() { err = errors.Join(err, reader.Close()) }()
	who, err := f.attribution(ctx, env, names)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, who.close()) }()
	w := newFollower(env, f, from, reader, filter, json)
	w.state = st
	needs := f.needs(from)
	if w.view != nil {
		needs.Directories = append(needs.Directories, ".") // what its keys write
	}
	if err := env.giveUp(needs); err != nil {
		return err
	}
	err = w.run(ctx, who)
	sayProblems(env, who.problems())
	if err != nil {
		return err
	}
	return f.end(env, w.summary(), w.view != nil)
}

// parseTable reads how the table is to look.
func (f *followFlags) parseTable() (err error) {
	if f.by != "" {
		if f.keys, err = aggregate.ParseKeys(f.by); err != nil {
			return usageErrorf("--by: %v", err)
		}
		f.keepSubj = slices.Contains(f.keys, aggregate.BySubj)
	}
	if _, err := report.ParseOrder(f.sort); err != nil {
		return usageErrorf("--sort: %v", err)
	}
	return nil
}

// grouped returns the summary as the table shows it.
func (f *followFlags) grouped(s *aggregate.Summary) *aggregate.Summary {
	if f.keys == nil {
		return s
	}
	return s.Regroup(f.keys)
}

// needs are what follow still does once all is open: it asks the kernel how
// many records it lost, and looks at the processes of others, which /proc can
// hide (hidepid).
func (f *followFlags) needs(from []*origin) confine.Needs {
	n := confine.Needs{Capabilities: []rights.Capability{rights.AuditControl, rights.SysPtrace}, Sockets: true}
	files := []string{f.state, f.pidmap}
	for _, o := range from {
		n.Programs = n.Programs || o.program
		if socket, notified := notify.Path(o.stream.Name()); notified {
			n.Processes = true
			files = append(files, socket) // which is removed at the end
		}
	}
	for _, file := range files {
		if file != "" {
			n.Files = append(n.Files, file)
		}
	}
	return n
}

// linesAround is how many lines a summary has above and below its table.
const linesAround = 8

// end shows the summary on stderr; with --quiet without its table, of which each
// line has been written already, unless that is on the screen.
func (f *followFlags) end(env *environment, s *aggregate.Summary, onScreen bool) error {
	sayFolded(env, s)
	o := env.reportOptions(env.stderr, f.quiet)
	if o.Sort = report.Order(f.sort); onScreen { // where all of it was to be seen
		o.Top = max(1, o.Height-linesAround)
	}
	write := func() error { return report.Write(env.stderr, f.grouped(s), report.Table, o) }
	if f.quiet && !onScreen {
		write = func() error { return report.WriteVerdict(env.stderr, s, o) }
	}
	if err := write(); err != nil {
		return err
	}
	if f.strict && s.Completeness.Verdict == aggregate.Incomplete {
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// origin is where follow reads from.
type origin struct {
	stream  source.Stream
	trust   aggregate.Trust // what the source vouches for; "": judged by content
	queued  bool            // Close leaves what was heard to be read
	once    bool            // nothing shows what of it was not counted
	program bool            // what reads it is a program of its own, which is started again if it ends
	// backlog is the stream, if much of it can be there to be read; else nil.
	backlog backlogged
	// position returns where the lines given so far end, and what was noticed
	// before and is to be counted with them; nil where there is no going back.
	position func() (positions, []source.Note)
}

// open opens the named sources, or the best of the host.
func (f *followFlags) open(env *environment, args []string, st *state, names *live.Resolver) (from []*origin, err error) {
	if len(args) == 0 {
		best, reason, err := source.Best(f.root)
		if err != nil {
			return nil, err
		}
		env.notef("following %s, since %s", best, reason)
		args = []string{best}
	}
	if args, err = expandSources(env, args); err != nil {
		return nil, err
	}
	if len(args) > 1 && st != nil {
		return nil, usageErrorf("--state keeps the place in one source, and %d are to be followed", len(args))
	}
	for _, name := range args {
		o, err := f.openSource(env, name, st, names)
		if err != nil {
			return nil, errors.Join(err, newReader(from).Close())
		}
		from = append(from, o)
	}
	return from, nil
}

// openSource opens a source by its name.
func (f *followFlags) openSource(env *environment, name string, st *state, names *live.Resolver) (*origin, error) {
	listen, err := listenOptions(env, name, names)
	if err != nil {
		return nil, err
	}
	stream, err := pipeline.OpenLive(name, source.LiveOptions{
		Stdin: env.stdin, FromStart: f.fromStart, Tail: f.tail, Files: st.positions().Files, Cursor: st.positions().Cursor,
	}, listen)
	if err != nil {
		return nil, err
	}
	if socket, ok := notify.Path(name); ok && !f.quiet {
		env.notef("listening on %s", socket)
	}
	return newOrigin(name, stream), nil
}

// newOrigin says what a stream of a name can do.
func newOrigin(name string, stream source.Stream) *origin {
	o := &origin{stream: stream, trust: pipeline.StreamTrust(stream)}
	switch s := stream.(type) {
	case *source.Follower:
		o.backlog = s
		o.position = func() (positions, []source.Note) {
			at := positions{Files: s.Positions()}
			return at, s.Notes()
		}
	case *source.JournalStream:
		o.queued, o.program = true, true
		o.position = func() (positions, []source.Note) { return positions{Cursor: s.Cursor()}, nil }
	default:
		_, notified := notify.Path(name)
		o.queued, o.once = notified || name == source.NetlinkName, notified
	}
	return o
}
