package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/launch"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/internal/rights"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
	"github.com/auditscan/auditscan/syscalltable"
)

// recordFlags are the flags of record.
type recordFlags struct {
	output, profile, runtime string
	exact, quiet, notify     bool
}

func newRecord(env *environment) *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record [-o FILE] [--profile FILE] -- CMD [ARG]...",
		Short: "Run a command, and record which calls it makes",
		Long: `Record runs CMD under a filter that logs every call, hears the records from the
kernel's audit socket, and ends with a summary on stderr when CMD and all that
it has started have ended. No container and no auditd is needed. CMD gets an
audit session of its own, by which its records are told from all others. Without
CAP_AUDIT_READ and CAP_AUDIT_CONTROL on the host, or with --notify, it hears of
the calls by seccomp notification instead, which any user can. Conditions of the
profile are settled for this host and the default capabilities. The exit status
is CMD's; 3 if that is 0 but the profile in -o FILE may lack calls.`,
		Example: `  auditscan record -o curl.json -- curl -s http://localhost/
  auditscan record --profile curl.json -o curl.json -- curl -s https://host/`,
		Args: needsCommand,
		RunE: func(_ *cobra.Command, args []string) error { return f.run(env, args) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.SetInterspersed(false)
	flags.StringVarP(&f.output, "output", "o", "", "write the profile to `FILE`, united with that of --profile")
	flags.StringVar(&f.profile, "profile", "", "do not record what the profile in `FILE`, or runtime/default, allows")
	flags.StringVar(&f.runtime, "runtime", string(profile.RuntimeNone), "for containers: the `runtime` whose start-up calls to add: runc, crun, none")
	flags.BoolVar(&f.exact, "exact", false, "add nothing to what was observed")
	flags.BoolVar(&f.notify, "notify", false, "hear of the calls by seccomp notification: without rights, and without audit")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print what is missing, and errors; nothing else")
	return cmd
}

func needsCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageErrorf("%s needs a command to run (see `%s --help`)", cmd.CommandPath(), cmd.CommandPath())
	}
	return nil
}

func (f *recordFlags) run(env *environment, args []string) error {
	if f.output == "-" {
		return usageErrorf("--output: the profile needs a file of its own: stdout is the command's")
	}
	if f.profile == "-" {
		return errStdin
	}
	if _, err := profile.ParseRuntime(f.runtime); err != nil {
		return usageErrorf("--runtime: %v", err)
	}
	if !f.quiet {
		sayClient(env, args)
	}
	base, on, err := f.base(env)
	if err != nil {
		return err
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	r, err := f.start(env, args, base, on)
	if err != nil {
		return err
	}
	s, status, err := r.count(env)
	if err != nil {
		return err
	}
	if !f.quiet {
		sayClients(env, args, s)
	}
	err = f.end(env, s, base, status)
	if status != 0 {
		if err != nil {
			exitCode(env, err)
		}
		return &exitError{code: status}
	}
	return err
}

// base reads the profile whose calls are not recorded (nil: there is none), and
// what it holds on.
func (f *recordFlags) base(env *environment) (base *profile.Document, on profile.Environment, err error) {
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, on, err
	}
	on = profile.Environment{Arch: arch, Caps: profile.DefaultCaps()}
	if f.profile == "" {
		return nil, on, nil
	}
	if base, err = readProfile(env, f.profile); err == nil && base.Conditional() {
		base, err = base.Settle(on)
	}
	return base, on, err
}

// recording is a command that runs, and what tells of its calls.
type recording struct {
	process *launch.Process
	calls   source.Stream
	owner   func(session uint32, pid int32) (bool, error) // nil: all calls are the command's
}

// start starts the command under a filter of which the kernel's audit socket
// tells, or if that cannot be heard, this process.
func (f *recordFlags) start(env *environment, args []string, base *profile.Document, on profile.Environment) (*recording, error) {
	audit := f.openAudit(env)
	action := syscalltable.ActionLog
	if audit == nil {
		action = syscalltable.ActionUserNotif
	}
	filter, err := profile.RecordingFilter(base, on, action)
	r := &recording{calls: audit}
	if err == nil {
		r.process, err = start(env, args, launch.Command{Filter: filter, Session: audit != nil, Notify: audit == nil})
	}
	switch {
	case err != nil && audit != nil:
		return nil, errors.Join(err, audit.Close())
	case err != nil:
		return nil, err
	case audit != nil:
		r.owner = r.process.Owns
		return r, nil
	}
	r.calls, err = notify.Watch(r.process.Calls, "processes of the command")
	return r, err
}

