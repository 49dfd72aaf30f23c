package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/term"
)

// environment is all that a command may touch of the process it runs in.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	color          term.When
	// confine gives up the rights that a command does not need any more; nil
	// in tests, whose process has others to run.
	confine func(confine.Needs) error
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
	fmt.Fprintf(env.stderr, "auditscan: %s\n", term.Escape(fmt.Sprintf(format, args...)))
}

// open opens a file of the user's; "-" is stdin.
func (env *environment) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(env.stdin), nil
	}
	return os.Open(name)
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
	root := newRoot(env)
	if err := addCompletion(root); err != nil {
		return err
	}
	root.SetArgs(args)
	root.SetIn(env.stdin)
	root.SetOut(env.stdout)
	root.SetErr(env.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var exit *exitError
	if err != nil && !errors.As(err, &exit) && strings.HasPrefix(err.Error(), "unknown command") {
		return usageErrorf("%v (see `%s --help`)", firstLine(err), cmd.CommandPath())
	}
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return errInterrupted
	}
	return err
}

// errInterrupted is what a signal comes to that ends a command before its work
// is done.
var errInterrupted = errors.New("interrupted before all was read")

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

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
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().Var(&env.color, "color", "colours: auto, always, never")
	root.SetHelpCommand(newHelp())
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageErrorf("%v (see `%s --help`)", err, cmd.CommandPath())
	})
	root.AddCommand(newReport(env), newFollow(env), newProfile(env), newCheck(env), newDiff(env), newInspect(env), newSyscall(env),
		newRecord(env), newRun(env), newMerge(env), newContainers(env), newDoctor(env), newVersion(env))
	return root
}
