package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/hostcheck"
	"github.com/auditscan/auditscan/internal/table"
	"github.com/auditscan/auditscan/internal/term"
)

func newDoctor(env *environment) *cobra.Command {
	var output, root string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell whether this host records without loss, and what to set",
		Long: `Doctor looks at the kernel, auditd, the log daemons, the disk and its own
rights. It says what would lose records here, with the command that mends it. It
needs no rights, and says what it could not see without them. It exits with 0
if it could look at everything and found no problem; a warning is of what loses
records only under a load, or in a source that need not be used.`,
		Example: `  sudo auditscan doctor
  auditscan doctor -o json | jq -r '.checks[] | select(.status != "ok") | .fix'`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if output != "table" && output != "json" {
				return usageErrorf("--output: unknown format %q (one of table, json)", output)
			}
			if err := env.page(output); err != nil {
				return err
			}
			r := hostcheck.Run(root)
			if err := env.answer(func(w io.Writer) error { return writeDoctor(w, r, output, env.style(env.stdout)) }); err != nil {
				return err
			}
			if !r.Ready {
				return &exitError{code: exitFailed}
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "table", "`format`: table, json")
	cmd.Flags().StringVar(&root, "root", "/", "the `directory` where the host's file system is mounted")
	return cmd
}

func writeDoctor(w io.Writer, r hostcheck.Report, output string, style table.Style) error {
	if output == "json" {
		return term.WriteJSON(w, r, "  ")
	}
	var rows [][]string
	for _, c := range r.Checks {
		rows = append(rows, []string{string(c.Status), c.ID, c.Detail})
		if c.Fix != "" {
			rows = append(rows, []string{"", "", "  fix: " + c.Fix})
		}
	}
	t := table.Table{
		Columns: []table.Column{{Head: "STATUS", Color: statusColor}, {Head: "CHECK"}, {Head: "DETAIL", Fit: table.WrapText}},
		Rows:    slices.Values(rows),
	}
	if style.Width > 0 {
		if err := style.WriteNotes(w, doctorHeadline(r), table.Note{}); err != nil {
			return err
		}
	}
	return t.Write(w, style)
}

// doctorHeadline tells on a terminal what comes out of all checks.
func doctorHeadline(r hostcheck.Report) table.Note {
	found := map[hostcheck.Status]int{}
	for _, c := range r.Checks {
		found[c.Status]++
	}
	switch {
	case !r.Ready:
		return table.Note{Text: fmt.Sprintf("not ready: recording here can lose records (problems: %d)", found[hostcheck.Problem]), Color: table.Red}
	case found[hostcheck.Warning] > 0:
		return table.Note{Text: fmt.Sprintf("ready, but a load or another source can lose records (warnings: %d)", found[hostcheck.Warning]), Color: table.Yellow}
	}
	return table.Note{Text: "ready: recording here loses nothing", Color: table.Green}
}

func statusColor(cell string) table.Color {
	switch hostcheck.Status(cell) {
	case hostcheck.OK:
		return table.Green
	case hostcheck.Problem:
		return table.Red
	}
	return table.Yellow
}