// openAudit opens the kernel's audit socket; nil: the calls are told of by
// notification, since that is asked for or all there is.
func (f *recordFlags) openAudit(env *environment) source.Stream {
	if f.notify {
		return nil
	}
	audit, err := source.Netlink()
	if err == nil && rights.Read(os.DirFS("/")).Has(rights.AuditControl) != rights.No {
		return audit
	}
	if err == nil {
		err = errors.Join(errors.New("an audit session cannot be started: needs CAP_AUDIT_CONTROL"), audit.Close())
	}
	if !f.quiet {
		env.notef("recording by seccomp notification, with no_new_privs: %v", err)
	}
	return nil
}

// start starts a command as how says.
func start(env *environment, args []string, how launch.Command) (_ *launch.Process, err error) {
	if how.Path, err = exec.LookPath(args[0]); err != nil {
		return nil, err
	}
	if env.outlast != nil {
		env.outlast()
	}
	how.Args, how.Stdin, how.Stdout, how.Stderr = args, env.stdin, plain(env.stdout), plain(env.stderr)
	return launch.Start(how)
}

// count counts the calls of the command and its descendants until they end.
func (r *recording) count(env *environment) (*aggregate.Summary, int, error) {
	session := pipeline.NewSession(r.calls.Name(), r.owner)
	done := make(chan error, 1)
	go func() { done <- session.Read(r.calls, func(text string) { env.notef("%s", text) }) }()
	status, err := r.process.Wait()
	if err == nil {
		r.process.WaitDescendants()
	}
	err = errors.Join(err, r.calls.Close(), <-done)
	return session.Summary().Regroup([]aggregate.Key{aggregate.ByComm}), status, err
}

// end writes the profile and shows the summary. Without a record there is
// neither: a command that ends by itself leaves one in any case.
func (f *recordFlags) end(env *environment, s *aggregate.Summary, base *profile.Document, status int) error {
	if s.Totals.Records == 0 && (base == nil || status < launch.Signalled) {
		return errors.New("no record came, not even of the command's end: `auditscan doctor` tells what the kernel keeps back")
	}
	sayFolded(env, s)
	if !f.quiet {
		if err := report.WriteCounts(env.stderr, s, env.style(env.stderr)); err != nil {
			return err
		}
	}
	if !f.quiet || s.Completeness.Verdict != aggregate.Complete {
		if err := report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet)); err != nil {
			return err
		}
	}
	if f.output == "" {
		return nil
	}
	return f.write(env, s, base)
}

// write writes the profile.
func (f *recordFlags) write(env *environment, s *aggregate.Summary, base *profile.Document) error {
	r, err := profile.Build(s, profile.Options{Exact: f.exact, Runtime: profile.Runtime(f.runtime), Base: base})
	d := (*profile.Document)(nil)
	switch {
	case errors.Is(err, profile.ErrNoLog) && base != nil:
		env.notef("nothing new: %s is as %s", f.output, f.profile)
		d = base
	case err != nil:
		return err
	default:
		d = r.Document
	}
	var text bytes.Buffer
	if _, err := d.Write(&text, profile.FormatOCI, profile.Meta{}); err != nil {
		return err
	}
	ctx, stop := env.afterCommand()
	defer stop()
	err = atomicfile.Write(ctx, f.output, 0o666, func(w io.Writer) error { _, err := w.Write(text.Bytes()); return err })
	if err != nil {
		return err
	}
	if r != nil && !f.quiet {
		sayObserved(env, r)
		sayAdditions(env, r)
		sayDiscovery(env, r, s)
	}
	if s.Completeness.Verdict == aggregate.Incomplete || r != nil && len(r.Unresolved) > 0 {
		env.notef("records are missing: %s may lack calls", f.output)
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// afterCommand returns the context of what is left when the command has ended.
// What may have ended that does not end this at once, as a further signal does;
// but a pipe's reader is not waited for any more.
func (env *environment) afterCommand() (ctx context.Context, stop func()) {
	further, ignore := signal.NotifyContext(context.Background(), endSignals()...)
	callOff := endLate(further, env)
	ctx, cancel := context.WithCancel(further)
	select {
	case <-env.done:
		time.AfterFunc(lastWrite, cancel)
	default:
	}
	return ctx, func() {
		cancel()
		callOff()
		ignore()
	}
}
