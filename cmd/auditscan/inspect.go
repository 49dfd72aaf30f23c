package main

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
)

func newInspect(env *environment) *cobra.Command {
	f := policyFlags{formats: []string{"table", "json"}}
	cmd := &cobra.Command{
		Use:   "inspect PROFILE|PID|runtimes",
		Short: "Show what a profile allows, logs and denies",
		Long: `Inspect asks a seccomp profile about every call of its architectures. The
profile may be in any form (OCI, Docker, Kubernetes, systemd, minijail, LXC, a
bundle) or built in: runtime/default (Docker's and containerd's),
runtime/podman, runtime/crio. Rules that can never hold are named. Given a PID,
it tells the seccomp mode of that process and asks the filters that the kernel
holds for it; reading these takes root, and stops the process for a moment. In a
container, where nobody may read them, it asks its own filters by calls that are
not carried out: inspect 1.
Given the word runtimes, it lists the calls that container runtimes make under
a profile before the program starts. (For a file of such a name: ./1.)`,
		Example: `  auditscan inspect app.json
  auditscan inspect runtime/default -o json | jq -r '.[0].denied[]'
  auditscan inspect $(pidof -s nginx)`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.inspect(cmd.Context(), env, args[0]) },
	}
	f.add(cmd)
	return cmd
}

func (f *policyFlags) inspect(ctx context.Context, env *environment, name string) error {
	on, err := f.environment()
	if err != nil {
		return err
	}
	if err := env.page(f.output); err != nil {
		return err
	}
	if pid, err := strconv.Atoi(name); err == nil {
		return f.inspectProcess(ctx, env, pid, on.Arch)
	}
	if err := env.giveUp(confine.Needs{}); err != nil {
		return err
	}
	if name == runtimesName {
		write := map[string]func(io.Writer) error{"table": profile.WriteRuntimes, "json": profile.WriteRuntimesJSON}
		return env.output(write[f.output])
	}
	d, err := f.readPolicy(env, name)
	if err != nil {
		return err
	}
	if d.Sets != "" {
		env.notef("%s: its sets are those of %s", name, d.Sets)
	}
	if profile.IsBuiltIn(name) {
		_, source, err := profile.BuiltIn(name)
		if err != nil {
			return err
		}
		env.notef("%s: as in %s", name, source)
	}
	p, err := d.Evaluate(on)
	if err != nil {
		return err
	}
	if err := env.output(func(w io.Writer) error { return writeInspection(w, p.Inspect(), f.output, env.style(env.stdout)) }); err != nil {
		return err
	}
	return sayPolicy(env, p)
}

// runtimesName is what inspect shows the start-up lists for.
const runtimesName = "runtimes"

// sayPolicy tells what does not show in single answers: which runtimes start no
// container under the policy, and whether denials leave a record.
func sayPolicy(env *environment, p *profile.Policy) error {
	for _, note := range p.Notes {
		env.notef("%s", note)
	}
	if err := sayAllStarts(env, p); err != nil {
		return err
	}
	for _, rule := range p.DeadRules() {
		env.notef("%s: %s", p.Name, rule)
	}
	sayUnrecorded(env, p)
	return nil
}

// sayUnrecorded tells that no log will show what the policy denies.
func sayUnrecorded(env *environment, p *profile.Policy) {
	switch {
	case p.DenialsLogged():
	case p.ForRuntimes():
		env.notef("%s: what it denies leaves no record without SECCOMP_FILTER_FLAG_LOG among its flags (profile --log-denied; Docker before 23.0 ignores it, and runc before 1.2 refuses the profile)", p.Name)
	default:
		env.notef("%s: what it denies with an error leaves no record unless its filter is loaded with SECCOMP_FILTER_FLAG_LOG, which its form cannot say", p.Name)
	}
}

func writeInspection(w io.Writer, list []profile.Inspection, output string, style table.Style) error {
	if output == "json" {
		return term.WriteJSON(w, append([]profile.Inspection{}, list...), "  ")
	}
	var rows [][]string
	for _, in := range list {
		for _, part := range []struct {
			answer string
			calls  []string
		}{{"allowed", in.Allowed}, {"logged", in.Logged}, {"depends", in.Depends}, {"denied", in.Denied}} {
			if len(part.calls) > 0 {
				rows = append(rows, []string{in.Arch.String(), part.answer, strconv.Itoa(len(part.calls)), strings.Join(part.calls, " ")})
			}
		}
	}
	if len(rows) == 0 {
		return nil
	}
	t := table.Table{
		Columns: []table.Column{{Head: "ARCH"}, {Head: "ANSWER", Color: effectColor}, {Head: "CALLS"}, {Head: "SYSCALLS", Fit: table.WrapText}},
		Rows:    slices.Values(rows),
	}
	return t.Write(w, style)
}

// effectColor is the colour of what a profile does with a call.
func effectColor(cell string) table.Color {
	switch cell {
	case "allowed":
		return table.Green
	case "denied":
		return table.Red
	}
	return table.Yellow
}
