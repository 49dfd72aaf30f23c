package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
)

// environment is all that a command may touch of the process it runs in.
type environment struct {
	program        string // how it was called
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	color          term.When
	noPager        bool
	pager          *pager // nil: what is written is not paged
	utc            bool   // times are shown and read in UTC
	// confine gives up the rights that a command does not need any more; nil
	// in tests, whose process has others to run.
	confine func(confine.Needs) error
	// lost asks the kernel how many audit records it has lost; nil: nobody does.
	lost func() (uint32, error)
	// done is closed when the command is told to end; nil: it never is.
	done <-chan struct{}
	// outlast has a signal not end the process by itself any more: a command
	// that it has started gets it, too. May be nil.
	outlast func()
	// saving is set while follow saves its state: a busy disk takes its time.
	saving atomic.Bool
	// instead is told what notef says while the screen is a view's; nil: nobody is.
	instead atomic.Pointer[said]
	// restore gives the terminal back before the process ends in the middle of a
	// view; nil: there is none.
	restore func()
}

// giveUp gives up what a command does not need from now on, as what it reads
// next is hostile.
func (env *environment) giveUp(n confine.Needs) error {
	if env.confine == nil {
		return nil
	}
	return env.confine(n)
}

// notef tells the user something that is not data: one line on stderr, lower
// case, without a full stop. What it quotes may come from a log.
func (env *environment) notef(format string, args ...any) {
	if s := env.instead.Load(); s != nil {
		s.add(fmt.Sprintf(format, args...))
		return
	}
	style := table.Style{Width: term.Width(env.stderr)}
	_ = style.WriteNotes(env.stderr, table.Note{Text: "auditscan: " + fmt.Sprintf(format, args...)}) // who would be told of an error?
}

// open opens a file of the user's; "-" is stdin. To wait for a pipe ends when
// the command is told to end.
func (env *environment) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(&endableInput{env.done, env.stdin, nil}), nil
	}
	return openEndable(name, env.done)
}

// The exit codes, which the package comment explains.
const (
	exitFailed     = 1
	exitUsage      = 2
	exitIncomplete = 3
	exitDifferent  = 4
)

// exitError is an error that ends the process with a code of its own. A nil
// err means that all has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usageErrorf(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}

// exitCode prints the error, if there is something to print, and returns the
// process's exit code.
func exitCode(env *environment, err error) int {
	if err == nil {
		return 0
	}
	code, exit := exitFailed, (*exitError)(nil)
	if errors.As(err, &exit) {
		code = exit.code
		if exit.err == nil {
			return code
		}
	}
	env.notef("%s", strings.TrimSuffix(err.Error(), "\n"))
	return code
}

// run executes the command line.
func run(ctx context.Context, env *environment, args []string) error {
	env.done = ctx.Done()
	root := newRoot(env)
	root.SetArgs(args)
	root.SetIn(env.stdin)
	help := &firstError{w: env.stdout}
	root.SetOut(help)
	root.SetErr(env.stderr)
	if err := addCompletion(root); err != nil { // which takes the output as it is then
		return err
	}
	cmd, err := root.ExecuteContextC(ctx)
	var exit *exitError
	if err != nil && !errors.As(err, &exit) && strings.HasPrefix(err.Error(), "unknown command") {
		return errUnknownCommand(cmd, err)
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return errInterrupted
	}
	return cmp.Or(err, help.err)
}

// firstError keeps the error of writing what cobra writes by itself, which does
// not look at it.
type firstError struct {
	w   io.Writer
	err error
}

func (out *firstError) Write(p []byte) (int, error) {
	n, err := out.w.Write(p)
	out.err = cmp.Or(out.err, err)
	return n, err
}

// errInterrupted is what a signal comes to that ends a command before its work
// is done.
var errInterrupted = errors.New("interrupted before all was read")

