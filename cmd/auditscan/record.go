package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"os/signal"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/launch"
	"github.com/auditscan/auditscan/internal/pipeline"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/profile/bpf"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/syscalltable"
)

// recordFlags are the flags of record.
type recordFlags struct {
	output, profile, runtime string
	exact, quiet             bool
}

func newRecord(env *environment) *cobra.Command {
	var f recordFlags
	cmd := &cobra.Command{
		Use:   "record [-o FILE] [--profile FILE] -- CMD [ARG]...",
		Short: "Run a command, and record which calls it makes",
		Long: `Record runs CMD under a filter that logs every call, hears the records from the
kernel's audit socket, and ends with a summary on stderr when CMD and all that
it has started have ended. No container and no auditd is needed, but
CAP_AUDIT_READ and CAP_AUDIT_CONTROL on the host are. CMD gets an audit session
of its own, by which its records are told from all others. Conditions of the
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
	base, filter, err := f.filter(env)
	if err != nil {
		return err
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	stream, err := source.Netlink()
	if err != nil {
		return err
	}
	p, err := start(env, args, filter, true)
	if err != nil {
		return errors.Join(err, stream.Close())
	}
	s, status, err := f.record(env, stream, p)
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

// filter is the one that logs all that the profile, if there is one, does not
// allow.
func (f *recordFlags) filter(env *environment) (base *profile.Document, filter bpf.Filter, err error) {
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, nil, err
	}
	on := profile.Environment{Arch: arch, Caps: profile.DefaultCaps()}
	if f.profile != "" {
		if base, err = readProfile(env, f.profile); err != nil {
			return nil, nil, err
		}
		if base.Conditional() {
			if base, err = base.Settle(on); err != nil {
				return nil, nil, err
			}
		}
	}
	filter, err = profile.RecordingFilter(base, on)
	return base, filter, err
}

// start starts a command under a filter.
func start(env *environment, args []string, filter bpf.Filter, session bool) (*launch.Process, error) {
	path, err := exec.LookPath(args[0])
	if err != nil {
		return nil, err
	}
	if env.outlast != nil {
		env.outlast()
	}
	return launch.Start(launch.Command{
		Path: path, Args: args, Stdin: env.stdin, Stdout: plain(env.stdout), Stderr: plain(env.stderr), Filter: filter, Session: session,
	})
}

// record counts the records of a process and its descendants until they end.
func (f *recordFlags) record(env *environment, stream source.Stream, p *launch.Process) (*aggregate.Summary, int, error) {
	session := pipeline.NewSession(stream.Name(), p.Owns)
	done := make(chan error, 1)
	go func() { done <- session.Read(stream, func(text string) { env.notef("%s", text) }) }()
	status, err := p.Wait()
	if err == nil {
		p.WaitDescendants()
	}
	err = errors.Join(err, stream.Close(), <-done)
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
