package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/container"
	"github.com/auditscan/auditscan/container/live"
	"github.com/auditscan/auditscan/internal/confine"
	"github.com/auditscan/auditscan/internal/rights"
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
  auditscan containers -o json > pids.jsonl; auditscan report --pidmap pids.jsonl audit.log`,
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
			return env.output(func(w io.Writer) error { return writeProcesses(w, list, output) })
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table, json (a line a process)")
	cmd.Flags().StringVar(&root, "root", "/", "the `folder` where the host's file system is mounted")
	return cmd
}

func writeProcesses(w io.Writer, list []container.Process, output string) error {
	if output == "json" {
		for _, p := range list {
			if err := term.WriteJSON(w, p, ""); err != nil {
				return err
			}
		}
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	fmt.Fprintln(tw, "CONTAINER\tID\tPOD\tNAMESPACE\tRUNTIME\tPID\tSTART")
	for _, p := range list {
		c := p.Container
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", cell(c.Name), cell(c.ID[:min(12, len(c.ID))]), cell(c.Pod),
			cell(c.Namespace), cell(c.Runtime), p.PID, p.Start.UTC().Format("2006-01-02T15:04:05Z"))
	}
	return tw.Flush()
}

// cell is a value for a table.
func cell(s string) string {
	if s == "" {
		return "-"
	}
	return term.Escape(s)
}
