package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/atomicfile"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source/notify"
	"github.com/auditscan/auditscan/syscalltable"
)

// profileFlags are the flags of profile.
type profileFlags struct {
	readFlags
	profileFile
	exact, variants, includeDenied bool
	runtime, errno, defaultAction  string
	explain                        string
	requireTrusted                 bool
	merge, denyCalls               []string
	overrideBase, logDenied        bool
	from                           string
	recording, deny                bool
	notify                         string
	output                         string
	format, name, securityContext  string
	per, dir                       string
	force                          bool
	unsaid                         bool // the form could not say all of the profile
}

func newProfile(env *environment) *cobra.Command {
	var f profileFlags
	cmd := &cobra.Command{
		Use:   "profile [FILE|-]...",
		Short: "Turn a run under SCMP_ACT_LOG into a seccomp profile",
		Long: `Profile reads logs, or JSON made by report or follow, and writes an OCI seccomp
profile that allows what ran under SCMP_ACT_LOG and answers all else with an
error. Docker, Podman, containerd, CRI-O and the kubelet read it as it is. What
it adds to what was seen, and what it left out, is said on stderr. It exits
with 3 if the input is incomplete, a call could not be named, or the form cannot
say all of the profile. With --from it writes a profile of any form (of OCI,
Docker, Kubernetes, systemd, minijail, LXC, a bundle) in another.`,
		Example: `  auditscan profile --comm nginx -o nginx.json /var/log/audit/audit.log
  auditscan follow -o json | tee run.json; auditscan profile run.json
  auditscan profile --from app.service --format minijail -o app.policy
  auditscan profile --exact --explain why.json -o exact.json audit.log`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := clash(cmd.Flags().Changed); err != nil {
				return err
			}
			return f.run(cmd.Context(), env, f.logs(args))
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&f.output, "output", "o", "", "write the profile to `FILE`, as a whole or not at all")
	flags.BoolVar(&f.exact, "exact", false, "add nothing to what was observed")
	flags.BoolVar(&f.variants, "variants", false, "add siblings (openat for open, ...), for another libc or architecture")
	flags.BoolVar(&f.includeDenied, "include-denied", false, "allow what was denied during the run, too")
	flags.StringVar(&f.runtime, "runtime", string(profile.RuntimeAuto), "the `runtime` whose start-up calls to add: auto, runc, crun, none")
	flags.StringVar(&f.errno, "errno", "", "the `error` that denied calls return: EPERM (default), ENOSYS, ... or a number")
	flags.StringVar(&f.defaultAction, "default-action", "", "the `action` for all other calls: errno (default), kill_process, kill_thread, trap, log")
	flags.StringSliceVar(&f.merge, "merge", nil, "unite with these `profiles`; their argument filters are kept")
	flags.BoolVar(&f.overrideBase, "override-base", false, "allow what was seen even where a profile of --merge refuses it by name")
	flags.BoolVar(&f.logDenied, "log-denied", false, "set SECCOMP_FILTER_FLAG_LOG, so that denials leave a record")
	flags.StringVar(&f.from, "from", "", "read no log: write the profile in `FILE`, whose form is any, in the form of --format")
	flags.BoolVar(&f.recording, "recording", false, "for the next recording: allow what is known, log the rest")
	flags.StringVar(&f.notify, "notify", "", "with --recording: have auditscan listen on this `socket` told of the rest instead")
	flags.Lookup("notify").NoOptDefVal = ownSocket
	flags.BoolVar(&f.deny, "deny", false, "a deny-list instead: refuse what was denied in the log, allow all else")
	flags.StringSliceVar(&f.denyCalls, "deny-call", nil, "refuse these `calls` too (with --deny)")
	flags.StringVar(&f.format, "format", string(profile.FormatOCI), "the profile's `form`: oci, docker, spo (Kubernetes operator), systemd (drop-in), minijail")
	flags.StringVar(&f.name, "name", "auditscan", "metadata.`name` of --format spo, and the profile's name in --security-context")
	flags.StringVar(&f.securityContext, "security-context", "", "write the securityContext of a pod under the profile to `FILE` (YAML)")
	flags.StringVar(&f.explain, "explain", "", "write the evidence for each call to `FILE` (JSON)")
	flags.StringVar(&f.per, "per", "", "a profile for each `key`: container, nested, manager, pod, workload, exe, comm (with -O)")
	flags.StringVarP(&f.dir, "output-dir", "O", "", "write the profiles of --per, and an index.json, to `DIR`")
	flags.BoolVar(&f.force, "force", false, "overwrite what is in DIR, and remove the profiles of an earlier run")
	flags.BoolVar(&f.requireTrusted, "require-trusted", false, "refuse input that any user of the host can forge")
	f.profileFile.add(flags)
	f.readFlags.add(flags)
	return cmd
}