func newRoot(env *environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "auditscan",
		Short: "audit2allow for seccomp",
		Long: `auditscan reads the kernel's SECCOMP audit records (type=1326) from syslog,
auditd or the journal, names every call, groups by container, program and
process, says whether records were lost, and turns a run under SCMP_ACT_LOG
into a seccomp profile.`,
		Example: `  auditscan report /var/log/audit/audit.log
  auditscan follow /var/log/syslog
  auditscan profile --comm nginx audit.log > nginx.json`,
		Version:                    versionLine(),
		SuggestionsMinimumDistance: 2,
		SilenceUsage:               true,
		SilenceErrors:              true,
	}
	if strings.HasPrefix(filepath.Base(env.program), "kubectl-") {
		root.Annotations = map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl auditscan"}
	}
	root.PersistentFlags().Var(&env.color, "color", "colours: auto, always, never")
	root.PersistentFlags().BoolVar(&env.noPager, "no-pager", false, "write a table that is higher than the terminal without a pager")
	root.PersistentFlags().BoolVar(&env.utc, "utc", false, "show and read times in UTC, not in local time")
	root.Flags().Bool("version", false, "print the version") // cobra's own takes -v, which is verbose here
	wrapped := fmt.Sprintf(".FlagUsagesWrapped %d", term.Width(env.stdout))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), ".FlagUsages", wrapped))
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetHelpCommand(newHelp())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%v (%ssee `%s --help`)", err, habit(err), cmd.CommandPath())
	})
	addGroup(root, "Read what was recorded:", newReport(env), newFollow(env), newListen(env), newMerge(env), newContainers(env))
	addGroup(root, "Make and judge profiles:", newProfile(env), newCheck(env), newDiff(env), newInspect(env))
	addGroup(root, "Run a command:", newRecord(env), newRun(env))
	addGroup(root, "Look things up:", newSyscall(env), newExplain(env), newDoctor(env), newVersion(env))
	return root
}

// habit answers what a hand types that is used to other tools.
func habit(err error) string {
	var none *pflag.NotExistError
	if !errors.As(err, &none) {
		return ""
	}
	switch none.GetSpecifiedName() {
	case "l", "selector":
		return "records know no labels: --pod 'web-*' or --by workload; "
	case "i", "if":
		return "logs are arguments, or -f FILE; "
	case "format":
		return "-o has the format; "
	case "w", "watch", "F":
		return "`auditscan follow` shows what comes; "
	case "N", "n", "lines", "tail":
		return "--top N shows the first N lines; "
	}
	return ""
}

// addGroup adds commands below a title of their own.
func addGroup(root *cobra.Command, title string, commands ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title})
	for _, cmd := range commands {
		cmd.GroupID = title
		cmd.SuggestFor = otherNames(cmd.Name())
		root.AddCommand(cmd)
	}
}

// otherNames are what other tools call a command.
func otherNames(command string) []string {
	return map[string][]string{
		"report":     {"show", "list", "logs", "stat", "summary", "summarize", "aureport"},
		"follow":     {"watch", "tail", "top", "live", "trace", "monitor"},
		"profile":    {"generate", "create", "gen"},
		"check":      {"verify", "test", "validate"},
		"diff":       {"compare"},
		"inspect":    {"describe"},
		"record":     {"strace"},
		"run":        {"exec"},
		"merge":      {"join", "unite"},
		"containers": {"ps", "pods"},
		"syscall":    {"ausyscall", "lookup"},
		"doctor":     {"status"},
	}[command]
}

// errUnknownCommand says what may have been meant instead of the command below
// cmd that cobra's error quotes.
func errUnknownCommand(cmd *cobra.Command, err error) error {
	var name, meant string
	if _, serr := fmt.Sscanf(err.Error(), "unknown command %q", &name); serr != nil {
		return usageErrorf("%v", err)
	}
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		meant = "did you mean " + strings.Join(near, " or ") + "? "
	}
	return usageErrorf("unknown command %q for %q (%ssee `%s --help`)", name, cmd.CommandPath(), meant, cmd.CommandPath())
}

// noArgs is cobra's, with our exit code.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("%s takes no arguments, got %q (see `%s --help`)", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}

// requireArg has a command refuse to run without its first argument.
func requireArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usageErrorf("%s needs %s (see `%s --help`)", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}
