package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/rights"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
)

func newContainers(env *environment) *cobra.Command {
	var output, root string
	cmd := &cobra.Command{
		Use:   "containers",
		Short: "List the containers and services of this host with their processes",
		Long: `Containers shows which process is in which container or systemd service. With
-o json it is a pid map, for the --pidmap of report, profile and check.`,
		Example: `  auditscan containers
  auditscan containers -o json > pids.jsonl
  auditscan report --pidmap pids.jsonl audit.log`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if output != "table" && output != "json" {
				return usageErrorf("--output: unknown format %q (one of table, json)", output)
			}
			// /proc can hide the processes of others (hidepid).
			if err := env.giveUp(confine.Needs{Capabilities: []rights.Capability{rights.SysPtrace}}); err != nil {
				return err
			}
			names, err := live.NewResolver(root)
			if err != nil {
				return fmt.Errorf("--root: %w", err)
			}
			defer names.Close()
			list, err := live.List(names)
			if err != nil {
				return err
			}
			sayProblems(env, names.Problems())
			if err := env.page(output); err != nil {
				return err
			}
			return env.output(func(w io.Writer) error {
				return writeProcesses(w, list, output, env.style(env.stdout), env.zone(env.stdout))
			})
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table, json (a line a process)")
	cmd.Flags().StringVar(&root, "root", "/", "the `directory` where the host's file system is mounted")
	return cmd
}

func writeProcesses(w io.Writer, list []container.Process, output string, style table.Style, zone *time.Location) error {
	if output == "json" {
		for _, p := range list {
			if err := term.WriteJSON(w, p, ""); err != nil {
				return err
			}
		}
		return nil
	}
	t := table.Table{
		Columns: []table.Column{
			{Head: "CONTAINER", Fit: table.Cut}, {Head: "ID", Fit: table.Cut}, {Head: "POD", Fit: table.Cut}, {Head: "NAMESPACE", Fit: table.Cut},
			{Head: "RUNTIME", Fit: table.Cut}, {Head: "PID"}, {Head: "START"},
		},
		Rows: table.RowsOf(list, func(p container.Process) []string {
			c := p.Container
			return []string{cell(c.Name), cell(c.ID[:min(12, len(c.ID))]), cell(c.Pod), cell(c.Namespace), cell(c.Runtime),
				strconv.Itoa(int(p.PID)), p.Start.In(zone).Format(time.RFC3339)}
		}),
	}
	return t.Write(w, style)
}

// cell is a value for a table.
func cell(s string) string { return cmp.Or(s, "-") }