// clashes are the flags that ask for what cannot both be had.
var clashes = []struct {
	flag   string
	others []string
	why    string
}{
	{"exact", []string{"variants"}, "the one adds nothing, the other does"},
	{"from", []string{"exact", "variants", "include-denied", "runtime", "merge", "deny", "deny-call", "explain", "per", "errno", "default-action", "require-trusted"},
		"a profile is written as it is"},
	{"recording", []string{"default-action", "errno"}, "what a recording does not know is logged"},
	{"deny", []string{"exact", "variants", "include-denied", "runtime", "merge", "recording", "explain", "security-context", "per"},
		"they are for allow-lists"},
	{"per", []string{"output", "recording", "format", "name", "explain", "security-context"},
		"--per writes profiles in the form of oci, and an index.json that tells what each rests on"},
}

// clash refuses flags of which one would have no effect.
func clash(given func(flag string) bool) error {
	for _, c := range clashes {
		for _, other := range c.others {
			if given(c.flag) && given(other) {
				return usageErrorf("--%s and --%s do not go together: %s", c.flag, other, c.why)
			}
		}
	}
	for _, c := range [][2]string{{"deny-call", "deny"}, {"per", "output-dir"}, {"output-dir", "per"}, {"force", "per"}, {"override-base", "merge"}, {"notify", "recording"}} {
		if given(c[0]) && !given(c[1]) {
			if c[0] == "per" {
				return usageErrorf("--per writes several files: say where with -O DIR")
			}
			return usageErrorf("--%s needs --%s", c[0], c[1])
		}
	}
	return nil
}

func (f *profileFlags) options() (o profile.Options, err error) {
	o = profile.Options{Exact: f.exact, Variants: f.variants, IncludeDenied: f.includeDenied, OverrideBase: f.overrideBase}
	if o.Runtime, err = profile.ParseRuntime(f.runtime); err != nil {
		return o, usageErrorf("--runtime: %v", err)
	}
	if o.Runtime == profile.RuntimeAuto && profile.Format(f.format) == profile.FormatSystemd {
		o.Runtime = profile.RuntimeNone // systemd starts no container
	}
	if f.errno != "" {
		if o.Errno, err = profile.ParseErrno(f.errno); err != nil {
			return o, usageErrorf("--errno: %v", err)
		}
	}
	if _, err = profile.ParseFormat(f.format); err != nil {
		return o, usageErrorf("--format: %v", err)
	}
	if f.securityContext != "" && profile.Format(f.format) != profile.FormatOCI {
		return o, usageErrorf("--security-context and --format %s do not go together: the kubelet reads the form of oci", f.format)
	}
	if form := profile.Format(f.format); f.notify != "" && (form == profile.FormatSystemd || form == profile.FormatMinijail) {
		return o, usageErrorf("--notify and --format %s do not go together: container runtimes alone know listeners", f.format)
	}
	if f.explain == "-" || f.securityContext == "-" {
		return o, usageErrorf("--explain and --security-context need a file of their own: stdout is the profile's")
	}
	if f.per != "" && !slices.Contains(perKeys, aggregate.Key(f.per)) {
		return o, usageErrorf("--per: unknown key %q (one of container, nested, manager, pod, workload, exe, comm)", f.per)
	}
	if f.defaultAction != "" {
		if o.DefaultAction, err = syscalltable.ParseAction(f.defaultAction); err != nil {
			return o, usageErrorf("--default-action: %v", err)
		}
	}
	if err = o.Check(); err != nil {
		return o, usageErrorf("%v", err)
	}
	return o, nil
}

