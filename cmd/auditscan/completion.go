package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/syscalltable"
)

// addCompletion tells the shells what the flags of all commands may be, and
// gives the command that prints the shells' scripts an example, as all others
// have one.
func addCompletion(root *cobra.Command) error {
	for _, cmd := range root.Commands() {
		for flag, values := range flagValues(cmd.Name()) {
			if cmd.Flags().Lookup(flag) == nil {
				continue
			}
			values := cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
			if err := cmd.RegisterFlagCompletionFunc(flag, values); err != nil {
				return err
			}
		}
	}
	colors := cobra.FixedCompletions(texts(term.Whens()), cobra.ShellCompDirectiveNoFileComp)
	if err := root.RegisterFlagCompletionFunc("color", colors); err != nil {
		return err
	}
	root.InitDefaultCompletionCmd()
	cmd, _, err := root.Find([]string{"completion"})
	if err != nil {
		return err
	}
	cmd.Example = "  source <(auditscan completion bash)"
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() } // so that it looks at its arguments
	return nil
}

// newHelp is cobra's, but for a command that there is not: that is wrong
// usage.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about any command",
		Example: "  auditscan help report",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, _, err := cmd.Root().Find(args)
			if err != nil {
				return usageErrorf("%v", firstLine(err))
			}
			about.InitDefaultHelpFlag() // or it is not among the flags
			return about.Help()
		},
	}
}

// flagValues are the values of flags that have only so many.
func flagValues(command string) map[string][]string {
	values := map[string][]string{
		"output": {string(report.Table), string(report.JSON)},
		"arch":   texts(syscalltable.Arches()),
	}
	if command == "report" {
		values["output"] = append(texts(report.Formats()), events)
	}
	for a := syscalltable.ActionUnknown; a <= syscalltable.ActionAllow; a++ {
		values["action"] = append(values["action"], a.String())
	}
	return values
}

// texts returns the values as the command line has them.
func texts[T any](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return out
}
