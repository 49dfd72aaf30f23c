package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/auditscan/auditscan/syscalltable"
)

// version is that of the next or current release; see CHANGELOG.md.
const version = "0.1.0"

// tool is how reports name their maker.
const tool = "auditscan " + version

func newVersion(env *environment) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version and the kernel that the syscall tables are from",
		Example: "  auditscan version",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(env.stdout, "%s (tables: %s; %s %s/%s)\n",
				tool, syscalltable.KernelVersion, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// noArgs is cobra's, with our exit code.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageErrorf("%s takes no arguments, got %q (see `%s --help`)", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
	return nil
}