// needs are the files that profile writes once all is read.
func (f *profileFlags) needs() (n confine.Needs) {
	for _, file := range []string{f.output, f.explain, f.securityContext} {
		if file != "" {
			n.Files = append(n.Files, file)
		}
	}
	if f.dir != "" {
		n.Directories = append(n.Directories, f.dir)
	}
	return n
}

func (f *profileFlags) run(ctx context.Context, env *environment, args []string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	if err := checkOutput(f.output); err != nil {
		return err
	}
	if f.from != "" || f.recording && (f.notify != "" || len(f.merge) > 0) && len(args) == 0 {
		if err := env.giveUp(f.needs()); err != nil {
			return err
		}
		return f.rewrite(ctx, env, args)
	}
	if err := f.giveUp(env, args, f.needs()); err != nil {
		return err
	}
	s, err := f.readFlags.read(ctx, env, args, nil)
	if err != nil {
		return err
	}
	if err := f.matched(s); err != nil {
		return err
	}
	if f.requireTrusted && profile.LeastTrust(s) == aggregate.TrustText {
		return errUntrusted
	}
	if o.Base, err = f.base(env); err != nil {
		return err
	}
	if f.per != "" {
		return f.writePer(env, s, o)
	}
	if f.deny {
		return f.denyList(ctx, env, s, o)
	}
	r, err := profile.Build(s, o)
	if err != nil {
		return err
	}
	d, err := f.logging(r.Document)
	if err != nil {
		return err
	}
	text, err := f.encode(env, d, profile.Meta{Name: f.name, Coverage: r.Coverage(s)})
	if err != nil {
		return err
	}
	if err := f.writeBeside(ctx, r, s); err != nil {
		return err
	}
	if err := f.write(ctx, env, d, text); err != nil {
		return err
	}
	if err := f.say(env, r, s); err != nil {
		return err
	}
	if s.Completeness.Verdict == aggregate.Incomplete || len(r.Unresolved) > 0 {
		return &exitError{code: exitIncomplete}
	}
	return f.saidAll()
}

// saidAll is the exit code for a form that could not say all of the profile.
func (f *profileFlags) saidAll() error {
	if f.unsaid {
		return &exitError{code: exitIncomplete}
	}
	return nil
}

// rewrite writes a profile that is there already: in another form, or as one
// that logs what it would deny.
func (f *profileFlags) rewrite(ctx context.Context, env *environment, args []string) error {
	if len(args) > 0 {
		return usageErrorf("--from reads a profile and no log: leave out %s", args[0])
	}
	d, err := f.base(env)
	if f.from != "" {
		d, err = f.profileFile.read(env, f.from)
	}
	if err != nil {
		return err
	}
	if d, err = f.logging(d); err != nil {
		return err
	}
	if d, err = f.settle(env, d); err != nil {
		return err
	}
	if err := f.writeProfile(ctx, env, d); err != nil {
		return err
	}
	return f.saidAll()
}

// logging returns the profile with the logging that is asked for: of all that it
// would deny, which runs then, or of denials.
func (f *profileFlags) logging(d *profile.Document) (*profile.Document, error) {
	if f.recording {
		var err error
		if d, err = f.nextRecording(d); err != nil {
			return nil, err
		}
	}
	if f.logDenied {
		d.LogDenied()
	}
	return d, nil
}

// nextRecording returns the profile for the next recording; d can be nil for one by
// notification.
func (f *profileFlags) nextRecording(d *profile.Document) (*profile.Document, error) {
	if f.notify == "" {
		return d.Recording()
	}
	host, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	socket := f.notify
	if socket == ownSocket {
		socket = notify.DefaultPath
	}
	return profile.NotifyRecording(d, host, socket)
}

// ownSocket is --notify without a value: where listen listens by itself. The
// path would make the help too wide.
const ownSocket = "default"

