package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/hostcheck"
	"github.com/auditscan/auditscan/internal/term"
)

func newDoctor(env *environment) *cobra.Command {
	var output, root string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell whether this host can record without loss, and what to set if not",
		Long: `Doctor looks at the kernel, auditd, the log daemons, the disk and its own rights,
and says what would lose records here, with the command that mends it. It needs
no rights, and says what it could not see without. It exits with 0 only if
recording here loses nothing.`,
		Example: `  sudo auditscan doctor
  auditscan doctor -o json | jq -r '.checks[] | select(.status != "ok") | .fix'`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if output != "table" && output != "json" {
				return usageErrorf("--output: unknown format %q (one of table, json)", output)
			}
			r := hostcheck.Run(root)
			if err := env.output(func(w io.Writer) error { return writeDoctor(w, r, output) }); err != nil {
				return err
			}
			if !r.Ready {
				return &exitError{code: exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table, json")
	cmd.Flags().StringVar(&root, "root", "/", "the `folder` where the host's file system is mounted")
	return cmd
}

func writeDoctor(w io.Writer, r hostcheck.Report, output string) error {
	if output == "json" {
		return term.WriteJSON(w, r, "  ")
	}
	tw := tabwriter.NewWriter(w, 0, 8, 3, ' ', 0)
	fmt.Fprintln(tw, "STATUS\tCHECK\tDETAIL")
	for _, c := range r.Checks {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", c.Status, c.ID, term.Escape(c.Detail))
		if c.Fix != "" {
			fmt.Fprintf(tw, "\t\t  fix: %s\n", term.Escape(c.Fix))
		}
	}
	return tw.Flush()
}
