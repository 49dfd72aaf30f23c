package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/auditscan/auditscan/aggregate"
	"github.com/auditscan/auditscan/internal/term"
	"github.com/auditscan/auditscan/profile"
	"github.com/auditscan/auditscan/report"
	"github.com/auditscan/auditscan/source"
	"github.com/auditscan/auditscan/source/notify"
	"github.com/auditscan/auditscan/syscalltable"
)

// addCompletion tells the shells what the flags of all commands may be, and
// gives the command that prints the shells' scripts an example, as all others
// have one.
func addCompletion(root *cobra.Command) error {
	for _, cmd := range root.Commands() {
		var err error
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			err = errors.Join(err, cmd.RegisterFlagCompletionFunc(flag.Name, completeFlag(flag.Name)))
		})
		if err != nil {
			return err
		}
		cmd.ValidArgsFunction = completeArgument
	}
	if err := root.RegisterFlagCompletionFunc("color", completeFlag("color")); err != nil {
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
				return errUnknownCommand(about, err)
			}
			about.InitDefaultHelpFlag() // or it is not among the flags
			return about.Help()
		},
	}
}

// completeFlag completes the value of a flag, or the last of a list with
// commas. A flag that can have any value gets the names of files.
func completeFlag(flag string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		var list []string
		for _, value := range flagValues(cmd.Name())[flag] {
			list = append(list, before+value)
		}
		if list == nil {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeArgument completes what arguments can be besides files, of which the
// shell finds the names where nothing else fits.
func completeArgument(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	return argumentValues(cmd.Name()), cobra.ShellCompDirectiveDefault
}

// flagValues are the values of a command's flags that have only so many.
func flagValues(command string) map[string][]string {
	values := map[string][]string{
		"arch":    texts(syscalltable.Arches()),
		"by":      append(texts(aggregate.Keys()), "none"),
		"cap":     profile.DefaultCaps(),
		"color":   texts(term.Whens()),
		"errno":   {"EPERM", "ENOSYS", "EACCES"},
		"format":  texts(profile.Formats()),
		"output":  {string(report.Table), string(report.JSON)},
		"per":     texts([]aggregate.Key{aggregate.ByContainer, aggregate.ByNested, aggregate.ByManager, aggregate.ByPod, aggregate.ByWorkload, aggregate.ByExe, aggregate.ByComm}),
		"runtime": texts([]profile.Runtime{profile.RuntimeAuto, profile.RuntimeRunc, profile.RuntimeCrun, profile.RuntimeNone}),
		"sort":    texts(report.Orders()),
		"syscall": callNames(),
	}
	for a := syscalltable.ActionUnknown; a <= syscalltable.ActionAllow; a++ {
		values["action"] = append(values["action"], a.String())
	}
	values["action"] = append(values["action"], denied)
	switch command {
	case "report":
		values["output"] = append(texts(report.Formats()), events)
	case "check":
		values["output"] = checkFormats
	case "diff":
		values["output"] = []string{"table", "json", "markdown"}
	case "version":
		values["output"] = []string{"text", "json"}
	case "record", "profile":
		delete(values, "output") // a file
	case "syscall":
		values["arch"] = append(values["arch"], "all")
	}
	return values
}

// argumentValues are what a command's arguments can be besides files.
func argumentValues(command string) []string {
	switch command {
	case "follow":
		return []string{source.NetlinkName, source.JournalName, notify.Prefix}
	case "check", "diff", "inspect":
		return profile.BuiltIns()
	case "syscall", "explain":
		return callNames()
	}
	return nil
}

// callNames returns the names of all calls, sorted.
func callNames() []string {
	names := map[string]bool{}
	for _, a := range syscalltable.Arches() {
		for _, name := range a.Calls() {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// texts returns the values as the command line has them.
func texts[T any](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = fmt.Sprint(v)
	}
	return out
}