// settle evaluates a profile with conditions, which Docker's form alone can say,
// for a container of this machine without capabilities of its own.
func (f *profileFlags) settle(env *environment, d *profile.Document) (*profile.Document, error) {
	if !d.Conditional() || profile.Format(f.format) == profile.FormatDocker {
		return d, nil
	}
	arch, err := syscalltable.ParseArch(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	env.notef("%s: has conditions: settled for %s, the newest kernel and the capabilities of a Docker container", d.Name, arch)
	return d.Settle(profile.Environment{Arch: arch, Caps: profile.DefaultCaps()})
}

// encode returns the profile in the form that is asked for. Nothing is written
// before it is known that the form can say it.
func (f *profileFlags) encode(env *environment, d *profile.Document, m profile.Meta) ([]byte, error) {
	var text bytes.Buffer
	unsaid, err := d.Write(&text, profile.Format(f.format), m)
	for _, what := range unsaid {
		env.notef("%s: not in the form of %s: %s", d.Name, f.format, what)
	}
	f.unsaid = len(unsaid) > 0
	return text.Bytes(), err
}

// writeBeside writes the files that are asked for beside the profile.
func (f *profileFlags) writeBeside(ctx context.Context, r *profile.Result, s *aggregate.Summary) error {
	if f.securityContext != "" {
		err := atomicfile.Write(ctx, f.securityContext, 0o666, func(w io.Writer) error { return profile.WriteSecurityContext(w, f.name) })
		if err != nil { // the name, too, can be the reason
			return err
		}
	}
	if f.explain == "" {
		return nil
	}
	return atomicfile.Write(ctx, f.explain, 0o666, func(w io.Writer) error { return profile.WriteExplain(w, r, s) })
}

// writeProfile writes a profile that is nobody's recording.
func (f *profileFlags) writeProfile(ctx context.Context, env *environment, d *profile.Document) error {
	text, err := f.encode(env, d, profile.Meta{Name: f.name})
	if err != nil {
		return err
	}
	return f.write(ctx, env, d, text)
}

// write writes the text of the profile where it is to go, and says what it
// needs.
func (f *profileFlags) write(ctx context.Context, env *environment, d *profile.Document, text []byte) error {
	if needs := d.Requires(); needs.Libseccomp != (profile.LibseccompVersion{}) && !f.quiet && f.notify == "" {
		env.notef("calls in it need libseccomp %s and Linux %s to be known", needs.Libseccomp, needs.Kernel)
	}
	if f.output != "" {
		return atomicfile.Write(ctx, f.output, 0o666, func(w io.Writer) error { _, err := w.Write(text); return err })
	}
	_, err := env.stdout.Write(text)
	return err
}

// checkOutput refuses a FILE that cannot be written, before all is read, and a
// format, which -o takes in other commands.
func checkOutput(output string) error {
	switch _, err := profile.ParseFormat(output); {
	case output == "":
		return nil
	case output == "-":
		return usageErrorf("--output: stdout needs no flag (a file of that name is ./-)")
	case err == nil || slices.Contains([]string{"json", "yaml", "table"}, output):
		return usageErrorf("--output is a FILE here, and --format the form: for a file of that name give ./%s", output)
	}
	return atomicfile.Check(output)
}

// base is what the profile is to be united with; nil: nothing.
func (f *profileFlags) base(env *environment) (*profile.Document, error) {
	if len(f.merge) == 0 {
		return nil, nil
	}
	var all []*profile.Document
	for _, path := range f.merge {
		d, err := f.profileFile.read(env, path)
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return profile.Merge(all...)
}

// denyList writes the profile that refuses only what is named or was denied.
func (f *profileFlags) denyList(ctx context.Context, env *environment, s *aggregate.Summary, o profile.Options) error {
	d, left, err := profile.BuildDenyList(s, f.denyCalls, o)
	if err != nil {
		return err
	}
	if err := f.writeProfile(ctx, env, d); err != nil {
		return err
	}
	sayUnresolved(env, left)
	env.notef("a deny-list allows whatever nobody has thought of: an allow-list is safer")
	if err := report.WriteVerdict(env.stderr, s, env.reportOptions(env.stderr, f.quiet)); err != nil {
		return err
	}
	if s.Completeness.Verdict == aggregate.Incomplete || len(left) > 0 {
		return &exitError{code: exitIncomplete}
	}
	return f.saidAll()
}

// errUntrusted is what --require-trusted says.
var errUntrusted = errors.New("the input is text that others can forge, or a report that anybody can write (--require-trusted): " +
	"give audit.log, or `journalctl -o json`")
